"""Past tasks: searched, filtered, paged, with the reviews given; nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job
from mahalla.kit.errors import Invalid
from mahalla.markets.khidma import history
from mahalla.markets.khidma.history import Filters
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
FEBRUARY = datetime(2026, 2, 20, 17, 0, tzinfo=UTC)


def work(client, tasker, day, *, month=3, code="cleaning", stars=None, minutes=150, **fields):
    """One task from posting to its completion on that day, from 14:00 on."""
    now = b.at(day, "08:00", month=month)
    window = {"window_start": b.at(day, "14:00", month=month), "window_end": b.at(day, "19:00", month=month)}
    job = b.accepted(
        client, tasker, now=now, start=window["window_start"], category=b.category(code), **window, **fields
    )
    start = b.at(day, "14:00", month=month)
    run_until(start, start=now)
    here = {"lat": b.HOME[0], "lng": b.HOME[1]}
    worker = b.tasker_of(tasker)
    engine.apply(job, "arrive", actor=worker, now=start, data=here)
    engine.apply(job, "start_timer", actor=worker, now=start)
    engine.apply(job, "submit", actor=worker, now=start + timedelta(minutes=minutes))
    if stars:
        engine.apply(
            job, "review", actor=b.client_of(client), now=start + timedelta(minutes=minutes + 30),
            data={"stars": stars, "tags": [], "text": "Very careful"},
        )  # fmt: skip
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def past(khidma):
    """Lina: cleaning on 24 February, 2 and 4 March (reviewed), mounting on 3 March by Omar, one cancelled."""
    lina = b.client("Lina", now=FEBRUARY)
    mounting = b.category("mounting", parent=None)
    sara = b.tasker("Sara", now=FEBRUARY)
    omar = b.tasker("Omar", now=FEBRUARY, category_=mounting, rate=5000)
    jobs = {
        "february": work(lina, sara, 24, month=2),
        "first": work(lina, sara, 2, text="Windows, please"),
        "mounting": work(lina, omar, 3, code="mounting"),
        "reviewed": work(lina, sara, 4, stars=5),
    }
    gone = b.posted(lina, now=b.at(5, "08:00"), window_start=b.at(6, "14:00"), window_end=b.at(6, "19:00"))
    engine.apply(gone, "cancel", actor=b.client_of(lina), now=b.at(5, "09:00"))
    return lina, sara, omar, jobs, gone


def found(client, **fields):
    page = history.past(client, now=b.at(7, "12:00"), filters=Filters(**fields))
    return [row.request.pk for row in page.rows]


@pytest.mark.spec("KH-REQ-09")
def test_completed_cleaning_in_march_returns_exactly_those_tasks(past):
    lina, sara, omar, jobs, gone = past
    march = {"since": date(2026, 3, 1), "until": date(2026, 3, 31)}
    assert found(lina, state="completed", category="cleaning", **march) == [jobs["first"].request_id]
    everything = [gone.pk, *(jobs[n].request_id for n in ("reviewed", "mounting", "first", "february"))]
    assert found(lina) == everything
    assert found(lina, **march) == everything[:-1]

    # each of the other filters alone: text, Tasker, address, amount
    assert found(lina, text="windows") == [jobs["first"].request_id]
    assert found(lina, text="omar") == [jobs["mounting"].request_id]
    assert found(lina, worker_id=omar.pk) == [jobs["mounting"].request_id]
    assert found(lina, address="olaya") == everything
    assert found(lina, address="Office") == []
    assert jobs["first"].final["total_minor"] == 96_00
    assert jobs["mounting"].final["total_minor"] == 156_00
    assert found(lina, min_minor=100_00) == [jobs["mounting"].request_id]
    assert found(lina, min_minor=1, max_minor=96_00) == [
        jobs[n].request_id for n in ("reviewed", "first", "february")
    ]

    rows = history.past(lina, now=b.at(7, "12:00")).rows
    given = {row.request.pk: row.review for row in rows}
    assert given[jobs["reviewed"].request_id].stars == 5
    assert given[jobs["reviewed"].request_id].text == "Very careful"
    assert given[jobs["first"].request_id] is None
    assert sara.pk != omar.pk


def test_pages_follow_each_other_without_gap_or_repeat(past):
    lina = past[0]
    seen, after = [], ""
    while True:
        page = history.past(lina, now=b.at(7, "12:00"), after=after, limit=2)
        seen += [row.request.pk for row in page.rows]
        after = page.next
        if not after:
            break
    assert seen == found(lina)
    with pytest.raises(Invalid):
        history.past(lina, now=b.at(7, "12:00"), after="nonsense")


def test_the_history_is_the_clients_alone_and_costs_a_fixed_number_of_queries(
    past, django_assert_max_num_queries
):
    lina, sara = past[0], past[1]
    huda = b.client("Huda")
    assert found(huda) == []
    assert found(sara) == []
    with django_assert_max_num_queries(3):
        assert len(history.past(lina, now=b.at(7, "12:00")).rows) == 5


def test_a_parent_category_finds_its_kinds(khidma):
    lina = b.client("Lina")
    parent = b.category("repairs", pricing_models=[])
    child = b.category("handyman", parent=parent)
    request = b.posted(lina, category=child)
    engine.apply(request, "cancel", actor=b.client_of(lina), now=b.EVENING)
    assert found(lina, category="repairs") == found(lina, category="handyman") == [request.pk]
    assert found(lina, category="cleaning") == []


def test_filters_are_read_from_a_query_string():
    read = Filters.of({"state": "completed", "since": "2026-03-01", "min_minor": "100", "text": " tv "})
    assert read == Filters(state="completed", since=date(2026, 3, 1), min_minor=100, text="tv")
    with pytest.raises(Invalid) as refusal:
        Filters.of({"until": "March"})
    assert set(refusal.value.fields) == {"until"}
