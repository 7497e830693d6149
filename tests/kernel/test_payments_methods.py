"""A client's payment methods: kept by token, removable when nothing depends on them."""

from __future__ import annotations

import pytest

from mahalla.kernel.payments import operations, queries
from mahalla.kernel.payments.models import PaymentMethod
from mahalla.kernel.payments.sandbox_cards import BEHAVIOURS, CARDS, tokenise, tokenise_wallet
from mahalla.kit.errors import Invalid, NotFound, Refused
from tests.kernel.payments_town import Town, town

__all__ = ["town"]


def wallet(town: Town) -> PaymentMethod:
    made = tokenise_wallet("+966500000077")
    return operations.add_method(
        town.amal.pk, kind=made.kind, token=made.token, last4=made.last4, label="My wallet", now=town.now
    )


def test_the_method_made_default_is_preselected(town: Town) -> None:
    card, mine = town.card(), wallet(town)
    assert queries.default_method(town.amal.pk) == card
    operations.set_default(town.amal.pk, mine.pk)
    assert queries.default_method(town.amal.pk) == mine
    assert [method.is_default for method in queries.methods_for(town.amal.pk)] == [True, False]


def test_a_method_is_edited_and_removed_and_forgets_its_token(town: Town) -> None:
    card, mine = town.card(), wallet(town)
    operations.edit_method(
        town.amal.pk, card.pk, label="Blue card", expiry="2029-01", holder="Amal", now=town.now
    )
    operations.remove_method(town.amal.pk, card.pk, now=town.now)
    card.refresh_from_db()
    assert (card.label, card.expiry, card.holder, card.token) == ("Blue card", "2029-01", "Amal", "")
    assert list(queries.methods_for(town.amal.pk)) == [mine]
    assert queries.default_method(town.amal.pk) == mine, "another one takes its place"


def test_a_method_in_use_cannot_be_removed(town: Town) -> None:
    hold = town.hold()
    town.work()
    with pytest.raises(Refused) as refused:
        operations.remove_method(town.amal.pk, hold.method_id, now=town.now)
    assert refused.value.code == "method_in_use"
    operations.void(hold, now=town.now)
    town.work()
    operations.remove_method(town.amal.pk, hold.method_id, now=town.now)


def test_others_can_forbid_a_removal(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from mahalla.kernel.payments import methods

    monkeypatch.setattr(methods, "_in_use", [])
    card = town.card()
    operations.in_use_by(lambda method: method.pk == card.pk)
    with pytest.raises(Refused):
        operations.remove_method(town.amal.pk, card.pk, now=town.now)


def test_an_outsider_finds_no_method(town: Town) -> None:
    card = town.card()
    assert not queries.methods_for(town.omar.pk)
    for act in (
        lambda: operations.edit_method(town.omar.pk, card.pk, label="x", now=town.now),
        lambda: operations.set_default(town.omar.pk, card.pk),
        lambda: operations.remove_method(town.omar.pk, card.pk, now=town.now),
        lambda: operations.verify_method(town.omar.pk, card.pk, now=town.now),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"token": "4242 4242 4242 4242"}, "token"),
        ({"label": "my 4242-4242-4242-4242 card"}, "label"),
        ({"holder": "Amal 4242424242424242"}, "holder"),
        ({"last4": "42424"}, "last4"),
        ({"expiry": "2026-02"}, "expiry"),
        ({"expiry": "04/28"}, "expiry"),
        ({"kind": "cheque"}, "kind"),
        ({"token": ""}, "token"),
    ],
)
def test_card_data_and_nonsense_are_refused(town: Town, changes: dict[str, str], field: str) -> None:
    good = {"kind": "card", "token": "sbx_ok_visa_4242", "label": "", "holder": "", "expiry": "2028-04"}
    with pytest.raises(Invalid) as invalid:
        operations.add_method(town.amal.pk, now=town.now, **(good | changes))
    assert list(invalid.value.fields) == [field]
    assert not queries.methods_for(town.amal.pk)


def test_a_method_is_checked_by_the_provider(town: Town) -> None:
    good, bad = town.card("ok"), town.card("declined")
    for method in (good, bad):
        operations.verify_method(town.amal.pk, method.pk, now=town.now)
    town.work()
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.verified_at, bad.verified_at) == (town.now, None)
    assert town.events == ["method_verified", "method_refused"]


def test_cash_is_chosen_and_never_held(town: Town) -> None:
    cash = operations.add_method(town.amal.pk, kind="cash", now=town.now)
    with pytest.raises(Invalid):
        operations.authorise(
            "job:1", payer_id=town.amal.pk, method_id=cash.pk, amount_minor=1, currency="SAR", now=town.now
        )


def test_the_sandbox_takes_its_test_cards_only(town: Town) -> None:
    assert set(CARDS.values()) == set(BEHAVIOURS)
    for number, behaviour in CARDS.items():
        made = tokenise(number, expiry="2028-04")
        assert made.token == f"sbx_{behaviour}_{made.brand}_{number[-4:]}"
        assert number not in repr(made)
    with pytest.raises(Invalid):
        tokenise("4111 1111 1111 1111", expiry="2028-04")
    with pytest.raises(Invalid):
        tokenise_wallet("12")
