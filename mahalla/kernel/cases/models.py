"""Where something went wrong: disputes about money or work, incidents of safety, reports about people and content."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.models import Stateful
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Request


class CaseNumber(models.Model):
    """The last number given in one series and year: ``DSP-2026-00001`` … without gaps."""

    series = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="one_case_series_per_year")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}"


class Case(Stateful):
    """One dispute, incident or report, from its opening to its decision.

    ``subject`` says what it is about (``"job:12"``, ``"rating:5"``, ``"user:7"``); ``job_id`` is the job's number where
    there is one. ``charge_minor`` is what the client paid and can get back, ``worker_minor`` what of it is the worker's
    (the rest is the platform's fee), ``claimed_minor`` what of it is disputed.
    ``decision`` is written by ``cases.decision``; ``pending`` is one that waits for its second person.
    """

    NOUN: ClassVar[str] = "case"

    class Group(models.TextChoices):
        DISPUTE = "dispute", _("Dispute")
        INCIDENT = "incident", _("Incident")
        REPORT = "report", _("Report")

    class Severity(models.IntegerChoices):
        LOW = 1, _("Low")
        MEDIUM = 2, _("Medium")
        HIGH = 3, _("High")
        CRITICAL = 4, _("Critical")

    code = models.CharField(max_length=24, unique=True)
    group = models.CharField(max_length=10, choices=Group)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    job_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="cases_opened"
    )
    against = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cases_against",
    )
    opened_at = models.DateTimeField()
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    claimed_minor = models.BigIntegerField(default=0)
    charge_minor = models.BigIntegerField(default=0)
    worker_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases_owned"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    due_first_answer = models.DateTimeField(null=True, blank=True)
    due_decision = models.DateTimeField(null=True, blank=True)
    due_evidence = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    proposal = models.JSONField(default=dict, blank=True)
    pending = models.JSONField(default=dict, blank=True)
    decision = models.JSONField(default=dict, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(group="dispute") & ~Q(phase__in=["settled", "closed"]),
                name="one_live_dispute_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(claimed_minor__gte=0) & Q(claimed_minor__lte=F("charge_minor")),
                name="case_claims_at_most_the_charge",
            ),
            models.CheckConstraint(
                condition=Q(worker_minor__gte=0) & Q(worker_minor__lte=F("charge_minor")),
                name="case_workers_part_is_in_the_charge",
            ),
            models.CheckConstraint(
                condition=Q(charge_minor=0) | ~Q(currency=""), name="case_amount_names_its_currency"
            ),
        ]
        indexes = [
            models.Index(
                fields=["group", "due_decision"],
                condition=~Q(phase__in=["settled", "closed"]),
                name="case_queue",
            ),
            models.Index(fields=["subject"], name="case_of_subject"),
        ]

    def __str__(self) -> str:
        return self.code

    def root(self) -> Stateful:
        """The request of the job that it is about: locked first, so that a case and its job never wait for each other."""
        if self.job_id is None:
            return self
        return Request.objects.get(jobs__pk=self.job_id)

    @property
    def stream(self) -> str:
        """A dispute belongs to the story of its work; who reported whom is nobody's to read there (KH-CASE-07)."""
        return f"case:{self.pk}" if self.one_sided else super().stream

    def topics(self) -> list[str]:
        parties = [self.opened_by_id] if self.one_sided else [self.opened_by_id, self.against_id]
        return ["ops", *(f"user:{pk}" for pk in parties if pk)]

    @property
    def one_sided(self) -> bool:
        """Whether the other side must not learn of it, nor of who opened it."""
        return self.group != self.Group.DISPUTE


class Side(models.TextChoices):
    """Who may read an entry of a case besides the staff."""

    BOTH = "both", _("Both sides")
    OPENER = "opener", _("Who opened it")
    OTHER = "other", _("The other side")
    STAFF = "staff", _("Staff only")


class CaseEntry(models.Model):
    """What evidence and messages have in common."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by_staff = models.BooleanField(default=False)
    visible_to = models.CharField(max_length=8, choices=Side, default=Side.BOTH)
    at = models.DateTimeField()
    text = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering = ["at", "pk"]


class CaseEvidence(CaseEntry):
    """A file, a text or a reference to a record (``"event:77"``, ``"timer:5"``) put forward by one side or by staff."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="evidence")
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="case_evidence"
    )
    reference = models.CharField(max_length=80, blank=True)

    class Meta(CaseEntry.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=False) | ~Q(text="") | ~Q(reference=""),
                name="case_evidence_is_something",
            )
        ]

    def __str__(self) -> str:
        return f"evidence {self.pk} of {self.case_id}"


class CaseMessage(CaseEntry):
    """A word in a case: to both sides, to one, or a note among the staff."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="messages")

    class Meta(CaseEntry.Meta):
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="case_message_says_something")]

    def __str__(self) -> str:
        return f"message {self.pk} of {self.case_id}"
