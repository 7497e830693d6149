"""After the work: confirmation, review, tip, dispute and what becomes of the money."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.work.models import Job
from mahalla.kit.errors import Invalid, Refused
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")


def payable(user) -> int:
    return ledger.balance(f"payable/user:{user.pk}").credit_minor


def escrow(job: Job) -> int:
    return ledger.balance(f"escrow/{job.reference}").credit_minor


def disputed(job: Job, *, now=NOW, **data) -> Case:
    wanted = {"kind": "hours", "minutes": 120, "text": "I count two hours", **data}
    b.step(job, "dispute", b.client_of(job.client), now, **wanted)
    return Case.objects.get(job_id=job.pk, group="dispute")


def decided(case: Case, refund_minor: int, *, now=None, reason: str = "The timer and the photos") -> Job:
    now = now or NOW + timedelta(hours=1)
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    cases.take(case, actor=agent, now=now)
    cases.decide(b.fresh(case), refund_minor=refund_minor, reason=reason, actor=agent, now=now)
    run_until(now + timedelta(minutes=2), start=now)  # the provider answers a refund within a minute
    return Job.objects.get(pk=case.job_id)


@pytest.mark.spec("KH-FLOW-26", "KH-CASE-05", "KH-CASE-01")
def test_a_partial_refund_ends_refunded(khidma) -> None:
    """2.5 h charged, 2.0 h claimed: 18.00 of 96.00; refunded, 65.00 paid, 13.00 kept."""
    job = b.completed(b.client(), b.tasker())
    case = disputed(job)
    assert (case.claimed_minor, case.charge_minor) == (1800, 9600)
    assert b.fresh(job).state == "disputed"
    job = decided(case, 1800)
    assert (job.state, job.data["refund_kind"]) == ("refunded", "partial")
    hold = Hold.objects.get(reference=job.reference)
    assert (hold.captured_minor, hold.refunded_minor) == (9600, 1800)
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor, escrow(job)) == (6500, 1300, 0)
    assert set(ledger.trial_balance().values()) == {0}


@pytest.mark.spec("KH-PAY-13")
def test_the_undisputed_part_is_paid_on_schedule(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    disputed(job)
    assert escrow(job) == 1800
    assert ledger.balance("revenue/fees").credit_minor == 1300
    run_until(b.at(4, "12:00"), start=NOW)
    paid = Payout.objects.get(worker=job.worker)
    assert (paid.amount_minor, paid.state) == (6500, "completed")
    assert escrow(job) == 1800


def test_no_refund_leads_back_to_the_state_before(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job = decided(disputed(job), 0)
    assert (job.state, job.confirmed_at is not None) == ("completed", True)
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor, escrow(job)) == (8000, 1600, 0)


def test_withdrawing_releases_the_held_part(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = disputed(job)
    cases.withdraw(case, actor=b.client_of(job.client), now=NOW)
    run_until(NOW, start=NOW)
    job = b.fresh(job)
    assert (job.state, payable(job.worker), escrow(job)) == ("completed", 8000, 0)


def test_a_full_refund_reverses_everything(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job = decided(disputed(job, kind="not_as_expected", amount_minor=9600), 9600)
    assert (job.state, job.data["refund_kind"]) == ("refunded", "full")
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor, escrow(job)) == (0, 0, 0)


def test_a_refund_above_what_was_disputed_comes_from_what_was_released(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job = decided(disputed(job), 4800)
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor, escrow(job)) == (4000, 800, 0)
    assert set(ledger.trial_balance().values()) == {0}


def test_a_dispute_after_the_confirmation_takes_its_part_back_into_escrow(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    b.step(job, "confirm", b.client_of(job.client), b.at(2, "17:30"))
    assert payable(job.worker) == 8000
    case = disputed(job, kind="not_as_expected", amount_minor=1800)
    assert (payable(job.worker), escrow(job)) == (6500, 1800)
    job = decided(case, 1800)
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor, escrow(job)) == (6500, 1300, 0)
    run_until(b.at(6, "12:00"), start=NOW + timedelta(hours=1))
    assert payable(job.worker) == 0
    sent = Payout.objects.filter(worker=job.worker, state="completed")
    assert sum(p.amount_minor for p in sent) == 6500


def test_a_dispute_after_the_payout_is_the_platforms_risk(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    b.step(job, "confirm", b.client_of(job.client), b.at(2, "17:30"))
    run_until(b.at(5, "12:00"), start=b.at(2, "17:30"))
    assert payable(job.worker) == 0
    case = disputed(job, kind="not_as_expected", amount_minor=1800, now=b.at(6, "10:00"))
    assert (payable(job.worker), escrow(job)) == (0, 1800)
    decided(case, 1800, now=b.at(6, "11:00"))
    assert ledger.balance("cost/dispute_risk").debit_minor == 1500
    assert set(ledger.trial_balance().values()) == {0}


@pytest.mark.parametrize(
    ("kind", "now", "open_"),
    [
        ("hours", b.at(3, "16:59"), True),
        ("hours", b.at(3, "17:01"), False),
        ("not_as_expected", b.at(9, "16:59"), True),
        ("not_as_expected", b.at(9, "17:01"), False),
        ("damage", b.at(16, "16:59"), True),
        ("damage", b.at(16, "17:01"), False),
    ],
)
def test_each_kind_of_dispute_has_its_time(khidma, kind, now, open_) -> None:
    job = b.completed(b.client(), b.tasker())
    run_until(now, start=b.at(2, "17:00"))
    data = {"kind": kind, "minutes": 120, "amount_minor": 1000, "text": "Look at this"}
    if open_:
        assert (
            engine.apply(job, "dispute", actor=b.client_of(job.client), now=now, data=data).state
            == "disputed"
        )
    else:
        with pytest.raises(Refused) as refused:
            engine.apply(job, "dispute", actor=b.client_of(job.client), now=now, data=data)
        assert refused.value.code == "dispute_too_late"


def test_a_cancellation_fee_can_be_disputed(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    job = b.step(job, "cancel", b.client_of(lina), b.at(2, "12:00"))
    assert payable(sara) == 3000
    case = disputed(job, kind="cancellation_fee", amount_minor=3000)
    job = decided(case, 3000)
    assert (job.state, payable(sara), escrow(job)) == ("refunded", 0, 0)
    free = b.confirmed(b.client("Huda"), b.tasker("Omar"))
    free = b.step(free, "cancel", b.client_of(free.client), b.EVENING - timedelta(hours=6))
    with pytest.raises(Refused) as refused:
        disputed(free, kind="cancellation_fee", amount_minor=100, now=b.EVENING)
    assert refused.value.code == "nothing_charged"


@pytest.mark.spec("KH-FLOW-27")
def test_on_day_15_the_file_is_closed(khidma) -> None:
    reviewed = b.completed(b.client("Lina"), b.tasker("Sara"))
    reviewed = b.step(reviewed, "review", b.client_of(reviewed.client), NOW, stars=4, tags=[])
    assert reviewed.state == "reviewed"
    job = b.completed(b.client("Huda"), b.tasker("Omar"))
    late = b.at(17, "17:00")
    run_until(late, start=b.at(2, "18:00"))
    with pytest.raises(Refused):
        engine.apply(job, "review", actor=b.client_of(job.client), now=late, data={"stars": 5})
    job = b.fresh(job)
    assert (job.state, job.closed_at) == ("completed", b.at(16, "17:00"))
    assert not Review.objects.filter(job_id=job.pk).exists()


def test_a_review_counts_as_confirmation(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    job = b.step(job, "review", b.client_of(job.client), NOW, stars=5)
    assert (job.confirmed_at, Hold.objects.get(reference=job.reference).state) == (NOW, "captured")
    assert payable(job.worker) == 8000


@pytest.mark.parametrize("stars", [0, 6, None, "5"])
def test_stars_are_one_to_five(khidma, stars) -> None:
    job = b.completed(b.client(), b.tasker())
    with pytest.raises(Invalid):
        engine.apply(job, "review", actor=b.client_of(job.client), now=NOW, data={"stars": stars})


@pytest.mark.spec("KH-PRICE-14", "KH-PAY-18")
def test_a_tip_is_wholly_the_taskers(khidma) -> None:
    """A tip of 10.00 on an 80.00 task pays the Tasker 90.00; the fee stays 16.00; a second capture."""
    job = b.completed(b.client(), b.tasker())
    client = b.client_of(job.client)
    b.step(job, "confirm", client, b.at(2, "17:30"))
    b.step(job, "tip", client, NOW, amount_minor=1000)
    charges = Hold.objects.filter(reference=job.reference, state="captured")
    assert sorted(charges.values_list("captured_minor", flat=True)) == [1000, 9600]
    assert (payable(job.worker), ledger.balance("revenue/fees").credit_minor) == (9000, 1600)
    run_until(b.at(5, "12:00"), start=NOW)
    sent = Payout.objects.filter(worker=job.worker, state="completed")
    assert sum(payout.amount_minor for payout in sent) == 9000


@pytest.mark.parametrize(("amount", "now"), [(8001, NOW), (0, NOW), (-5, NOW)])
def test_a_tip_has_bounds(khidma, amount, now) -> None:
    job = b.completed(b.client(), b.tasker())
    with pytest.raises(Invalid):
        engine.apply(job, "tip", actor=b.client_of(job.client), now=now, data={"amount_minor": amount})


@pytest.mark.spec("KH-PAY-04")
def test_acceptance_holds_and_charges_nothing(khidma) -> None:
    """Total 114.00 → hold 136.80, captured 0.00."""
    job = b.confirmed(b.client(), b.tasker(), details={"items": 5, "floor": 0})
    hold = Hold.objects.get(reference=job.reference)
    assert (job.quote["total_minor"], hold.amount_minor, hold.captured_minor) == (11400, 13680, 0)


@pytest.mark.spec("KH-PAY-06")
def test_captured_money_stands_in_escrow_until_it_is_released(khidma) -> None:
    """After the capture of 96.00 the escrow account shows 96.00, after the release 0.00."""
    job = b.completed(b.client(), b.tasker())
    b.step(job, "confirm", b.client_of(job.client), NOW)
    path, running = f"escrow/{job.reference}", []
    for move in ledger.statement(path):
        if move.kind in {"posted", "post"}:
            running.append((running[-1] if running else 0) + move.amount_minor)
    assert (running[0], running[-1], escrow(job)) == (9600, 0, 0)


def test_cash_leaves_the_fee_as_a_debt(khidma) -> None:
    """Cash 96.00: the Tasker keeps 96.00 and owes 16.00 (KH-PAY-08 shows the netting)."""
    from mahalla.kernel.payments import operations as payments

    lina, sara = b.client(), b.tasker()
    cash = payments.add_method(lina.pk, kind="cash", now=b.EVENING)
    job = b.completed(lina, sara, method_id=cash.pk, method_kind="cash")
    b.step(job, "confirm", b.client_of(lina), NOW)
    assert not Hold.objects.filter(reference=job.reference).exists()
    assert ledger.balance(f"cash_debt/user:{sara.pk}").debit_minor == 1600
    assert set(ledger.trial_balance().values()) == {0}
