"""A bill that stops at what was secured says so: "2 hr × SAR 39.00" is not SAR 70.97 by itself (KH-FLOW-25)."""

from __future__ import annotations

from mahalla.markets.khidma import billing
from mahalla.markets.khidma.pages.client import money as client
from mahalla.markets.khidma.pages.tasker import money as tasker

TERMS = {"pricing_model": "hourly", "rate_minor": 3900, "fee_pct": "15", "currency": "SAR"}


def test_both_sides_read_that_the_bill_was_capped() -> None:
    quote = billing.capped(billing.price(TERMS, minutes=120), 8162)
    shown = client.shown(quote.to_json())
    assert shown is not None
    for line in (shown.lines[0], tasker.of_quote(quote).lines[0]):
        note = line.note.replace("\xa0", " ")
        assert line.amount_minor < 7800
        assert note == "2 hr × SAR 39.00 · SAR 78.00, capped at what was secured"


def test_a_bill_within_the_hold_says_nothing_of_it() -> None:
    quote = billing.capped(billing.price(TERMS, minutes=120), 99_999)
    assert "capped" not in tasker.of_quote(quote).lines[0].note
