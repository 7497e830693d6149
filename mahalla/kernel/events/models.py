"""What happened, once and for ever; and what must still be done about it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func
from django.db.models.functions import Cast


class Event(models.Model):
    """One fact: who did what to what, when and why. Append-only (a trigger refuses changes).

    ``stream`` orders the events of one piece of work; ``topics`` say who may hear of it live. Ids are plain numbers,
    not foreign keys: the record outlives what it speaks of. ``xid`` lets readers wait for transactions still open, so
    that none is skipped (rows below ``pg_snapshot_xmin`` are final).
    """

    at = models.DateTimeField()
    name = models.CharField(max_length=64)
    noun = models.CharField(max_length=32)
    subject_id = models.BigIntegerField(null=True)
    stream = models.CharField(max_length=64, db_index=True)
    from_state = models.CharField(max_length=32, blank=True)
    to_state = models.CharField(max_length=32, blank=True)
    actor_id = models.BigIntegerField(null=True)
    role = models.CharField(max_length=32)
    on_behalf_of_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    payload = models.JSONField(default=dict)
    topics = ArrayField(models.CharField(max_length=64), default=list)
    xid = models.BigIntegerField(
        editable=False,
        db_default=Cast(
            Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
        ),
    )

    class Meta:
        indexes = [
            GinIndex(fields=["topics"], name="event_topics"),
            models.Index(fields=["noun", "subject_id"], name="event_subject"),
            models.Index(fields=["actor_id", "at"], name="event_actor"),
            models.Index(fields=["xid"], name="event_order"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.name}"


class OutboxItem(models.Model):
    """Something to do outside, written in the transaction that decided it; done at least once, by key at most one row.

    A worker leases it (``leased_until``), does it in a transaction of its own and marks it done; a worker that dies
    leaves a lease that runs out.
    """

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=200, unique=True)
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="outbox_due",
                condition=models.Q(done_at__isnull=True, failed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
