"""A Tasker as clients see them, and as they see themselves."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import ReviewTag, Skill
from mahalla.kernel.flow import engine
from mahalla.kernel.media import queries as media
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.work.models import Offer
from mahalla.kit.errors import NotFound, Refused
from mahalla.markets.khidma import feed, onboarding, ranking, taskers
from mahalla.markets.khidma.models import TaskerProfile, TaskerStats
from tests.khidma import builders as b
from tests.khidma.supply_town import done, picture, worked

pytestmark = pytest.mark.django_db


@pytest.mark.spec("KH-PROFILE-06")
def test_a_saved_profile_shows_two_skills_and_three_photos(khidma):
    lina, sara = b.client(), b.tasker()
    b.category("drilling", tools=["drill", "ladder"])
    for code in ("ironing", "windows"):
        Skill.objects.create(code=code, names={"en": code.capitalize()})
    me = {"actor": b.tasker_of(sara), "now": b.EVENING}
    onboarding.save_profile(
        sara, photo=picture(sara, "avatar"), tools=["ladder"], languages=["ar", "ur"], radius_km=12, **me
    )
    onboarding.set_skills(
        sara,
        [{"code": "ironing", "years": 2}, {"code": "windows", "years": 7, "text": "Also high ones"}],
        **me,
    )
    for caption in ("Before", "After", ""):
        onboarding.add_photo(sara, picture(sara, "portfolio"), caption=caption, **me)

    shown = taskers.profile_for(lina, sara.pk, now=b.EVENING)
    assert [(s["code"], s["years"], s["text"]) for s in shown.skills] == [
        ("windows", 7, "Also high ones"),
        ("ironing", 2, ""),
    ]
    assert [photo.caption for photo in shown.photos] == ["Before", "After", ""]
    assert (shown.tools, shown.languages) == (("ladder",), ("ar", "ur"))
    for photo in (*[p.asset for p in shown.photos], shown.card.photo):
        assert media.asset_for(lina, photo.pk) == photo
    assert TaskerProfile.objects.get(user=sara).radius_km == 12


@pytest.mark.spec("KH-PROFILE-07")
def test_only_tasks_of_the_chosen_categories(khidma):
    lina, omar = b.client(), b.tasker("Omar", category_=b.category("mounting"))
    cleaning = b.posted(lina)
    mounting = b.posted(lina, category=b.category("mounting"))
    assert [item.request_id for item in feed.feed_for(omar, now=b.EVENING)] == [mounting.pk]
    assert ranking.pool(cleaning, now=b.EVENING).ids == []
    assert omar.pk not in ranking.to_tell(cleaning, now=b.EVENING)
    assert ranking.pool(mounting, now=b.EVENING).ids == [omar.pk]


@pytest.mark.spec("KH-PROFILE-08")
def test_the_public_profile_from_the_selection_list(khidma):
    """Rating 4.8 (25), 30.00 an hour, 3.2 km, and no phone number."""
    lina, sara = b.client(), b.tasker(km=3.2)
    ReviewTag.objects.create(code="punctual", names={"en": "Punctual"})
    for i in range(25):
        reviewed(b.person(f"Client {i}"), sara, 5 if i < 20 else 4, i)
    TaskerStats.objects.filter(worker=sara).update(completed=25, cancelled=0)
    request = b.posted(lina)
    assert sara.pk in ranking.pool(request, now=b.EVENING).ids

    shown = taskers.profile_for(lina, sara.pk, now=b.EVENING, request=request)
    assert str(shown.card.rating) == "4.8 (25)"
    price = shown.prices[0]
    assert (price.hourly_minor, price.minimum_min, price.travel_minor) == (3000, 120, 500)
    assert shown.distance_m == 3200
    assert (shown.card.name, shown.card.completed, shown.card.completion_pct) == ("Sara", 25, 100)
    assert shown.tags == (("punctual", 25),)
    assert shown.reviews[0].tags == ["punctual"]
    assert [badge.code for badge in shown.card.badges] == ["id_verified", "background_checked"]
    assert sara.phone not in str(asdict(shown))
    assert not {"phone", "lat", "lng", "district"} & {f.name for f in (*fields(shown), *fields(shown.card))}


def reviewed(author, subject, stars, n):
    return Review.objects.create(
        author=author,
        subject=subject,
        job_id=10_000 + n,
        side="of_worker",
        stars=stars,
        score=stars,
        tags=["punctual"],
        created_at=b.EVENING - timedelta(days=n + 1),
        reveal_at=b.EVENING - timedelta(days=n + 1),
        public=True,
    )


def test_who_is_not_approved_is_not_shown_and_others_tasks_tell_nothing(khidma):
    lina, omar, sara = b.client(), b.client("Omar"), b.tasker()
    request = b.posted(lina)
    with pytest.raises(NotFound):
        taskers.profile_for(omar, sara.pk, now=b.EVENING, request=request)
    TaskerProfile.objects.filter(user=sara).update(approved_at=None)
    with pytest.raises(NotFound):
        taskers.profile_for(lina, sara.pk, now=b.EVENING)
    assert taskers.profile_for(sara, sara.pk, now=b.EVENING).card.name == "Sara"


@pytest.mark.spec("KH-PROFILE-09")
def test_badges_have_a_date_and_go_with_the_check(khidma):
    lina, sara = b.client(), b.tasker()
    b.approve_check(sara, "insurance", now=b.EVENING, days=100)
    shown = taskers.cards_of([sara.pk], now=b.EVENING)[sara.pk].badges
    assert [(badge.code, badge.checked_at) for badge in shown] == [
        (code, b.EVENING) for code in ("id_verified", "background_checked", "insured")
    ]
    later = b.EVENING + timedelta(days=100)
    assert [x.code for x in taskers.cards_of([sara.pk], now=later)[sara.pk].badges] == [
        "id_verified",
        "background_checked",
    ]
    expiry = b.EVENING + timedelta(days=365)
    request = b.posted(
        lina, window_start=expiry + timedelta(hours=14), window_end=expiry + timedelta(hours=20)
    )
    assert ranking.pool(request, now=expiry - timedelta(minutes=1)).ids == [sara.pk]
    assert taskers.cards_of([sara.pk], now=expiry)[sara.pk].badges == ()
    assert ranking.pool(request, now=expiry).ids == []


@pytest.mark.spec("KH-PROFILE-10")
def test_own_rates(khidma):
    sara = b.tasker()
    TaskerStats.objects.filter(worker=sara).update(
        accepted=8, declined=1, expired=1, completed=19, cancelled=1
    )
    own = taskers.statistics_of(sara, now=b.EVENING)
    assert (own.acceptance_pct, own.completion_pct) == (80, 95)


def test_withdrawn_offers_and_unsafe_cancellations_count_nowhere(khidma):
    lina, sara = b.client(), b.tasker()
    done(lina, sara, 3)
    offer = b.offered(lina, sara, window_start=b.at(9, "14:00"), window_end=b.at(9, "18:00"))
    engine.apply(offer, "withdraw", actor=b.client_of(lina), now=b.EVENING)
    job = b.accepted(lina, sara, window_start=b.at(10, "14:00"), window_end=b.at(10, "18:00"))
    engine.apply(
        job, "tasker_cancel", actor=b.tasker_of(sara), now=b.EVENING, data={"reason": "unsafe", "text": "Dog"}
    )
    own = taskers.statistics_of(sara, now=b.EVENING)
    assert Offer.objects.filter(worker=sara, state="withdrawn").count() == 1
    assert (own.acceptance_pct, own.completion_pct, own.cancelled) == (100, 100, 0)


def test_the_own_page_shows_rating_and_reviews(khidma):
    lina, sara = b.client(), b.tasker()
    job = worked(lina, sara, 3)
    engine.apply(
        job, "review", actor=b.client_of(lina), now=b.at(3, "20:00"), data={"stars": 4, "text": "Very clean"}
    )
    own = taskers.statistics_of(sara, now=b.at(3, "21:00"))
    assert (str(own.rating), [r.text for r in own.reviews]) == ("4.0 (1)", ["Very clean"])
    with pytest.raises(Refused):
        onboarding.accept_contract(sara, version="0", actor=b.tasker_of(sara), now=b.EVENING)
