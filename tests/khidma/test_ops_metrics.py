"""The figures that operations steer by, to the unit (KH-STAT-01 to 03)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.quote import Line, Quote
from mahalla.markets.khidma import metrics
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
DAY = metrics.Window(b.EVENING - timedelta(hours=12), b.EVENING + timedelta(hours=12))


def task(client, *, posted_at, city=None, category=None):
    """A posted task as its row: what the figures read."""
    request = Request(
        client=client,
        state="matching",
        phase="open",
        state_since=posted_at,
        status="matching",
        category=category or b.category(),
        city=city or b.city(),
        created_at=posted_at,
        posted_at=posted_at,
    )
    request.save()
    return request


def take(request, worker, *, at, state="confirmed", **job):
    offer = Offer(
        request=request, worker=worker, source="client", state="accepted", phase="agreed", state_since=at,
        created_at=at,
    )  # fmt: skip
    offer.save()
    made = Job(
        request=request, offer=offer, client=request.client, worker=worker, start_at=at,
        end_at=at + timedelta(hours=2), state=state, phase="agreed", state_since=at, created_at=at, **job,
    )  # fmt: skip
    made.save()
    return made


@pytest.mark.spec("KH-STAT-01")
def test_forty_five_of_fifty_is_ninety_percent(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    moving = b.category("moving")
    for n in range(50):
        request = task(lina, posted_at=b.EVENING + timedelta(minutes=n), category=moving if n < 10 else None)
        if n >= 5:
            take(request, sara, at=b.EVENING + timedelta(minutes=n + 4))
    task(lina, posted_at=b.EVENING + timedelta(days=2))  # posted in another window
    whole = metrics.fill(DAY)
    assert (whole.accepted, whole.posted, whole.pct) == (45, 50, 90)
    assert [(f.key, f.posted, f.accepted, f.pct) for f in metrics.fill_by(DAY, "category")] == [
        ("cleaning", 40, 40, 100),
        ("moving", 10, 5, 50),
    ]
    assert [(f.key, f.pct) for f in metrics.fill_by(DAY, "city")] == [("riyadh", 90)]
    assert [(f.key, f.posted) for f in metrics.fill_by(DAY, "hour")] == [(20, 50)]  # 20:00 in Riyadh
    assert metrics.fill(metrics.Window(DAY.since, DAY.until, city="jeddah")).pct is None


@pytest.mark.spec("KH-STAT-02")
def test_four_six_and_twenty_minutes_have_the_median_six(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    for minutes in (4, 6, 20):
        take(task(lina, posted_at=b.EVENING), sara, at=b.EVENING + timedelta(minutes=minutes))
    task(lina, posted_at=b.EVENING)  # nobody took it: it has no time
    waits = metrics.time_to_accept(DAY)
    assert (waits.accepted, waits.median_min) == (3, 6)
    assert waits.p90_min == 17.2  # between 6 and 20, as percentile_cont has it


@pytest.mark.spec("KH-STAT-03")
def test_eighty_with_a_fee_of_sixteen_takes_twenty_percent(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    lines = (
        Line("labour", 75_00, "worker"),
        Line("travel", 5_00, "worker"),
        Line("service_fee", 16_00, "platform"),
    )
    take(
        task(lina, posted_at=b.EVENING), sara, at=b.EVENING, state="reviewed", submitted_at=b.EVENING,
        final=Quote(lines, "SAR").to_json(), data={"tips": [10_00]},
    )  # fmt: skip
    take(task(lina, posted_at=b.EVENING), sara, at=b.EVENING, state="in_progress")
    found = metrics.takings(DAY)
    assert (found.tasks, found.gmv_minor, found.fees_minor, found.take_pct) == (1, 80_00, 16_00, 20)
    assert (found.tips_minor, found.refunds_minor) == (10_00, 0)


def test_the_main_job_makes_sixty_five_of_gmv_and_takes_twenty_percent(khidma):
    lina, sara, noor = b.client("Lina"), b.tasker("Sara"), b.person("Noor", "support_agent")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    run_until(b.at(2, "14:10"), start=b.EVENING)
    worker = b.tasker_of(sara)
    engine.apply(job, "set_off", actor=worker, now=b.at(2, "14:10"), data={"lat": 24.75, "lng": 46.6753})
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data={"lat": 24.71396, "lng": 46.6753})
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
    day = metrics.Window(b.at(2, "00:00"), b.at(3, "00:00"))
    assert metrics.takings(day).gmv_minor == 80_00
    engine.apply(
        job, "dispute", actor=b.client_of(lina), now=b.at(2, "18:00"),
        data={"kind": "hours", "minutes": 120, "text": "Two hours only"},
    )  # fmt: skip
    run_until(b.at(2, "18:00"), start=b.at(2, "17:00"))
    case = cases.Case.objects.get(job_id=job.pk)
    cases.decide(
        case, refund_minor=18_00, reason="The timer", actor=b.staff_of(noor, "support_agent"),
        now=b.at(3, "09:00"),
    )  # fmt: skip
    found = metrics.takings(day)
    assert (found.gmv_minor, found.fees_minor, found.take_pct) == (65_00, 13_00, 20)
    assert found.refunds_minor == 18_00
    assert metrics.volume(metrics.Window(b.EVENING, b.at(2, "00:00"))) == {"refunded": 1}
