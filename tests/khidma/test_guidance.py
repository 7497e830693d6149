"""What Taskers are advised to ask, and how long work is expected to take."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.money import round_half_up
from mahalla.markets.khidma import guidance, pricing, rates
from mahalla.markets.khidma.models import PriceStat
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def past(client, tasker, rate, *, billed=180, days_ago=1, model="hourly", partial=False):
    """A task that was agreed and done: the rows that the figures are made of."""
    at = b.EVENING - timedelta(days=days_ago)
    common = {"state": "done", "phase": "closed", "state_since": at, "created_at": at}
    request = Request.objects.create(client=client, category=b.category(), city=b.city(), **common)
    offer = Offer.objects.create(request=request, worker=tasker, source="client", **common)
    return Job.objects.create(
        request=request,
        offer=offer,
        client=client,
        worker=tasker,
        start_at=at,
        end_at=at + timedelta(hours=3),
        submitted_at=at,
        terms={"pricing_model": model, "rate_minor": rate},
        data={"billed_min": billed, "partial": partial},
        **common,
    )


@pytest.mark.spec("KH-PRICE-11")
def test_most_earn_25_to_35_the_middle_is_30(khidma):
    lina, sara, huda = b.client(), b.tasker(), b.tasker("Huda", approved_days_ago=1)
    category = b.category()
    category.flags = {**category.flags, "guide_minor": [1000, 2000, 4000]}
    category.save()
    # nineteen are not enough; nor do old ones count
    for n in range(19):
        past(lina, sara, (2500, 2500, 3000, 3500, 3500)[n % 5])
    past(lina, sara, 9000, days_ago=91)
    guidance.refresh(now=b.EVENING)
    assert guidance.rates(category, b.city().pk, fixed=False, now=b.EVENING).median_minor == 2000
    for rate in (3500, 3000):
        past(lina, sara, rate)
    guidance.refresh(now=b.EVENING)
    for _ in range(2):  # as many open tasks as Taskers: demand moves nothing
        b.posted(lina)
    found = rates.own_rates(huda, now=b.EVENING)[0].advice
    assert (found.low_minor, found.middle_minor, found.high_minor) == (2500, 3000, 3500)
    plain = guidance.rates(category, b.city().pk, fixed=False, now=b.EVENING)
    assert (plain.p25_minor, plain.median_minor, plain.p75_minor, plain.measured) == (2500, 3000, 3500, True)


def test_demand_raises_and_lowers_the_advice(khidma):
    """As the fee moves: ratio 1.5 is +5 %, none asked at all −5 %."""
    lina = b.client()
    for name in ("Sara", "Omar"):
        b.tasker(name)
    quiet = rates.advice(b.category(), b.city().pk, now=b.EVENING)
    assert (quiet.middle_minor, quiet.demand_pct) == (2850, Fraction(-5))
    for _ in range(2):
        b.posted(lina)
    even = rates.advice(b.category(), b.city().pk, now=b.EVENING)
    assert (even.low_minor, even.middle_minor, even.high_minor, even.demand_pct) == (2500, 3000, 3500, 0)
    b.posted(lina)
    busy = rates.advice(b.category(), b.city().pk, now=b.EVENING)
    assert (busy.low_minor, busy.middle_minor, busy.high_minor, busy.demand_pct) == (2625, 3150, 3675, 5)


def test_what_nobody_does_any_more_loses_its_figures(khidma):
    lina, sara = b.client(), b.tasker()
    job = past(lina, sara, 3000)
    assert guidance.refresh(now=b.EVENING) == 1
    Job.objects.filter(pk=job.pk).update(created_at=b.EVENING - timedelta(days=100), submitted_at=None)
    assert guidance.refresh(now=b.EVENING + timedelta(days=1)) == 0
    assert not PriceStat.objects.exists()


def test_asked_rates_stand_in_where_there_is_nothing_else(khidma):
    bare = b.category("bare", flags={})
    for rate in (2000, 3000, 4000):
        b.tasker(f"T{rate}", rate=rate, category_=bare)
    found = guidance.rates(bare, b.city().pk, fixed=False, now=b.EVENING)
    assert (found.p25_minor, found.median_minor, found.p75_minor, found.measured) == (2500, 3000, 3500, False)


@pytest.mark.spec("KH-PRICE-06")
def test_a_median_of_three_hours_and_complexity_make_3_3(khidma):
    category = b.category("cleaning", default_minutes=60)
    lina, sara = b.client(), b.tasker()
    details = {"items": 5, "floor": 2, "elevator": False}

    def estimate():
        return pricing.estimate_min(category, b.city().pk, details, now=b.EVENING)

    for billed in (120, 180, 180, 240):
        past(lina, sara, 3000, billed=billed)
    past(lina, sara, 3000, billed=600, partial=True)
    past(lina, sara, 0, billed=0, model="fixed")
    guidance.refresh(now=b.EVENING)
    assert estimate() == 66  # four are not enough: the category's default holds
    past(lina, sara, 3000, billed=180)
    guidance.refresh(now=b.EVENING)
    assert guidance.median_billed_min(category.pk, b.city().pk, now=b.EVENING) == 180
    assert estimate() == 198


def test_only_the_last_fifty_count(khidma):
    lina, sara = b.client(), b.tasker()
    for n in range(60):
        past(lina, sara, 3000, billed=120 if n < 50 else 900, days_ago=n + 1)
    guidance.refresh(now=b.EVENING)
    assert guidance.median_billed_min(b.category().pk, b.city().pk, now=b.EVENING) == 120


@given(st.lists(st.integers(100, 50_000), min_size=1, max_size=60))
def test_quartiles_are_those_of_numpy_rounded_once(amounts):
    found = guidance.quartiles(amounts)
    for minor, pct in ((found.p25_minor, 25), (found.median_minor, 50), (found.p75_minor, 75)):
        expected = Fraction(str(np.percentile(amounts, pct)))
        assert abs(minor - round_half_up(expected)) <= (0 if expected.denominator == 1 else 1)
    assert min(amounts) <= found.p25_minor <= found.median_minor <= found.p75_minor <= max(amounts)
