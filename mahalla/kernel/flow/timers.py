"""Keeping deadlines: set by the transition that starts them, gone when their state is left, standing still in a pause."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kit.flow import Deadline, Flow


def keep(c: Ctx) -> None:
    """Bring the stored rows of ``c.subject`` in line with the state that it is in now. One read, few writes."""
    flow, state = c.flow, c.subject.state
    if not flow.deadlines:
        return
    rows = list(DeadlineRow.objects.filter(noun=flow.noun, subject_id=c.subject.pk)) if c.previous else []
    declared = {deadline.name: deadline for deadline in flow.deadlines}
    cleared = set(c.row.clears) | set(c.row.starts) if c.row else set()
    gone = [r.pk for r in rows if r.name in cleared or not _alive(declared.get(r.name), state)]
    if gone:
        DeadlineRow.objects.filter(pk__in=gone).delete()
    for row in rows:
        if row.pk not in gone:
            _pause_or_resume(row, declared[row.name], state, c.now)
    fresh = [r for name in (c.row.starts if c.row else ()) for r in _rows_of(c, declared[name])]
    if fresh:
        DeadlineRow.objects.bulk_create(fresh)
        wake()


def due_at(noun: str, subject_id: int, name: str) -> datetime | None:
    """When a deadline will fire; None when it is not set or stands still."""
    rows = DeadlineRow.objects.filter(noun=noun, subject_id=subject_id, name=name, reminder="")
    return rows.values_list("due_at", flat=True).first()


def next_deadline(flow: Flow, subject_id: int) -> tuple[str, datetime] | None:
    """The earliest running deadline of a subject (what a live board shows)."""
    rows = DeadlineRow.objects.filter(
        noun=flow.noun, subject_id=subject_id, reminder="", due_at__isnull=False
    )
    first = rows.order_by("due_at").first()
    return (first.name, first.due_at) if first and first.due_at else None


def wake() -> None:
    """Tell sleeping workers, at commit, that the next due time may have moved."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('mahalla_work', '')")


def _alive(deadline: Deadline | None, state: str) -> bool:
    return deadline is not None and (state in deadline.during or state in deadline.pauses)


def _pause_or_resume(row: DeadlineRow, deadline: Deadline, state: str, now: datetime) -> None:
    if state in deadline.pauses and row.due_at is not None:
        row.remaining, row.due_at = row.due_at - now, None
    elif state in deadline.during and row.due_at is None and row.remaining is not None:
        floor = deadline.resume_min if not row.reminder else row.remaining
        row.due_at, row.remaining = now + max(row.remaining, floor), None
    else:
        return
    row.save(update_fields=["due_at", "remaining"])


def _rows_of(c: Ctx, deadline: Deadline) -> list[DeadlineRow]:
    if c.subject.state not in deadline.during:
        return []
    due = deadline.due(c)
    if due is None:
        return []
    base = {"noun": c.flow.noun, "subject_id": c.subject.pk, "name": deadline.name}
    rows = [DeadlineRow(**base, due_at=due)]
    for reminder in deadline.reminders:
        at = reminder.at(c, due)
        if at is not None and c.now < at < due:
            rows.append(DeadlineRow(**base, reminder=reminder.name, due_at=at))
    return rows
