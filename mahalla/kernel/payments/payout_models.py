"""Money owed to workers: where it goes, when it is due, and what they owe from cash."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PayoutMethod(models.Model):
    """A bank account (IBAN) or mobile wallet; usable from ``usable_from``, so that a thief's change waits (KH-PAY-14)."""

    class Kind(models.TextChoices):
        BANK = "bank", _("Bank account")
        WALLET = "wallet", _("Mobile wallet")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_methods"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    account = models.CharField(max_length=34)
    holder = models.CharField(max_length=120)
    set_at = models.DateTimeField()
    usable_from = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(removed_at__isnull=True), name="one_payout_method"
            )
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """For showing: the first two and the last four characters."""
        return f"{self.account[:2]}…{self.account[-4:]}"


class PayoutBatch(models.Model):
    """One transfer to one worker: what was due, less cash debt, as one sum.

    ``gross_minor`` = ``netted_minor`` (debt settled) + ``net_minor`` (sent).
    """

    class State(models.TextChoices):
        PROCESSING = "processing", _("On its way")
        COMPLETED = "completed", _("Paid")
        FAILED = "failed", _("Failed")

    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_batches"
    )
    method = models.ForeignKey(PayoutMethod, on_delete=models.PROTECT, null=True, related_name="batches")
    provider = models.CharField(max_length=32)
    provider_ref = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    netted_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State)
    failure_code = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(gross_minor=F("netted_minor") + F("net_minor"), netted_minor__gte=0)
                & Q(net_minor__gte=0),
                name="payout_batch_adds_up",
            )
        ]

    def __str__(self) -> str:
        return f"{self.net_minor} {self.currency} to {self.worker_id} {self.state}"

    @property
    def call_key(self) -> str:
        return f"payout:{self.pk}"


class Payout(models.Model):
    """What one piece of work earned its worker and when that is due; several leave together in a batch.

    ``reason`` says why a due payout waits: ``no_method``, ``method_changed``, ``below_minimum``, ``balance``, or
    what whoever held it wrote.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        HELD = "held", _("Held")
        PROCESSING = "processing", _("On its way")
        COMPLETED = "completed", _("Paid")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts")
    key = models.CharField(max_length=120, unique=True)
    reference = models.CharField(max_length=64, db_index=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State)
    reason = models.CharField(max_length=120, blank=True)
    held_until = models.DateTimeField(null=True)
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, null=True, related_name="payouts")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="payout_due", condition=Q(state__in=["pending", "held"]))
        ]
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_positive")]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount_minor} {self.currency} {self.state}"


class CashRecord(models.Model):
    """Cash that changed hands, as both sides say (KH-PAY-08). ``fee_minor`` is the worker's debt to the platform."""

    class State(models.TextChoices):
        RECORDED = "recorded", _("Waiting for the other side")
        CONFIRMED = "confirmed", _("Confirmed")
        CONTESTED = "contested", _("Contested")

    reference = models.CharField(max_length=64, unique=True)
    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cash_received"
    )
    client = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cash_paid")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    fee_account = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=State)
    worker_said_at = models.DateTimeField(null=True)
    client_said_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fee_minor__gte=0, fee_minor__lte=F("amount_minor")), name="cash_fee_within_amount"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount_minor} {self.currency} {self.state}"
