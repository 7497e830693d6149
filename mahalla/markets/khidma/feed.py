"""A Tasker's feed: the live tasks that fit, the best first (KH-REQ-15, -16, -17, KH-MATCH-17, -18).

It mirrors the hard filters of ``ranking`` from the other side: one Tasker, many tasks. A page is eight queries, whatever
its length. The open tasks are found by category and a box of degrees among rows of phase ``open`` only, which a partial
index keeps small; the exact distance, skills, pets and calendar are then judged in memory.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.events import operations as events
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.places import geo
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.flow import Phase
from mahalla.kit.spans import Span
from mahalla.markets.khidma import experience, guidance, pricing, supply
from mahalla.markets.khidma.experience import Experience
from mahalla.markets.khidma.facts import Facts, facts_of, metres
from mahalla.markets.khidma.models import Exclusion, Interest, Rate, TaskerProfile, TaskerSkill

#: open tasks looked at for one feed, the newest; far more than anybody scrolls
POOL = 300
PAGE = 20
LIVE = ("posted", "matching", "offered")
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A card of the feed. Amounts in minor units: ``price_minor`` as the client pays, ``earnings_minor`` as the Tasker
    gets (KH-PRICE-10). ``start_at`` is the earliest start that fits the calendar. The three factors are 0…1.
    """

    facts: Facts
    price_minor: int
    earnings_minor: int
    currency: str
    start_at: datetime
    is_new: bool
    interested: bool
    per_hour_minor: int
    distance_factor: float
    skill_factor: float
    earnings_factor: float
    score: float

    @property
    def request_id(self) -> int:
        return self.facts.request_id

    @property
    def place(self) -> tuple[float, int, int]:
        """Where it stands in the feed; the better paid of equals is first."""
        return (-self.score, -self.per_hour_minor, -self.request_id)


class FeedPage(list[FeedItem]):
    """A page of the feed; ``next_cursor`` is empty on the last."""

    next_cursor: str = ""


@dataclass(slots=True)
class _Own:
    """What the feed needs to know of its Tasker."""

    worker: User
    profile: TaskerProfile
    rates: dict[int, Rate]
    years: dict[str, int]
    is_new: bool


def feed_for(worker: User, *, now: datetime, cursor: str = "", limit: int = PAGE) -> FeedPage:
    """The live tasks for this Tasker, best first; nothing while the Tasker is off, or not (yet) eligible.

    Raises ``Invalid`` for a cursor that is none.
    """
    after, seen_at = _read(cursor)
    own = _own(worker, now=now)
    if own is None:
        return FeedPage()
    seen = own.profile.feed_seen_at if seen_at is None else seen_at
    items = sorted(_items(own, seen, now=now), key=lambda item: item.place)
    ahead = [item for item in items if after is None or item.place > after]
    page = FeedPage(ahead[:limit])
    if len(ahead) > limit:
        page.next_cursor = _write(page[-1].place, seen)
    return page


def mark_seen(worker: User, *, now: datetime) -> None:
    """The feed was shown; what is posted from now on is new (KH-REQ-15). Pages begun before keep their marks."""
    TaskerProfile.objects.filter(user=worker).update(feed_seen_at=now)


@transaction.atomic
def interested(worker: User, request_id: int, *, now: datetime) -> Interest:
    """The Tasker would like this task: in front of equals on the client's list, and no acceptance (KH-REQ-17, C1).

    Raises ``NotFound`` for a task that is not in this Tasker's feed.
    """
    supply.require_eligible(worker.pk, now=now)
    own = _own(worker, now=now)
    if own is None:
        raise Refused("switched_off", _("Switch yourself on first, so that you can be chosen."))
    if not _items(own, None, now=now, only=request_id):
        raise NotFound("task_gone", _("This task is not open for you any more."))
    row, fresh = Interest.objects.get_or_create(request_id=request_id, worker=worker, defaults={"at": now})
    if fresh:
        _tell_client(row, worker, now=now)
    return row


def not_interested(worker: User, request_id: int, *, now: datetime) -> None:
    """Take the mark back."""
    Interest.objects.filter(request_id=request_id, worker=worker).delete()


def _tell_client(row: Interest, worker: User, *, now: datetime) -> None:
    """The open list hears each; the client is written to once a task."""
    request = row.request
    events.append(
        name="request.interest",
        noun="request",
        subject_id=request.pk,
        stream=request.stream,
        actor=Actor(worker.pk, "tasker"),
        now=now,
        topics=request.topics(),
    )
    notices.notify(
        name="tasker_interested",
        user_id=request.client_id,
        params={
            "worker": worker.name.split(" ")[0],
            "category": request.category.names if request.category else {},
        },
        link=f"/tasks/{request.pk}/",
        now=now,
        key=f"interest:{request.pk}",
    )


# --- the Tasker -----------------------------------------------------------------------------------------------------


def _own(worker: User, *, now: datetime) -> _Own | None:
    """Rates with a live spot, profile, counters and skills in one query; None where no spot is live."""
    spot = Spot.objects.filter(
        worker_id=OuterRef("worker_id"), category_id=OuterRef("category_id"), live=True
    )
    skills = TaskerSkill.objects.filter(profile__user_id=OuterRef("worker_id"))
    named = skills.values(known=JSONObject(code=F("skill__code"), years=F("years")))
    rates = list(
        Rate.objects.filter(Exists(spot), worker=worker)
        .select_related("worker__tasker", "worker__tasker_stats")
        .annotate(own_skills=ArraySubquery(named))
    )
    if not rates:
        return None
    whose = rates[0].worker
    profile: TaskerProfile = whose.tasker
    done = whose.tasker_stats.completed if hasattr(whose, "tasker_stats") else 0
    return _Own(
        worker=worker,
        profile=profile,
        rates={rate.category_id: rate for rate in rates},
        years={row["code"]: row["years"] for row in rates[0].own_skills},
        is_new=pricing.is_new(profile, done, now=now),
    )


# --- the tasks ------------------------------------------------------------------------------------------------------


def _items(own: _Own, seen: datetime | None, *, now: datetime, only: int | None = None) -> list[FeedItem]:
    found = _free(own, _suited(own, list(_open(own, now=now, only=only)), now=now), now=now)
    if not found:
        return []
    terms = _terms(own, [request for request, _start in found], now=now)
    past = experience.of_worker(own.worker.pk, own.years)
    priced = [(request, start, terms[request.pk]) for request, start in found if request.pk in terms]
    return _scored(own, priced, past, seen, now=now)


def _open(own: _Own, *, now: datetime, only: int | None) -> QuerySet[Request]:
    """Live tasks in the Tasker's categories and in the box around the centre; remote ones from anywhere."""
    profile = own.profile
    assert profile.lat is not None and profile.lng is not None
    box = geo.bounding(profile.lat, profile.lng, supply.radius_m(profile, now=now))
    near = Q(lat__range=(box.south, box.north), lng__range=(box.west, box.east))
    mine = {"request_id": OuterRef("pk"), "worker": own.worker}
    rows = Request.objects.filter(
        near | Q(category__work_place=Category.WorkPlace.REMOTE),
        ~Exists(Exclusion.objects.filter(**mine)),
        ~Exists(Offer.objects.filter(**mine, state="pending")),
        phase=Phase.OPEN,
        state__in=LIVE,
        category_id__in=list(own.rates),
        window_end__gt=now,
    ).exclude(client=own.worker)
    if only is not None:
        rows = rows.filter(pk=only)
    shown = rows.annotate(liked=Exists(Interest.objects.filter(**mine)))
    return shown.select_related("category", "district", "city").order_by("-posted_at", "-pk")[:POOL]


def _suited(own: _Own, requests: list[Request], *, now: datetime) -> list[Request]:
    """Near enough, with the skills and tools that the work needs, and pets only for those who take them."""
    profile, reach = own.profile, supply.radius_m(own.profile, now=now)
    tools, skills = set(profile.tools), set(own.years)
    cash_ok: bool | None = None
    found = []
    for request in requests:
        facts = facts_of(request, lat=profile.lat, lng=profile.lng)
        far = metres(request, lat=profile.lat, lng=profile.lng)
        lacks = set(facts.needs.skills) - skills or set(facts.needs.tools) - tools
        if lacks or (far is not None and far > reach) or (facts.needs.pets and not profile.accepts_pets):
            continue
        if request.method_kind == "cash":
            cash_ok = supply.cash_allowed(own.worker.pk, now=now) if cash_ok is None else cash_ok
            if not cash_ok:
                continue
        found.append(request)
    return found


def _free(own: _Own, requests: list[Request], *, now: datetime) -> list[tuple[Request, datetime]]:
    """With the earliest start that the calendar leaves, in three queries for all (KH-CAL-01)."""
    buffer_min = int(policy.get("travel_buffer_min", now=now))
    asked, kept = [], []
    for request in requests:
        assert request.category is not None and request.window_start and request.window_end
        remote = request.category.work_place == Category.WorkPlace.REMOTE
        window = Span(max(request.window_start, now), request.window_end)
        if window.length >= timedelta(minutes=request.estimate_min):
            asked.append((window, request.estimate_min, 0 if remote else buffer_min))
            kept.append(request)
    starts = schedule.fits_each(own.worker.pk, asked)
    return [(request, start) for request, start in zip(kept, starts, strict=True) if start is not None]


def _terms(own: _Own, requests: Sequence[Request], *, now: datetime) -> dict[int, dict[str, Any]]:
    """The Tasker's terms for each task; for who is new with the cap, which needs the medians."""
    tax = pricing.taxes(now=now)
    medians: dict[guidance.Place, guidance.Rates] = {}
    if own.is_new:
        hourly = {(r.category, r.city_id) for r in requests if r.category and r.pricing_model != "fixed"}
        medians = guidance.rates_of(hourly, now=now)
    out = {}
    for request in requests:
        assert request.category is not None and request.category_id is not None
        known = medians.get((request.category_id, request.city_id))
        if own.is_new and request.pricing_model == "fixed":
            known = guidance.rates(request.category, request.city_id, fixed=True, now=now)
        part = pricing.own_terms(
            request,
            own.rates[request.category_id],
            own.profile,
            new=own.is_new,
            median_minor=known.median_minor if known else 0,
            now=now,
        )
        if part is not None:
            out[request.pk] = {**pricing.shared_terms(request, tax, now=now), **part}
    return out


def _scored(
    own: _Own,
    priced: Sequence[tuple[Request, datetime, dict[str, Any]]],
    past: Experience,
    seen: datetime | None,
    *,
    now: datetime,
) -> list[FeedItem]:
    """0.40 · distance + 0.30 · skill fit + 0.30 · earnings per hour ÷ the own median, at most 1 (KH-MATCH-17).

    Who has no history yet is measured against the middle of what is offered now.
    """
    w_distance, w_skill, w_earnings, scale_km = (
        float(policy.get(name, now=now))
        for name in ("feed_w_distance", "feed_w_skill", "feed_w_earnings", "distance_scale_km")
    )
    quotes = {request.pk: pricing.quote_of(terms) for request, _start, terms in priced}
    earned = {r.pk: pricing.earnings_minor(quotes[r.pk], terms) for r, _start, terms in priced}
    hourly = {
        r.pk: earned[r.pk] * 60 // max(1, terms["estimate_min"], terms["minimum_min"])
        for r, _start, terms in priced
    }
    usual = past.per_hour_minor or (int(median(hourly.values())) if hourly else 0)
    items = []
    for request, start, terms in priced:
        facts = facts_of(request, lat=own.profile.lat, lng=own.profile.lng)
        far = metres(request, lat=own.profile.lat, lng=own.profile.lng) or 0.0
        distance = math.exp(-far / 1000 / scale_km)
        skill = past.fit(experience.demands(facts.category.code, facts.needs))
        pay = min(1.0, hourly[request.pk] / usual) if usual else 1.0
        items.append(
            FeedItem(
                facts=facts,
                price_minor=quotes[request.pk].total_minor,
                earnings_minor=earned[request.pk],
                currency=terms["currency"],
                start_at=start,
                is_new=seen is None or (request.posted_at is not None and request.posted_at > seen),
                interested=bool(request.liked),  # type: ignore[attr-defined]
                per_hour_minor=hourly[request.pk],
                distance_factor=round(distance, 4),
                skill_factor=round(skill, 4),
                earnings_factor=round(pay, 4),
                score=round(w_distance * distance + w_skill * skill + w_earnings * pay, 6),
            )
        )
    return items


# --- the cursor -----------------------------------------------------------------------------------------------------


def _write(place: tuple[float, int, int], seen: datetime | None) -> str:
    text = json.dumps([*place, (seen or NEVER).isoformat()])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read(cursor: str) -> tuple[tuple[float, int, int] | None, datetime | None]:
    if not cursor:
        return None, None
    try:
        score, pay, pk, seen = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return (float(score), int(pay), int(pk)), datetime.fromisoformat(seen)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid({"cursor": _("This page is not known. Start again from the top.")}) from None
