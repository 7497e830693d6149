"""Who could do a task: the hard filters, and what is known of everybody who passes them (KH-MATCH-01, -02, -20).

Candidates come from the map's index; everything about them is read in a fixed number of queries, whatever their number.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.matching import runs
from mahalla.kernel.matching.candidates import Candidates
from mahalla.kernel.matching.retrieve import nearest, reached
from mahalla.kernel.reviews import reputation
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import spans
from mahalla.kit.flow import Phase
from mahalla.kit.market import active
from mahalla.kit.quote import Quote
from mahalla.kit.spans import Span
from mahalla.markets.khidma import guidance, pricing, supply
from mahalla.markets.khidma.models import Exclusion, Favourite, Interest, Rate, TaskerSkill

#: how many of the nearest are looked at; more, step by step, while fewer than ``ENOUGH`` of them pass
WIDTHS = (300, 1_200, 4_800)
ENOUGH = 50
#: below so many outcomes the share of completed tasks says nothing yet; the reviews of KH-MATCH-14 likewise
FEW = 5
COUNTERS = ("accepted", "declined", "expired", "completed", "cancelled")


@dataclass(slots=True)
class Pool:
    """The candidates who pass the hard filters. ``start``: the earliest fit; ``terms``: their price for this task.

    ``people`` is what was read of each; ``median_minor`` is the client's whole price of this task in
    the middle of the category and city; ``took_s`` is how long finding them took.
    """

    request: Request
    now: datetime
    distance_m: dict[int, float] = field(default_factory=dict)
    start: dict[int, datetime] = field(default_factory=dict)
    terms: dict[int, dict[str, Any]] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    deranked: set[int] = field(default_factory=set)
    median_minor: int = 0
    took_s: float = 0.0

    @property
    def ids(self) -> list[int]:
        return list(self.quotes)


class Person(NamedTuple):
    """What is read of one Tasker for one task: the rate, what of the profile matters, the counters, and ties to the client.

    A plain tuple, since hundreds are made for every list; ``pricing`` reads it as rate and as profile.
    """

    worker_id: int
    hourly_minor: int | None
    fixed_minor: int | None
    minimum_min: int
    travel_fee_minor: int | None
    tools: list[str]
    accepts_pets: bool
    lat: float | None
    lng: float | None
    approved_at: datetime | None
    accepted: int
    declined: int
    expired: int
    completed: int
    cancelled: int
    recent_outcomes: list[bool]
    last_active_at: datetime | None
    interested: bool
    favourite: bool


class Load(NamedTuple):
    """Of one Tasker: pending offers, offers of the last 24 hours, and when the last one came (KH-MATCH-03, -09)."""

    waiting: int = 0
    today: int = 0
    last_at: datetime | None = None


# --- hard filters ---------------------------------------------------------------------------------------------------


def pool(request: Request, *, now: datetime, only: int | None = None, ignoring: str = "") -> Pool:
    """Everybody who passes every hard filter now; ``only`` asks about one Tasker, ``ignoring`` is a time not counted.

    The nearest 300 are looked at first; where most of them are taken, further ones, so that a list is not empty while
    somebody could come.
    """
    begun = time.perf_counter()
    found = Pool(request, now)
    window = _window(request, now)
    for width in WIDTHS if window is not None else ():
        found = Pool(request, now, distance_m=_near(request, now=now, only=only, limit=width))
        _keep_able(found)
        _keep_free(found, window, ignoring)
        _keep_within_hours(found)
        _price(found)
        if only is not None or len(found.ids) >= ENOUGH or len(found.distance_m) < width:
            break
    found.took_s = time.perf_counter() - begun
    return found


def _window(request: Request, now: datetime) -> Span | None:
    if request.window_start is None or request.window_end is None or request.window_end <= now:
        return None
    return Span(max(request.window_start, now), request.window_end)


def is_remote(request: Request) -> bool:
    return request.category is not None and request.category.work_place == Category.WorkPlace.REMOTE


def buffer_min(request: Request, *, now: datetime) -> int:
    """Minutes of travel kept free after the work."""
    return 0 if is_remote(request) else int(policy.get("travel_buffer_min", now=now))


def _near(request: Request, *, now: datetime, only: int | None, limit: int) -> dict[int, float]:
    """Within min(own radius, 50 km) of the task and live; anywhere for remote work (KH-MATCH-20)."""
    if request.category_id is None or (request.lat is None and not is_remote(request)):
        return {}
    radius_m = None if is_remote(request) else policy.get("radius_max_km", now=now) * 1000
    lat, lng = request.lat or 0.0, request.lng or 0.0
    if only is not None:
        return reached([only], request.category_id, lat, lng, radius_m=radius_m)
    return dict(nearest(request.category_id, lat, lng, limit=limit, radius_m=radius_m))


def _keep_able(found: Pool) -> None:
    """Checks valid, skills and tools complete, not excluded, not the client, no sanction or cash debt in the way."""
    request, now, category = found.request, found.now, found.request.category
    assert category is not None
    people = _people(request, supply.eligible(found.distance_m, now=now))
    sanctions = trust.active_sanctions(people, now)
    for pk in supply.barred(sanctions, category):
        people.pop(pk, None)
    tools, pets = set(category.tools), bool(request.details.get("pets"))
    able = {
        pk
        for pk, person in people.items()
        if tools <= set(person.tools) and (person.accepts_pets or not pets)
    }
    if wanted := required_skills(request):
        able &= _skilled(able, wanted)
    if request.method_kind == "cash":
        able &= supply.cash_allowed_of(able, now=now)
    found.people = {pk: person for pk, person in people.items() if pk in able}
    found.deranked = {pk for pk, held in sanctions.items() if any(s.level == "derank" for s in held)}


def _people(request: Request, ids: Collection[int]) -> dict[int, Person]:
    """Those who have a rate for this kind of work and are not excluded from this task: one query."""
    assert request.category_id is not None
    worker = OuterRef("worker_id")
    rows = (
        Rate.objects.filter(category_id=request.category_id, worker_id__in=ids)
        .exclude(worker_id=request.client_id)
        .exclude(Exists(Exclusion.objects.filter(request_id=request.pk, worker_id=worker)))
        .values_list(
            *("worker_id", "hourly_minor", "fixed_minor", "minimum_min", "travel_fee_minor"),
            *(f"worker__tasker__{name}" for name in ("tools", "accepts_pets", "lat", "lng", "approved_at")),
            *(Coalesce(f"worker__tasker_stats__{name}", 0) for name in COUNTERS),
            "worker__tasker_stats__recent_outcomes",
            "worker__tasker_stats__last_active_at",
            Exists(Interest.objects.filter(request_id=request.pk, worker_id=worker)),
            Exists(Favourite.objects.filter(client_id=request.client_id, worker_id=worker)),
        )
    )
    return {row[0]: Person(*row) for row in rows}


def _skilled(ids: Collection[int], wanted: set[str]) -> set[int]:
    """Those who have all of these skills, in one query."""
    rows = (
        TaskerSkill.objects.filter(profile__user_id__in=ids, skill__code__in=wanted)
        .values("profile__user_id")
        .annotate(held=Count("skill", distinct=True))
        .filter(held=len(wanted))
    )
    return set(rows.values_list("profile__user_id", flat=True))


def required_skills(request: Request) -> set[str]:
    """The category's skills, and those that the inputs ask for (KH-CAT-04, KH-MATCH-18)."""
    category = request.category
    wanted = set(category.required_skills) if category else set()
    if request.details.get("heavy_lifting"):
        wanted.add("heavy_lifting")
    return wanted


def _keep_free(found: Pool, window: Span | None, ignoring: str) -> None:
    """Read live: the switch, blocks and accepted work count as they are now (KH-MATCH-02)."""
    if window is None:
        return
    found.start = schedule.fits(
        list(found.people),
        window=window,
        minutes=found.request.estimate_min,
        buffer_min=buffer_min(found.request, now=found.now),
        ignoring=ignoring,
    )


def _keep_within_hours(found: Pool) -> None:
    """Where the region limits a day's work, nobody is offered more than that (KH-TRUST-15)."""
    most = timedelta(hours=policy.get("daily_hours_max", now=found.now))
    if most >= timedelta(days=1) or not found.start:
        return
    zone = spans.zone(active().timezone)
    live = Q(phase__in=(Phase.AGREED, Phase.UNDER_WAY)) | Q(submitted_at__isnull=False)
    agreed = Job.objects.filter(live, worker_id__in=found.start)
    first, last = min(found.start.values()), max(found.start.values())
    near = agreed.filter(start_at__gt=first - timedelta(days=1), start_at__lt=last + timedelta(days=1))
    taken: dict[tuple[int, date], timedelta] = defaultdict(timedelta)
    for pk, start, end in near.values_list("worker_id", "start_at", "end_at"):
        taken[pk, start.astimezone(zone).date()] += end - start
    own = timedelta(minutes=found.request.estimate_min)
    found.start = {
        pk: start
        for pk, start in found.start.items()
        if taken[pk, start.astimezone(zone).date()] + own <= most
    }


def _price(found: Pool) -> None:
    """The terms of everybody who is free, nearest first, and the middle of the category and city."""
    request, now, category = found.request, found.now, found.request.category
    assert category is not None
    free = [pk for pk in found.distance_m if pk in found.start]
    if not free:
        return
    shared = pricing.shared_terms(request, pricing.taxes(now=now), now=now)
    fixed = request.pricing_model == "fixed"
    median = guidance.rates(category, request.city_id, fixed=fixed, now=now).median_minor
    for pk in free:
        person: Any = found.people[pk]
        new = pricing.is_new(person, person.completed, now=now)
        own = pricing.own_terms(request, person, person, new=new, median_minor=median, now=now)
        if own is not None:
            found.terms[pk] = {**shared, **own}
    found.quotes = {pk: pricing.quote_of(terms) for pk, terms in found.terms.items()}
    found.median_minor = _middle(found, median, fixed=fixed)


def _middle(found: Pool, rate_minor: int, *, fixed: bool) -> int:
    """What the client would pay for this task at the median rate, with the travel usual among the candidates.

    Where the category and city have no median, it is that of the candidates' own whole prices.
    """
    if not found.quotes:
        return 0
    if not rate_minor:
        return int(np.median([quote.total_minor for quote in found.quotes.values()]))
    travel = int(np.median([terms["travel_minor"] for terms in found.terms.values()]))
    own = {"rate_minor": 0 if fixed else rate_minor, "fixed_minor": rate_minor if fixed else 0}
    some = next(iter(found.terms.values()))
    return pricing.quote_of({**some, **own, "minimum_min": 0, "travel_minor": travel}).total_minor


# --- what is known of them ------------------------------------------------------------------------------------------


def features(found: Pool) -> Candidates:
    """What is known of each candidate, as columns (KH-MATCH-19)."""
    ids, now = found.ids, found.now
    people = [found.people[pk] for pk in ids]
    scores = reputation.reputation_of(ids, now=now)
    shown = runs.showings(ids, since=now - timedelta(hours=24))
    load = offer_load(ids, now=now)
    prices = np.array([found.quotes[pk].total_minor for pk in ids], dtype=np.float64)
    top3, pending, low, share = (
        policy.get(name, now=now)
        for name in ("exposure_top3_day", "exposure_pending_max", "derank_rating", "derank_completion")
    )
    remote = is_remote(found.request)
    return Candidates.of(
        ids,
        distance_m=[None if remote else found.distance_m[pk] for pk in ids],
        accepted=[p.accepted for p in people],
        answered=[p.accepted + p.declined + p.expired for p in people],
        completed=[p.completed for p in people],
        taken=[p.completed + p.cancelled for p in people],
        reputation=[scores[pk].value for pk in ids],
        reviews=[scores[pk].count for pk in ids],
        price_minor=prices,
        median_minor=float(found.median_minor),
        below_median=prices < found.median_minor,
        days_idle=[_days(p.last_active_at, now) for p in people],
        last_offer=[at.timestamp() if (at := load[pk].last_at) else None for pk in ids],
        is_new=[bool(found.terms[pk]["new"]) for pk in ids],
        interested=[p.interested for p in people],
        favourite=[p.favourite for p in people],
        shown_often=[shown[pk] >= top3 for pk in ids],
        low_rating=[scores[pk].count >= FEW and scores[pk].value < low for pk in ids],
        low_completion=[_often_fails(p.recent_outcomes or [], share) for p in people],
        sanction=[pk in found.deranked for pk in ids],
        offers_waiting=[load[pk].waiting for pk in ids],
        offers_today=[load[pk].today for pk in ids],
        busy_answering=[load[pk].waiting >= pending for pk in ids],
    )


def _days(last: datetime | None, now: datetime) -> int | None:
    return None if last is None else max(0, (now - last).days)


def _often_fails(outcomes: list[bool], share: float) -> bool:
    """Below 85 % over the last 20 tasks (KH-MATCH-14)."""
    return len(outcomes) >= FEW and sum(outcomes) / len(outcomes) < share


_LOAD = """
    SELECT w.id,
           (SELECT count(*) FROM work_offer o WHERE o.worker_id = w.id AND o.phase = 'open'),
           (SELECT count(*) FROM work_offer o WHERE o.worker_id = w.id AND o.created_at >= %s),
           (SELECT o.created_at FROM work_offer o WHERE o.worker_id = w.id ORDER BY o.created_at DESC LIMIT 1)
    FROM unnest(%s::bigint[]) AS w (id)
"""


def offer_load(ids: Collection[int], *, now: datetime) -> dict[int, Load]:
    """What each of these Taskers has been asked lately (KH-MATCH-09).

    Read from the offers: a counter on the Tasker's row would make two offers to one Tasker wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [now - timedelta(hours=24), list(ids)])
        return {row[0]: Load(*row[1:]) for row in cursor.fetchall()}
