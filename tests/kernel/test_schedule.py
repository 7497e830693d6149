"""Calendars: Omar works, Sara works too, Badr is the outsider. Riyadh is UTC+3 all year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.schedule import operations, queries
from mahalla.kernel.schedule.models import Busy, WeeklyHours
from mahalla.kit import spans
from mahalla.kit.errors import Invalid, NotFound
from mahalla.kit.spans import Span

RIYADH = spans.zone("Asia/Riyadh")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)


def at(hour: int, minute: int = 0, *, day: date = MONDAY, where: ZoneInfo = RIYADH) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=where)


def window(start: int, end: int, *, day: date = MONDAY) -> Span:
    return Span(at(start, day=day), at(end, day=day))


def person(number: int) -> int:
    return User.objects.create_user(phone=f"+96650000{number:04}").pk


@pytest.fixture
def omar(db: None) -> int:
    worker = person(1)
    operations.set_week(worker, [(day, 480, 1200) for day in range(7)], timezone="Asia/Riyadh")
    return worker


@pytest.fixture
def badr(db: None) -> int:
    return person(9)


def occupy(worker: int, start: datetime, end: datetime, reference: str = "job:1", buffer_min: int = 0) -> int:
    return operations.occupy(
        worker_id=worker, start=start, end=end, reference=reference, now=NOW, buffer_min=buffer_min
    )


def test_each_weekday_has_hours_of_its_own(badr: int) -> None:
    sara = person(2)
    operations.set_week(sara, [(0, 480, 720), (1, 840, 1200), (1, 600, 660)], timezone="Asia/Riyadh")
    tuesday = MONDAY + timedelta(days=1)
    assert queries.fits([sara, badr], window=window(13, 15), minutes=60) == {}
    assert queries.fits([sara, badr], window=window(9, 15), minutes=120) == {sara: at(9)}
    assert queries.fits([sara, badr], window=window(9, 21, day=tuesday), minutes=120) == {
        sara: at(14, day=tuesday)
    }
    assert queries.weekly_minutes([sara, badr]) == {sara: 240 + 360 + 60, badr: 0}
    operations.set_week(sara, [])
    assert queries.free_spans(sara, start=at(0), end=at(23)) == []


@pytest.mark.parametrize(
    "ranges",
    [
        [(0, 480, 720), (0, 660, 900)],
        [(7, 480, 720)],
        [(0, 720, 720)],
        [(0, 1200, 1441)],
        [(0, -5, 60)],
    ],
)
def test_hours_that_make_no_week_are_refused_and_the_old_ones_stay(
    omar: int, ranges: list[tuple[int, int, int]]
) -> None:
    with pytest.raises(Invalid):
        operations.set_week(omar, ranges)
    assert queries.weekly_minutes([omar]) == {omar: 7 * 720}


def test_the_database_too_refuses_hours_that_overlap(omar: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        WeeklyHours.objects.create(worker_id=omar, weekday=0, start_min=600, end_min=660)


def test_a_night_over_midnight_is_two_ranges_that_meet(badr: int) -> None:
    operations.set_week(badr, [(0, 1380, 1440), (1, 0, 360)], timezone="Asia/Riyadh")
    night = Span(at(22), at(8, day=MONDAY + timedelta(days=1)))
    assert queries.earliest_fit(badr, window=night, minutes=240) == at(23)


def test_a_window_of_four_hours_suits_who_is_free_for_three_of_them(omar: int) -> None:
    """The calendar's part of KH-REQ-05, in its figures."""
    sara = person(2)
    operations.set_week(omar, [(0, 900, 1080)])
    operations.set_week(sara, [(0, 960, 1080)], timezone="Asia/Riyadh")
    assert queries.fits([omar, sara], window=window(14, 18), minutes=180) == {omar: at(15)}
    assert queries.earliest_fit(sara, window=window(14, 18), minutes=180) is None


def test_work_from_ten_to_twelve_blocks_quarter_past_and_allows_half_past(omar: int) -> None:
    """The calendar's part of KH-CAL-04, in its figures."""
    occupy(omar, at(10), at(12), buffer_min=30)
    quarter_past, half_past = Span(at(12, 15), at(14, 15)), Span(at(12, 30), at(14, 30))
    assert queries.fits([omar], window=quarter_past, minutes=120, buffer_min=30) == {}
    assert queries.fits([omar], window=half_past, minutes=120, buffer_min=30) == {omar: at(12, 30)}
    with pytest.raises(operations.SlotTaken):
        occupy(omar, *quarter_past, "job:2", buffer_min=30)
    with pytest.raises(IntegrityError), transaction.atomic():
        Busy.objects.create(worker_id=omar, during=quarter_past, reference="by hand", created_at=NOW)
    occupy(omar, *half_past, "job:2", buffer_min=30)


def test_the_way_to_later_work_is_kept_free_too_and_may_leave_the_window(omar: int) -> None:
    occupy(omar, at(12), at(13))
    morning = window(8, 12)
    assert queries.earliest_fit(omar, window=morning, minutes=210, buffer_min=30) == at(8)
    assert queries.earliest_fit(omar, window=morning, minutes=211, buffer_min=30) is None
    evening = window(18, 20)
    assert queries.earliest_fit(omar, window=evening, minutes=120, buffer_min=30) == at(18)


def test_work_that_took_no_time_is_refused(omar: int) -> None:
    with pytest.raises(Invalid):
        occupy(omar, at(10), at(10))
    with pytest.raises(Invalid):
        operations.move("job:1", start=at(11), end=at(10))


def test_occupying_again_with_the_same_reference_is_the_same_row(omar: int) -> None:
    first = occupy(omar, at(10), at(12))
    assert occupy(omar, at(10), at(12)) == first
    with pytest.raises(operations.SlotTaken):
        occupy(omar, at(16), at(17))
    assert Busy.objects.count() == 1


def test_time_is_each_workers_own(omar: int, badr: int) -> None:
    occupy(omar, at(10), at(12))
    occupy(badr, at(10), at(12), "job:2")
    with pytest.raises(operations.SlotTaken):
        occupy(omar, at(11), at(12), "job:3")


def test_releasing_gives_the_time_back_once(omar: int) -> None:
    occupy(omar, at(10), at(12))
    assert operations.release("job:1") is True
    assert operations.release("job:1") is False
    occupy(omar, at(11), at(13), "job:2")


def test_moving_is_whole_or_not_at_all(omar: int) -> None:
    occupy(omar, at(10), at(12), buffer_min=30)
    occupy(omar, at(15), at(16), "job:2")
    with pytest.raises(operations.SlotTaken):
        operations.move("job:1", start=at(13), end=at(15))
    assert queries.free_spans(omar, start=at(8), end=at(17)) == [
        Span(at(8), at(10)), Span(at(12, 30), at(15)), Span(at(16), at(17)),
    ]  # fmt: skip
    assert queries.earliest_fit(omar, window=window(11, 13), minutes=60, ignoring="job:1") == at(11)
    operations.move("job:1", start=at(11), end=at(14), buffer_min=60)
    assert queries.free_spans(omar, start=at(8), end=at(17)) == [Span(at(8), at(11)), Span(at(16), at(17))]
    with pytest.raises(NotFound):
        operations.move("job:7", start=at(8), end=at(9))


def test_switching_off_hides_the_worker_and_leaves_accepted_work(omar: int) -> None:
    occupy(omar, at(15), at(17))
    assert operations.switch(omar, False, now=NOW) is True
    assert operations.switch(omar, False, now=NOW) is False
    assert queries.fits([omar], window=window(8, 12), minutes=60) == {}
    assert queries.switched_on([omar]) == set()
    assert Busy.objects.filter(reference="job:1").exists()
    operations.switch(omar, True, now=NOW)
    assert queries.fits([omar], window=window(8, 12), minutes=60) == {omar: at(8)}


def test_a_block_on_friday_takes_the_worker_out_and_not_over_work(omar: int, badr: int) -> None:
    blocked = window(10, 12, day=FRIDAY)
    block = operations.block(omar, start=blocked.start, end=blocked.end, now=NOW, note="Prayer")
    assert queries.fits([omar], window=blocked, minutes=30) == {}
    with pytest.raises(operations.SlotTaken):
        occupy(omar, at(11, day=FRIDAY), at(13, day=FRIDAY))
    occupy(omar, at(12, day=FRIDAY), at(13, day=FRIDAY))
    with pytest.raises(operations.BlockedByWork) as refusal:
        operations.block(omar, start=at(9, day=FRIDAY), end=at(19, day=FRIDAY), now=NOW)
    assert refusal.value.detail["at"] == at(12, day=FRIDAY).astimezone(UTC).isoformat()
    assert list(queries.blocks_of(omar, now=NOW)) == [block]
    with pytest.raises(NotFound):
        operations.unblock(badr, block.pk)
    operations.unblock(omar, block.pk)
    occupy(omar, at(10, day=FRIDAY), at(12, day=FRIDAY), "job:2")


def test_blocks_may_lie_over_each_other(omar: int) -> None:
    first = operations.block(omar, start=at(10), end=at(12), now=NOW)
    operations.block(omar, start=at(11), end=at(14), now=NOW)
    assert queries.free_spans(omar, start=at(8), end=at(16)) == [Span(at(8), at(10)), Span(at(14), at(16))]
    operations.unblock(omar, first.pk)
    assert queries.free_spans(omar, start=at(8), end=at(16)) == [Span(at(8), at(11)), Span(at(14), at(16))]


def test_a_weekly_block_meets_work_weeks_ahead(omar: int) -> None:
    far = FRIDAY + timedelta(days=21)
    occupy(omar, at(11, day=far), at(12, day=far))
    until = FRIDAY + timedelta(days=28)
    with pytest.raises(operations.BlockedByWork):
        operations.block(omar, start=at(10, day=FRIDAY), end=at(12, day=FRIDAY), now=NOW, repeats_until=until)
    assert not Busy.objects.exclude(reference="job:1").exists()
    operations.release("job:1")
    operations.block(omar, start=at(10, day=FRIDAY), end=at(12, day=FRIDAY), now=NOW, repeats_until=until)
    assert Busy.objects.count() == 5
    assert queries.fits([omar], window=window(10, 12, day=far), minutes=60) == {}
    week_after = until + timedelta(days=7)
    assert queries.fits([omar], window=window(10, 12, day=week_after), minutes=60)


def test_a_weekly_block_keeps_its_local_hour_when_the_clocks_change(badr: int) -> None:
    berlin = spans.zone("Europe/Berlin")
    operations.open_calendar(badr, timezone="Europe/Berlin")
    first = date(2026, 3, 26)
    operations.block(
        badr, start=at(9, day=first, where=berlin), end=at(10, day=first, where=berlin), now=NOW,
        repeats_until=date(2026, 4, 2),
    )  # fmt: skip
    starts = [row.during.lower for row in Busy.objects.order_by("during")]
    assert [(s.hour, s.astimezone(berlin).hour) for s in starts] == [(8, 9), (7, 9)]


@pytest.mark.parametrize(
    ("start", "end", "until"),
    [
        (at(12), at(10), None),
        (NOW - timedelta(hours=2), NOW - timedelta(hours=1), None),
        (at(8), at(8) + timedelta(days=367), None),
        (at(8), at(8) + timedelta(days=7), FRIDAY + timedelta(days=7)),
        (at(8), at(9), MONDAY - timedelta(days=1)),
        (at(8), at(9), MONDAY + timedelta(days=367)),
    ],
)
def test_times_that_make_no_block_are_refused(
    omar: int, start: datetime, end: datetime, until: date | None
) -> None:
    with pytest.raises(Invalid):
        operations.block(omar, start=start, end=end, now=NOW, repeats_until=until)


def test_a_zone_that_is_none_is_refused(badr: int) -> None:
    with pytest.raises(Invalid):
        operations.set_week(badr, [], timezone="Mars/Olympus")


def test_erasure_takes_hours_and_notes_and_leaves_the_time_that_work_took(omar: int) -> None:
    occupy(omar, at(15), at(17))
    operations.block(omar, start=at(10), end=at(12), now=NOW, note="Doctor")
    kept = privacy.export(User.objects.get(pk=omar), now=NOW)["calendar"]
    assert (len(kept["week"]), kept["blocks"][0]["note"]) == (7, "Doctor")
    privacy.run_erasers(omar, NOW)
    assert queries.week_of(omar) == []
    assert [busy.reference for busy in queries.busy_of(omar, start=at(0), end=at(23))] == ["job:1"]


def test_some_hundred_workers_cost_three_queries(db: None) -> None:
    workers = [person(number) for number in range(100, 300)]
    for worker in workers:
        operations.set_week(worker, [(0, 480, 720)], timezone="Asia/Riyadh")
    with CaptureQueriesContext(connection) as captured:
        found = queries.fits(workers, window=window(8, 18), minutes=60, buffer_min=30)
    assert (len(captured), len(found)) == (3, 200)
