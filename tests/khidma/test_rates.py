"""What Taskers ask, what they are advised, and what a newcomer may ask."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mahalla.kernel.catalog.operations import create_category
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import pricing, ranking, rates, taskers
from mahalla.markets.khidma.models import Rate, TaskerStats
from tests.khidma import builders as b
from tests.khidma.supply_town import done

pytestmark = pytest.mark.django_db


def ask(user, category=None, **fields):
    return rates.set_rate(
        user,
        category or b.category(),
        actor=b.tasker_of(user),
        now=b.EVENING,
        **{"hourly_minor": 3000, **fields},
    )


@pytest.mark.spec("KH-PRICE-02")
def test_a_new_rate_leaves_the_accepted_task_alone(khidma):
    lina, sara = b.client(), b.tasker(rate=3000)
    job = b.accepted(lina, sara)
    offer = b.offered(lina, sara, window_start=b.at(5, "14:00"), window_end=b.at(5, "18:00"))
    ask(sara, hourly_minor=3500, minimum_min=120)
    assert Job.objects.get(pk=job.pk).terms["rate_minor"] == 3000
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING)
    assert Job.objects.get(offer=offer).terms["rate_minor"] == 3000
    later = b.offered(lina, sara, window_start=b.at(6, "14:00"), window_end=b.at(6, "18:00"))
    assert Offer.objects.get(pk=later.pk).quote["lines"][0]["meta"]["rate_minor"] == 3500
    told = Event.objects.get(name="tasker.rate_set").payload
    assert (told["before"]["hourly_minor"], told["after"]["hourly_minor"]) == (3000, 3500)


def test_hourly_and_fixed_where_the_category_allows(khidma):
    sara = b.tasker()
    both = b.category("mounting", pricing_models=["hourly", "fixed"])
    only = b.category("cleaning")
    assert ask(sara, both, fixed_minor=4500).fixed_minor == 4500
    with pytest.raises(Invalid) as no:
        ask(sara, only, hourly_minor=None, fixed_minor=4500)
    assert set(no.value.fields) == {"fixed_minor"}
    with pytest.raises(Invalid):
        ask(sara, both, hourly_minor=None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hourly_minor", 99),
        ("hourly_minor", 200_001),
        ("minimum_min", 50),
        ("minimum_min", 495),
        ("travel_fee_minor", 2001),
    ],
)
def test_bounds(khidma, field, value):
    sara = b.tasker()
    with pytest.raises(Invalid) as no:
        ask(sara, **{field: value})
    assert set(no.value.fields) == {field}


def test_only_leaves_take_prices(khidma):
    sara = b.tasker()
    home = b.category("home")
    create_category(
        code="windows",
        parent=home,
        names={"en": "Windows"},
        pricing_models=["hourly"],
        actor=SYSTEM,
        now=b.EVENING,
    )
    with pytest.raises(Invalid) as no:
        ask(sara, home)
    assert set(no.value.fields) == {"category"}


def test_a_rate_is_the_choice_to_work_there(khidma):
    lina, sara = b.client(), b.tasker()
    mounting = b.category("mounting")
    ask(sara, mounting)
    assert set(Spot.objects.filter(worker=sara, live=True).values_list("category__code", flat=True)) == {
        "cleaning",
        "mounting",
    }
    rates.remove_rate(sara, b.category().pk, actor=b.tasker_of(sara), now=b.EVENING)
    assert ranking.pool(b.posted(lina), now=b.EVENING).ids == []
    with pytest.raises(NotFound):
        rates.remove_rate(sara, b.category().pk, actor=b.tasker_of(sara), now=b.EVENING)
    assert rates.set_instant(sara, mounting.pk, True, actor=b.tasker_of(sara), now=b.EVENING).instant


@pytest.mark.spec("KH-PRICE-12")
def test_a_newcomers_wish_waits_for_the_fifth_task(khidma):
    """Wish 40.00 with median 30.00 is offered at 30.00 until the fifth completed task."""
    lina, sara = b.client(), b.tasker(rate=4000, approved_days_ago=1)
    TaskerStats.objects.filter(worker=sara).update(completed=4)

    def offered_at(day):
        request = b.posted(lina, window_start=b.at(day, "14:00"), window_end=b.at(day, "18:00"))
        return pricing.terms_with(request, [sara.pk], now=b.EVENING)[sara.pk]["rate_minor"]

    assert offered_at(8) == 3000
    own = rates.own_rates(sara, now=b.EVENING)[0]
    assert (own.rate.hourly_minor, own.effective_minor, own.capped) == (4000, 3000, True)
    assert taskers.profile_for(lina, sara.pk, now=b.EVENING).prices[0].hourly_minor == 3000
    job = done(lina, sara, 3)
    assert job.terms["rate_minor"] == 3000
    assert Rate.objects.get(worker=sara).hourly_minor == 4000
    assert offered_at(9) == 4000
    assert not rates.own_rates(sara, now=b.EVENING)[0].capped


def test_the_cap_holds_for_fixed_prices_and_never_makes_work_free(khidma):
    rows = {"is_new": True, "now": b.EVENING}
    assert pricing.capped_minor(12000, median_minor=10000, **rows) == 10000
    assert pricing.capped_minor(9000, median_minor=10000, **rows) == 9000
    assert pricing.capped_minor(12000, median_minor=0, **rows) == 12000
    lina = b.client()
    both = b.category("mounting", pricing_models=["hourly", "fixed"])
    sara = b.tasker(category_=both, fixed_minor=12000, approved_days_ago=1)
    request = b.posted(lina, category=both, pricing_model="fixed")
    assert pricing.terms_with(request, [sara.pk], now=b.EVENING)[sara.pk]["fixed_minor"] == 10000


def test_terms_of_many_cost_a_fixed_number_of_queries(khidma):
    lina = b.client()
    request = b.posted(lina)
    people = [b.tasker(f"T{n}").pk for n in range(3)]
    with CaptureQueriesContext(
        connection,
    ) as one:
        pricing.terms_with(request, people[:1], now=b.EVENING)
    with CaptureQueriesContext(connection) as three:
        pricing.terms_with(request, people, now=b.EVENING)
    assert len(one) == len(three) <= 5
