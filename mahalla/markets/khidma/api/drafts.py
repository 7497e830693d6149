"""The wizard: a draft that keeps every step, its photos, the preview, posting and edits (KH-REQ-01)."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import File, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.schemas import Body, Id, Line, Text, Word
from mahalla.kit.actors import Actor
from mahalla.markets.khidma import photos, saved, scoping, visibility, wizard
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Photo, Preview, Task
from mahalla.markets.khidma.api.steps import on_task, seen_by
from mahalla.markets.khidma.api.tasks import router as tasks

router = Router(tags=["Posting a task"])

StepName = Literal["category", "details", "photos", "address", "window", "choice", "payment"]


class NewPlace(Body):
    label: Word = Field(examples=["Home"])
    lines: Line = Field(examples=["12 Olaya Street"])
    building: Word = ""
    floor: int | None = Field(None, ge=-10, le=200)
    elevator: bool | None = None
    parking: Literal["none", "limited", "no_parking"] = "none"
    note: Line = ""
    lat: float = Field(ge=-85, le=85)
    lng: float = Field(ge=-180, le=180)


class Fields(Body):
    """The fields of the wizard's steps; what is left out is not touched."""

    category: Word | None = Field(None, examples=["cleaning"])
    pricing_model: Word | None = Field(None, examples=["hourly"])
    text: Text | None = None
    details: dict[str, Any] | None = Field(
        None, examples=[{"items": 5, "floor": 2, "elevator": False}], max_length=60
    )
    address_id: Id | None = None
    address: NewPlace | None = Field(None, description="A new address, which is saved too")
    date: Word | None = Field(None, description="On the clocks of the task's city", examples=["2026-03-02"])
    from_: Word | None = Field(None, alias="from", examples=["14:00"])
    to: Word | None = Field(None, examples=["18:00"])
    flexible: bool | None = None
    choose_for_me: bool | None = None
    no_auto_match: bool | None = None
    first_worker_id: Id | None = None
    method_id: Id | None = None

    def given(self) -> dict[str, Any]:
        return self.dict(exclude_unset=True, exclude_none=True, by_alias=True)


class Again(Body):
    task_id: Id = Field(description="One of my earlier tasks")
    same_tasker: bool = Field(False, description="Ask the Tasker who did it first")
    photos: bool = True


def _client(request: HttpRequest) -> Actor:
    return acting(request, "client")


@tasks.post("", response={201: Task}, summary="Start a draft", tags=["Posting a task"])
def start_task(request: HttpRequest, body: Fields) -> object:
    """With the fields of any steps, or none. It is live only once it is posted."""
    actor = _client(request)
    made = wizard.start(me(request), now=instant(request), origin="api", actor=actor, **body.given())
    return shown.task(visibility.see(me(request), made), now=instant(request))


class Words(Body):
    text: Text = Field(min_length=3, examples=["mount two TVs on third floor"])


class Proposal(Schema):
    """For the client to correct and confirm by starting a draft with it."""

    category: str
    details: dict[str, Any]
    minutes: int
    missing: list[str]


@router.post("/proposals", response=Proposal, summary="Tell what is needed in my own words")
def propose_task(request: HttpRequest, body: Words) -> object:
    """Proposes category, inputs and duration; nothing is kept and nothing posted. Where it is switched on."""
    found = scoping.propose(body.text, now=instant(request))
    return {
        "category": found.category.code,
        "details": found.details,
        "minutes": found.minutes,
        "missing": found.missing,
    }


@router.post("/copies", response={201: Task}, summary="Start from an earlier task")
def copy_task(request: HttpRequest, body: Again) -> object:
    """Everything but the date; `same_tasker` asks the one who did it first."""
    actor, viewer, now = _client(request), me(request), instant(request)
    if body.same_tasker:
        made = saved.book_again(viewer, body.task_id, now=now, actor=actor)
    else:
        made = saved.duplicate(viewer, body.task_id, now=now, photos=body.photos, actor=actor)
    return shown.task(visibility.see(viewer, made), now=now)


@router.put("/{task_id}/steps/{step}", response=Task, summary="Save a step")
def save_step(request: HttpRequest, task_id: Id, step: StepName, body: Fields) -> object:
    """All of the step or, with a sentence for each field that does not fit, nothing. `next_step` says what is open."""
    draft = wizard.draft_for(me(request), task_id)
    wizard.save_step(draft, step, body.given(), actor=Actor(me(request).pk, "client"), now=instant(request))
    return shown.task(seen_by(request, task_id), now=instant(request))


@router.post("/{task_id}/photos", response={201: Photo}, summary="Add a photo")
def add_photo(request: HttpRequest, task_id: Id, photo: File[UploadedFile]) -> object:
    """At most ten; made anew without its place. On a posted task it is an edit like any other."""
    seen = seen_by(request, task_id)
    made = photos.attach(seen.request, photo, actor=seen.actor, now=instant(request))
    return {"id": made.pk, "url": shown.file_url(made.asset), "asset_id": made.asset_id}


@router.delete("/{task_id}/photos/{photo_id}", response={204: None}, summary="Remove a photo")
def remove_photo(request: HttpRequest, task_id: Id, photo_id: Id) -> None:
    """The file goes too, unless another task of mine shows it."""
    seen = seen_by(request, task_id)
    photos.remove(seen.request, photo_id, actor=seen.actor, now=instant(request))


@router.post("/{task_id}/previews", response=Preview, summary="What it will cost")
def preview_task(request: HttpRequest, task_id: Id) -> object:
    """The range with the fee, which holds from here on."""
    draft = wizard.draft_for(me(request), task_id)
    return wizard.preview(draft, now=instant(request))


@router.post("/{task_id}/posting", response=Task, summary="Post a task")
def post_task(request: HttpRequest, task_id: Id) -> object:
    """Live at once. What is still missing is named field by field."""
    seen = seen_by(request, task_id)
    wizard.post(seen.request, actor=seen.actor, now=instant(request))
    return shown.task(seen_by(request, task_id), now=instant(request))


@router.post("/{task_id}/edits", response=Task, summary="Change a task")
def edit_task(request: HttpRequest, task_id: Id, body: Fields) -> object:
    """Before acceptance. A Tasker who was asked gets a new version with its price and a fresh deadline."""
    return shown.task(on_task(request, task_id, "edit", {"fields": body.given()}), now=instant(request))
