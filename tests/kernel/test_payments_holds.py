"""Holding, taking and freeing a client's money, through the doors and a sandbox that behaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import operations, queries, sandbox
from mahalla.kernel.payments.models import Hold, SandboxCharge
from mahalla.kit.errors import NotFound, Refused
from tests.kernel.payments_town import Town, again, escrow, town

__all__ = ["town"]


def test_a_hold_takes_nothing(town: Town) -> None:
    hold = town.hold(amount_minor=136_80)
    assert hold.state == "requested"
    assert SandboxCharge.objects.count() == 0, "nothing is asked inside the request's transaction"
    town.work()
    hold = again(hold)
    assert (hold.state, hold.amount_minor, hold.captured_minor) == ("authorised", 136_80, 0)
    assert (escrow().credits_pending, escrow().credit_minor) == (136_80, 0)
    assert town.events == ["authorised"]


@pytest.mark.spec("KH-PAY-07")
def test_a_capture_takes_the_final_total_and_frees_the_rest(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.work()
    hold = again(hold)
    assert (hold.state, hold.captured_minor, hold.freed_minor) == ("captured", 96_00, 40_80)
    assert (escrow().credit_minor, escrow().credits_pending) == (96_00, 0)
    assert ledger.balance("clearing/sandbox").debit_minor == 96_00
    assert town.events == ["authorised", "captured"]


def test_more_than_was_held_cannot_be_captured(town: Town) -> None:
    hold = town.hold()
    town.work()
    with pytest.raises(Refused) as refused:
        operations.capture(hold, amount_minor=136_81, now=town.now)
    assert refused.value.code == "capture_exceeds_hold"
    operations.capture(hold, amount_minor=136_80, now=town.now)
    with pytest.raises(Refused) as refused:
        operations.capture(hold, amount_minor=100_00, now=town.now)
    assert refused.value.code == "hold_state"


def test_a_void_frees_all(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.void(hold, now=town.now)
    operations.void(hold, now=town.now)
    town.work()
    assert again(hold).state == "voided"
    assert (escrow().credits_pending, escrow().credit_minor) == (0, 0)
    assert SandboxCharge.objects.get().status == "voided"
    assert town.events == ["authorised", "voided"]


@pytest.mark.parametrize(
    ("behaviour", "code"), [("declined", "card_declined"), ("insufficient", "insufficient_funds")]
)
def test_a_refused_card_gives_way_to_a_working_one(town: Town, behaviour: str, code: str) -> None:
    first = town.hold(behaviour)
    town.work()
    assert (again(first).state, again(first).failure_code) == ("failed", code)
    second = town.hold("ok")
    town.work()
    assert again(second).state == "authorised"
    assert town.events == ["authorisation_failed", "authorised"]
    assert queries.hold_of("job:12") == second


@pytest.mark.parametrize(("approve", "state"), [(True, "authorised"), (False, "failed")])
def test_the_cardholder_approves_or_refuses(town: Town, approve: bool, state: str) -> None:
    hold = town.hold("three_ds")
    town.work()
    hold = again(hold)
    assert hold.state == "action_required"
    assert hold.action_url == f"/sandbox/approve/{hold.provider_ref}/"
    assert sandbox.asked_approval(hold.provider_ref) is not None
    assert sandbox.confirm(hold.provider_ref, approve, town.now)
    assert not sandbox.confirm(hold.provider_ref, True, town.now), "a question is answered once"
    town.work()
    assert again(hold).state == state
    assert town.events[0] == "action_required"


def test_another_method_replaces_a_hold_that_waits_for_its_cardholder(town: Town) -> None:
    first = town.hold("three_ds")
    town.work()
    second = town.hold("ok")
    town.work()
    assert (again(first).state, again(second).state) == ("voided", "authorised")
    with pytest.raises(Refused) as refused:
        town.hold("ok")
    assert refused.value.code == "hold_exists"


def test_a_raised_hold_is_one_reservation(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.raise_authorisation(hold, amount_minor=180_00, now=town.now)
    operations.raise_authorisation(hold, amount_minor=180_00, now=town.now)
    town.work()
    assert again(hold).amount_minor == 180_00
    assert escrow().credits_pending == 180_00
    operations.capture(hold, amount_minor=170_00, now=town.now)
    town.work()
    assert (escrow().credit_minor, escrow().credits_pending) == (170_00, 0)
    assert town.events == ["authorised", "raised", "captured"]


def test_a_raise_that_fails_leaves_the_old_hold(town: Town) -> None:
    hold = town.hold("raise_fails")
    town.work()
    operations.raise_authorisation(hold, amount_minor=180_00, now=town.now)
    town.work()
    hold = again(hold)
    assert (hold.state, hold.amount_minor, hold.raising_minor) == ("authorised", 136_80, None)
    assert escrow().credits_pending == 136_80
    assert town.events == ["authorised", "raise_failed"]


def test_a_capture_that_fails_leaves_no_money_anywhere(town: Town) -> None:
    hold = town.hold("capture_fails")
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.work()
    assert again(hold).state == "failed"
    assert (escrow().credit_minor, escrow().credits_pending) == (0, 0)
    assert SandboxCharge.objects.get().status == "voided"
    assert town.events == ["authorised", "capture_failed"]


def test_a_hold_made_ahead_is_checked_now_and_fresh_at_the_start(town: Town) -> None:
    start = town.now + timedelta(days=10)
    hold = operations.schedule_authorisation(
        "job:12",
        payer_id=town.amal.pk,
        method_id=town.card().pk,
        amount_minor=136_80,
        currency="SAR",
        at=start - timedelta(days=6),
        now=town.now,
    )
    town.work()
    assert (again(hold).state, town.events) == ("scheduled", ["verified"])
    town.wait(days=3, hours=23)
    assert SandboxCharge.objects.count() == 0
    town.wait(hours=1)
    hold = again(hold)
    assert (hold.state, hold.amount_minor) == ("authorised", 136_80)
    assert hold.authorised_at is not None
    assert start - hold.authorised_at <= timedelta(days=6)


def test_a_planned_hold_can_be_dropped_and_a_bad_method_is_found_at_once(town: Town) -> None:
    def plan(behaviour: str) -> Hold:
        return operations.schedule_authorisation(
            "job:12",
            payer_id=town.amal.pk,
            method_id=town.card(behaviour).pk,
            amount_minor=136_80,
            currency="SAR",
            at=town.now + timedelta(days=4),
            now=town.now,
        )

    bad = plan("declined")
    town.work()
    assert (again(bad).state, town.events) == ("failed", ["authorisation_failed"])
    good = plan("ok")
    town.work()
    operations.void(good, now=town.now)
    town.wait(days=5)
    assert again(good).state == "voided"
    assert SandboxCharge.objects.count() == 0


def test_an_ageing_hold_is_renewed_without_a_gap(town: Town) -> None:
    hold = town.hold()
    town.work()
    old = again(hold).provider_ref
    town.wait(days=5)
    assert operations.renew_ageing(town.now) == 0
    town.wait(days=1)
    assert operations.renew_ageing(town.now) == 1
    assert operations.renew_ageing(town.now) == 0
    assert again(hold).state == "authorised"
    town.work()
    hold = again(hold)
    assert (hold.state, hold.authorised_at) == ("authorised", town.now)
    assert hold.provider_ref != old
    assert SandboxCharge.objects.get(ref=old).status == "voided"
    assert escrow().credits_pending == 136_80
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.work()
    assert escrow().credit_minor == 96_00
    assert town.events == ["authorised", "renewed", "captured"]


def test_a_granted_hold_moves_to_another_method_or_stays(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.change_method(hold, method_id=town.card("declined").pk, now=town.now)
    town.work()
    assert again(hold).state == "authorised"
    other = town.card("ok")
    operations.change_method(hold, method_id=other.pk, now=town.now)
    town.work()
    assert (again(hold).state, again(hold).method) == ("authorised", other)
    assert town.events == ["authorised", "renewal_failed", "renewed"]
    assert SandboxCharge.objects.filter(status="authorised").count() == 1


def test_a_hold_captured_while_it_is_renewed_is_taken_once(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.change_method(hold, method_id=town.card("late").pk, now=town.now)
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.wait(minutes=30)
    assert again(hold).state == "captured"
    assert sorted(SandboxCharge.objects.values_list("status", flat=True)) == ["captured", "voided"]
    assert escrow().credit_minor == 96_00


def test_a_lapsed_hold_is_told_and_frees_its_reservation(town: Town) -> None:
    hold = town.hold()
    town.work()
    assert sandbox.expire(again(hold).provider_ref, town.now)
    town.work()
    assert again(hold).state == "expired"
    assert escrow().credits_pending == 0
    assert town.events == ["authorised", "expired"]


def test_a_charge_is_taken_at_once_and_once_per_key(town: Town) -> None:
    card = town.card()
    for _again in range(2):
        operations.charge_now(
            "job:12",
            key="tip:job:12",
            payer_id=town.amal.pk,
            method_id=card.pk,
            amount_minor=10_00,
            currency="SAR",
            destination=f"payable/user:{town.bilal.pk}",
            now=town.now,
        )
    town.work()
    assert town.events == ["charged"]
    assert ledger.balance(f"payable/user:{town.bilal.pk}").credit_minor == 10_00


def test_nobody_pays_with_anothers_card(town: Town) -> None:
    card = town.card(user=town.omar)
    with pytest.raises(NotFound):
        operations.authorise(
            "job:12",
            payer_id=town.amal.pk,
            method_id=card.pk,
            amount_minor=136_80,
            currency="SAR",
            now=town.now,
        )
    assert Hold.objects.count() == 0
