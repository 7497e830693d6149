"""Choosing a Tasker: the ranked list with its reasons, one's profile, asking, taking back (KH-MATCH-16, KH-FLOW-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.flow import engine
from mahalla.kernel.matching import runs
from mahalla.kernel.matching.rank import Explanation
from mahalla.kernel.reviews.queries import Rating
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import ranking, taskers
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.objects import task_for
from mahalla.markets.khidma.pages.common import as_client, client_page, go, now_of, once, person

SHOWN = 20
SORTS = {
    "best": _("Best match"),
    "price": _("Price"),
    "distance": _("Distance"),
    "rating": _("Rating"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One card of the list. ``total_minor`` is the whole price of this task with this Tasker, fee and travel in."""

    worker_id: int
    name: str
    photo: str
    rating: Rating
    completed: int
    distance_m: float | None
    start: datetime
    total_minor: int
    badges: list[tuple[Any, datetime]]
    interested: bool
    favourite: bool
    busy: bool
    new: bool
    factors: list[tuple[Any, int]]
    reasons: list[Any]


def candidates(task: Request, *, now: datetime, shown: bool) -> list[Candidate]:
    """Everybody who can come, in the order of the ranking, read live (KH-MATCH-02). ``shown`` keeps the run."""
    pool = ranking.pool(task, now=now)
    ranked = ranking.rank(pool)
    if shown and pool.ids:
        runs.record(ranked, request_id=task.pk, purpose="list", now=now, shown_top=ranking.SHOWN_TOP)
    explained = ranked.explanations()[:SHOWN]
    ids = [e.worker_id for e in explained]
    cards = taskers.cards_of(ids, now=now)
    return [_candidate(e, cards[e.worker_id], pool) for e in explained]


def _candidate(e: Explanation, card: taskers.Card, pool: ranking.Pool) -> Candidate:
    inputs, pk = e.inputs, e.worker_id
    metres = inputs.get("distance_m")
    return Candidate(
        worker_id=pk,
        name=card.name.split(" ")[0],
        photo=card.photo.thumb_url if card.photo else "",
        rating=card.rating,
        completed=card.completed,
        distance_m=None if metres is None or metres != metres else float(metres),
        start=pool.start[pk],
        total_minor=pool.quotes[pk].total_minor,
        badges=[(words.BADGES.get(b.code, b.label), b.checked_at) for b in card.badges],
        interested=bool(inputs.get("interested")),
        favourite=bool(inputs.get("favourite")),
        busy=bool(inputs.get("busy_answering")),
        new=card.is_new,
        factors=[(words.FACTORS.get(f.name, f.name), round(f.value * 100)) for f in e.factors],
        reasons=list(dict.fromkeys(words.REASONS[r] for r in e.reasons if r in words.REASONS)),
    )


def resorted(found: list[Candidate], sort: str) -> list[Candidate]:
    """Another order for the eye alone: the ranking, and what is chosen automatically, stay (KH-MATCH-16)."""
    keys: dict[str, Any] = {
        "price": lambda c: c.total_minor,
        "distance": lambda c: c.distance_m if c.distance_m is not None else 0,
        "rating": lambda c: (-(c.rating.mean or 0), -c.rating.count),
    }
    return sorted(found, key=keys[sort]) if sort in keys else found


def listing(request: HttpRequest, task: Request, *, now: datetime, first: bool) -> dict[str, Any]:
    sort = request.GET.get("sort", "best")
    found = candidates(task, now=now, shown=first)
    return {
        "candidates": resorted(found, sort),
        "sort": sort if sort in SORTS else "best",
        "sorts": SORTS.items(),
        "needs_ops": bool(task.data.get("needs_ops")),
        "automatic": not task.data.get("no_auto_match"),
    }


@client_page
@require_safe
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """The list alone, for sorting without leaving the page."""
    task = task_for(person(request), pk)
    if task.state != "matching":
        return go(request, "task", pk=pk)
    now = now_of(request)
    context = {"task": task, **listing(request, task, now=now, first=False)}
    return render(request, "khidma/client/_candidates.html", context)


@client_page
@require_POST
def select(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask this Tasker (KH-FLOW-04); a stale list answers with why not (KH-MATCH-02)."""
    task = task_for(person(request), pk)
    worker = request.POST.get("worker", "")
    if not worker.isdigit():
        raise NotFound
    with once(request) as fresh:
        if fresh:
            engine.apply(
                task,
                "select",
                actor=as_client(request),
                now=now_of(request),
                data={"worker_id": int(worker)},
            )
    return go(request, "task", pk=pk)


@client_page
@require_POST
def choose_for_me(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the system choose now, in the order of the ranking (KH-FLOW-05)."""
    task = task_for(person(request), pk)
    task = engine.apply(task, "auto_match", actor=as_client(request), now=now_of(request))
    if task.state == "matching":
        messages.info(
            request, _("Nobody is free for this time yet. Our team was told; you can also change the time.")
        )
    return go(request, "task", pk=pk)


@client_page
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the waiting offer back, and choose again (row 13)."""
    task = task_for(person(request), pk)
    offer = Offer.objects.filter(request=task, state="pending").first()
    if offer is not None:
        engine.apply(offer, "withdraw", actor=as_client(request), now=now_of(request))
    return go(request, "task", pk=pk)
