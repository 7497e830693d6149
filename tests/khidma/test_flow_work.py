"""The work: the way, the timer, the hours, the photos."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.media.models import Asset
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.trust.models import Flag
from mahalla.kit.errors import Invalid, Refused
from mahalla.markets.khidma import billing, presence
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
HERE = {"lat": b.HOME[0], "lng": b.HOME[1]}


def photo(owner) -> Asset:
    return Asset.objects.create(
        owner=owner,
        purpose="evidence",
        kind="image",
        mime="image/webp",
        bytes=10,
        sha256="0" * 64,
        path="x",
        created_at=b.EVENING,
    )


def test_setting_off_is_possible_three_hours_before(khidma) -> None:
    job = b.confirmed(b.client(), b.tasker())
    worker = b.tasker_of(job.worker)
    with pytest.raises(Refused) as refused:
        engine.apply(job, "set_off", actor=worker, now=b.at(2, "11:29"), data=HERE)
    assert refused.value.code == "too_early"
    job = b.step(job, "set_off", worker, b.at(2, "11:30"), **HERE)
    assert job.progress == "en_route"


def test_the_position_is_shown_only_on_the_way(khidma) -> None:
    """On the way a moving point and minutes; after arrival nothing (KH-FLOW-16; the page is shown in the browser tests)."""
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    worker = b.tasker_of(job.worker)
    assert presence.live_position(job) is None
    job = b.step(job, "set_off", worker, b.at(2, "14:00"), lat=b.HOME[0] + 3.2 / 111.195, lng=b.HOME[1])
    assert presence.eta_min(job) == 9
    presence.ping(
        job, worker_id=job.worker_id, data={"lat": b.HOME[0] + 0.009, "lng": b.HOME[1]}, now=b.at(2, "14:01")
    )
    assert presence.eta_min(job) == 3
    assert Notice.objects.filter(user=lina, name="on_the_way").get().title.endswith("about 9 min")
    with pytest.raises(Refused):
        presence.ping(job, worker_id=lina.pk, data=HERE, now=b.at(2, "14:02"))
    job = b.step(job, "arrive", worker, b.at(2, "14:10"), **HERE)
    assert presence.live_position(job) is None
    with pytest.raises(Refused):
        presence.ping(job, worker_id=job.worker_id, data=HERE, now=b.at(2, "14:12"))


@pytest.mark.spec("KH-FLOW-18")
def test_arrival_keeps_time_and_distance(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker(), window_start=b.at(2, "10:00"), start=b.at(2, "10:00"))
    away = b.HOME[0] + 40 / 111_195
    job = b.step(
        job, "arrive", b.tasker_of(job.worker), b.at(2, "09:58"), lat=away, lng=b.HOME[1], accuracy_m=8
    )
    event = Event.objects.get(noun="job", subject_id=job.pk, name="arrive")
    assert (event.at, event.payload["distance_m"]) == (b.at(2, "09:58"), 40)
    assert (job.arrived_at, job.data["arrive_distance_m"]) == (b.at(2, "09:58"), 40)
    assert Notice.objects.filter(user=lina, name="arrived").exists()
    assert not Flag.objects.exists()


@pytest.mark.spec("KH-TRUST-08")
def test_an_arrival_two_kilometres_off_is_flagged_and_does_not_stop_the_task(khidma) -> None:
    job = b.confirmed(b.client(), b.tasker())
    worker = b.tasker_of(job.worker)
    away = b.HOME[0] + 2100 / 111_195
    job = b.step(job, "arrive", worker, b.at(2, "14:28"), lat=away, lng=b.HOME[1])
    flag = Flag.objects.get(rule="gps_mismatch", user=job.worker)
    assert flag.evidence["distance_m"] == 2100
    assert (flag.evidence["task"], flag.evidence["reported"]) == ([b.HOME[0], b.HOME[1]], [away, b.HOME[1]])
    assert b.step(job, "start_timer", worker, b.at(2, "14:30")).state == "in_progress"


@pytest.mark.spec("KH-FLOW-19")
def test_the_server_keeps_the_hours(khidma) -> None:
    """09:00–10:20 and 10:40–11:45 is 2 h 25 min, billed 2.50 h; 50 min with a 2 h minimum bills 2.00 h."""
    sara = b.tasker()
    job = b.confirmed(
        b.client(), sara, window_start=b.at(2, "09:00"), window_end=b.at(2, "13:00"), start=b.at(2, "09:00")
    )
    worker = b.tasker_of(sara)
    b.step(job, "arrive", worker, b.at(2, "08:58"), **HERE)
    for event, clock in (("start_timer", "09:00"), ("pause", "10:20"), ("resume", "10:40")):
        job = b.step(job, event, worker, b.at(2, clock))
    job = b.step(job, "submit", worker, b.at(2, "11:45"))
    assert (job.data["worked_min"], job.data["billed_min"]) == (145, 150)

    short = b.started(b.client("Huda"), b.tasker("Omar"))
    short = b.step(short, "submit", b.tasker_of(short.worker), b.at(2, "15:20"))
    assert (short.data["worked_min"], short.data["billed_min"]) == (50, 120)


def test_a_timer_cannot_run_twice_nor_stop_twice(khidma) -> None:
    job = b.started(b.client(), b.tasker())
    worker = b.tasker_of(job.worker)
    with pytest.raises(Refused) as refused:
        engine.apply(job, "resume", actor=worker, now=b.at(2, "14:40"))
    assert refused.value.code == "timer_runs"
    b.step(job, "pause", worker, b.at(2, "14:45"))
    with pytest.raises(Refused) as refused:
        engine.apply(job, "pause", actor=worker, now=b.at(2, "14:46"))
    assert refused.value.code == "timer_stands"


@pytest.mark.spec("KH-FLOW-20")
def test_more_than_the_timer_asks_the_client(khidma) -> None:
    lina = b.client()
    job = b.started(lina, b.tasker())
    worker = b.tasker_of(job.worker)
    job = b.step(job, "pause", worker, b.at(2, "17:00"))
    with pytest.raises(Refused) as refused:
        engine.apply(job, "submit", actor=worker, now=b.at(2, "17:05"), data={"minutes": 180})
    assert (refused.value.code, refused.value.detail["extra_min"]) == ("extra_needs_approval", 30)
    job = b.step(job, "ask_extra", worker, b.at(2, "17:05"), minutes=30)
    job = b.step(job, "approve_extra", b.client_of(lina), b.at(2, "17:06"))
    job = b.step(job, "submit", worker, b.at(2, "17:07"), minutes=180)
    assert (job.state, job.data["billed_min"]) == ("completed", 180)


@pytest.mark.spec("KH-FLOW-21")
def test_risky_work_needs_a_photo_of_the_end(khidma) -> None:
    risky = b.category("gas", risk_class="high")
    omar = b.tasker("Omar", category_=risky)
    job = b.started(b.client(), omar, category=risky)
    worker = b.tasker_of(omar)
    with pytest.raises(Refused) as refused:
        engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
    assert refused.value.code == "photo_needed"
    b.step(job, "add_photo", worker, b.at(2, "16:55"), asset=photo(omar), kind="after")
    job = b.step(job, "submit", worker, b.at(2, "17:00"))
    assert job.state == "completed"
    assert job.evidence.get().kind == "after"


def submitted_monday_noon(client_, tasker_):
    """Three hours of work from 09:00 on Monday 2 March, submitted at 12:00."""
    window = {"window_start": b.at(2, "09:00"), "window_end": b.at(2, "13:00"), "start": b.at(2, "09:00")}
    job, worker = b.confirmed(client_, tasker_, **window), b.tasker_of(tasker_)
    b.step(job, "arrive", worker, b.at(2, "08:58"), **HERE)
    b.step(job, "start_timer", worker, b.at(2, "09:00"))
    return b.step(job, "submit", worker, b.at(2, "12:00"))


@pytest.mark.spec("KH-FLOW-22")
def test_silence_confirms_after_24_hours_and_a_click_at_once(khidma) -> None:
    """Submitted Mon 12:00 and untouched: confirmed and captured Tue 12:00; a click at 13:00 captures at 13:00."""
    silent = submitted_monday_noon(b.client("Silent"), b.tasker("Sara"))
    click = submitted_monday_noon(b.client("Click"), b.tasker("Omar"))
    one = b.at(2, "13:00")
    click = b.step(click, "confirm", b.client_of(click.client), one)
    hold = Hold.objects.get(reference=click.reference)
    assert (click.confirmed_at, hold.state, hold.captured_at) == (one, "captured", one)
    noon = b.at(3, "12:00")
    run_until(noon - timedelta(minutes=1), start=one)
    silent = b.fresh(silent)
    assert (silent.confirmed_at, Hold.objects.get(reference=silent.reference).state) == (None, "authorised")
    run_until(noon, start=noon - timedelta(minutes=1))
    silent = b.fresh(silent)
    hold = Hold.objects.get(reference=silent.reference)
    assert (silent.confirmed_at, hold.state, hold.captured_at) == (noon, "captured", noon)


@pytest.mark.spec("KH-FLOW-24")
def test_a_fixed_job_at_sixty_percent(khidma) -> None:
    """A fixed 100.00 job at 60 % bills 60.00 and a fee of 12.00."""
    fixed = b.category("tv_mounting", pricing_models=["fixed"], default_minutes=60)
    omar = b.tasker("Omar", category_=fixed, rate=None, fixed_minor=10000, travel=0)
    job = b.started(b.client(), omar, category=fixed, pricing_model="fixed", details={})
    worker = b.tasker_of(omar)
    for wrong in ({"partial": True, "share_pct": 60}, {"partial": True, "share_pct": 62, "reason": "wall"}):
        with pytest.raises(Invalid):
            engine.apply(job, "submit", actor=worker, now=b.at(2, "15:30"), data=wrong)
    job = b.step(
        job, "submit", worker, b.at(2, "15:30"), partial=True, share_pct=60, reason="The wall is concrete"
    )
    charged = billing.final_quote(job)
    assert (charged.for_payee("worker"), charged.of_kind("service_fee"), charged.total_minor) == (
        6000,
        1200,
        7200,
    )
    job = b.step(job, "confirm", b.client_of(job.client), b.at(2, "16:00"))
    assert Hold.objects.get(reference=job.reference).captured_minor == 7200


@pytest.mark.spec("KH-FLOW-25")
def test_billing_stops_at_what_was_authorised(khidma) -> None:
    """Authorised 136.80; the work reaches more; unapproved, 136.80 at most is captured."""
    lina, sara = b.client(), b.tasker()
    job = b.started(lina, sara, details={"items": 5, "floor": 0}, window_end=b.at(2, "22:00"))
    assert Hold.objects.get(reference=job.reference).amount_minor == 13680
    end = b.at(2, "14:30") + timedelta(hours=3, minutes=45)
    job = b.step(job, "submit", b.tasker_of(sara), end)
    assert job.data["billed_min"] == 225
    assert billing.price(job.terms, minutes=225).total_minor == 14100
    assert job.final["total_minor"] == 13680
    job = b.step(job, "confirm", b.client_of(lina), end)
    assert Hold.objects.get(reference=job.reference).captured_minor == 13680


def test_approved_extra_time_raises_the_hold(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.started(lina, sara, details={"items": 5, "floor": 0}, window_end=b.at(2, "22:00"))
    worker = b.tasker_of(sara)
    job = b.step(job, "ask_extra", worker, b.at(2, "17:00"), minutes=60)
    job = b.step(job, "approve_extra", b.client_of(lina), b.at(2, "17:01"))
    assert Hold.objects.get(reference=job.reference).amount_minor == 15000
    job = b.step(job, "submit", worker, b.at(2, "18:30"))
    assert job.final["total_minor"] == 15000


def test_work_that_nobody_ends_is_put_before_operations(khidma) -> None:
    job = b.started(b.client(), b.tasker())
    run_until(job.end_at + timedelta(hours=24), start=b.at(2, "14:30"))
    job = b.fresh(job)
    assert (job.state, bool(job.data["stuck_since"])) == ("in_progress", True)
    assert Notice.objects.filter(name="work_stuck").count() == 2


@pytest.mark.spec("KH-MATCH-20")
def test_remote_work_has_no_place(khidma) -> None:
    """A remote data-entry task lists a Tasker 300 km away, and needs neither way nor arrival."""
    from mahalla.markets.khidma import ranking

    remote = b.category("data_entry", work_place="remote", default_minutes=120, inputs=[])
    far = b.tasker("Far", category_=remote, km=300, travel=None)
    lina = b.client()
    request = b.posted(lina, category=remote, details={}, place={}, lat=None, lng=None)
    ranked = ranking.rank(ranking.pool(request, now=b.EVENING))
    assert ranked.worker_ids == [far.pk]
    assert {share.name: share.value for share in ranked.explain(far.pk).factors}["distance"] == 1.0
    b.step(request, "select", b.client_of(lina), b.EVENING, worker_id=far.pk)
    job = b.step(request.offers.get(), "accept", b.tasker_of(far), b.EVENING, start_at=b.at(2, "14:30")).job
    assert job.quote["total_minor"] == 7200
    with pytest.raises(Refused) as refused:
        engine.apply(b.fresh(job), "arrive", actor=b.tasker_of(far), now=b.at(2, "14:20"))
    assert refused.value.code == "remote_task"
    assert b.step(job, "start_timer", b.tasker_of(far), b.at(2, "14:30")).state == "in_progress"
    assert not Flag.objects.exists()
