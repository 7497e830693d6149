"""What changes a worker's time (the verbs of the calendar).

Winning is decided by the database: ``occupy`` inserts and looks whether it got a row. Nothing here checks first and
inserts then, and no lock stands between a block and work: both are rows of one table under one constraint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import ExclusionViolation

from mahalla.kernel.schedule.models import DAY_MIN, Block, Busy, WeeklyHours, WorkerCalendar
from mahalla.kit import market, spans
from mahalla.kit.errors import Invalid, NotFound, Refused

WEEK = timedelta(days=7)
#: a repeated block is laid down occurrence by occurrence; longer absences are the week's own hours
REPEAT_MAX = timedelta(days=366)
REPEATED_LENGTH_MAX = timedelta(days=6)
BLOCK_LENGTH_MAX = timedelta(days=366)


class SlotTaken(Refused):
    """Somebody or something else has that time of the worker."""

    def __init__(self) -> None:
        super().__init__("slot_taken", gettext_lazy("This time was just taken. Please choose another time."))


class BlockedByWork(Refused):
    """KH-CAL-03: a block cannot lie over accepted work. ``detail["at"]`` is the start of the first such work."""

    def __init__(self, at: datetime | None) -> None:
        sentence = gettext_lazy(
            "You have accepted work at this time. Choose a time around it, or cancel the work first."
        )
        super().__init__("blocked_by_work", sentence, at=at.isoformat() if at else "")


def open_calendar(worker_id: int, *, timezone: str = "") -> WorkerCalendar:
    """The worker's calendar, made on first use in ``timezone`` (default: the market's)."""
    if timezone:
        _check_zone(timezone)
    found = WorkerCalendar.objects.filter(pk=worker_id).first()
    if found is not None:
        return found
    defaults = {"timezone": timezone or market.active().timezone}
    return WorkerCalendar.objects.get_or_create(worker_id=worker_id, defaults=defaults)[0]


@transaction.atomic
def set_week(
    worker_id: int, ranges: Iterable[tuple[int, int, int]], *, timezone: str = ""
) -> list[WeeklyHours]:
    """Replace the weekly hours: ``(weekday, start_min, end_min)``, Monday 0, local minutes (KH-CAL-01).

    Accepted work stays as it is. Raises ``Invalid`` for a range outside the day, empty or overlapping another.
    """
    wanted = sorted({tuple(row) for row in ranges})
    for weekday, start, end in wanted:
        if not 0 <= weekday <= 6 or not 0 <= start < end <= DAY_MIN:
            raise Invalid({"ranges": _("Each range ends after it starts, within one day.")})
    for (day, _start, end), (next_day, next_start, _end) in pairwise(wanted):
        if day == next_day and next_start < end:
            raise Invalid({"ranges": _("Two ranges of one day overlap. Join them, or move one.")})
    open_calendar(worker_id, timezone=timezone)
    calendar = WorkerCalendar.objects.select_for_update().get(pk=worker_id)
    if timezone and calendar.timezone != timezone:
        calendar.timezone = timezone
        calendar.save(update_fields=["timezone"])
    WeeklyHours.objects.filter(worker_id=worker_id).delete()
    return WeeklyHours.objects.bulk_create(
        WeeklyHours(worker_id=worker_id, weekday=day, start_min=start, end_min=end)
        for day, start, end in wanted
    )


def switch(worker_id: int, on: bool, *, now: datetime) -> bool:
    """Turn availability on or off, apart from the schedule (KH-CAL-02); whether this changed anything."""
    open_calendar(worker_id)
    changed = WorkerCalendar.objects.filter(pk=worker_id, switched_on=not on)
    return bool(changed.update(switched_on=on, switched_at=now))


def occupy(
    *,
    worker_id: int,
    start: datetime,
    end: datetime,
    reference: str,
    now: datetime,
    buffer_min: int = 0,
    kind: str = "work",
) -> int:
    """Take the worker's time from ``start`` to ``end`` and the travel buffer after it; the row's id (KH-CAL-04).

    Raises ``SlotTaken`` where the database finds any of it taken. Idempotent: the same reference with the same
    worker and time is the same row. One statement; of any number at once exactly one wins.
    """
    if start >= end:
        raise Invalid({"end": _("The end is after the start.")})
    upto = end + timedelta(minutes=buffer_min)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO schedule_busy (worker_id, during, reference, kind, buffer_min, created_at)
            VALUES (%s, tstzrange(%s, %s), %s, %s, %s, %s)
            ON CONFLICT DO NOTHING RETURNING id
            """,
            (worker_id, start, upto, reference, kind, buffer_min, now),
        )
        row = cursor.fetchone()
    if row is not None:
        return int(row[0])
    # asked by the reference alone, so that no plan reads through all of a worker's time
    same = Busy.objects.filter(reference=reference).first()
    if same is None or (same.worker_id, same.during.lower, same.during.upper) != (worker_id, start, upto):
        raise SlotTaken
    return same.pk


def release(reference: str) -> bool:
    """Give the time back; whether there was any."""
    return bool(Busy.objects.filter(reference=reference, block=None).delete()[0])


@transaction.atomic
def move(reference: str, *, start: datetime, end: datetime, buffer_min: int | None = None) -> None:
    """Put taken time elsewhere, whole or not at all. Raises ``SlotTaken``, or ``NotFound`` without such time."""
    if start >= end:
        raise Invalid({"end": _("The end is after the start.")})
    current = Busy.objects.select_for_update().filter(reference=reference, block=None).first()
    if current is None:
        raise NotFound("busy_not_found")
    _one_mover(current.worker_id)
    current.buffer_min = current.buffer_min if buffer_min is None else buffer_min
    current.during = (start, end + timedelta(minutes=current.buffer_min))
    try:
        with transaction.atomic():
            current.save(update_fields=["during", "buffer_min"])
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise SlotTaken from error
        raise


@transaction.atomic
def block(
    worker_id: int,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    note: str = "",
    repeats_until: date | None = None,
) -> Block:
    """Keep time free, once or weekly at the same local hour up to and with ``repeats_until`` (KH-CAL-03).

    Raises ``BlockedByWork`` where any occurrence meets accepted work, ``Invalid`` for times that make no block.
    """
    where = open_calendar(worker_id).timezone
    _one_mover(worker_id)
    _check_block(start, end, now, repeats_until, where)
    made = Block.objects.create(
        worker_id=worker_id, start_at=start, end_at=end, timezone=where,
        repeats_until=repeats_until, note=note[:200], created_at=now,
    )  # fmt: skip
    occurrences = _occurrences(made)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO schedule_busy (worker_id, during, reference, kind, buffer_min, block_id, created_at)
            SELECT %(worker)s, tstzrange(s, e), 'block:' || %(block)s || ':' || n, 'block', 0, %(block)s, %(now)s
            FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS o (s, e, n)
            ON CONFLICT DO NOTHING
            """,
            {
                "worker": worker_id,
                "block": made.pk,
                "now": now,
                "starts": [span.start for span in occurrences],
                "ends": [span.end for span in occurrences],
            },
        )
        laid = cursor.rowcount
    if laid < len(occurrences):
        raise BlockedByWork(_first_work_in(worker_id, occurrences))
    return made


@transaction.atomic
def unblock(worker_id: int, block_id: int) -> None:
    """Remove one of the worker's own blocks with all its occurrences; ``NotFound`` for any other."""
    if not Block.objects.filter(pk=block_id, worker_id=worker_id).delete()[0]:
        raise NotFound("block_not_found")


def _one_mover(worker_id: int) -> None:
    """Moves and blocks of one worker go one after the other.

    Not for the constraint's sake, which holds without: two updates that both wait for the other's new row would
    end as a deadlock instead of a refusal. ``occupy`` inserts with ON CONFLICT, has no such wait, and takes no lock.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('calendar', %s))", (worker_id,))


def _check_block(start: datetime, end: datetime, now: datetime, until: date | None, where: str) -> None:
    if start >= end:
        raise Invalid({"end": _("The end is after the start.")})
    if end <= now and until is None:
        raise Invalid({"end": _("This time is already over.")})
    if end - start > (REPEATED_LENGTH_MAX if until else BLOCK_LENGTH_MAX):
        raise Invalid({"end": _("This is too long for one block. Change your weekly hours instead.")})
    if until is None:
        return
    first = start.astimezone(spans.zone(where)).date()
    if until < first:
        raise Invalid({"repeats_until": _("The last repetition is not before the first.")})
    if until - first > REPEAT_MAX:
        raise Invalid({"repeats_until": _("A block repeats for a year at most.")})


def _occurrences(made: Block) -> Sequence[spans.Span]:
    where = spans.zone(made.timezone)
    found, days = [spans.Span(made.start_at, made.end_at)], WEEK.days
    while made.repeats_until is not None:
        start = spans.shift_days(made.start_at, days, where)
        if start.astimezone(where).date() > made.repeats_until:
            break
        found.append(spans.Span(start, spans.shift_days(made.end_at, days, where)))
        days += WEEK.days
    return [span for span in found if span.start < span.end]


def _first_work_in(worker_id: int, occurrences: Sequence[spans.Span]) -> datetime | None:
    whole = (occurrences[0].start, occurrences[-1].end)
    for row in Busy.objects.filter(worker_id=worker_id, block=None, during__overlap=whole).order_by("during"):
        if spans.intersect([spans.Span(row.during.lower, row.during.upper)], occurrences):
            start: datetime = row.during.lower
            return start
    return None


def _check_zone(name: str) -> None:
    try:
        spans.zone(name)
    except spans.UnknownZone:
        raise Invalid({"timezone": _("This time zone is not known.")}) from None
