"""Money on its way between people and the platform: what was promised, what the provider said, what was done.

Rows here follow the provider; the balances are the ledger's alone. Financial rows are never deleted or cascaded.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mahalla.kernel.payments.payout_models import CashRecord, Payout, PayoutBatch, PayoutMethod
from mahalla.kernel.payments.sandbox_models import SandboxCall, SandboxCharge, SandboxSwitch

__all__ = [
    "CashRecord",
    "Hold",
    "PaymentMethod",
    "Payout",
    "PayoutBatch",
    "PayoutMethod",
    "ProviderNews",
    "Refund",
    "SandboxCall",
    "SandboxCharge",
    "SandboxSwitch",
]


class PaymentMethod(models.Model):
    """How a client pays. Of a card only what the provider gives back is kept: a token, the brand, four digits."""

    class Kind(models.TextChoices):
        CARD = "card", _("Card")
        WALLET = "wallet", _("Mobile wallet")
        CASH = "cash", _("Cash")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_methods"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    provider = models.CharField(max_length=32, blank=True)
    token = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=60, blank=True)
    brand = models.CharField(max_length=24, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    expiry = models.CharField(max_length=7, blank=True)
    holder = models.CharField(max_length=120, blank=True)
    is_default = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True)
    verifications = models.PositiveSmallIntegerField(default=0)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="one_default_method",
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.brand or self.get_kind_display()} {self.last4}".strip()


class Hold(models.Model):
    """Money of one payer secured for one piece of work, or taken for it at once (``kind`` charge).

    ``amount_minor`` is what is (to be) held, from the payer's side; ``raising_minor`` what it shall become while the
    provider is asked. A hold is captured once; what is not captured is freed by that. ``attempt`` is the authorisation
    in force; a renewal is number ``attempts`` with ``renewing_method`` until the provider grants or refuses it.
    """

    class Kind(models.TextChoices):
        HOLD = "hold", _("Hold")
        CHARGE = "charge", _("Charge")

    class State(models.TextChoices):
        VERIFYING = "verifying", _("Checking the method")
        SCHEDULED = "scheduled", _("Planned")
        REQUESTED = "requested", _("Requested")
        ACTION_REQUIRED = "action_required", _("Waiting for your approval")
        AUTHORISED = "authorised", _("Held")
        CAPTURE_REQUESTED = "capture_requested", _("Being charged")
        CAPTURED = "captured", _("Charged")
        VOID_REQUESTED = "void_requested", _("Being freed")
        VOIDED = "voided", _("Freed")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")

    LIVE = ("verifying", "scheduled", "requested", "action_required", "authorised", "capture_requested")

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOLD)
    reference = models.CharField(max_length=64, db_index=True)
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holds")
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="holds")
    provider = models.CharField(max_length=32)
    provider_ref = models.CharField(max_length=120, blank=True, db_index=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    raising_minor = models.BigIntegerField(null=True)
    capture_minor = models.BigIntegerField(null=True)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    destination = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=State)
    attempt = models.PositiveSmallIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=1)
    raises = models.PositiveSmallIntegerField(default=0)
    pending_key = models.CharField(max_length=120, blank=True)
    renewing_method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, null=True, related_name="+")
    action_url = models.CharField(max_length=500, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    authorise_at = models.DateTimeField(null=True)
    authorised_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["authorised_at"], name="hold_ageing", condition=Q(state="authorised", kind="hold")
            ),
            models.Index(fields=["payer", "-created_at"], name="hold_history"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(
                    kind="hold",
                    state__in=[
                        "verifying",
                        "scheduled",
                        "requested",
                        "action_required",
                        "authorised",
                        "capture_requested",
                    ],
                ),
                name="one_live_hold_per_reference",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0, captured_minor__lte=F("amount_minor")),
                name="hold_captured_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("captured_minor")),
                name="hold_refunded_within_captured",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount_minor} {self.currency} {self.state}"

    @property
    def freed_minor(self) -> int:
        """What was held and never charged, once the hold is closed."""
        return self.amount_minor - self.captured_minor if self.closed_at else 0

    @property
    def call_key(self) -> str:
        """The idempotency key of the present authorisation, by which the provider's news names it."""
        return f"hold:{self.pk}:{self.attempt}"

    @property
    def renewal_key(self) -> str:
        return f"hold:{self.pk}:{self.attempts}"


class Refund(models.Model):
    """Money on its way back to the payer's original method (KH-PAY-12)."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        SENT = "sent", _("Sent")
        COMPLETED = "completed", pgettext_lazy("payment", "Completed")
        FAILED = "failed", _("Failed")

    key = models.CharField(max_length=120, unique=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    source = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State)
    provider_ref = models.CharField(max_length=120, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    requested_by_id = models.BigIntegerField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    expected_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive")]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.hold_id} {self.state}"

    @property
    def call_key(self) -> str:
        return f"refund:{self.pk}"


class ProviderNews(models.Model):
    """One thing a provider said, by webhook or in answer to a call; written once, judged once (KH-PAY-22)."""

    class Source(models.TextChoices):
        WEBHOOK = "webhook", _("Webhook")
        ANSWER = "answer", _("Answer")

    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=160)
    source = models.CharField(max_length=8, choices=Source)
    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64, db_index=True)
    body = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name_plural = "provider news"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="news_once")]
        indexes = [
            models.Index(fields=["received_at"], name="news_open", condition=Q(processed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
