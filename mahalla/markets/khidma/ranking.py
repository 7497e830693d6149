"""Who could do a task, in which order, and why (KH-MATCH): hard filters, six factors, controls in their fixed order.

Candidates come from the map's index; everything about them is read in a fixed number of queries, whatever their number;
the ranking itself is ``kernel.matching``'s. Acceptance exists only on an offer (C1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.flow import timers
from mahalla.kernel.matching import factors, runs
from mahalla.kernel.matching.candidates import Candidates, Factor, Values, flag
from mahalla.kernel.matching.controls import Boost, By, Damp, Diversity, Favourites, Rule, Sort, Stage
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.matching.rank import Ranking, rank_or_fall_back
from mahalla.kernel.matching.retrieve import nearest, reached
from mahalla.kernel.reviews import reputation
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.errors import Refused
from mahalla.kit.quote import Quote
from mahalla.kit.spans import Span
from mahalla.markets.khidma import pricing, supply
from mahalla.markets.khidma.models import (
    Exclusion,
    Favourite,
    Interest,
    Rate,
    TaskerProfile,
    TaskerSkill,
    TaskerStats,
)

VERSION = "khidma-1"
POOL = 300
SHOWN_TOP = 3


@dataclass(slots=True)
class Pool:
    """The candidates who pass the hard filters. ``start``: the earliest fit; ``terms``: their price for this task."""

    request: Request
    now: datetime
    distance_m: dict[int, float] = field(default_factory=dict)
    start: dict[int, datetime] = field(default_factory=dict)
    terms: dict[int, dict[str, Any]] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [pk for pk in self.distance_m if pk in self.start and pk in self.quotes]


# --- hard filters ---------------------------------------------------------------------------------------------------


def pool(request: Request, *, now: datetime, only: int | None = None, ignoring: str = "") -> Pool:
    """Everybody who passes every hard filter now (KH-MATCH-01, -02, -20); ``only`` asks about one Tasker."""
    found = Pool(request, now, distance_m=_near(request, now=now, only=only))
    able = _able(request, found.distance_m, now=now)
    found.distance_m = {pk: m for pk, m in found.distance_m.items() if pk in able}
    if request.window_start is None or request.window_end is None or request.window_end <= now:
        return found
    window = Span(max(request.window_start, now), request.window_end)
    found.start = schedule.fits(
        list(found.distance_m),
        window=window,
        minutes=request.estimate_min,
        buffer_min=_buffer(request, now=now),
        ignoring=ignoring,
    )
    found.terms = pricing.terms_with(request, list(found.start), now=now)
    found.quotes = {pk: pricing.quote_of(terms) for pk, terms in found.terms.items()}
    return found


def is_remote(request: Request) -> bool:
    return request.category is not None and request.category.work_place == "remote"


def _buffer(request: Request, *, now: datetime) -> int:
    return 0 if is_remote(request) else int(policy.get("travel_buffer_min", now=now))


def _near(request: Request, *, now: datetime, only: int | None) -> dict[int, float]:
    """Within min(own radius, 50 km) of the task and live; anywhere for remote work (KH-MATCH-20)."""
    if request.category_id is None or (request.lat is None and not is_remote(request)):
        return {}
    radius_m = None if is_remote(request) else policy.get("radius_max_km", now=now) * 1000
    lat, lng = request.lat or 0.0, request.lng or 0.0
    if only is not None:
        return reached([only], request.category_id, lat, lng, radius_m=radius_m)
    return dict(nearest(request.category_id, lat, lng, limit=POOL, radius_m=radius_m))


def _able(request: Request, near: Collection[int], *, now: datetime) -> set[int]:
    """Checks valid, skills and tools complete, not excluded, not the client, no sanction in the way."""
    category = request.category
    assert category is not None
    ids = supply.eligible(near, now=now) - {request.client_id}
    ids -= set(Exclusion.objects.filter(request=request).values_list("worker_id", flat=True))
    ids -= supply.blocked_from(ids, category, now=now)
    profiles = {p.user_id: p for p in TaskerProfile.objects.filter(user_id__in=ids)}
    skills = _skills_of(ids)
    wanted = required_skills(request)
    tools = set(category.tools)
    no_pets = bool(request.details.get("pets"))
    if request.method_kind == "cash":
        ids = {pk for pk in ids if _cash_allowed(pk, now=now)}
    return {
        pk
        for pk in ids
        if wanted <= skills.get(pk, set())
        and tools <= set(profiles[pk].tools)
        and (profiles[pk].accepts_pets or not no_pets)
    }


def required_skills(request: Request) -> set[str]:
    """The category's skills, and those that the inputs ask for (KH-CAT-04, KH-MATCH-18)."""
    category = request.category
    wanted = set(category.required_skills) if category else set()
    if request.details.get("heavy_lifting"):
        wanted.add("heavy_lifting")
    return wanted


def _skills_of(ids: Collection[int]) -> dict[int, set[str]]:
    out: dict[int, set[str]] = {}
    rows = TaskerSkill.objects.filter(profile__user_id__in=ids).values_list("profile__user_id", "skill__code")
    for pk, code in rows:
        out.setdefault(pk, set()).add(code)
    return out


def _cash_allowed(worker_id: int, *, now: datetime) -> bool:
    try:
        supply.require_cash_allowed(worker_id, now=now)
    except Refused:
        return False
    return True


# --- the ranking ----------------------------------------------------------------------------------------------------


def rank(found: Pool) -> Ranking:
    """The order of a pool with every factor and control explained (KH-MATCH-03..14, -21)."""
    candidates = features(found)
    number = _numbers(found.now)
    scale_m, idle_days = number("distance_scale_km") * 1000, number("activity_days")
    strength = number("prior_strength")
    prior_accept, prior_complete = number("accept_prior"), number("complete_prior")

    def factor(name: str, fn: Values) -> Factor:
        return Factor(name, number(f"w_{name}"), fn)

    def rate(hits: str, tries: str, prior: float) -> Values:
        return lambda c: factors.smoothed_rate(c[hits], c[tries], prior=prior, strength=strength)

    made_of = (
        factor("distance", lambda c: factors.distance_decay(c["distance_m"], scale_m=scale_m)),
        factor("accept", rate("accepted", "answered", prior_accept)),
        factor("complete", rate("completed", "taken", prior_complete)),
        factor("rating", lambda c: factors.rating_factor(c["reputation"])),
        factor("price", lambda c: factors.price_competitiveness(c["price_minor"], c["median_minor"])),
        factor("activity", lambda c: factors.recency(c["days_idle"], days=idle_days)),
    )
    return rank_or_fall_back(candidates, made_of, _controls(number), version=VERSION, rating="reputation")


def _controls(number: Any) -> tuple[Any, ...]:
    return (
        Boost(
            "new_tasker",
            lambda c: factors.newcomer_boost(
                c["completed"], c["is_new"], boost=number("new_boost"), tasks=number("new_tasker_tasks")
            ),
        ),
        Damp(
            "exposure", number("exposure_factor"), {"shown_often": flag("shown_often")}, stage=Stage.EXPOSURE
        ),
        Damp(
            "derank",
            number("derank_factor"),
            {name: flag(name) for name in ("low_rating", "low_completion", "sanction")},
        ),
        Sort((By("score"), By("interested"), By("last_offer", rising=True))),
        Diversity(
            int(number("diversity_top_n")),
            (
                Rule("new", flag("is_new"), int(number("diversity_new_min"))),
                Rule("below_median", flag("below_median"), int(number("diversity_below_median_min"))),
            ),
        ),
        Favourites(),
    )


def _numbers(now: datetime) -> Any:
    def number(name: str) -> float:
        return float(policy.get(name, now=now))

    return number


def features(found: Pool) -> Candidates:
    """What is known of each candidate, as columns (KH-MATCH-19)."""
    ids, now, request = found.ids, found.now, found.request
    stats = {s.worker_id: s for s in TaskerStats.objects.filter(worker_id__in=ids)}
    scores = reputation.reputation_of(ids, now=now)
    shown = runs.showings(ids, since=now - timedelta(hours=24))
    liked = set(
        Favourite.objects.filter(client_id=request.client_id, worker_id__in=ids).values_list(
            "worker_id", flat=True
        )
    )
    interested = set(
        Interest.objects.filter(request=request, worker_id__in=ids).values_list("worker_id", flat=True)
    )
    sanctioned = {
        pk
        for pk, found_ in trust.active_sanctions(ids, now).items()
        if any(s.level == "derank" for s in found_)
    }
    load = offer_load(ids, now=now)
    prices = np.array([found.quotes[pk].total_minor for pk in ids], dtype=np.float64)
    median = float(np.median(prices)) if len(ids) else 0.0
    blank = TaskerStats()
    rows = [stats.get(pk, blank) for pk in ids]
    remote = is_remote(request)
    return Candidates.of(
        ids,
        distance_m=[None if remote else found.distance_m[pk] for pk in ids],
        accepted=[s.accepted for s in rows],
        answered=[s.answered for s in rows],
        completed=[s.completed for s in rows],
        taken=[s.taken for s in rows],
        reputation=[scores[pk].value for pk in ids],
        reviews=[scores[pk].count for pk in ids],
        price_minor=prices,
        median_minor=median,
        below_median=prices < median,
        days_idle=[None if s.last_active_at is None else max(0, (now - s.last_active_at).days) for s in rows],
        last_offer=[None if s.last_offer_at is None else s.last_offer_at.timestamp() for s in rows],
        is_new=[bool(found.terms[pk]["new"]) for pk in ids],
        interested=[pk in interested for pk in ids],
        favourite=[pk in liked for pk in ids],
        shown_often=[shown[pk] >= policy.get("exposure_top3_day", now=now) for pk in ids],
        low_rating=[
            scores[pk].count >= 5 and scores[pk].value < policy.get("derank_rating", now=now) for pk in ids
        ],
        low_completion=[_low_completion(s, now=now) for s in rows],
        sanction=[pk in sanctioned for pk in ids],
        busy_answering=[load[pk][0] >= policy.get("exposure_pending_max", now=now) for pk in ids],
    )


def _low_completion(stats: TaskerStats, *, now: datetime) -> bool:
    """Below 85 % over the last 20 tasks (KH-MATCH-14); a handful of tasks says nothing yet."""
    last = stats.recent_outcomes
    return len(last) >= 5 and sum(last) / len(last) < policy.get("derank_completion", now=now)


def offer_load(ids: Collection[int], *, now: datetime) -> dict[int, tuple[int, int]]:
    """Pending offers, and offers of the last 24 hours, of each Tasker (KH-MATCH-09)."""
    rows = (
        Offer.objects.filter(worker_id__in=list(ids))
        .filter(Q(state="pending") | Q(created_at__gte=now - timedelta(hours=24)))
        .values("worker_id")
        .annotate(
            waiting=Count("pk", filter=Q(state="pending")),
            today=Count("pk", filter=Q(created_at__gte=now - timedelta(hours=24))),
        )
    )
    return dict.fromkeys(ids, (0, 0)) | {row["worker_id"]: (row["waiting"], row["today"]) for row in rows}


# --- doors ----------------------------------------------------------------------------------------------------------


def run(request: Request, *, now: datetime, purpose: str = "list", shown: bool = False) -> RankingRun:
    """Rank and keep the run, so that any position can be explained later; ``shown`` counts the first three (KH-MATCH-09)."""
    return runs.record(
        rank(pool(request, now=now)),
        request_id=request.pk,
        purpose=purpose,
        now=now,
        shown_top=SHOWN_TOP if shown else 0,
    )


def check(request: Request, worker_id: int, *, now: datetime) -> datetime:
    """The earliest start of one Tasker for a task, read live. Raises ``Refused`` when a filter fails (KH-MATCH-02)."""
    found = pool(request, now=now, only=worker_id)
    if worker_id not in found.ids:
        raise Refused(
            "no_longer_available", _("This Tasker is no longer available for this time. Choose another.")
        )
    return found.start[worker_id]


def next_auto(request: Request, *, now: datetime) -> int | None:
    """The best-ranked Tasker who was not asked yet and has room for an automatic offer (KH-FLOW-05, KH-MATCH-09)."""
    asked = set(request.offers.exclude(state="withdrawn").values_list("worker_id", flat=True))
    ranking = rank(pool(request, now=now))
    runs.record(ranking, request_id=request.pk, purpose="auto", now=now)
    load = offer_load(ranking.worker_ids, now=now)
    most_pending = policy.get("exposure_pending_max", now=now)
    most_a_day = policy.get("exposure_offers_day", now=now)
    for worker_id in _by_merit(ranking):
        waiting, today = load[worker_id]
        if worker_id not in asked and waiting < most_pending and today < most_a_day:
            return worker_id
    return None


def _by_merit(ranking: Ranking) -> list[int]:
    """Automatic matching takes the ranking as it is (KH-MATCH-16)."""
    return ranking.worker_ids


def start_for(offer: Offer, *, wished: Any, now: datetime) -> datetime:
    """When the work of an accepted offer begins: the earliest fit, or the wished start where it fits (KH-FLOW-08)."""
    request = offer.request
    assert request.window_start is not None and request.window_end is not None
    window = Span(max(request.window_start, now), request.window_end)
    if wished:
        begin = wished if isinstance(wished, datetime) else datetime.fromisoformat(str(wished))
        if begin.tzinfo is None or not window.start <= begin:
            raise Refused("outside_window", _("Choose a start inside the client's time window."))
        window = Span(begin, min(window.end, begin + timedelta(minutes=request.estimate_min)))
    found = schedule.earliest_fit(
        offer.worker_id,
        window=window,
        minutes=request.estimate_min,
        buffer_min=_buffer(request, now=now),
    )
    if found is None or (wished and found != window.start):
        raise Refused("slot_taken", _("You are not free at that time any more."))
    return found


def still_fits(offer: Offer, *, now: datetime) -> bool:
    try:
        start_for(offer, wished=None, now=now)
    except Refused:
        return False
    return True


def is_instant(request: Request, worker_id: int, *, now: datetime) -> bool:
    """Instant booking: switched on for the category; a new Tasker has at most one open (KH-FLOW-10, C9)."""
    rate = Rate.objects.filter(worker_id=worker_id, category=request.category).first()
    if rate is None or not rate.instant:
        return False
    profile = TaskerProfile.objects.get(user_id=worker_id)
    done = TaskerStats.objects.filter(worker_id=worker_id).values_list("completed", flat=True).first() or 0
    if not pricing.is_new(profile, done, now=now):
        return True
    open_ones = Offer.objects.filter(
        worker_id=worker_id, data__instant=True, job__state__in=("accepted", "confirmed", "in_progress")
    )
    return open_ones.count() < int(policy.get("new_instant_limit", now=now))


def to_tell(request: Request, *, now: datetime) -> list[int]:
    """Taskers who get a push for a new task: matching, switched on, below the exposure caps (KH-NOTE-04)."""
    ids = rank(pool(request, now=now)).worker_ids
    wanting = set(
        TaskerProfile.objects.filter(user_id__in=ids, push_new_tasks=True).values_list("user_id", flat=True)
    )
    load = offer_load(ids, now=now)
    most = policy.get("exposure_pending_max", now=now)
    return [pk for pk in ids if pk in wanting and load[pk][0] < most][:20]


def ranking_for_display(request: Request) -> Ranking | None:
    """The last stored list of a task."""
    last = RankingRun.objects.filter(request_id=request.pk, purpose="list").order_by("-pk").first()
    return runs.ranking_of(last) if last else None


def deadline_of(offer: Offer) -> datetime | None:
    return timers.due_at("offer", offer.pk, "offer_ttl")
