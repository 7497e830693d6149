"""Money back: never more than was charged, followed to its end."""

from __future__ import annotations

import pytest

from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.ledger.errors import InsufficientFunds
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.payments import accounts, operations, queries
from mahalla.kernel.payments.models import Hold, Refund
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Refused
from tests.kernel.payments_town import Town, again, escrow, town

__all__ = ["town"]


def captured(town: Town, behaviour: str = "ok") -> Hold:
    hold = town.hold(behaviour)
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.work()
    return again(hold)


@pytest.mark.spec("KH-PAY-12")
def test_a_refund_is_followed_from_request_to_completion(town: Town) -> None:
    hold, layla = captured(town), Actor(9, "support")
    refund = operations.request_refund(hold, amount_minor=18_00, key="case:1", now=town.now, actor=layla)
    seen = [refund.state]
    assert escrow().available_minor == 96_00
    refund = operations.approve_refund(refund, now=town.now, actor=layla)
    seen.append(refund.state)
    assert escrow().available_minor == 78_00, "what is promised to the client is nobody else's"
    assert refund.expected_at is not None
    town.work()
    seen.append(Refund.objects.get().state)
    town.wait(minutes=2)
    seen.append(Refund.objects.get().state)
    assert seen == ["requested", "approved", "sent", "completed"]
    assert again(hold).refunded_minor == 18_00
    assert ledger.balance("clearing/sandbox").debit_minor == 78_00
    assert town.events[-1] == "refunded"
    assert [r.amount_minor for r in queries.refunds_for(town.amal.pk)] == [18_00]
    assert not queries.refunds_for(town.omar.pk)


def test_more_than_was_captured_is_refused_whatever_the_parts(town: Town) -> None:
    hold = captured(town)
    operations.refund(hold, amount_minor=48_00, key="a", now=town.now)
    operations.refund(hold, amount_minor=48_00, key="a", now=town.now)
    with pytest.raises(Refused) as refused:
        operations.refund(hold, amount_minor=50_00, key="b", now=town.now)
    assert refused.value.code == "refund_exceeds_capture"
    operations.request_refund(hold, amount_minor=48_00, key="c", now=town.now)
    with pytest.raises(Refused):
        operations.request_refund(hold, amount_minor=1, key="d", now=town.now)
    town.wait(minutes=5)
    assert again(hold).refunded_minor == 48_00


def test_nothing_is_refunded_of_a_hold_that_was_not_captured(town: Town) -> None:
    hold = town.hold()
    town.work()
    with pytest.raises(Refused):
        operations.refund(hold, amount_minor=1, key="a", now=town.now)


def test_a_refund_needs_its_money(town: Town) -> None:
    hold = captured(town)
    payable = accounts.ensure(accounts.payable(town.bilal.pk), "SAR")
    post(Leg("escrow/job:12", payable, 96_00, "release", "r"), now=town.now, reference="job:12")
    refund = operations.request_refund(hold, amount_minor=18_00, key="a", now=town.now)
    with pytest.raises(InsufficientFunds):
        operations.approve_refund(refund, now=town.now)
    assert Refund.objects.get().state == "requested"


def test_a_refund_that_fails_puts_the_money_back(town: Town) -> None:
    hold = captured(town, "refund_fails")
    operations.refund(hold, amount_minor=18_00, key="a", now=town.now)
    town.wait(minutes=2)
    refund = Refund.objects.get()
    assert (refund.state, refund.failure_code) == ("failed", "account_closed")
    assert (escrow().available_minor, again(hold).refunded_minor) == (96_00, 0)
    assert town.events[-1] == "refund_failed"
    assert queries.refunds_for(town.amal.pk)


def test_a_rejected_refund_cannot_be_approved(town: Town) -> None:
    hold, layla = captured(town), Actor(9, "support")
    refund = operations.request_refund(hold, amount_minor=18_00, key="a", now=town.now)
    operations.reject_refund(refund, now=town.now, actor=layla, reason="work was done")
    with pytest.raises(Refused) as refused:
        operations.approve_refund(refund, now=town.now, actor=layla)
    assert refused.value.code == "refund_state"
    with pytest.raises(Refused):
        operations.reject_refund(refund, now=town.now, actor=layla, reason="again")
