"""A quote is lines that add up, seen from the client who pays them."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kit.quote import Line, NotAdding, Quote

CLEANING = Quote(
    (
        Line("labour", 80_00, "worker", "Two hours", {"hours": "2", "rate_minor": 40_00}),
        Line("travel", 15_00, "worker"),
        Line("service_fee", 19_00, "platform"),
        Line("discount", -10_00, "platform", "Welcome"),
        Line("vat", 5_00, "tax"),
    ),
    "SAR",
)

LINES = st.lists(
    st.builds(
        Line,
        kind=st.sampled_from(["labour", "fee", "discount"]),
        amount_minor=st.integers(-(10**6), 10**9),
        payee=st.sampled_from(["worker", "platform", "tax"]),
        label=st.text(max_size=8),
        meta=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=2),
    ),
    max_size=8,
).filter(lambda lines: sum(line.amount_minor for line in lines) >= 0)


def test_the_client_pays_what_the_payees_get() -> None:
    assert CLEANING.total_minor == 109_00
    assert CLEANING.payees == ("worker", "platform", "tax")
    assert [CLEANING.for_payee(payee) for payee in CLEANING.payees] == [95_00, 9_00, 5_00]
    assert CLEANING.for_payee("nobody") == 0
    assert CLEANING.of_kind("labour", "travel") == 95_00


@given(LINES)
def test_payees_share_exactly_the_total_and_json_loses_nothing(lines: list[Line]) -> None:
    quote = Quote(tuple(lines), "SAR")
    assert sum(quote.for_payee(payee) for payee in quote.payees) == quote.total_minor
    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote


def test_a_frozen_quote_that_was_altered_is_noticed() -> None:
    stored = CLEANING.to_json()
    stored["lines"][0]["amount_minor"] += 1
    with pytest.raises(NotAdding):
        Quote.from_json(stored)


def test_a_quote_cannot_be_changed_only_followed_by_another() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CLEANING.lines[0].amount_minor = 1  # type: ignore[misc]
    assert CLEANING.plus([Line("tip", 10_00, "worker")]).total_minor == 119_00
    assert CLEANING.total_minor == 109_00


def test_no_discount_makes_the_platform_pay_the_client() -> None:
    with pytest.raises(ValueError, match="exceed the price"):
        Quote((Line("labour", 50_00, "worker"), Line("discount", -50_01, "platform")), "SAR")


@pytest.mark.parametrize("amount", [1.0, True, "1"])
def test_amounts_are_whole_minor_units(amount: object) -> None:
    with pytest.raises(TypeError):
        Line("labour", amount, "worker")  # type: ignore[arg-type]


def test_a_line_names_its_kind_its_payee_and_a_real_currency() -> None:
    with pytest.raises(ValueError, match="who gets it"):
        Line("labour", 1, "")
    with pytest.raises(ValueError, match="ISO 4217"):
        Quote((), "XXY")
