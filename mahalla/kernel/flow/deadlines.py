"""Firing deadlines: exactly once in effect, never early, also after a worker was killed.

A worker leases a batch of due rows with ``SKIP LOCKED`` and commits that at once, so that it holds no row while it waits
for a request's lock (a person's transition takes the request first and then deletes rows: the other order would
deadlock). For each row it then opens a transaction, locks the root, reads the row again and judges by the same
predicate that announced it; the row goes in the transaction of its transition. A killed worker's leases run out.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.announce import announce
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.flow.registry import model_of
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Refused

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
RETRY = timedelta(seconds=60)


def next_due() -> datetime | None:
    """When the earliest running deadline is due."""
    rows = DeadlineRow.objects.filter(due_at__isnull=False).order_by("due_at")
    return rows.values_list("due_at", flat=True).first()


def run_due(now: datetime, limit: int = 200) -> int:
    """Fire up to ``limit`` deadlines and reminders that are due; returns how many rows were taken up."""
    claimed = _claim(now, limit)
    for pk in claimed:
        try:
            fire(pk, now)
        except Exception as error:
            log.exception("deadline %s could not fire", pk)
            _put_off(pk, now, error)
    return len(claimed)


def fire(pk: int, now: datetime) -> bool:
    """Fire one row if it is still there and due; False when somebody else has settled it."""
    found = DeadlineRow.objects.filter(pk=pk).first()
    if found is None:
        return False
    model = model_of(found.noun)
    with transaction.atomic():
        subject = model._default_manager.get(pk=found.subject_id)
        subject = engine.lock(subject)
        row = DeadlineRow.objects.select_for_update().filter(pk=pk).first()
        if row is None or row.due_at is None or row.due_at > now:
            return False
        row.delete()
        flow = engine.flow_of(subject)
        deadline = flow.deadline(row.name)
        if not row.reminder:
            engine.step(subject, deadline.event, actor=SYSTEM, now=now, data={"due_at": row.due_at})
            return True
        reminder = next(r for r in deadline.reminders if r.name == row.reminder)
        c = Ctx(subject, flow, None, f"{row.name}.{row.reminder}", SYSTEM, now, previous=subject.state)
        for notice in reminder.notices:
            announce(c, notice)
        return True


def _claim(now: datetime, limit: int) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flow_deadlinerow SET leased_until = %s WHERE id IN ("
            " SELECT id FROM flow_deadlinerow WHERE due_at <= %s AND (leased_until IS NULL OR leased_until <= %s)"
            " ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, due_at",
            [now + LEASE, now, now, limit],
        )
        return [pk for pk, _due in sorted(cursor.fetchall(), key=lambda row: (row[1], row[0]))]


def _put_off(pk: int, now: datetime, error: Exception) -> None:
    """A transition that was refused or broke is tried again; it stays visible as overdue until it works."""
    row = DeadlineRow.objects.filter(pk=pk).first()
    if row is None:
        return
    row.attempts += 1
    row.leased_until = now + RETRY * min(row.attempts, 30)
    code = error.code if isinstance(error, Refused) else type(error).__name__
    row.last_error = f"{code}: {error}"[:2000]
    row.save(update_fields=["attempts", "leased_until", "last_error"])
