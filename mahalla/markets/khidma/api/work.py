"""The work: the Tasker's answer, the way, the timer, the hours."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import AwareDatetime, Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import At, Page, page
from mahalla.api.schemas import Body, Id, Line, Text
from mahalla.kernel.flow import engine
from mahalla.kernel.media.queries import asset_for
from mahalla.kernel.work.models import Offer as Row
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import presence, visibility
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Offer, Position, Task
from mahalla.markets.khidma.api.steps import on_job, seen_by

offers = Router(tags=["Offers"])
router = Router(tags=["The work"])


# --- offers ---------------------------------------------------------------------------------------------------------


class Acceptance(Body):
    version: Id | None = Field(None, description="The version that was read; an older one is refused")
    start_at: AwareDatetime | None = Field(
        None, description="Inside the window; the earliest fit where none is given"
    )


class Decline(Body):
    reason: Line = ""


@offers.get("", response=Page[Offer], summary="My offers")
def list_offers(request: HttpRequest, at: At) -> object:
    """The Tasker's inbox, newest first, also what was answered."""
    viewer, now = me(request), instant(request)
    rows = Row.objects.filter(worker=viewer).select_related("request__category", "request__client", "worker")
    return page(rows, at, name="offers", show=lambda row: shown.offer(row, viewer, now=now))


@offers.get("/{offer_id}", response=Offer, summary="An offer")
def get_offer(request: HttpRequest, offer_id: Id) -> object:
    """What there is to decide on: work, place by district, earnings, and until when to answer."""
    viewer = me(request)
    return shown.offer(_own(request, offer_id), viewer, now=instant(request))


@offers.post("/{offer_id}/acceptance", response=Task, summary="Accept")
def accept_offer(request: HttpRequest, offer_id: Id, body: Acceptance) -> object:
    """Books the hours and asks for the client's payment. Refused when it is too late, changed, or the hours are taken."""
    offer = _own(request, offer_id)
    data: dict[str, Any] = body.dict(exclude_none=True)
    engine.apply(offer, "accept", actor=_tasker(request), now=instant(request), data=data)
    return shown.task(seen_by(request, offer.request_id), now=instant(request))


@offers.post("/{offer_id}/decline", response=Offer, summary="Decline")
def decline_offer(request: HttpRequest, offer_id: Id, body: Decline) -> object:
    """The task goes back to the client, who is told."""
    offer = _own(request, offer_id)
    engine.apply(offer, "decline", actor=_tasker(request), now=instant(request), data={"reason": body.reason})
    return shown.offer(_own(request, offer_id), me(request), now=instant(request))


def _own(request: HttpRequest, offer_id: int) -> Row:
    offer = visibility.offer_for(me(request), offer_id)
    if offer.worker_id != me(request).pk:
        raise NotFound("offer_not_found")
    return offer


def _tasker(request: HttpRequest) -> Actor:
    return Actor(me(request).pk, "tasker")


# --- the way --------------------------------------------------------------------------------------------------------


class Here(Body):
    """Where the phone is, where it says so."""

    lat: float | None = Field(None, ge=-90, le=90, examples=[24.714])
    lng: float | None = Field(None, ge=-180, le=180, examples=[46.6753])
    accuracy_m: float | None = Field(None, ge=0, le=100_000)


def _step(request: HttpRequest, task_id: int, event: str, data: dict[str, Any] | None = None) -> object:
    return shown.task(on_job(request, task_id, event, data or {}), now=instant(request))


@router.post("/{task_id}/departure", response=Task, summary="I'm on my way")
def depart(request: HttpRequest, task_id: Id, body: Here) -> object:
    """At most 3 hours before the start; the client sees the map from now on."""
    return _step(request, task_id, "set_off", body.dict())


@router.post("/{task_id}/positions", response={201: Position}, summary="Where I am on the way")
def add_position(request: HttpRequest, task_id: Id, body: Here) -> object:
    """Taken only on the way; kept 30 days."""
    seen = seen_by(request, task_id)
    if seen.relation != "tasker" or seen.job is None:
        on_job(request, task_id, "set_off")  # says why not, in the flow's words
    assert seen.job is not None
    return presence.ping(seen.job, worker_id=me(request).pk, data=body.dict(), now=instant(request))


@router.post("/{task_id}/arrival", response=Task, summary="I have arrived")
def arrive(request: HttpRequest, task_id: Id, body: Here) -> object:
    """Time and place are kept; the map goes off."""
    return _step(request, task_id, "arrive", body.dict())


@router.post("/{task_id}/contact-attempts", response=Task, summary="I tried to reach the client")
def log_contact_attempt(request: HttpRequest, task_id: Id) -> object:
    """Needed before the client counts as absent."""
    return _step(request, task_id, "log_contact")


@router.post("/{task_id}/client-absence", response=Task, summary="The client is not there")
def report_client_absence(request: HttpRequest, task_id: Id) -> object:
    """20 minutes after the arrival and one attempt to reach them: minimum hours and travel are charged."""
    return _step(request, task_id, "client_absent")


# --- the timer and the hours ----------------------------------------------------------------------------------------


class Extra(Body):
    minutes: int = Field(ge=1, le=720, examples=[30])


class Submission(Body):
    """Without minutes, what the timer shows, rounded up to the quarter."""

    minutes: int | None = Field(None, ge=0, le=2880, examples=[150])
    partial: bool = False
    share_pct: int | None = Field(
        None, ge=5, le=95, description="Of a fixed price, where it was not finished"
    )
    reason: Line = ""


class WorkPhoto(Body):
    asset_id: Id = Field(description="A file of purpose `evidence`")
    kind: Literal["before", "after"] = "after"
    note: Line = ""


class Stop(Body):
    text: Text = Field(min_length=1, examples=["Bare wires in the bathroom"])


@router.post("/{task_id}/timer", response=Task, summary="Start the timer")
def start_timer(request: HttpRequest, task_id: Id, body: Here) -> object:
    """After the arrival; remote work starts here."""
    return _step(request, task_id, "start_timer", body.dict())


@router.post("/{task_id}/timer/pauses", response=Task, summary="Pause the timer")
def pause_timer(request: HttpRequest, task_id: Id) -> object:
    """Time that is not worked is not billed."""
    return _step(request, task_id, "pause")


@router.post("/{task_id}/timer/resumptions", response=Task, summary="Resume the timer")
def resume_timer(request: HttpRequest, task_id: Id) -> object:
    """A new entry begins."""
    return _step(request, task_id, "resume")


@router.post("/{task_id}/extra-time-requests", response=Task, summary="Ask for more time")
def ask_extra_time(request: HttpRequest, task_id: Id, body: Extra) -> object:
    """Above what was planned the client approves first."""
    return _step(request, task_id, "ask_extra", {"minutes": body.minutes})


@router.post("/{task_id}/work-photos", response=Task, summary="Add a photo of the work")
def add_work_photo(request: HttpRequest, task_id: Id, body: WorkPhoto) -> object:
    """An own file; work of high risk needs one of the finished work."""
    seen_by(request, task_id)
    asset = asset_for(me(request), body.asset_id)
    if asset.owner_id != me(request).pk or asset.purpose != "evidence":
        raise Invalid({"asset_id": shown.own_file()})
    return _step(request, task_id, "add_photo", {"asset": asset, "kind": body.kind, "note": body.note})


@router.post("/{task_id}/submission", response=Task, summary="Submit the hours")
def submit_hours(request: HttpRequest, task_id: Id, body: Submission) -> object:
    """Completes the work; the client has a day to confirm or dispute."""
    return _step(request, task_id, "submit", body.dict(exclude_none=True))


@router.post("/{task_id}/safety-stop", response=Task, summary="Stop: it is not safe")
def stop_for_safety(request: HttpRequest, task_id: Id, body: Stop) -> object:
    """Ends the work at once; worked time stays payable, and people look at what happened."""
    return _step(request, task_id, "stop_unsafe", {"text": body.text})


class TaskerCancellation(Body):
    reason: Literal["sick", "double_booked", "too_far", "task_differs", "other", "unsafe"]
    text: Text = ""


@router.post("/{task_id}/tasker-cancellation", response=Task, summary="The Tasker cancels")
def cancel_as_tasker(request: HttpRequest, task_id: Id, body: TaskerCancellation) -> object:
    """Nothing is charged and the task looks for somebody else; it counts, unless the reason is safety."""
    return _step(request, task_id, "tasker_cancel", body.dict())
