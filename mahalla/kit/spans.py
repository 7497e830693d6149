"""Half-open ranges of time, and weekly wall-clock hours as instants.

A ``Span`` holds every instant ``start <= t < end``; both ends are aware. Functions take spans in any order, overlapping
or not, and give them sorted, apart and without empty ones. Zones come from the pinned ``tzdata`` package, never from
the machine, so that the same release answers the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_MIN = 1440


class Span(NamedTuple):
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class UnknownZone(ValueError):
    """A zone name that the pinned zone data does not have."""


# --- sets of instants


def normalise(spans: Iterable[Span]) -> list[Span]:
    """Sorted, merged where they touch or overlap, empty ones gone."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Span(start, end))
    return merged


def intersect(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """The time that lies in both."""
    left, right = normalise(these), normalise(those)
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            found.append(Span(start, end))
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return found


def subtract(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """The time of ``these`` that lies in none of ``those``."""
    taken = normalise(those)
    left, first = [], 0
    for start, end in normalise(these):
        while first < len(taken) and taken[first].end <= start:
            first += 1
        at, i = start, first
        while i < len(taken) and taken[i].start < end:
            if taken[i].start > at:
                left.append(Span(at, taken[i].start))
            at = max(at, taken[i].end)
            i += 1
        if at < end:
            left.append(Span(at, end))
    return left


def total(spans: Iterable[Span]) -> timedelta:
    """How much time they hold together, counting none twice."""
    return sum((span.length for span in normalise(spans)), timedelta())


def fits(spans: Iterable[Span], length: timedelta) -> list[Span]:
    """Those of the spans, merged, that are at least so long."""
    return [span for span in normalise(spans) if span.length >= length]


def earliest(
    opened: Iterable[Span],
    busy: Iterable[Span],
    *,
    window: Span,
    length: timedelta,
    after: timedelta = timedelta(),
) -> datetime | None:
    """The first instant at which work of ``length`` can start, or None.

    The work lies inside ``window`` and ``opened``; neither it nor the ``after`` (the way to the next place) that
    follows it meets ``busy``. The ``after`` may run past the window and past opening hours.
    """
    ahead = [Span(start - after, end) for start, end in busy]
    room = fits(subtract(intersect(opened, [window]), ahead), length)
    return room[0].start if room else None


# --- wall time


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of this IANA name from the ``tzdata`` package; raises ``UnknownZone``."""
    parts = name.split("/")
    if not name or any(not part or part.startswith(".") for part in parts):
        raise UnknownZone(name)
    try:
        with resources.files("tzdata").joinpath("zoneinfo", *parts).open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError) as error:
        raise UnknownZone(name) from error


@lru_cache(maxsize=65_536)
def instant(day: date, minute: int, where: ZoneInfo) -> datetime:
    """The UTC instant at which clocks there show ``minute`` (0…1440) of this day.

    A wall time that the clocks skip is the moment of the change; one that they show twice is its first showing.
    """
    wall = datetime.combine(day + timedelta(days=minute // DAY_MIN), time(), where)
    wall = wall.replace(hour=minute % DAY_MIN // 60, minute=minute % 60)
    there = wall.astimezone(UTC)
    if there.astimezone(where).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return there
    return _change(wall.replace(fold=1).astimezone(UTC), there, where)


def _change(before: datetime, after: datetime, where: ZoneInfo) -> datetime:
    """The clock change between two instants, to the second."""
    offset = before.astimezone(where).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(where).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def shift_days(moment: datetime, days: int, where: ZoneInfo) -> datetime:
    """The same local hour, so many days later (or earlier), whatever the clocks did between."""
    local = moment.astimezone(where)
    shifted = instant(local.date() + timedelta(days=days), local.hour * 60 + local.minute, where)
    return shifted + timedelta(seconds=local.second, microseconds=local.microsecond)


def weekly(hours: Sequence[tuple[int, int, int]], *, where: ZoneInfo, window: Span) -> list[Span]:
    """Weekly hours ``(weekday, start_min, end_min)``, Monday 0, as instants inside the window.

    The clock rules: hours 02:00–06:00 last three hours in the night that skips 02:00–03:00, and five in the one
    that shows it twice.
    """
    if not hours or window.start >= window.end:
        return []
    found = [
        Span(instant(day, start, where), instant(day, end, where))
        for day in _days(window, where)
        for weekday, start, end in hours
        if weekday == day.weekday()
    ]
    return intersect(found, [window])


def _days(window: Span, where: ZoneInfo) -> Iterator[date]:
    # a day on each side: hours that end at midnight, and clocks that change at it
    day = window.start.astimezone(where).date() - timedelta(days=1)
    last = window.end.astimezone(where).date() + timedelta(days=1)
    while day <= last:
        yield day
        day += timedelta(days=1)


def slots(free: Iterable[Span], *, length: timedelta, every_min: int, where: ZoneInfo) -> list[Span]:
    """Spans of ``length`` inside ``free`` that start on the local grid of ``every_min`` minutes from midnight.

    A wall time that the clocks skip gives no slot of its own; one that they show twice gives one, at its first.
    """
    found = set()
    for span in fits(free, length):
        for day in _days(span, where):
            for minute in range(0, DAY_MIN, every_min):
                start = instant(day, minute, where)
                if span.start <= start and start + length <= span.end:
                    found.add(Span(start, start + length))
    return sorted(found)
