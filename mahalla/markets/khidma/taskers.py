"""A Tasker as clients see them, and as they see themselves (KH-PROFILE-06, -08, -09, -10).

Neither phone nor home is in anything made here: distances are told in steps of 100 m.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import policies as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.reviews import reputation
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.trust.queries import Badge
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import guidance, pricing, segments
from mahalla.markets.khidma.facts import STEP_M, metres
from mahalla.markets.khidma.models import PortfolioPhoto, Rate, TaskerProfile, TaskerStats

SIDE = "of_worker"
#: staff who look at Taskers before and after approval
STAFF = ("admin", "ops_admin", "support_agent", "ts_agent", "ops_manager")


@dataclass(frozen=True, slots=True)
class Card:
    """What every list shows of a Tasker."""

    worker_id: int
    name: str
    photo: Asset | None
    rating: reviews.Rating
    completed: int
    completion_pct: int | None
    badges: tuple[Badge, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Price:
    """What a Tasker asks in one category, in minor units; while new at most the middle of the city (KH-PRICE-12).

    ``travel_minor`` is for the task asked about; None where none is, and the region's default counts.
    """

    category: Category
    hourly_minor: int | None
    fixed_minor: int | None
    minimum_min: int
    travel_minor: int | None
    instant: bool


@dataclass(frozen=True, slots=True)
class PublicProfile:
    """The whole public profile. ``skills``: code, names, years, text. ``distance_m`` is None without a task."""

    card: Card
    bio: str
    languages: tuple[str, ...]
    tools: tuple[str, ...]
    skills: tuple[Mapping[str, Any], ...]
    photos: tuple[PortfolioPhoto, ...]
    prices: tuple[Price, ...]
    reviews: tuple[reviews.ShownReview, ...]
    tags: tuple[tuple[str, int], ...]
    distance_m: int | None


def cards_of(worker_ids: Collection[int], *, now: datetime) -> dict[int, Card]:
    """The cards of many Taskers in four queries, whoever has a profile."""
    ids = list(worker_ids)
    profiles = TaskerProfile.objects.filter(user_id__in=ids).select_related("user", "photo")
    stats = {row.worker_id: row for row in TaskerStats.objects.filter(worker_id__in=ids)}
    ratings = reviews.ratings_of(ids, now=now)
    badges = trust.badges(ids, now)
    cards = {}
    for profile in profiles:
        pk = profile.user_id
        counted = stats.get(pk) or TaskerStats()
        cards[pk] = Card(
            worker_id=pk,
            name=profile.user.name,
            photo=profile.photo,
            rating=ratings[pk],
            completed=counted.completed,
            completion_pct=counted.completion_pct,
            badges=tuple(badges.get(pk, ())),
            is_new=pricing.is_new(profile, counted.completed, now=now),
        )
    return cards


def profile_for(
    viewer: User, worker_id: int, *, now: datetime, request: Request | None = None
) -> PublicProfile:
    """The public profile (KH-PROFILE-08), with distance and travel fee for ``request``, the viewer's own task.

    Raises ``NotFound`` while the Tasker is not approved or the account is not active; the owner and staff see it always.
    """
    profile = TaskerProfile.objects.filter(user_id=worker_id).select_related("user", "photo", "city").first()
    if profile is None or not _may_see(viewer, profile):
        raise NotFound()
    if request is not None and request.client_id != viewer.pk and not viewer.has_role(*STAFF):
        raise NotFound()
    card = cards_of([worker_id], now=now)[worker_id]
    skills = profile.skills.select_related("skill").order_by("-years", "skill__position")
    far = metres(request, lat=profile.lat, lng=profile.lng) if request is not None else None
    return PublicProfile(
        card=card,
        bio=profile.bio,
        languages=tuple(profile.languages),
        tools=tuple(profile.tools),
        skills=tuple(
            {"code": s.skill.code, "names": s.skill.names, "years": s.years, "text": s.text} for s in skills
        ),
        photos=tuple(profile.portfolio.filter(asset__removed_at=None).select_related("asset").order_by("pk")),
        prices=_prices(profile, request, is_new=card.is_new, now=now),
        reviews=tuple(reviews.recent(worker_id, now=now, side=SIDE)),
        tags=tuple(reviews.tag_counts(worker_id, now=now)),
        distance_m=None if far is None else round(far / STEP_M) * STEP_M,
    )


def _may_see(viewer: User, profile: TaskerProfile) -> bool:
    if viewer.pk == profile.user_id or viewer.has_role(*STAFF):
        return True
    return profile.approved_at is not None and profile.user.status == User.Status.ACTIVE


def _prices(
    profile: TaskerProfile, request: Request | None, *, is_new: bool, now: datetime
) -> tuple[Price, ...]:
    """All categories; with a task only the task's, with the travel fee to it."""
    rows = Rate.objects.filter(worker_id=profile.user_id, category__enabled=True).select_related("category")
    if request is not None:
        rows = rows.filter(category=request.category)
    city_id = request.city_id if request is not None else profile.city_id

    def capped(rate: Rate, wish: int | None, fixed: bool) -> int | None:
        if wish is None or not is_new:
            return wish
        median = guidance.rates(rate.category, city_id, fixed=fixed, now=now).median_minor
        return pricing.capped_minor(wish, is_new=True, median_minor=median, now=now)

    def travel(rate: Rate) -> int | None:
        if request is None:
            return rate.travel_fee_minor
        remote = rate.category.work_place == Category.WorkPlace.REMOTE
        far = metres(request, lat=profile.lat, lng=profile.lng) or 0.0
        return pricing.travel_minor(rate, far / 1000, remote=remote, now=now)

    return tuple(
        Price(
            category=rate.category,
            hourly_minor=capped(rate, rate.hourly_minor, False),
            fixed_minor=capped(rate, rate.fixed_minor, True),
            minimum_min=rate.minimum_min,
            travel_minor=travel(rate),
            instant=rate.instant,
        )
        for rate in rows.order_by("category__position", "category__code")
    )


# --- oneself --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statistics:
    """A Tasker's own figures (KH-PROFILE-10). Percentages are None before the first answer or task."""

    rating: reviews.Rating
    reputation: float
    stars: Mapping[int, int]
    reviews: tuple[reviews.ShownReview, ...]
    tags: tuple[tuple[str, int], ...]
    accepted: int
    declined: int
    expired: int
    completed: int
    cancelled: int
    acceptance_pct: int | None
    completion_pct: int | None
    segment: str


def statistics_of(worker: User, *, now: datetime) -> Statistics:
    """Rating, recent reviews and the two rates, unsafe cancellations and withdrawn offers left out (C18)."""
    counted = TaskerStats.objects.filter(worker=worker).first() or TaskerStats(worker=worker)
    return Statistics(
        rating=reviews.rating_of(worker.pk, now=now),
        reputation=reputation.reputation_of([worker.pk], now=now)[worker.pk].value,
        stars=reviews.breakdown(worker.pk, now=now),
        reviews=tuple(reviews.recent(worker.pk, now=now, side=SIDE)),
        tags=tuple(reviews.tag_counts(worker.pk, now=now)),
        accepted=counted.accepted,
        declined=counted.declined,
        expired=counted.expired,
        completed=counted.completed,
        cancelled=counted.cancelled,
        acceptance_pct=counted.acceptance_pct,
        completion_pct=counted.completion_pct,
        segment=segments.segment_of(worker.pk, now=now),
    )


# --- pictures -------------------------------------------------------------------------------------------------------


def may_see_photo(viewer: User, asset: Asset) -> bool:
    """The face and the work photos of a Tasker, for whoever may see the profile."""
    shown = TaskerProfile.objects.filter(photo=asset) | TaskerProfile.objects.filter(portfolio__asset=asset)
    return any(_may_see(viewer, profile) for profile in shown.select_related("user").distinct())


def register() -> None:
    for purpose in ("avatar", "portfolio"):
        media.register(purpose, may_see_photo)
