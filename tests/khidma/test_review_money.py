"""Money that must not be paid twice, nor be stuck: disputes at every moment around the capture and the payout."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold, Payout, Refund
from mahalla.kernel.work.models import Job
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")


def credit(path: str) -> int:
    found = ledger.balances([path]).get(path)
    return found.credit_minor if found else 0


def payable(job: Job) -> int:
    return credit(f"payable/user:{job.worker_id}")


def escrow(job: Job) -> int:
    return credit(f"escrow/{job.reference}")


def paid_out(job: Job) -> int:
    rows = Payout.objects.filter(worker_id=job.worker_id, state="completed")
    return sum(row.amount_minor for row in rows)


def dispute(job: Job, now, **data) -> Case:
    """Without running the worker: the provider has not answered yet."""
    wanted = {"kind": "not_as_expected", "amount_minor": 1800, "text": "Dust everywhere", **data}
    engine.apply(b.fresh(job), "dispute", actor=b.client_of(job.client), now=now, data=wanted)
    return Case.objects.filter(job_id=job.pk, group="dispute").latest("pk")


def decide(case: Case, refund_minor: int, now) -> None:
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    cases.take(b.fresh(case), actor=agent, now=now)
    cases.decide(b.fresh(case), refund_minor=refund_minor, reason="As the photos show", actor=agent, now=now)


def release(case: Case, now) -> None:
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    cases.take(b.fresh(case), actor=agent, now=now)
    cases.release(b.fresh(case), reason="The Tasker needs it", actor=agent, now=now)


def run(start, **later) -> None:
    run_until(start + timedelta(**later), start=start)


def in_order() -> None:
    assert set(ledger.trial_balance().values()) == {0}
    assert not ledger.audit()


# --- the decision is faster than the provider -----------------------------------------------------------------------


def test_a_refund_decided_before_the_capture_is_known_is_sent_when_it_comes(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    decide(case, 1800, NOW)
    assert Hold.objects.get(reference=job.reference).state == "capture_requested"
    run(NOW, minutes=5)
    assert b.fresh(job).state == "refunded"
    assert Refund.objects.get(hold__reference=job.reference).amount_minor == 1800
    assert (payable(job), credit("revenue/fees"), escrow(job)) == (6500, 1300, 0)
    in_order()


def test_a_dispute_withdrawn_before_the_capture_is_known_pays_the_tasker_once(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    cases.withdraw(case, actor=b.client_of(job.client), now=NOW)
    run(NOW, days=4)
    assert b.fresh(job).state == "completed"
    assert (paid_out(job), payable(job), escrow(job)) == (8000, 0, 0)
    in_order()


def test_a_held_part_released_before_the_capture_is_known_is_paid_when_it_comes(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    release(case, NOW)
    run(NOW, minutes=5)
    assert (payable(job), escrow(job)) == (8000, 0)
    in_order()


# --- the dispute comes after the money has gone ---------------------------------------------------------------------


def paid_and_gone(khidma) -> Job:
    """Confirmed, captured, and paid out two days later."""
    job = b.completed(b.client(), b.tasker())
    b.step(job, "confirm", b.client_of(job.client), NOW)
    run(NOW, days=3)
    assert (paid_out(job), payable(job)) == (8000, 0)
    return b.fresh(job)


def test_a_dispute_withdrawn_after_the_payout_pays_nobody_twice(khidma) -> None:
    job = paid_and_gone(khidma)
    later = NOW + timedelta(days=3)
    case = dispute(job, later)
    assert escrow(job) == 1800
    cases.withdraw(case, actor=b.client_of(job.client), now=later)
    run(later, days=4)
    assert (paid_out(job), payable(job), escrow(job)) == (8000, 0, 0)
    assert credit("cost/dispute_risk") == 0
    in_order()


def test_a_refund_after_the_payout_is_borne_by_the_platform(khidma) -> None:
    job = paid_and_gone(khidma)
    later = NOW + timedelta(days=3)
    decide(dispute(job, later), 900, later)
    run(later, days=4)
    assert (paid_out(job), payable(job), escrow(job)) == (8000, 0, 0)
    assert credit("cost/dispute_risk") == -750
    assert Hold.objects.get(reference=job.reference).refunded_minor == 900
    in_order()


def test_a_dispute_after_the_payout_leaves_the_earnings_of_other_tasks_alone(khidma) -> None:
    sara, lina = b.tasker(), b.client()
    first = b.completed(lina, sara)
    b.step(first, "confirm", b.client_of(lina), NOW)
    run(NOW, days=3)
    window = {"window_start": b.at(6, "14:00"), "window_end": b.at(6, "18:00"), "start": b.at(6, "14:30")}
    other = b.confirmed(b.client("Huda"), sara, now=NOW + timedelta(days=3), **window)
    worker = b.tasker_of(sara)
    b.step(other, "arrive", worker, b.at(6, "14:28"), lat=b.HOME[0], lng=b.HOME[1])
    b.step(other, "start_timer", worker, b.at(6, "14:30"))
    b.step(other, "submit", worker, b.at(6, "17:00"))
    b.step(other, "confirm", b.client_of(other.client), b.at(6, "18:00"))
    dispute(first, b.at(6, "19:00"))
    run(b.at(6, "19:00"), days=3)
    assert paid_out(first) == 16000
    in_order()


def test_a_second_dispute_after_a_withdrawn_one_is_a_new_one(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    first = dispute(job, NOW)
    run(NOW, minutes=5)
    cases.withdraw(b.fresh(first), actor=b.client_of(job.client), now=NOW + timedelta(minutes=5))
    second = dispute(job, NOW + timedelta(hours=1), amount_minor=9600)
    decide(second, 9600, NOW + timedelta(hours=2))
    run(NOW + timedelta(hours=2), days=4)
    assert b.fresh(job).data["refund_kind"] == "full"
    assert (paid_out(job), payable(job), escrow(job)) == (0, 0, 0)
    assert Hold.objects.get(reference=job.reference).refunded_minor == 9600
    in_order()


# --- a refund above the disputed part -------------------------------------------------------------------------------


def test_a_refund_above_the_disputed_part_shrinks_the_planned_payout(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    run(NOW, minutes=5)
    decide(case, 4800, NOW + timedelta(hours=1))
    run(NOW + timedelta(hours=1), days=4)
    assert (paid_out(job), payable(job), escrow(job)) == (4000, 0, 0)
    in_order()


def test_a_refund_above_the_disputed_part_can_be_decided_after_the_rest_was_paid(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    run(NOW, days=3)
    assert paid_out(job) == 6500
    decide(case, 9600, NOW + timedelta(days=3))
    run(NOW + timedelta(days=3), days=4)
    assert (paid_out(job), payable(job), escrow(job)) == (6500, 0, 0)
    assert Hold.objects.get(reference=job.reference).refunded_minor == 9600
    in_order()


def test_a_refund_after_a_provisional_release_comes_from_what_was_not_paid_yet(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = dispute(job, NOW)
    run(NOW, minutes=5)
    release(case, NOW + timedelta(hours=1))
    assert payable(job) == 8000
    agent = b.staff_of(b.person("Maha", "support_agent"), "support_agent")
    later = NOW + timedelta(hours=2)
    cases.pass_on(
        b.fresh(case), reason="Shift ends", actor=b.staff_of(case_owner(case), "support_agent"), now=later
    )
    cases.take(b.fresh(case), actor=agent, now=later)
    cases.decide(b.fresh(case), refund_minor=1800, reason="The photos", actor=agent, now=later)
    run(later, days=4)
    assert (paid_out(job), payable(job), escrow(job)) == (6500, 0, 0)
    in_order()


def case_owner(case: Case):
    return b.fresh(case).owner


def test_a_tax_on_the_fee_comes_back_with_the_fee(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job.terms = {**job.terms, "tax_pct": "15", "withholding_pct": "5"}
    from mahalla.markets.khidma import billing

    job.final = billing.price(job.terms, minutes=150).to_json()
    job.save()
    case = dispute(job, NOW, amount_minor=9840)
    run(NOW, minutes=5)
    decide(case, 9840, NOW + timedelta(hours=1))
    run(NOW + timedelta(hours=1), minutes=5)
    accounts = ("revenue/fees", "revenue/taxes", "revenue/withheld", f"payable/user:{job.worker_id}")
    assert [credit(path) for path in accounts] == [0, 0, 0, 0]
    in_order()


def test_what_was_withheld_is_not_withheld_twice_by_a_dispute(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job.terms = {**job.terms, "withholding_pct": "5"}
    job.save()
    b.step(job, "confirm", b.client_of(job.client), NOW)
    run(NOW, minutes=5)
    assert (payable(job), credit("revenue/withheld")) == (7600, 400)
    later = NOW + timedelta(hours=1)
    cases.withdraw(dispute(job, later), actor=b.client_of(job.client), now=later)
    run(later, days=4)
    assert (paid_out(job), credit("revenue/withheld"), escrow(job)) == (7600, 400, 0)
    in_order()


# --- other charges --------------------------------------------------------------------------------------------------


def test_a_cancellation_fee_refunded_before_its_capture_is_known_goes_back(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    late = b.at(2, "12:00")
    engine.apply(job, "cancel", actor=b.client_of(lina), now=late)
    decide(dispute(job, late, kind="cancellation_fee", amount_minor=3000), 3000, late)
    run(late, minutes=5)
    hold = Hold.objects.get(reference=job.reference)
    assert (b.fresh(job).state, hold.captured_minor, hold.refunded_minor) == ("refunded", 3000, 3000)
    assert (payable(job), escrow(job)) == (0, 0)
    in_order()


def test_nothing_earned_brings_no_incentive(khidma) -> None:
    job = b.completed(b.client(), b.tasker(approved_days_ago=10))
    assert job.data["incentive_minor"] > 0
    decide(dispute(job, NOW, amount_minor=9600), 9600, NOW)
    run(NOW, days=4)
    assert (payable(job), paid_out(job), credit("cost/incentives")) == (0, 0, 0)
    in_order()


def test_unsafe_cash_work_is_owed_by_the_client_after_the_review(khidma) -> None:
    from mahalla.kernel.payments import operations as payments
    from mahalla.markets.khidma import debts

    lina, sara = b.client(), b.tasker()
    cash = payments.add_method(lina.pk, kind="cash", now=b.EVENING)
    job = b.started(lina, sara, method_id=cash.pk, method_kind="cash")
    stopped = b.at(2, "15:30")
    job = b.step(job, "stop_unsafe", b.tasker_of(sara), stopped, text="Bare wires")
    assert debts.debt_minor(lina.pk) == 0
    incident = Case.objects.get(job_id=job.pk, kind="unsafe")
    ts = b.staff_of(b.person("Tariq", "ts_agent"), "ts_agent")
    cases.take(incident, actor=ts, now=stopped)
    cases.decide(b.fresh(incident), reason="The photos show it", outcome="no_action", actor=ts, now=stopped)
    total = b.fresh(job).final["total_minor"]
    assert debts.debt_minor(lina.pk) == total > 0
    card = b.add_card(lina)
    debts.settle(lina, method_id=card.pk, now=stopped)
    run(stopped, minutes=5)
    assert payable(job) == 6500
    assert debts.debt_minor(lina.pk) == 0
    in_order()
