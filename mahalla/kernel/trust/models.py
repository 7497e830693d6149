"""What the platform knows about a person's trustworthiness: checks, sanctions, strikes and flags."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.models import Stateful
from mahalla.kernel.media.models import Asset


class Verification(Stateful):
    """One check of one kind of one person; a repeated check is a new row, so that history stays.

    While a renewal waits for its decision the earlier approval still counts. Personal data (names, numbers) are in
    ``sealed`` only; ``document_key`` is a keyed hash.
    """

    NOUN: ClassVar[str] = "verification"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="verifications")
    kind = models.CharField(max_length=40)
    documents = models.ManyToManyField(Asset, through="VerificationDocument", related_name="+")
    document_key = models.CharField(max_length=64, blank=True)
    sealed = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    document_expires_on = models.DateField(null=True, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    contest = models.TextField(blank=True)
    contested_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    provider_reference = models.CharField(max_length=120, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(state__in=["not_started", "submitted"]),
                name="one_open_verification_per_kind",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "submitted_at"], condition=Q(state="submitted"), name="verification_pending"
            ),
            models.Index(
                fields=["user", "kind", "valid_until"],
                condition=Q(state="approved"),
                name="verification_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"

    def topics(self) -> list[str]:
        return [f"user:{self.user_id}", "ops"]


class VerificationDocument(models.Model):
    """A picture of a check and which side it shows (``front``, ``back``, ``selfie``, ``certificate`` …)."""

    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="pages")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["verification", "part"], name="one_document_per_part")]

    def __str__(self) -> str:
        return f"{self.part} of {self.verification_id}"


class DocumentClaim(models.Model):
    """The account that a document number belongs to. The primary key is what decides between two at once."""

    key = models.CharField(max_length=64, primary_key=True)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="claims")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.key[:8]}… of {self.user_id}"


class Sanction(Stateful):
    """One step of the enforcement ladder, in force from ``starts_at`` until it ends, is lifted, or for good."""

    NOUN: ClassVar[str] = "sanction"

    class Level(models.TextChoices):
        WARNING = "warning", _("Warning")
        DERANK = "derank", _("Lower ranking")
        CATEGORY_SUSPENSION = "category_suspension", _("Category suspension")
        SUSPENSION = "suspension", _("Account suspension")
        BAN = "ban", _("Account termination")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sanctions")
    level = models.CharField(max_length=24, choices=Level)
    category = models.CharField(max_length=80, blank=True)
    reason = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=60, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    appeal = models.TextField(blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(level="ban", state__in=["active", "appealed"]),
                name="one_ban_in_force_per_user",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="sanction_says_why"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="sanction_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(level="category_suspension", category__gt="")
                | (~Q(level="category_suspension") & Q(category="")),
                name="sanction_category_only_where_meant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "level"],
                condition=Q(state__in=["active", "appealed"]),
                name="sanction_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} of {self.user_id}"

    def topics(self) -> list[str]:
        return [f"user:{self.user_id}", "ops"]


class Strike(models.Model):
    """One fault of a worker that counts in a window; a strike found wrong is voided, never deleted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="strikes")
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=80)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "reference"], name="one_strike_per_fault"),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""), name="voided_strike_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "at"], condition=Q(voided_at__isnull=True), name="strike_counted")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference} of {self.user_id}"


class Flag(Stateful):
    """Something a rule found odd. A person confirms it or calls it false; by itself it changes nobody's account."""

    NOUN: ClassVar[str] = "flag"

    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="flags")
    others = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    reference = models.CharField(max_length=80, blank=True)
    score = models.PositiveSmallIntegerField()
    alert = models.BooleanField(default=False)
    evidence = models.JSONField(default=dict, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    raised_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score__lte=100), name="flag_score_0_to_100"),
        ]
        indexes = [
            models.Index(
                fields=["-score", "raised_at"], condition=Q(state="open", alert=True), name="flag_alerts"
            ),
            models.Index(fields=["user", "rule"], name="flag_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} about {self.user_id}"

    def topics(self) -> list[str]:
        return ["ops"]
