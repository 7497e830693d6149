"""Prices in the specification's own figures: what a task costs, what it brings, what the platform takes."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.work.models import Job
from mahalla.markets.khidma import billing, pricing, taskers
from mahalla.markets.khidma.models import Rate, TaxRule
from tests.khidma import builders as b
from tests.khidma.supply_town import done

pytestmark = pytest.mark.django_db
TERMS = {
    "pricing_model": "hourly",
    "rate_minor": 3000,
    "fixed_minor": 0,
    "minimum_min": 0,
    "travel_minor": 500,
    "fee_pct": "20",
    "currency": "SAR",
}


def kinds(quote):
    return {line.kind: line.amount_minor for line in quote.lines}


@pytest.mark.spec("KH-PRICE-01")
def test_three_hours_at_thirty_with_travel(khidma):
    quote = billing.price(TERMS, minutes=180)
    assert quote.for_payee("worker") == 9500
    assert kinds(quote) == {"labour": 9000, "travel": 500, "service_fee": 1900}
    assert quote.total_minor == 11400
    fixed = billing.price({**TERMS, "pricing_model": "fixed", "fixed_minor": 4500}, minutes=0)
    assert (fixed.for_payee("worker"), fixed.total_minor) == (5000, 6000)
    extra = billing.price({**TERMS, "cover_minor": 300, "tax_pct": "15"}, minutes=180)
    assert extra.total_minor == 11400 + 300 + 285


@pytest.mark.spec("KH-PRICE-03")
def test_one_hour_with_a_minimum_of_two_bills_sixty(khidma):
    lina, sara = b.client(), b.tasker(minimum_min=120, travel=0)
    job = done(lina, sara, 3, until="15:00")
    assert job.data["worked_min"] == 60
    assert kinds(billing.final_quote(job))["labour"] == 6000
    request = b.posted(lina, window_start=b.at(9, "14:00"), window_end=b.at(9, "18:00"))
    shown = taskers.profile_for(lina, sara.pk, now=b.EVENING, request=request)
    assert shown.prices[0].minimum_min == 120


@pytest.mark.spec("KH-PRICE-04")
@pytest.mark.parametrize(("km", "fee"), [(9, 400), (4, 0), (40, 2000), (5, 0), (7.5, 250)])
def test_travel_by_the_region(khidma, km, fee):
    assert pricing.travel_minor(Rate(), km, remote=False, now=b.EVENING) == fee
    assert pricing.travel_minor(Rate(), km, remote=True, now=b.EVENING) == 0
    own = Rate(travel_fee_minor=1200)
    assert pricing.travel_minor(own, km, remote=False, now=b.EVENING) == 1200
    assert pricing.travel_minor(own, km, remote=True, now=b.EVENING) == 0


@pytest.mark.spec("KH-PRICE-05")
def test_the_fee_follows_demand_and_supply_within_its_bounds(khidma):
    for ratio, pct in (("1.5", 25), ("3", 30), ("0.2", 15), ("1", 20)):
        assert pricing.fee_pct(Fraction(ratio), now=b.EVENING) == pct
    lina = b.client()
    people = [b.tasker("Sara"), b.tasker("Omar")]
    old = b.posted(lina, now=b.EVENING - timedelta(minutes=61))
    requests = [b.posted(lina, window_end=b.at(2, "20:00")) for _ in range(3)]
    assert old.quote["fee_pct"] != "25"
    assert [r.quote["fee_pct"] for r in requests] == ["15", "20", "25"]
    ratio = pricing.demand_supply(b.category().pk, b.city().pk, now=b.EVENING)
    assert ratio == Fraction(3, 2)
    # frozen at the preview for the draft, at acceptance for the task, whatever demand does then
    engine.apply(
        requests[2], "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": people[0].pk}
    )
    for _ in range(4):
        b.posted(lina)
    engine.apply(requests[2].offers.get(), "accept", actor=b.tasker_of(people[0]), now=b.EVENING)
    assert Job.objects.get(request=requests[2]).terms["fee_pct"] == "25"


@pytest.mark.spec("KH-PRICE-07")
@pytest.mark.parametrize(
    ("details", "factor"),
    [
        ({"items": 5, "floor": 2, "elevator": False}, "1.10"),
        (
            {"items": 7, "floor": 3, "elevator": False, "heavy_lifting": True, "parking": "limited"},
            "1.40",
        ),
        ({"items": 5, "floor": 9, "elevator": True}, "1"),
        ({"items": 40, "pets": True}, "1.50"),
        ({"parking": "no_parking"}, "1.05"),
        ({}, "1"),
    ],
)
def test_complexity(khidma, details, factor):
    assert pricing.complexity(details, now=b.EVENING) == Fraction(factor)


@pytest.mark.spec("KH-PRICE-08")
def test_the_preview_and_then_the_taskers_exact_estimate(khidma):
    lina, sara = b.client(), b.tasker()
    request = b.posted(lina)
    assert (request.quote["low_minor"], request.quote["high_minor"]) == (9900, 13860)
    assert (request.quote["p25_minor"], request.quote["p75_minor"], request.quote["minutes"]) == (
        2500,
        3500,
        198,
    )
    exact = pricing.quote_for(request, sara.pk, now=b.EVENING)
    assert (exact.for_payee("worker"), exact.total_minor) == (10400, 12480)


@pytest.mark.spec("KH-PRICE-13")
def test_a_stored_preview_names_what_it_was_made_of(khidma):
    lina = b.client()
    for name in ("Sara", "Omar"):
        b.tasker(name)
    for _ in range(2):
        b.posted(lina)
    kept = b.posted(lina).quote
    assert (kept["demand_supply"], kept["hour_factor"], kept["complexity"], kept["fee_pct"]) == (
        1.5,
        0,
        1.1,
        "25",
    )


@pytest.mark.spec("KH-PRICE-14")
def test_a_tip_is_wholly_the_taskers(khidma):
    lina, sara = b.client(), b.tasker()
    job = done(lina, sara, 3)
    engine.apply(job, "tip", actor=b.client_of(lina), now=b.at(3, "21:00"), data={"amount_minor": 1000})
    run_until(b.at(3, "21:10"), start=b.at(3, "21:00"))
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 9000
    assert ledger.balance("revenue/fees").credit_minor == 1600


@pytest.mark.spec("KH-PRICE-15")
def test_tax_on_the_fee_and_withholding_are_lines_of_their_own(khidma):
    for base, pct in (("fee", 15), ("earnings", 5)):
        TaxRule.objects.create(region="SA", base=base, rate_pct=pct, valid_from=b.EVENING)
        TaxRule.objects.create(region="SA", base=base, rate_pct=50, valid_from=b.EVENING + timedelta(days=30))
        TaxRule.objects.create(region="AE", base=base, rate_pct=9, valid_from=b.EVENING)
    before = b.EVENING - timedelta(seconds=1)
    assert pricing.taxes(now=before) == {"fee": "0", "earnings": "0"}
    lina, sara = b.client(), b.tasker()
    job = done(lina, sara, 3)
    quote = billing.final_quote(job)
    assert kinds(quote) == {"labour": 7500, "travel": 500, "service_fee": 1600, "tax": 240}
    assert billing.withholding_minor(job.terms, quote) == 400
    assert ledger.balance("revenue/taxes").credit_minor == 240
    assert ledger.balance("revenue/withheld").credit_minor == 400
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 7600


@pytest.mark.spec("KH-PRICE-16")
def test_a_third_is_rounded_once_a_line(khidma):
    """33.333 becomes 33.33, its 20 % fee 6.67, the total 40.00."""
    quote = billing.price({**TERMS, "rate_minor": 10_000, "travel_minor": 0}, minutes=20)
    assert kinds(quote) == {"labour": 3333, "service_fee": 667}
    assert quote.total_minor == 4000


PERCENT = st.integers(0, 3000).map(lambda n: f"{n // 100}.{n % 100:02d}")


@given(
    rate=st.integers(100, 200_000),
    minutes=st.integers(1, 1440),
    travel=st.integers(0, 2000),
    fee=st.integers(1500, 3000).map(lambda n: f"{n // 100}.{n % 100:02d}"),
    tax=PERCENT,
    withheld=PERCENT,
    cover=st.integers(0, 1000),
)
def test_prices_add_up(rate, minutes, travel, fee, tax, withheld, cover):
    terms = {
        **TERMS,
        "rate_minor": rate,
        "travel_minor": travel,
        "fee_pct": fee,
        "tax_pct": tax,
        "withholding_pct": withheld,
        "cover_minor": cover,
    }
    quote = billing.price(terms, minutes=minutes)
    assert quote.total_minor == sum(quote.for_payee(payee) for payee in quote.payees)
    worker = quote.for_payee("worker")
    assert abs(worker - travel - Fraction(rate * minutes, 60)) <= Fraction(1, 2)
    assert abs(kinds(quote)["service_fee"] - worker * Fraction(fee) / 100) <= Fraction(1, 2)
    assert 0 <= pricing.earnings_minor(quote, terms) <= worker
    assert sum(billing.parts(quote, quote.total_minor // 2).values()) == quote.total_minor // 2
