"""Endings before the work is done: cancellations, no-shows, safety, accounts, operations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.cases.models import Case
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.schedule.models import Busy
from mahalla.kernel.trust import sanctions
from mahalla.kernel.trust.models import Strike
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import billing, ranking
from mahalla.markets.khidma.models import TaskerStats
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
MIN = timedelta(minutes=1)


def hold_of(job: Job) -> Hold:
    return Hold.objects.get(reference=job.reference)


def fee(job: Job, now) -> int:
    from mahalla.kernel import policy

    return billing.cancellation_fee_minor(job, now=now, policy=lambda name: policy.get(name, now=now))


@pytest.mark.spec("KH-FLOW-13")
def test_the_clients_fee_climbs_by_tiers(khidma) -> None:
    """Rate 30.00, minimum 2 h, travel 5.00."""
    lina, sara = b.client(), b.tasker()
    early = b.confirmed(
        lina, sara, window_start=b.at(9, "10:00"), window_end=b.at(9, "18:00"), start=b.at(9, "12:00")
    )
    assert fee(early, b.at(8, "06:00")) == 0
    assert fee(early, b.at(9, "09:00")) == 3000
    run_until(b.at(9, "11:00"), start=b.EVENING)
    engine.apply(early, "set_off", actor=b.tasker_of(sara), now=b.at(9, "11:00"), data={})
    assert fee(b.fresh(early), b.at(9, "11:05")) == 6500
    done = b.step(early, "cancel", b.client_of(lina), b.at(9, "11:05"))
    assert done.state == "cancelled_client"
    assert (hold_of(done).captured_minor, hold_of(done).state) == (6500, "captured")
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 6500
    assert ledger.balance(f"escrow/{done.reference}").credit_minor == 0
    assert not Busy.objects.exists()
    assert set(ledger.trial_balance().values()) == {0}


@pytest.mark.spec("KH-PAY-19")
def test_the_rest_of_the_hold_is_freed(khidma) -> None:
    """A hold of 136.80 and a fee of 65.00: 65.00 captured, 71.80 freed, wholly the Tasker's."""
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara, details={"items": 5, "floor": 0})
    assert hold_of(job).amount_minor == 13680
    engine.apply(job, "set_off", actor=b.tasker_of(sara), now=b.at(2, "14:10"), data={})
    b.step(job, "cancel", b.client_of(lina), b.at(2, "14:15"))
    hold = hold_of(job)
    assert (hold.captured_minor, hold.amount_minor - hold.captured_minor) == (6500, 7180)
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 6500
    pending = ledger.balance(f"escrow/{job.reference}").credits_pending
    assert pending == 0


def test_a_fixed_price_pays_shares(khidma) -> None:
    fixed = b.category("tv_mounting", pricing_models=["fixed"], default_minutes=60)
    lina = b.client()
    omar = b.tasker("Omar", category_=fixed, rate=None, fixed_minor=10000)
    job = b.confirmed(lina, omar, category=fixed, pricing_model="fixed", details={})
    assert fee(job, b.at(2, "09:00")) == 2500
    engine.apply(job, "set_off", actor=b.tasker_of(omar), now=b.at(2, "14:10"), data={})
    assert fee(b.fresh(job), b.at(2, "14:11")) == 5000


@pytest.mark.spec("KH-FLOW-14")
def test_a_tasker_who_cancels_gets_a_strike_and_the_task_goes_on(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    job = b.step(job, "tasker_cancel", b.tasker_of(sara), b.EVENING + MIN, reason="sick")
    assert (job.state, job.request.state, job.request.status) == ("cancelled_tasker", "matching", "matching")
    assert hold_of(job).state == "voided"
    assert hold_of(job).captured_minor == 0
    assert Strike.objects.filter(user=sara).count() == 1
    stats = TaskerStats.objects.get(worker=sara)
    assert (stats.accepted, stats.declined, stats.cancelled) == (0, 1, 1)
    assert sara.pk not in ranking.pool(job.request, now=b.EVENING + MIN).ids
    assert job.request.posted_at == b.EVENING


def test_a_client_may_not_want_a_rematch(khidma) -> None:
    sara = b.tasker()
    job = b.confirmed(b.client(), sara, data={"no_rematch": True})
    job = b.step(job, "tasker_cancel", b.tasker_of(sara), b.EVENING + MIN, reason="sick")
    assert (job.request.state, job.request.status) == ("booked", "cancelled_tasker")


@pytest.mark.spec("KH-FLOW-15")
def test_unsafe_costs_nothing_and_opens_one_incident(khidma) -> None:
    sara = b.tasker()
    TaskerStats.objects.filter(worker=sara).update(accepted=20, completed=19, cancelled=1)
    assert TaskerStats.objects.get(worker=sara).completion_pct == 95
    job = b.confirmed(b.client(), sara)
    job = b.step(job, "tasker_cancel", b.tasker_of(sara), b.EVENING + MIN, reason="unsafe")
    assert job.state == "cancelled_tasker"
    assert TaskerStats.objects.get(worker=sara).completion_pct == 95
    assert not Strike.objects.exists()
    assert Case.objects.filter(group="incident").count() == 1
    assert job.request.state == "booked"


def test_stopping_as_unsafe_keeps_the_worked_time_until_the_incident_is_reviewed(khidma) -> None:
    from mahalla.kernel.cases import operations as cases

    sara, agent = b.tasker(), b.person("Noor", "ts_agent")
    job = b.started(b.client(), sara)
    job = b.step(job, "stop_unsafe", b.tasker_of(sara), b.at(2, "15:30"), text="A dog attacked me")
    assert (job.state, job.ended_reason) == ("cancelled_tasker", "unsafe")
    assert ledger.balance(f"escrow/{job.reference}").credit_minor == job.final["total_minor"] == 7800
    case = Case.objects.get(group="incident")
    cases.take(case, actor=b.staff_of(agent, "ts_agent"), now=b.at(2, "16:00"))
    cases.decide(
        case,
        outcome="no_action",
        reason="The dog was loose",
        actor=b.staff_of(agent, "ts_agent"),
        now=b.at(2, "16:00"),
    )
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 6500
    assert ledger.balance(f"escrow/{job.reference}").credit_minor == 0


@pytest.mark.spec("KH-FLOW-23")
def test_an_absent_client_pays_the_minimum_and_a_late_tasker_gets_a_strike(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    worker = b.tasker_of(sara)
    here = {"lat": b.HOME[0], "lng": b.HOME[1]}
    b.step(job, "arrive", worker, b.at(2, "14:28"), **here)
    for now, code in ((b.at(2, "14:40"), "wait_longer"), (b.at(2, "14:50"), "try_to_reach")):
        with pytest.raises(Refused) as refused:
            engine.apply(job, "client_absent", actor=worker, now=now)
        assert refused.value.code == code
    b.step(job, "log_contact", worker, b.at(2, "14:50"))
    job = b.step(job, "client_absent", worker, b.at(2, "14:51"))
    assert (job.state, job.ended_reason) == ("cancelled_client", "no_show")
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 6500

    late = b.confirmed(b.client("Huda"), b.tasker("Omar"))
    run_until(b.at(2, "14:59"), start=b.EVENING)
    assert b.fresh(late).state == "confirmed"
    run_until(b.at(2, "15:00"), start=b.at(2, "14:59"))
    late = b.fresh(late)
    assert (late.state, late.ended_reason) == ("cancelled_tasker", "no_show")
    assert (hold_of(late).state, Strike.objects.filter(user=late.worker).count()) == ("voided", 1)


def test_the_client_may_report_a_no_show_only_after_30_minutes(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    with pytest.raises(Refused) as refused:
        engine.apply(job, "report_no_show", actor=b.client_of(lina), now=b.at(2, "14:59"))
    assert refused.value.code == "not_late_yet"


@pytest.mark.spec("KH-FLOW-28")
def test_operations_assign_with_consent_and_cancel_with_a_waiver(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    ops = b.person("Faisal", "ops_admin")
    request = b.posted(lina)
    engine.apply(
        request,
        "assign",
        actor=b.staff_of(ops, "ops_admin", "nobody answered"),
        now=b.EVENING,
        data={"worker_id": sara.pk},
    )
    offer = request.offers.get()
    assert (offer.source, offer.made_by_id, offer.state) == ("ops", ops.pk, "pending")
    with pytest.raises(Refused) as refused:
        engine.apply(offer, "accept", actor=b.staff_of(ops, "ops_admin"), now=b.EVENING)
    assert refused.value.code == "consent_needed"
    accepting = b.staff_of(ops, "ops_admin", "Sara said yes by phone")
    b.step(offer, "accept", accepting, b.EVENING, spoken_consent=True, start_at=b.at(2, "14:30"))
    job = Job.objects.get(offer=offer)
    assert job.state == "confirmed"
    cancelling = b.staff_of(ops, "ops_admin", "The client is ill")
    job = b.step(job, "cancel", cancelling, b.at(2, "10:00"), waive_fee=True)
    assert (job.state, hold_of(job).captured_minor, hold_of(job).state) == ("cancelled_client", 0, "voided")
    event = Event.objects.get(noun="job", subject_id=job.pk, name="cancel")
    assert (event.actor_id, event.role, event.reason) == (ops.pk, "ops_admin", "The client is ill")
    assert event.payload["waive_fee"] is True


def test_staff_must_say_why(khidma) -> None:
    lina, ops = b.client(), b.person("Faisal", "ops_admin")
    request = b.posted(lina)
    with pytest.raises(Refused) as refused:
        engine.apply(request, "cancel", actor=b.staff_of(ops, "ops_admin"), now=b.EVENING)
    assert refused.value.code == "reason_needed"


@pytest.mark.spec("KH-FLOW-29")
def test_a_ban_takes_back_every_future_task(khidma) -> None:
    sara, admin = b.tasker(), b.person("Amal", "admin")
    first = b.confirmed(b.client("Lina"), sara)
    second = b.confirmed(
        b.client("Huda"),
        sara,
        window_start=b.at(4, "14:00"),
        window_end=b.at(4, "18:00"),
        start=b.at(4, "14:00"),
    )
    now = b.EVENING + MIN
    sanctions.impose(sara.pk, "ban", reason="Fraud", actor=b.staff_of(admin, "admin"), now=now)
    run_until(now, start=now)
    for job in (first, second):
        job = b.fresh(job)
        assert (job.state, job.ended_reason, job.request.state) == (
            "cancelled_tasker",
            "account_action",
            "matching",
        )
        assert hold_of(job).state == "voided"
    assert not Strike.objects.exists()


def test_a_later_hold_that_fails_ends_the_booking_a_day_before(khidma) -> None:
    """Row 41: authorised six days before, refused, and nothing else works."""
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(
        lina, sara, window_start=b.at(20, "10:00"), window_end=b.at(20, "18:00"), start=b.at(20, "10:00")
    )
    assert job.state == "confirmed"
    hold = hold_of(job)
    type(hold.method).objects.filter(pk=hold.method_id).update(token="sbx_declined_visa_0002")
    run_until(b.at(19, "09:59"), start=b.EVENING)
    assert b.fresh(job).state == "confirmed"
    run_until(b.at(19, "10:00"), start=b.at(19, "09:59"))
    job = b.fresh(job)
    assert (job.state, job.ended_reason) == ("cancelled_client", "payment_failed")
    assert Request.objects.get(pk=job.request_id).status == "cancelled_client"
