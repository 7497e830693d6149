"""Money that does not come: a card that holds and will not give, a hold that lapsed, a debt that is settled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.models import Hold
from mahalla.kit import clock
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import billing, debts
from mahalla.markets.khidma.models import Receipt
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")
NO_CAPTURE, NO_RAISE = "4000000000001604", "4000000000001802"


def credit(path: str) -> int:
    found = ledger.balances([path]).get(path)
    return found.credit_minor if found else 0


def run(start, **later) -> None:
    run_until(start + timedelta(**later), start=start)


def test_a_card_that_will_not_give_leaves_a_debt_which_the_client_settles(khidma) -> None:
    lina, sara = b.client(card=NO_CAPTURE), b.tasker()
    job = b.completed(lina, sara)
    b.step(job, "confirm", b.client_of(lina), NOW)
    run(NOW, minutes=5)
    assert debts.debt_minor(lina.pk) == 9600
    assert credit(f"payable/user:{sara.pk}") == 0
    assert Event.objects.filter(name="payments.alert", payload__code="uncollected").exists()
    assert Notice.objects.filter(user=lina, name="payment_owed").count() == 1
    later = NOW + timedelta(hours=1)
    with pytest.raises(Refused) as refusal:
        b.posted(lina, now=later, window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00"))
    assert refusal.value.code == "unpaid_fee"

    card = b.add_card(lina, now=later)
    first = debts.settle(lina, method_id=card.pk, now=later)
    assert debts.settle(lina, method_id=card.pk, now=later).pk == first.pk
    run(later, minutes=5)
    assert debts.debt_minor(lina.pk) == 0
    assert (credit(f"payable/user:{sara.pk}"), credit("revenue/fees")) == (8000, 1600)
    with pytest.raises(Refused) as refusal:
        debts.settle(lina, method_id=card.pk, now=later)
    assert refusal.value.code == "nothing_owed"
    assert set(ledger.trial_balance().values()) == {0}


def test_a_debt_that_a_bad_card_did_not_settle_can_be_tried_again(khidma) -> None:
    lina = b.client(card=NO_CAPTURE)
    job = b.completed(lina, b.tasker())
    b.step(job, "confirm", b.client_of(lina), NOW)
    run(NOW, minutes=5)
    bad, good = b.add_card(lina, b.BAD_CARD, now=NOW), b.add_card(lina, now=NOW)
    for card, owed in ((bad, 9600), (good, 0)):
        debts.settle(lina, method_id=card.pk, now=NOW + timedelta(hours=1))
        run(NOW + timedelta(hours=1), minutes=5)
        assert debts.debt_minor(lina.pk) == owed


def test_a_hold_that_lapsed_during_the_work_is_asked_for_anew(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.completed(lina, sara)
    hold = Hold.objects.get(reference=job.reference)
    Hold.objects.filter(pk=hold.pk).update(state="expired", pending_key="")
    b.step(job, "confirm", b.client_of(lina), NOW)
    run(NOW, minutes=5)
    again = Hold.objects.filter(reference=job.reference).latest("pk")
    assert (again.state, again.captured_minor) == ("captured", 9600)
    assert credit(f"payable/user:{sara.pk}") == 8000


def test_extra_time_that_the_card_did_not_bear_is_neither_billed_nor_passed_on(khidma) -> None:
    lina, sara = b.client(card=NO_RAISE), b.tasker()
    job = b.started(lina, sara)
    b.step(job, "ask_extra", b.tasker_of(sara), b.at(2, "15:00"), minutes=600)
    b.step(job, "approve_extra", b.client_of(lina), b.at(2, "15:05"))
    run(b.at(2, "15:05"), minutes=5)
    assert Notice.objects.filter(user=sara, name="extra_not_held").count() == 1
    job = b.step(job, "submit", b.tasker_of(sara), b.at(2, "22:00"), minutes=600)
    b.step(job, "confirm", b.client_of(lina), b.at(2, "22:05"))
    run(b.at(2, "22:05"), minutes=5)
    hold = Hold.objects.get(reference=job.reference)
    assert hold.captured_minor == billing.final_quote(b.fresh(job)).total_minor == hold.amount_minor
    assert credit(f"escrow/{job.reference}") == 0


def test_another_card_that_is_refused_does_not_cost_the_booking(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    bad = b.add_card(lina, b.BAD_CARD)
    late = b.at(2, "10:00")
    b.step(job, "change_method", b.client_of(lina), late, method_id=bad.pk)
    run(late, hours=2)
    assert b.fresh(job).state == "confirmed"
    assert Hold.objects.get(reference=job.reference).state == "authorised"


def test_a_tip_that_the_card_refused_is_none(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.completed(lina, sara)
    b.step(job, "confirm", b.client_of(lina), NOW)
    job = b.fresh(job)
    bad = b.add_card(lina, b.BAD_CARD)
    job.request.method_id = bad.pk
    job.request.save()
    b.step(job, "tip", b.client_of(lina), NOW, amount_minor=1000)
    run(NOW, minutes=5)
    assert b.fresh(job).data["tips"] == []
    assert not Notice.objects.filter(user=sara, name="tip_received").exists()
    assert Notice.objects.filter(user=lina, name="tip_failed").count() == 1
    job.request.method_id = lina.payment_methods.get(is_default=True).pk
    job.request.save()
    b.step(job, "tip", b.client_of(lina), NOW, amount_minor=1000)
    run(NOW, minutes=5)
    assert Notice.objects.filter(user=sara, name="tip_received").count() == 1
    assert credit(f"payable/user:{sara.pk}") == 9000


def test_a_review_confirms_cash_work_as_the_button_does(khidma) -> None:
    lina, sara = b.client(), b.tasker(approved_days_ago=10)
    cash = payments.add_method(lina.pk, kind="cash", now=b.EVENING)
    job = b.completed(lina, sara, method_id=cash.pk, method_kind="cash")
    b.step(job, "review", b.client_of(lina), NOW, stars=5)
    assert Receipt.objects.filter(job=job).count() == 1
    assert credit("cost/incentives") == -b.fresh(job).data["incentive_minor"] < 0


def test_a_refunded_fee_of_a_cash_task_lessens_the_debt_before_anything_is_owed(khidma) -> None:
    from tests.khidma.test_review_money import decide, dispute

    lina, sara = b.client(), b.tasker()
    cash = payments.add_method(lina.pk, kind="cash", now=b.EVENING)
    job = b.confirmed(lina, sara, method_id=cash.pk, method_kind="cash")
    late = b.at(2, "12:00")
    b.step(job, "cancel", b.client_of(lina), late)
    assert debts.debt_minor(lina.pk) == 3000
    case = dispute(job, late, kind="cancellation_fee", amount_minor=3000)
    decide(case, 3000, late)
    run(late, minutes=5)
    assert b.fresh(job).state == "refunded"
    assert debts.debt_minor(lina.pk) == 0
    assert credit(f"client_payable/user:{lina.pk}") == 0


def test_the_payments_page_takes_what_is_owed(khidma, client) -> None:
    lina = b.client(card=NO_CAPTURE)
    job = b.completed(lina, b.tasker())
    b.step(job, "confirm", b.client_of(lina), NOW)
    run(NOW, minutes=5)
    good = b.add_card(lina, now=NOW)
    client.force_login(lina)
    clock.set_clock(NOW + timedelta(minutes=5))
    assert "/payments/debt/" in client.get("/payments/").content.decode()
    theirs = b.client("Huda").payment_methods.get()
    assert client.post("/payments/debt/", {"method": theirs.pk}).status_code in {302, 404}
    assert debts.debt_minor(lina.pk) == 9600 and not Hold.objects.filter(kind="charge").exists()
    client.post("/payments/debt/", {"method": good.pk})
    run(NOW, minutes=10)
    assert debts.debt_minor(lina.pk) == 0
    assert "/payments/debt/" not in client.get("/payments/").content.decode()


def test_a_refund_that_the_bank_does_not_take_is_owed_and_paid_by_hand(khidma) -> None:
    from tests.khidma.ops_town import Desk
    from tests.khidma.test_review_money import decide, dispute

    lina = b.client(card="4000000000001703")
    job = b.completed(lina, b.tasker())
    case = dispute(job, NOW)
    run(NOW, minutes=5)
    decide(case, 1800, NOW + timedelta(hours=1))
    run(NOW + timedelta(hours=1), minutes=5)
    owed = f"client_payable/user:{lina.pk}"
    assert (credit(f"escrow/{job.reference}"), credit(owed)) == (0, 1800)
    assert Notice.objects.filter(user=lina, name="refund_failed").count() == 1

    later = NOW + timedelta(hours=2)
    adel, abeer, noor = Desk("Adel", later), Desk("Abeer", later), Desk("Noor", later)
    page = abeer.get("money-alerts/").content.decode()
    assert lina.name in page and "not taken by the bank" in page
    assert noor.get("money-alerts/").status_code == 403
    sent = {"amount": "18.00", "proof": "T-77", "idempotency_key": "one"}
    assert abeer.post(f"money-alerts/{lina.pk}/paid/", **sent).status_code == 403
    adel.post(f"money-alerts/{lina.pk}/paid/", **{**sent, "amount": "20.00", "idempotency_key": "two"})
    assert credit(owed) == 1800
    for _twice in range(2):
        adel.post(f"money-alerts/{lina.pk}/paid/", **sent)
    assert credit(owed) == 0
    assert Event.objects.filter(name="staff.client_paid", payload__proof="T-77").count() == 1
    assert set(ledger.trial_balance().values()) == {0}
