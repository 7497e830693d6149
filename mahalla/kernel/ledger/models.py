"""Accounts, transfers between them, and the entries of hot accounts that wait to be rolled up.

Only the database function ``ledger_post`` (migration 0002) writes transfers and balances; triggers refuse everyone
else, this code included. Read through ``queries``, write through ``operations``.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Floor(models.TextChoices):
    """What the database never lets an account's balance do. Pending amounts count as if they were posted."""

    NONE = "none", _("No limit")
    #: holds what we owe or keep for somebody: a wallet, an escrow, a payable
    DEBITS = "debits_must_not_exceed_credits", _("Debits must not exceed credits")
    #: holds what somebody owes us or what we have: a debt that is paid off, a float
    CREDITS = "credits_must_not_exceed_debits", _("Credits must not exceed debits")


class Kind(models.TextChoices):
    """``posted`` moves at once; ``pending`` reserves until one ``post`` (all or part of it) or ``void`` resolves it."""

    POSTED = "posted", pgettext_lazy("ledger", "Posted")
    PENDING = "pending", _("Pending")
    POST = "post", _("Post of a pending transfer")
    VOID = "void", _("Void of a pending transfer")


class Account(models.Model):
    """One account of one asset, named by its path (``escrow/job:12``).

    The four balances are running totals in the asset's smallest unit. A **hot** account is written by everybody at
    once: its movements are appended as ``HotEntry`` and rolled up later, so they wait for nobody; it can have no floor.
    """

    path = models.CharField(max_length=200, unique=True)
    asset = models.CharField(max_length=16, help_text=_("An ISO 4217 code, or credits, points …"))
    floor = models.CharField(max_length=32, choices=Floor, default=Floor.NONE)
    hot = models.BooleanField(default=False)
    debits_posted = models.BigIntegerField(default=0)
    credits_posted = models.BigIntegerField(default=0)
    debits_pending = models.BigIntegerField(default=0)
    credits_pending = models.BigIntegerField(default=0)
    rolled_at = models.DateTimeField(
        null=True, help_text=_("When the entries of a hot account were last folded in")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_debits_covered",
                condition=~Q(floor=Floor.DEBITS)
                | Q(credits_posted__gte=F("debits_posted") + F("debits_pending")),
            ),
            models.CheckConstraint(
                name="ledger_credits_covered",
                condition=~Q(floor=Floor.CREDITS)
                | Q(debits_posted__gte=F("credits_posted") + F("credits_pending")),
            ),
            models.CheckConstraint(
                name="ledger_hot_without_floor", condition=Q(hot=False) | Q(floor=Floor.NONE)
            ),
            models.CheckConstraint(name="ledger_floor_known", condition=Q(floor__in=Floor.values)),
            models.CheckConstraint(
                name="ledger_totals_not_negative",
                condition=Q(debits_posted__gte=0)
                & Q(credits_posted__gte=0)
                & Q(debits_pending__gte=0)
                & Q(credits_pending__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.path


class Transfer(models.Model):
    """A positive amount from one account to another: debit ``debit``, credit ``credit``. Never changed, never deleted.

    ``pending`` names the pending transfer that a post or void resolves, ``reverses`` the transfer that this one takes
    back; each can be resolved, and reversed, once. ``at`` is the domain's instant, ``recorded_at`` the database's.
    """

    key = models.CharField(max_length=200, unique=True)
    debit = models.ForeignKey(Account, models.PROTECT, related_name="+")
    credit = models.ForeignKey(Account, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    pending = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    reverses = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    code = models.CharField(max_length=60)
    reference = models.CharField(max_length=120, db_index=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(name="ledger_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="ledger_two_accounts", condition=~Q(debit=F("credit"))),
            models.CheckConstraint(name="ledger_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="ledger_resolution_names_pending",
                condition=Q(kind__in=[Kind.POST, Kind.VOID], pending__isnull=False)
                | Q(kind__in=[Kind.POSTED, Kind.PENDING], pending__isnull=True),
            ),
            models.CheckConstraint(
                name="ledger_reversal_is_posted", condition=Q(reverses__isnull=True) | Q(kind=Kind.POSTED)
            ),
            models.UniqueConstraint(name="ledger_resolved_once", fields=["pending"]),
            models.UniqueConstraint(name="ledger_reversed_once", fields=["reverses"]),
        ]

    def __str__(self) -> str:
        return self.key


class HotEntry(models.Model):
    """One transfer's effect on a hot account, until the roll-up folds it into the account's row and deletes it.

    Changes of the four totals, so pending ones may be negative. The account has no database constraint here, because
    the transfer already proves it and its lock would make writers of one account meet.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_constraint=False)
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="+", db_index=False)
    debits_posted = models.BigIntegerField()
    credits_posted = models.BigIntegerField()
    debits_pending = models.BigIntegerField()
    credits_pending = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_hot_effect_once", fields=["transfer", "account"]),
        ]
