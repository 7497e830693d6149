"""Stateful things and their deadlines."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q


class Stateful(models.Model):
    """Anything with a flow table. Only ``flow.engine`` assigns ``state``, ``phase`` and ``state_since``."""

    NOUN: ClassVar[str] = ""
    #: the foreign key to what is locked first for any change of this; empty when it is its own root
    ROOT: ClassVar[str] = ""

    state = models.CharField(max_length=32, editable=False)
    phase = models.CharField(max_length=12, editable=False)
    state_since = models.DateTimeField(editable=False)

    class Meta:
        abstract = True

    def root(self) -> Stateful:
        """What is locked first for any change of this: itself, or the request it belongs to."""
        return getattr(self, self.ROOT) if self.ROOT else self

    def moved(self, now: datetime) -> None:
        """Called by the engine after each change of state, in its transaction; a noun keeps its summaries here."""

    @property
    def stream(self) -> str:
        """The ordering key of its events."""
        root = self.root()
        return f"{root.NOUN}:{root.pk}"

    def topics(self) -> list[str]:
        """Who may hear of its changes live."""
        return [self.stream]


class DeadlineRow(models.Model):
    """One stored due time: the firing of a deadline, or one of its reminders.

    ``due_at`` is null while the clock stands still (``remaining`` keeps what is left). Rows go when their state is
    left, or with the transition that they caused, in its transaction: that is what makes firing exactly once in effect.
    """

    noun = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    name = models.CharField(max_length=48)
    reminder = models.CharField(max_length=48, blank=True)
    due_at = models.DateTimeField(null=True)
    remaining = models.DurationField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["noun", "subject_id", "name", "reminder"], name="deadline_once"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | Q(remaining__isnull=False), name="deadline_runs_or_stands"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="deadline_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.noun}:{self.subject_id} {self.name} {self.reminder}".strip()


class RecurringRun(models.Model):
    """When a recurring job ran and when it runs next (KH-OPS-02)."""

    name = models.CharField(max_length=64, unique=True)
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """A process's last sign of life."""

    name = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
