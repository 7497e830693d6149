"""A Tasker's feed and inbox: what is near, what fits, what it brings, and nothing of where exactly."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import Skill
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.markets.khidma import facts, feed, inbox, onboarding, ranking, rates, visibility
from mahalla.markets.khidma.models import Exclusion, Interest, TaskerProfile, TaskerSkill
from tests.khidma import builders as b
from tests.khidma.supply_town import done

pytestmark = pytest.mark.django_db
KM = 1 / 111.195


def feed_ids(tasker, now=b.EVENING, **kw):
    return [item.request_id for item in feed.feed_for(tasker, now=now, **kw)]


def south(km):
    """A place so many km south of HOME."""
    return {"lat": b.HOME[0] - km * KM, "lng": b.HOME[1]}


@pytest.mark.spec("KH-REQ-15")
def test_near_tasks_of_the_own_kind_are_listed_and_new_ones_marked(khidma):
    lina, sara = b.client(), b.tasker(km=0)
    onboarding.save_profile(sara, radius_km=10, actor=b.tasker_of(sara), now=b.EVENING)
    four = b.posted(lina, **south(4))
    b.posted(lina, **south(12))
    b.posted(lina, category=b.category("mounting"), **south(1))
    b.posted(lina, window_start=b.at(2, "23:00"), window_end=b.at(3, "06:00"), **south(1))
    page = feed.feed_for(sara, now=b.EVENING)
    assert [item.request_id for item in page] == [four.pk]
    assert page[0].is_new
    feed.mark_seen(sara, now=b.EVENING)
    later = b.EVENING + timedelta(minutes=5)
    five = b.posted(lina, now=later, **south(5))
    marks = {item.request_id: item.is_new for item in feed.feed_for(sara, now=later)}
    assert marks == {four.pk: False, five.pk: True}


@pytest.mark.spec("KH-REQ-16")
def test_a_card_tells_the_district_and_the_street_comes_with_the_confirmation(khidma):
    lina, sara = b.client(), b.tasker(km=3.2, skills=("heavy_lifting",), tools=("drill",))
    b.category().tools.append("drill")
    b.category().save()
    details = {"items": 6, "floor": 3, "elevator": False, "parking": "limited", "heavy_lifting": True}
    request = b.posted(lina, details=details, window_start=b.at(2, "10:00"), window_end=b.at(2, "20:00"))
    item = feed.feed_for(sara, now=b.EVENING)[0]
    shown = item.facts
    assert (shown.district, shown.distance_m, shown.km) == ("Al Olaya", 3200, "3.2")
    assert (shown.category.code, shown.minutes) == ("cleaning", request.estimate_min)
    assert item.earnings_minor < item.price_minor
    assert shown.needs.skills == ("heavy_lifting",)
    assert (shown.needs.items, shown.needs.floor, shown.needs.parking) == (6, 3, "limited")
    assert shown.needs.heavy_lifting and shown.needs.stairs
    for said in (str(asdict(item)), json.dumps(facts.as_json(shown), default=str)):
        assert "Street" not in said and "Lina" not in said and str(request.lat) not in said

    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    offer = inbox.offers_for(sara, now=b.EVENING)[0]
    assert "Street" not in str(asdict(offer.facts))
    assert "lines" not in visibility.place(visibility.task_for(sara, request.pk))
    engine.apply(offer.offer, "accept", actor=b.tasker_of(sara), now=b.EVENING)
    assert "lines" not in visibility.place(visibility.task_for(sara, request.pk))
    run_until(b.EVENING, start=b.EVENING)
    assert Job.objects.get(request=request).state == "confirmed"
    assert visibility.place(visibility.task_for(sara, request.pk))["lines"] == "12 Olaya Street"


@pytest.mark.spec("KH-REQ-17")
def test_interest_is_shown_to_the_client_and_accepts_nothing(khidma):
    lina, omar = b.client(), b.tasker("Omar", now=b.EVENING)
    sara = b.tasker("Sara", now=b.EVENING)
    request = b.posted(lina)
    assert ranking.rank(ranking.pool(request, now=b.EVENING)).worker_ids == [omar.pk, sara.pk]
    feed.interested(sara, request.pk, now=b.EVENING)
    feed.interested(sara, request.pk, now=b.EVENING)
    run = ranking.run(request, now=b.EVENING)
    assert run.ranking and Interest.objects.count() == 1
    ranked = ranking.rank(ranking.pool(request, now=b.EVENING))
    assert ranked.worker_ids == [sara.pk, omar.pk]
    marked = ranking.features(ranking.pool(request, now=b.EVENING))
    assert [bool(x) for x in marked["interested"]] == [int(pk) == sara.pk for pk in marked.ids]
    assert Request.objects.get(pk=request.pk).state == "matching"
    assert not request.offers.exists()
    assert Notice.objects.get(user=lina, name="tasker_interested").title.startswith("Sara would like")
    assert Event.objects.filter(name="request.interest", topics__contains=[f"user:{lina.pk}"]).count() == 1
    assert feed.feed_for(sara, now=b.EVENING)[0].interested
    feed.not_interested(sara, request.pk, now=b.EVENING)
    assert not feed.feed_for(sara, now=b.EVENING)[0].interested


def test_interest_only_in_what_the_feed_shows(khidma):
    lina, sara, outsider = b.client(), b.tasker(), b.person("Omar", "tasker")
    request = b.posted(lina)
    with pytest.raises(Refused):
        feed.interested(outsider, request.pk, now=b.EVENING)
    for pk in (b.draft(lina).pk, b.posted(lina, category=b.category("mounting")).pk, 0):
        with pytest.raises(NotFound):
            feed.interested(sara, pk, now=b.EVENING)


def test_own_refused_asked_and_past_tasks_are_not_listed(khidma):
    lina, sara = b.client(), b.tasker()
    b.home(sara)
    b.add_card(sara)
    b.posted(sara)
    refused, asked = b.posted(lina), b.offered(lina, sara).request
    Exclusion.objects.create(request=refused, worker=sara, why="declined")
    assert feed_ids(sara) == []
    b.posted(lina)
    assert len(feed_ids(sara)) == 1
    assert feed_ids(sara, now=b.at(2, "18:30")) == []
    assert feed_ids(lina) == [] and asked.pk


@pytest.mark.spec("KH-MATCH-17")
def test_of_equals_the_better_paid_is_first(khidma):
    """The same place and skill; long work at the same rate spreads the travel fee thinner."""
    lina = b.client()
    good, plain = b.category("good", default_minutes=120), b.category("plain", default_minutes=120)
    sara = b.tasker(category_=plain, rate=3000)
    rates.set_rate(
        sara, good, hourly_minor=4500, travel_fee_minor=500, actor=b.tasker_of(sara), now=b.EVENING
    )
    better = b.posted(lina, category=good, details={})
    worse = b.posted(lina, category=plain, details={})
    page = feed.feed_for(sara, now=b.EVENING)
    assert [item.request_id for item in page] == [better.pk, worse.pk]
    first, second = page
    assert (first.distance_factor, first.skill_factor) == (second.distance_factor, second.skill_factor)
    assert first.distance_factor == 0.3679
    assert (first.per_hour_minor, second.per_hour_minor) == (4750, 3250)
    # the middle of the two is 40.00 an hour
    assert (first.earnings_factor, second.earnings_factor) == (1.0, 0.8125)
    assert second.score == pytest.approx(0.4 * 0.367879 + 0.3 * 0.0 + 0.3 * 0.8125, abs=1e-4)


def test_the_own_median_is_the_measure_once_there_is_one(khidma):
    lina, sara = b.client(), b.tasker()
    done(lina, sara, 3)
    b.posted(lina, now=b.at(4, "09:00"), window_start=b.at(5, "14:00"), window_end=b.at(5, "18:00"))
    item = feed.feed_for(sara, now=b.at(4, "10:00"))[0]
    # 80.00 in 2.5 h were 32.00 an hour; 3.3 h at 30.00 and 5.00 are 31.51
    assert item.earnings_factor == round(3151 / 3200, 4)


@pytest.mark.spec("KH-MATCH-18")
def test_no_pets_is_absent_and_experience_raises_the_fit(khidma):
    lina, sara, omar = b.client(), b.tasker("Sara", skills=("heavy_lifting",)), b.tasker("Omar")
    TaskerProfile.objects.filter(user=omar).update(accepts_pets=False)
    pets = b.posted(lina, details={"items": 1, "pets": True})
    assert ranking.pool(pets, now=b.EVENING).ids == [sara.pk]
    assert feed_ids(omar) == [] and feed_ids(sara) == [pets.pk]

    def fit(request, now=b.EVENING):
        return {i.request_id: i.skill_factor for i in feed.feed_for(sara, now=now)}[request.pk]

    heavy = b.posted(lina, details={"items": 1, "heavy_lifting": True})
    assert omar.pk not in ranking.pool(heavy, now=b.EVENING).ids
    before = {kind: fit(kind) for kind in (pets, heavy)}
    TaskerSkill.objects.filter(profile__user=sara).update(years=1)
    assert fit(heavy) < before[heavy]
    stairs = {"details": {"items": 1, "floor": 4, "elevator": False, "pets": True}}
    later = {"window_start": b.at(9, "14:00"), "window_end": b.at(9, "18:00")}
    climb = b.posted(lina, data={"no_auto_match": True}, **stairs, **later)
    unpractised = fit(climb)
    done(lina, sara, 3, **stairs)
    assert fit(climb, now=b.at(4, "10:00")) > unpractised


def test_skills_and_tools_that_are_missing_keep_a_task_out(khidma):
    lina, sara = b.client(), b.tasker()
    skill = Skill.objects.create(code="mounting", names={"en": "Mounting"})
    category = b.category("mounting", required_skills=["mounting"], tools=["drill"])
    rates.set_rate(sara, category, hourly_minor=3000, actor=b.tasker_of(sara), now=b.EVENING)
    b.posted(lina, category=category, details={})
    assert feed_ids(sara) == []
    TaskerSkill.objects.create(profile=sara.tasker, skill=skill, years=3)
    assert feed_ids(sara) == []
    TaskerProfile.objects.filter(user=sara).update(tools=["drill"])
    assert len(feed_ids(sara)) == 1


def test_remote_work_is_listed_from_far_away(khidma):
    lina = b.client()
    typing = b.category("typing", work_place="remote", default_minutes=60)
    sara = b.tasker(category_=typing, km=300)
    task = b.posted(lina, category=typing, details={}, place={}, lat=None, lng=None)
    page = feed.feed_for(sara, now=b.EVENING)
    assert [i.request_id for i in page] == [task.pk]
    assert (page[0].facts.distance_m, page[0].distance_factor) == (None, 1.0)


def test_pages_follow_each_other_and_keep_their_marks(khidma):
    lina, sara = b.client(), b.tasker()
    ids = {b.posted(lina, **south(n)).pk for n in range(5)}
    first = feed.feed_for(sara, now=b.EVENING, limit=2)
    feed.mark_seen(sara, now=b.EVENING)
    second = feed.feed_for(sara, now=b.EVENING, limit=2, cursor=first.next_cursor)
    third = feed.feed_for(sara, now=b.EVENING, limit=2, cursor=second.next_cursor)
    seen = [item.request_id for item in (*first, *second, *third)]
    assert len(seen) == 5 and set(seen) == ids and third.next_cursor == ""
    assert all(item.is_new for item in (*first, *second, *third))
    assert [i.score for i in (*first, *second, *third)] == sorted(
        (i.score for i in (*first, *second, *third)), reverse=True
    )
    with pytest.raises(Invalid):
        feed.feed_for(sara, now=b.EVENING, cursor="nonsense")


@pytest.mark.parametrize("days", [365, 1])
def test_a_page_is_eight_queries_at_most(khidma, django_assert_max_num_queries, days):
    lina, sara = b.client(), b.tasker(approved_days_ago=days)
    for n in range(6):
        b.posted(lina, **south(n))
    with django_assert_max_num_queries(8):
        assert len(feed.feed_for(sara, now=b.EVENING)) == 6


# --- the inbox ------------------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-FLOW-06", "KH-PRICE-10")
def test_the_inbox_lists_by_expiry_with_the_earnings(khidma):
    lina, sara = b.client(), b.tasker(km=3.2)
    b.tasker("Omar")
    three_hours = {"details": {"items": 1}}
    late = b.offered(lina, sara, window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00"), **three_hours)
    soon = b.offered(lina, sara, now=b.EVENING, **three_hours)
    items = inbox.offers_for(sara, now=b.EVENING + timedelta(minutes=10))
    assert [item.offer_id for item in items] == [soon.pk, late.pk]
    first = items[0]
    assert first.time_left == timedelta(minutes=20)
    # 30.00 × 3 h + 5.00; the client pays 19.00 more, which does not lower it
    assert (first.earnings_minor, first.price_minor) == (9500, 11400)
    listed = b.posted(lina, window_start=b.at(6, "14:00"), window_end=b.at(6, "18:00"), **three_hours)
    card = feed.feed_for(sara, now=b.EVENING)[0]
    assert (card.request_id, card.earnings_minor) == (listed.pk, 9500)
    assert (first.facts.km, first.facts.needs.items, first.client_name) == ("3.2", 1, "Lina")
    engine.apply(soon, "decline", actor=b.tasker_of(sara), now=b.EVENING, data={"reason": "Too far"})
    assert [i.offer_id for i in inbox.offers_for(sara, now=b.EVENING)] == [late.pk]
    assert inbox.waiting(sara) == 1
    assert inbox.offers_for(sara, now=b.EVENING + timedelta(hours=5)) == []
    with pytest.raises(NotFound):
        inbox.offer_for(lina, late.pk, now=b.EVENING)
