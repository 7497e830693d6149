"""What a task will take and cost, as the wizard estimates it: history, complexity, demand and supply."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mahalla.markets.khidma import pricing, recurring, wizard
from tests.khidma import builders as b
from tests.khidma.test_history import work
from tests.khidma.test_wizard import save

pytestmark = pytest.mark.django_db


def draft(client, now, **details):
    request = wizard.start(client, now=now, category="cleaning", address_id=client.addresses.get().pk)
    return save(request, "details", now=now, details={"items": 5, **details})


@pytest.mark.spec("KH-PRICE-06")
def test_a_median_of_3_hours_times_1_10_is_3_3_hours(khidma):
    category = b.category(default_minutes=240)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    for day, minutes in ((2, 150), (3, 180), (4, 180), (5, 240)):
        work(lina, sara, day, minutes=minutes)
    now = b.at(6, "08:00")
    recurring.refresh_prices(now)
    # four tasks say nothing yet: the category's default of 4 h × 1.10
    assert draft(lina, now, floor=2, elevator=False).estimate_min == 264
    work(lina, sara, 6, minutes=120)
    now = b.at(7, "08:00")
    recurring.refresh_prices(now)  # as every night
    assert draft(lina, now, floor=2, elevator=False).estimate_min == 198
    assert pricing.estimate_min(category, None, {}, now=now) == 240  # no history elsewhere


@pytest.mark.spec("KH-PRICE-07")
@pytest.mark.parametrize(
    ("details", "factor"),
    [
        ({"items": 5, "floor": 2, "elevator": False}, "1.10"),
        ({"items": 7, "floor": 3, "elevator": False, "heavy_lifting": True, "parking": "limited"}, "1.40"),
        ({"items": 7, "floor": 3, "elevator": True, "heavy_lifting": True, "parking": "no_parking"}, "1.25"),
        ({"items": 40, "floor": 9, "elevator": False}, "1.50"),
        ({"items": 1, "floor": -1, "parking": "none", "pets": True}, "1"),
    ],
)
def test_complexity(khidma, details, factor):
    assert pricing.complexity(details, now=b.EVENING) == Fraction(factor)


@pytest.mark.spec("KH-PRICE-13")
def test_a_stored_preview_names_the_values_it_was_made_of(khidma):
    b.category()
    for name in ("Sara", "Omar"):
        b.tasker(name)
    for name in ("Huda", "Rana"):
        b.posted(b.client(name))
    lina = b.client("Lina")
    request = draft(lina, b.EVENING, floor=2, elevator=False)
    wizard.preview(request, now=b.EVENING)
    request.refresh_from_db()
    kept = request.quote
    assert (kept["demand_supply"], kept["hour_factor"], kept["complexity"], kept["fee_pct"]) == (
        1.5,
        0,
        1.1,
        "25",
    )
    assert (kept["minutes"], kept["p25_minor"], kept["p75_minor"]) == (198, 2500, 3500)
    assert (kept["low_minor"], kept["high_minor"]) == (103_13, 144_38)  # 82.50 and 115.50, and 25 %
