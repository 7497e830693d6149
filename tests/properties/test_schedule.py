"""Time ranges against the plainest model there is: sets of minutes. And wall time against the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kit import spans
from mahalla.kit.spans import Span

ZERO = datetime(2026, 3, 1, tzinfo=UTC)
ZONES = ("Asia/Riyadh", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Africa/Cairo", "Asia/Kolkata",
         "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia")  # fmt: skip
minutes = st.integers(0, 60)


def moment(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


ranges = st.lists(st.builds(lambda a, b: Span(moment(a), moment(b)), minutes, minutes), max_size=8)


def covered(found: list[Span]) -> set[int]:
    return {m for m in range(-60, 200) if any(s.start <= moment(m) < s.end for s in found)}


def is_normal(found: list[Span]) -> bool:
    return all(s.start < s.end for s in found) and all(a.end < b.start for a, b in pairwise(found))


@given(ranges, ranges)
def test_ranges_behave_like_sets_of_minutes(these: list[Span], those: list[Span]) -> None:
    for result, expected in (
        (spans.normalise(these), covered(these)),
        (spans.intersect(these, those), covered(these) & covered(those)),
        (spans.subtract(these, those), covered(these) - covered(those)),
    ):
        assert covered(result) == expected
        assert is_normal(result)
    assert spans.total(these) == timedelta(minutes=len(covered(these)))


@given(ranges, ranges, minutes, minutes, st.integers(1, 30), st.integers(0, 15))
def test_the_earliest_start_is_what_trying_every_minute_finds(
    opened: list[Span], busy: list[Span], start: int, end: int, length: int, after: int
) -> None:
    window = Span(moment(start), moment(end))
    free, taken = covered(opened) & set(range(start, end)), covered(busy)
    tried = (
        m
        for m in range(61)
        if set(range(m, m + length)) <= free and not set(range(m, m + length + after)) & taken
    )
    first = next(tried, None)
    found = spans.earliest(
        opened, busy, window=window, length=timedelta(minutes=length), after=timedelta(minutes=after)
    )
    assert found == (None if first is None else moment(first))


days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(days, st.integers(0, 1440), st.sampled_from(ZONES))
def test_a_wall_time_is_shown_at_its_instant_or_skipped_by_it(day: date, minute: int, name: str) -> None:
    where = spans.zone(name)
    there = spans.instant(day, minute, where)
    shown = there.astimezone(where).replace(tzinfo=None)
    meant = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a wall time
    if shown == meant:
        earlier = {(there - timedelta(minutes=m)).astimezone(where).replace(tzinfo=None) for m in (30, 60)}
        assert meant not in earlier
    else:
        before = (there - timedelta(seconds=1)).astimezone(where).replace(tzinfo=None)
        assert before < meant < shown


hours = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)).filter(lambda h: h[1] < h[2]),
    max_size=6,
)


@given(hours, days, st.sampled_from(ZONES))
def test_weekly_hours_hold_exactly_the_moments_whose_wall_clock_lies_in_them(
    week: list[tuple[int, int, int]], day: date, name: str
) -> None:
    """Away from the hours that clocks skip or repeat, which have tests of their own."""
    where = spans.zone(name)
    window = Span(spans.instant(day, 0, where), spans.instant(day + timedelta(days=3), 0, where))
    found = spans.weekly(week, where=where, window=window)
    at = window.start
    while at < window.end:
        local = at.astimezone(where)
        minute = local.hour * 60 + local.minute
        around = {(at + timedelta(hours=h)).astimezone(where).utcoffset() for h in range(-25, 26)}
        if len(around) == 1:
            inside = any(d == local.weekday() and s <= minute < e for d, s, e in week)
            assert any(s.start <= at < s.end for s in found) == inside
        at += timedelta(minutes=37)


@given(days, st.integers(0, 1439), st.integers(-400, 400), st.sampled_from(ZONES))
def test_shifting_by_days_keeps_the_local_hour_unless_the_clocks_skip_it(
    day: date, minute: int, by: int, name: str
) -> None:
    where = spans.zone(name)
    moved = spans.shift_days(spans.instant(day, minute, where), by, where)
    local = spans.instant(day, minute, where).astimezone(where)
    assert moved == spans.instant(local.date() + timedelta(days=by), local.hour * 60 + local.minute, where)


def test_a_weekly_nine_o_clock_stays_nine_o_clock_when_the_clocks_change() -> None:
    berlin = spans.zone("Europe/Berlin")
    before = spans.instant(date(2026, 3, 23), 540, berlin)
    after = spans.shift_days(before, 7, berlin)
    assert (after.astimezone(berlin).hour, after - before) == (9, timedelta(days=7, hours=-1))


@pytest.mark.parametrize(
    ("day", "length"), [(date(2026, 3, 29), 3), (date(2026, 10, 25), 5), (date(2026, 3, 22), 4)]
)
def test_hours_over_a_clock_change_last_as_long_as_the_night_does(day: date, length: int) -> None:
    berlin = spans.zone("Europe/Berlin")
    window = Span(spans.instant(day, 0, berlin), spans.instant(day, 1440, berlin))
    found = spans.weekly([(6, 120, 360)], where=berlin, window=window)
    assert spans.total(found) == timedelta(hours=length)


def test_a_skipped_hour_gives_no_slot_and_a_repeated_one_gives_one() -> None:
    """Casablanca in 2026: the hour after 02:00 on 15 February is shown twice, the one on 22 March not at all."""
    casablanca = spans.zone("Africa/Casablanca")

    def starts(day: date) -> list[int]:
        window = Span(spans.instant(day, 0, casablanca), spans.instant(day, 360, casablanca))
        found = spans.slots([window], length=timedelta(hours=1), every_min=60, where=casablanca)
        return [slot.start.astimezone(casablanca).hour for slot in found]

    assert starts(date(2026, 2, 15)) == [0, 1, 2, 3, 4, 5]
    assert starts(date(2026, 3, 22)) == [0, 1, 3, 4, 5]
    assert starts(date(2026, 3, 23)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "zone.tab", "..", "__init__.py"]
)
def test_a_zone_that_the_pinned_data_lacks_is_refused(name: str) -> None:
    with pytest.raises(spans.UnknownZone):
        spans.zone(name)
