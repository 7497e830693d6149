"""In which order Taskers are offered a task, and why (KH-MATCH): six factors, then controls in their fixed order.

Who is ranked at all is ``candidates``'; the ranking itself is ``kernel.matching``'s. Acceptance exists only on an offer
(C1).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.flow import timers
from mahalla.kernel.matching import factors, runs
from mahalla.kernel.matching.candidates import Candidates, Factor, Values, flag
from mahalla.kernel.matching.controls import Boost, By, Damp, Diversity, Favourites, Rule, Sort, Stage
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.matching.rank import Ranking, fall_back, rank_or_fall_back
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.errors import Refused
from mahalla.kit.flow import Phase
from mahalla.kit.spans import Span
from mahalla.markets.khidma import pricing
from mahalla.markets.khidma.candidates import Pool, buffer_min, features, is_remote, offer_load, pool
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerStats

__all__ = [
    "Pool", "check", "deadline_of", "features", "is_instant", "is_remote", "next_auto", "offer_load", "pool", "rank",
    "ranking_for_display", "run", "start_for", "still_fits", "to_tell",
]  # fmt: skip

log = logging.getLogger(__name__)
VERSION = "khidma-1"
SHOWN_TOP = 3
#: how many are told of one new task: the best ranked
TOLD = 20
#: when finding the candidates alone took longer, they are not scored but put in order of distance (KH-OPS-07)
PATIENCE_S = 3.0


# --- the ranking ----------------------------------------------------------------------------------------------------


def rank(found: Pool) -> Ranking:
    """The order of a pool with every factor and control explained (KH-MATCH-03..14, -21).

    When the scorer fails or is slow: by distance and rating, marked ``fallback`` (KH-OPS-07).
    """
    if found.took_s > PATIENCE_S:
        log.warning("candidates of request %s took %.1f s; not scored", found.request.pk, found.took_s)
        return fall_back(_plain(found), version=VERSION)
    try:
        candidates = features(found)
    except Exception:
        log.exception("the facts about candidates of request %s could not be read", found.request.pk)
        return fall_back(_plain(found), version=VERSION)
    number = _numbers(found.now)
    return rank_or_fall_back(
        candidates, _factors(number), _controls(number), version=VERSION, rating="reputation"
    )


def _plain(found: Pool) -> Candidates:
    """Distance alone, which needs no further question."""
    remote = is_remote(found.request)
    return Candidates.of(found.ids, distance_m=[None if remote else found.distance_m[pk] for pk in found.ids])


def _factors(number: Any) -> tuple[Factor, ...]:
    scale_m, idle_days = number("distance_scale_km") * 1000, number("activity_days")
    strength = number("prior_strength")
    prior_accept, prior_complete = number("accept_prior"), number("complete_prior")

    def factor(name: str, fn: Values) -> Factor:
        return Factor(name, number(f"w_{name}"), fn)

    def rate(hits: str, tries: str, prior: float) -> Values:
        return lambda c: factors.smoothed_rate(c[hits], c[tries], prior=prior, strength=strength)

    return (
        factor("distance", lambda c: factors.distance_decay(c["distance_m"], scale_m=scale_m)),
        factor("accept", rate("accepted", "answered", prior_accept)),
        factor("complete", rate("completed", "taken", prior_complete)),
        factor("rating", lambda c: factors.rating_factor(c["reputation"])),
        factor("price", lambda c: factors.price_competitiveness(c["price_minor"], c["median_minor"])),
        factor("activity", lambda c: factors.recency(c["days_idle"], days=idle_days)),
    )


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
    roomy = _with_room(ranking, now=now)
    return next((pk for pk in ranking.worker_ids if pk in roomy and pk not in asked), None)


def _with_room(ranking: Ranking, *, now: datetime) -> set[int]:
    """Those below the exposure caps: fewer than 3 pending offers, fewer than 10 in a day (KH-MATCH-09)."""
    most_pending = policy.get("exposure_pending_max", now=now)
    most_a_day = policy.get("exposure_offers_day", now=now)
    load = offer_load(ranking.worker_ids, now=now)
    return {pk for pk, had in load.items() if had.waiting < most_pending and had.today < most_a_day}


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
        buffer_min=buffer_min(request, now=now),
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
    """Instant booking: switched on for the category; a new Tasker has at most one open (KH-FLOW-10, C9).

    Asked inside the transaction that books: a new Tasker's row is locked, so that two clients at once count each other.
    """
    if not Rate.objects.filter(worker_id=worker_id, category=request.category, instant=True).exists():
        return False
    profile = TaskerProfile.objects.get(user_id=worker_id)
    done = TaskerStats.objects.filter(worker_id=worker_id).values_list("completed", flat=True).first() or 0
    if not pricing.is_new(profile, done, now=now):
        return True
    list(TaskerProfile.objects.select_for_update(no_key=True).filter(pk=profile.pk))
    open_ones = Offer.objects.filter(
        worker_id=worker_id, data__instant=True, job__state__in=("accepted", "confirmed", "in_progress")
    )
    return open_ones.count() < int(policy.get("new_instant_limit", now=now))


def to_tell(request: Request, *, now: datetime) -> list[int]:
    """Taskers who get a push for a new task: matching, switched on, below the exposure caps (KH-NOTE-04).

    Nobody when somebody was booked at once. The list that was ranked at this instant is not ranked again.
    """
    if request.phase != Phase.OPEN:
        return []
    last = RankingRun.objects.filter(request_id=request.pk, created_at=now, purpose="list").first()
    ranking = runs.ranking_of(last) if last else rank(pool(request, now=now))
    ids = ranking.worker_ids
    wanting = set(
        TaskerProfile.objects.filter(user_id__in=ids, push_new_tasks=True).values_list("user_id", flat=True)
    )
    roomy = _with_room(ranking, now=now)
    return [pk for pk in ids if pk in wanting and pk in roomy][:TOLD]


def ranking_for_display(request: Request) -> Ranking | None:
    """The last stored list of a task."""
    last = RankingRun.objects.filter(request_id=request.pk, purpose="list").order_by("-pk").first()
    return runs.ranking_of(last) if last else None


def deadline_of(offer: Offer) -> datetime | None:
    return timers.due_at("offer", offer.pk, "offer_ttl")
