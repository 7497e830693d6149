"""Reads of calendars: who is free, and from when.

A worker's free time is the weekly hours, in the worker's own zone, less everything in ``Busy``. A worker without
weekly hours has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, QuerySet, Sum

from mahalla.kernel.schedule.models import Block, Busy, WeeklyHours, WorkerCalendar
from mahalla.kit import spans
from mahalla.kit.spans import Span


@dataclass(slots=True)
class _Calendar:
    timezone: str
    switched_on: bool
    hours: list[tuple[int, int, int]] = field(default_factory=list)
    busy: list[Span] = field(default_factory=list)

    def opened(self, window: Span) -> list[Span]:
        return spans.weekly(self.hours, where=spans.zone(self.timezone), window=window)


def free_spans(worker_id: int, *, start: datetime, end: datetime) -> list[Span]:
    """When the worker can work in this time: hours less blocks and taken time, whatever the switch says."""
    window = Span(start, end)
    calendar = _calendars([worker_id], window).get(worker_id)
    return spans.subtract(calendar.opened(window), calendar.busy) if calendar else []


def earliest_fit(
    worker_id: int, *, window: Span, minutes: int, buffer_min: int = 0, ignoring: str = ""
) -> datetime | None:
    """The first start in the window at which the worker is free for all of the work (KH-REQ-05), or None.

    ``buffer_min`` of travel after the work must meet nothing taken (KH-CAL-04): ``occupy`` with the same buffer then
    succeeds. ``ignoring`` is the reference of time that would be moved. The switch is not asked here.
    """
    found = fits(
        [worker_id], window=window, minutes=minutes, buffer_min=buffer_min, ignoring=ignoring, any_switch=True
    )
    return found.get(worker_id)


def fits(
    worker_ids: Collection[int],
    *,
    window: Span,
    minutes: int,
    buffer_min: int = 0,
    ignoring: str = "",
    any_switch: bool = False,
) -> dict[int, datetime]:
    """Of these workers, those switched on and free for the work inside the window, each with the earliest start.

    Three queries for any number of workers. ``any_switch`` takes those switched off too.
    """
    length, after = timedelta(minutes=minutes), timedelta(minutes=buffer_min)
    reach = Span(window.start, window.end + after)
    found = {}
    for worker_id, calendar in _calendars(worker_ids, reach, ignoring=ignoring).items():
        if not (calendar.switched_on or any_switch):
            continue
        start = spans.earliest(
            calendar.opened(window), calendar.busy, window=window, length=length, after=after
        )
        if start is not None:
            found[worker_id] = start
    return found


def fits_each(
    worker_id: int, asked: Sequence[tuple[Span, int, int]], *, any_switch: bool = False
) -> list[datetime | None]:
    """Of many pieces of work ``(window, minutes, buffer_min)`` the earliest start of each for one worker.

    The mirror of ``fits``: three queries for any number of windows. None where the worker is not free, or switched off.
    """
    if not asked:
        return []
    reach = Span(
        min(window.start for window, _minutes, _buffer in asked),
        max(window.end + timedelta(minutes=buffer) for window, _minutes, buffer in asked),
    )
    calendar = _calendars([worker_id], reach).get(worker_id)
    if calendar is None or not (calendar.switched_on or any_switch):
        return [None] * len(asked)
    return [
        spans.earliest(
            calendar.opened(window),
            calendar.busy,
            window=window,
            length=timedelta(minutes=minutes),
            after=timedelta(minutes=buffer),
        )
        for window, minutes, buffer in asked
    ]


def switched_on(worker_ids: Iterable[int]) -> set[int]:
    rows = WorkerCalendar.objects.filter(worker_id__in=worker_ids, switched_on=True)
    return set(rows.values_list("worker_id", flat=True))


def weekly_minutes(worker_ids: Iterable[int]) -> dict[int, int]:
    """Minutes a week that each worker offers by weekly hours (0 for none); segments are judged by it."""
    wanted = list(worker_ids)
    rows = (
        WeeklyHours.objects.filter(worker_id__in=wanted)
        .order_by()
        .values_list("worker_id")
        .annotate(minutes=Sum(F("end_min") - F("start_min")))
    )
    return dict.fromkeys(wanted, 0) | dict(rows)


def week_of(worker_id: int) -> list[tuple[int, int, int]]:
    """The weekly hours as ``set_week`` takes them."""
    rows = WeeklyHours.objects.filter(worker_id=worker_id).order_by("weekday", "start_min")
    return list(rows.values_list("weekday", "start_min", "end_min"))


def busy_of(worker_id: int, *, start: datetime, end: datetime) -> QuerySet[Busy]:
    """Taken time that meets this range, blocks and work, in order."""
    return Busy.objects.filter(worker_id=worker_id, during__overlap=(start, end)).order_by("during")


def blocks_of(worker_id: int, *, now: datetime) -> QuerySet[Block]:
    """The worker's blocks that are not over."""
    return Block.objects.filter(worker_id=worker_id, occurrences__during__endswith__gt=now).distinct()


def _calendars(worker_ids: Collection[int], reach: Span, *, ignoring: str = "") -> dict[int, _Calendar]:
    ids = list(worker_ids)
    rows = WorkerCalendar.objects.filter(worker_id__in=ids).values_list(
        "worker_id", "timezone", "switched_on"
    )
    found = {worker_id: _Calendar(timezone, on) for worker_id, timezone, on in rows}
    hours = WeeklyHours.objects.filter(worker_id__in=list(found)).order_by()
    if reach.length < timedelta(days=4):
        hours = hours.filter(weekday__in=_weekdays(reach))
    for worker_id, weekday, start_min, end_min in hours.values_list(
        "worker_id", "weekday", "start_min", "end_min"
    ):
        found[worker_id].hours.append((weekday, start_min, end_min))
    for worker_id, taken in _busy(list(found), reach, ignoring).items():
        found[worker_id].busy = taken
    return found


def _weekdays(reach: Span) -> set[int]:
    """Those that a calendar in any zone can show within a short time: with a day before and after."""
    days = (reach.end.date() - reach.start.date()).days
    return {(reach.start + timedelta(days=shift)).weekday() for shift in range(-1, days + 2)}


def _busy(worker_ids: list[int], reach: Span, ignoring: str) -> dict[int, list[Span]]:
    """By (worker, end), which the index ``busy_by_worker_and_end`` answers without reading the past."""
    taken: dict[int, list[Span]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT worker_id, lower(during), upper(during) FROM schedule_busy
            WHERE worker_id = ANY(%s) AND upper(during) > %s AND lower(during) < %s AND reference <> %s
            """,
            (worker_ids, reach.start, reach.end, ignoring),
        )
        for worker_id, start, end in cursor.fetchall():
            taken[worker_id].append(Span(start, end))
    return taken
