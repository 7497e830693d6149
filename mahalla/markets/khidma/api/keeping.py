"""What a client keeps: templates, favourites, series (KH-REQ-10, KH-REQ-12, KH-PROFILE-11)."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.schemas import Body, Id, Word
from mahalla.kit.actors import Actor
from mahalla.markets.khidma import saved, series, visibility, wizard
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Task
from mahalla.markets.khidma.models import Series as Row

router = Router(tags=["Kept"])


class Template(Schema):
    id: int
    name: str
    created_at: datetime


class NewTemplate(Body):
    task_id: Id
    name: Word = Field(examples=["Weekly clean"])


class FromTemplate(Body):
    photos: bool = False


class Favourite(Schema):
    tasker_id: int
    name: str
    since: datetime
    rating: float | None
    categories: list[str]
    available: bool
    next_free: datetime | None


class Day(Schema):
    day: date
    start: datetime
    end: datetime
    state: str
    task_id: int | None


class Series(Schema):
    id: int
    every: str
    first_day: date
    from_time: time
    to_time: time
    until: date | None
    count: int | None
    address: str
    stopped: bool
    coming: list[Day]


class NewSeries(Body):
    task_id: Id = Field(description="A complete draft; it is used up")
    every: Literal["weekly", "every_2_weeks", "monthly"]
    until: date | None = None
    count: int | None = Field(None, ge=1, le=520)


class Skip(Body):
    day: date


@router.get("/templates", response=list[Template], summary="My templates")
def list_templates(request: HttpRequest) -> object:
    """By name."""
    return saved.templates_of(me(request))


@router.post("/templates", response={201: Template}, summary="Keep a task as a template")
def save_template(request: HttpRequest, body: NewTemplate) -> object:
    """Everything but its date; the same name again replaces it."""
    return saved.save_template(me(request), body.task_id, name=body.name, now=instant(request))


@router.post("/templates/{template_id}/drafts", response={201: Task}, summary="Start from a template")
def start_from_template(request: HttpRequest, template_id: Id, body: FromTemplate) -> object:
    """A new draft equal to it in everything but the date."""
    viewer, now = me(request), instant(request)
    actor = Actor(viewer.pk, "client")
    made = saved.start_from_template(viewer, template_id, now=now, photos=body.photos, actor=actor)
    return shown.task(visibility.see(viewer, made), now=now)


@router.delete("/templates/{template_id}", response={204: None}, summary="Remove a template")
def remove_template(request: HttpRequest, template_id: Id) -> None:
    """Drafts that were made from it stay."""
    saved.remove_template(me(request), template_id)


@router.get("/favourites", response=list[Favourite], summary="My favourite Taskers")
def list_favourites(request: HttpRequest) -> object:
    """With whether they work now and their next free hour."""
    return [_favourite(row) for row in saved.favourites(me(request), now=instant(request))]


def _favourite(row: saved.FavouriteCard) -> dict[str, Any]:
    return {
        "tasker_id": row.worker.pk,
        "name": row.worker.name,
        "since": row.since,
        "rating": float(row.rating.mean) if row.rating.mean is not None else None,
        "categories": row.categories,
        "available": row.available,
        "next_free": row.next_free,
    }


@router.put("/favourites/{tasker_id}", response={204: None}, summary="Mark a favourite")
def add_favourite(request: HttpRequest, tasker_id: Id) -> None:
    """Twice is once."""
    saved.add_favourite(me(request), tasker_id, now=instant(request))


@router.delete("/favourites/{tasker_id}", response={204: None}, summary="Unmark a favourite")
def remove_favourite(request: HttpRequest, tasker_id: Id) -> None:
    """Also where there was none."""
    saved.remove_favourite(me(request), tasker_id)


@router.get("/series", response=list[Series], summary="My recurring tasks")
def list_series(request: HttpRequest) -> object:
    """Running ones first, each with its coming days."""
    return [_series(row, instant(request)) for row in series.series_of(me(request))]


def _series(row: Row, now: datetime) -> dict[str, Any]:
    fields = ("every", "first_day", "from_time", "to_time", "until", "count")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in fields},
        "address": row.address.label,
        "stopped": row.stopped_at is not None,
        "coming": [
            {
                "day": day.day,
                "start": day.start,
                "end": day.end,
                "state": day.state,
                "task_id": day.request.pk if day.request else None,
            }
            for day in series.coming(row, now=now)
        ],
    }


@router.post("/series", response={201: Series}, summary="Make a draft recurring")
def start_series(request: HttpRequest, body: NewSeries) -> object:
    """Each day is posted a week ahead and offered first to the Tasker of the time before."""
    draft = wizard.draft_for(me(request), body.task_id)
    made = series.start(
        draft,
        every=body.every,
        until=body.until,
        count=body.count,
        actor=acting(request, "client"),
        now=instant(request),
    )
    return _series(made, instant(request))


@router.post("/series/{series_id}/skips", response=Series, summary="Leave a day out")
def skip_day(request: HttpRequest, series_id: Id, body: Skip) -> object:
    """The series lives on. A day that is booked is cancelled as a task instead."""
    row = series.series_for(me(request), series_id)
    actor = Actor(me(request).pk, "client")
    return _series(series.skip(row, body.day, actor=actor, now=instant(request)), instant(request))


@router.post("/series/{series_id}/stop", response=Series, summary="Stop a series")
def stop_series(request: HttpRequest, series_id: Id) -> object:
    """What is posted stays."""
    row = series.series_for(me(request), series_id)
    actor = Actor(me(request).pk, "client")
    return _series(series.stop(row, actor=actor, now=instant(request)), instant(request))
