"""Tasks for whoever has to do with them, and the client's steps until somebody agrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import Page, Where, page
from mahalla.api.schemas import Body, Id, Line, Word
from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.matching import runs
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.errors import NotFound
from mahalla.kit.flow import IllegalMove, Phase
from mahalla.kit.spans import Span
from mahalla.markets.khidma import history, pricing, ranking, taskers, visibility
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Past, Recommendations, Task, TaskCard
from mahalla.markets.khidma.api.steps import cancel, on_job, on_task, seen_by
from mahalla.markets.khidma.facts import STEP_M
from mahalla.markets.khidma.visibility import Seen

router = Router(tags=["Tasks"])


class Which(Where):
    side: Literal["client", "tasker"] = Field("client", description="Those I asked for, or those I work on")
    status: Word = Field("", examples=["completed"])
    category: Word = Field("", examples=["cleaning"])
    since: AwareDatetime | None = Field(None, description="Of the time window, or of the work")
    until: AwareDatetime | None = Field(None, description="Not included")
    text: Line = Field("", description="In the words of the task or the address")


@router.get("", response=Page[TaskCard], summary="My tasks")
def list_tasks(request: HttpRequest, which: Annotated[Which, Query()]) -> object:
    """Newest first; drafts among the client's own."""
    viewer = me(request)
    if which.side == "client":
        rows = Request.objects.filter(client=viewer)
    else:
        rows = Request.objects.filter(jobs__worker=viewer).distinct()
    if which.status:
        rows = rows.filter(status=which.status)
    if which.category:
        rows = rows.filter(Q(category__code=which.category) | Q(category__parent__code=which.category))
    if which.since:
        rows = rows.filter(window_end__gte=which.since)
    if which.until:
        rows = rows.filter(window_start__lt=which.until)
    if which.text:
        words = Q(text__icontains=which.text)
        if which.side == "client":
            words |= Q(place__label__icontains=which.text) | Q(place__lines__icontains=which.text)
        rows = rows.filter(words)
    return page(
        rows.select_related("category", "client"),
        which,
        name=f"tasks.{which.side}",
        show_all=lambda page: [shown.card(s) for s in visibility.see_all(viewer, page, which.side)],
        order=("-created_at", "-pk"),
    )


class Looked(Where):
    """What is looked for; days are local, both included."""

    text: Line = ""
    state: Word = ""
    category: Word = ""
    since: date | None = None
    until: date | None = None
    tasker_id: Id | None = None
    address: Line = ""
    min_minor: int | None = Field(None, ge=0, le=10**12)
    max_minor: int | None = Field(None, ge=0, le=10**12)


@router.get("/history", response=Page[Past], summary="My past tasks")
def list_history(request: HttpRequest, by: Annotated[Looked, Query()]) -> object:
    """What I asked for and is over, newest first, with what it came to and the review I gave."""
    viewer = me(request)
    wanted = by.dict(exclude={"cursor", "limit", "tasker_id"})
    filters = history.Filters(worker_id=by.tasker_id, **wanted)
    found = history.past(viewer, now=instant(request), filters=filters, after=by.cursor, limit=by.limit)
    items = [
        {
            **shown.card(Seen(viewer, row.request, "client", row.job)),
            "on": row.on,
            "amount_minor": row.amount_minor,
            "review": row.review,
        }
        for row in found.rows
    ]
    return {"items": items, "next": found.next or None}


@router.get("/{task_id}", response=Task, summary="A task")
def get_task(request: HttpRequest, task_id: Id) -> object:
    """As its viewer may see it: the street only for who may know it, prices by side, and the steps possible now."""
    return shown.task(seen_by(request, task_id), now=instant(request))


class Sort(Schema):
    sort: Literal["rank", "price", "distance", "rating", "start"] = Field(
        "rank", description="Reorders the view only; `place` stays the ranking's"
    )


@router.get("/{task_id}/recommendations", response=Recommendations, summary="Who can do it, and why")
def list_recommendations(request: HttpRequest, task_id: Id, by: Annotated[Sort, Query()]) -> object:
    """The Taskers who pass every filter now, ranked, each place explained factor by factor. Client and staff only."""
    seen, now = seen_by(request, task_id), instant(request)
    task = seen.request
    if seen.relation not in {"client", "staff"}:
        raise NotFound("task_not_found")
    if task.phase != Phase.OPEN:
        raise IllegalMove("illegal_state", shown.over(task), state=task.status, event="recommend")
    run = ranking.run(task, now=now, shown=seen.relation == "client")
    explained = runs.ranking_of(run).explanations()
    items = _priced(task, explained, now=now)
    keys: dict[str, Any] = {
        "rank": lambda i: i["place"],
        "price": lambda i: i["price"]["total_minor"],
        "distance": lambda i: i["distance_m"] or 0,
        "rating": lambda i: -(i["tasker"]["rating"] or 0),
        "start": lambda i: (i["start_at"] is None, i["start_at"] or now),
    }
    return {"version": run.version, "fallback": run.fallback, "items": sorted(items, key=keys[by.sort])}


def _priced(task: Request, explained: list[Any], *, now: datetime) -> list[dict[str, Any]]:
    ids = [e.worker_id for e in explained]
    terms = pricing.terms_with(task, ids, now=now)
    cards = taskers.cards_of(ids, now=now)
    starts = _starts(task, ids, now=now)
    return [
        {
            "place": e.place,
            "score": round(e.score, 4),
            "tasker": shown.tasker(cards[e.worker_id]),
            "price": shown.price(pricing.quote_of(terms[e.worker_id]), whole=True),
            "start_at": starts.get(e.worker_id),
            "distance_m": _metres(e.inputs.get("distance_m")),
            "interested": bool(e.inputs.get("interested")),
            "favourite": bool(e.inputs.get("favourite")),
            "factors": [share._asdict() for share in e.factors],
            "adjustments": [shown.adjustment(a) for a in e.adjustments],
        }
        for e in explained
        if e.worker_id in terms and e.worker_id in cards
    ]


def _metres(metres: float | None) -> int | None:
    if metres is None or metres != metres:  # NaN stands for "no distance"
        return None
    return round(metres / STEP_M) * STEP_M


def _starts(task: Request, ids: list[int], *, now: datetime) -> dict[int, datetime]:
    if task.window_start is None or task.window_end is None or task.window_end <= now:
        return {}
    window = Span(max(task.window_start, now), task.window_end)
    buffer = 0 if ranking.is_remote(task) else int(policy.get("travel_buffer_min", now=now))
    return schedule.fits(ids, window=window, minutes=task.estimate_min, buffer_min=buffer)


# --- choosing -------------------------------------------------------------------------------------------------------


class Selection(Body):
    worker_id: Id = Field(description="One of the recommended Taskers")


class Cancellation(Body):
    reason: Line = Field("", description="Needed from staff, who act for the client")
    waive_fee: bool = Field(False, description="Staff only")


class Assignment(Body):
    worker_id: Id
    reason: Line = Field(min_length=1, examples=["Nobody answered, and Sara is near"])


@router.post("/{task_id}/selection", response=Task, summary="Choose a Tasker")
def select_tasker(request: HttpRequest, task_id: Id, body: Selection) -> object:
    """Makes the one live offer. A Tasker who is not free any more is refused with `no_longer_available`."""
    seen = on_task(request, task_id, "select", {"worker_id": body.worker_id})
    return shown.task(seen, now=instant(request))


@router.post("/{task_id}/automatic-choice", response=Task, summary="Choose for me")
def choose_automatically(request: HttpRequest, task_id: Id) -> object:
    """Offers it to the best ranked at once, then to the next."""
    return shown.task(on_task(request, task_id, "auto_match"), now=instant(request))


@router.post("/{task_id}/offer-withdrawal", response=Task, summary="Take the offer back")
def withdraw_offer(request: HttpRequest, task_id: Id) -> object:
    """The Tasker is told, and it does not count against them."""
    seen = seen_by(request, task_id)
    waiting = Offer.objects.filter(request=seen.request).order_by("-pk").first()
    if waiting is None:
        engine.flow_of(seen.request).judge(seen.request.state, "withdraw", seen.actor.role)
    assert waiting is not None
    engine.apply(waiting, "withdraw", actor=seen.actor, now=instant(request))
    return shown.task(seen_by(request, task_id), now=instant(request))


@router.post("/{task_id}/cancellation", response=Task, summary="Cancel a task")
def cancel_task(request: HttpRequest, task_id: Id, body: Cancellation) -> object:
    """Free before somebody agrees; afterwards the fee of its tier is taken from the hold. Staff give a reason."""
    data = {"reason": body.reason, "waive_fee": body.waive_fee}
    return shown.task(cancel(request, task_id, data, reason=body.reason), now=instant(request))


@router.post("/{task_id}/assignment", response=Task, summary="Assign a Tasker (operations)")
def assign_tasker(request: HttpRequest, task_id: Id, body: Assignment) -> object:
    """An offer by operations: the Tasker still says yes."""
    seen = on_task(request, task_id, "assign", {"worker_id": body.worker_id}, reason=body.reason)
    return shown.task(seen, now=instant(request))


class Consent(Body):
    reason: Line = Field(min_length=1, examples=["She agreed by phone at 20:15"])
    start_at: AwareDatetime | None = None


@router.post("/{task_id}/spoken-consent", response=Task, summary="The Tasker agreed by phone (operations)")
def record_spoken_consent(request: HttpRequest, task_id: Id, body: Consent) -> object:
    """Accepts the offer that waits, in the Tasker's name; when and how they agreed stays on record."""
    seen, now = seen_by(request, task_id), instant(request)
    waiting = Offer.objects.filter(request=seen.request).order_by("-pk").first()
    if seen.relation != "staff" or waiting is None:
        raise NotFound("offer_not_found")
    data = {"spoken_consent": True, **body.dict(exclude={"reason"}, exclude_none=True)}
    engine.apply(waiting, "accept", actor=replace(seen.actor, reason=body.reason), now=now, data=data)
    return shown.task(seen_by(request, task_id), now=now)


class Pay(Body):
    method_id: Id


@router.post("/{task_id}/payment-method", response=Task, summary="Pay another way")
def change_task_method(request: HttpRequest, task_id: Id, body: Pay) -> object:
    """Asked for at once while nothing is held, else moved over without a gap."""
    seen = on_job(request, task_id, "change_method", {"method_id": body.method_id})
    return shown.task(seen, now=instant(request))
