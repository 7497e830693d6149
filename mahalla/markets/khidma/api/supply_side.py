"""The Tasker's own side: onboarding, profile, rates, calendar (KH-ID-09, KH-PROFILE-06, KH-CAL)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Body, Id, Line, Text, Word
from mahalla.kernel.catalog.queries import open_category
from mahalla.kernel.media.queries import asset_for
from mahalla.kernel.schedule import queries as calendar
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust import queries as checks
from mahalla.kit.actors import Actor
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import hours, onboarding, rates, supply
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.models import TaskerProfile

router = Router(tags=["The Tasker's side"])


def myself(request: HttpRequest) -> Actor:
    return Actor(me(request).pk, "tasker")


def mine(request: HttpRequest) -> TaskerProfile:
    return onboarding.profile_of(me(request), actor=myself(request))


# --- onboarding and profile -----------------------------------------------------------------------------------------


class Item(Schema):
    code: str
    label: str
    state: str = Field(description="missing, pending, done or rejected")
    note: str


class OwnProfile(Schema):
    bio: str
    languages: list[str]
    tools: list[str]
    photo_url: str
    lat: float | None
    lng: float | None
    radius_km: int
    accepts_pets: bool
    high_skill: bool
    push_new_tasks: bool
    approved: bool
    rejected_reason: str
    checklist: list[Item]


class ChangeProfile(Body):
    name: Line | None = None
    bio: Text | None = None
    languages: list[Word] | None = Field(None, max_length=20)
    tools: list[Word] | None = Field(None, max_length=60)
    photo_id: Id | None = Field(None, description="An own file of purpose `avatar`")
    lat: float | None = Field(None, ge=-85, le=85)
    lng: float | None = Field(None, ge=-180, le=180)
    radius_km: int | None = Field(None, ge=1, le=1000)
    accepts_pets: bool | None = None
    high_skill: bool | None = None
    push_new_tasks: bool | None = None


class Skill(Body):
    code: Word
    years: int = Field(0, ge=0, le=60)
    text: Line = ""


class Skills(Body):
    skills: list[Skill] = Field(max_length=60)


class Portfolio(Body):
    asset_id: Id = Field(description="An own file of purpose `portfolio`")
    caption: Line = ""


class Version(Body):
    version: Word = Field(examples=["1"])


class SendCheck(Body):
    """What one check asks for; documents are own files of purpose `document`."""

    kind: Literal["national_id", "background_check"]
    number: Word = ""
    documents: dict[str, Id] = Field({}, max_length=10, examples=[{"front": 11, "back": 12, "selfie": 13}])
    consent: bool = False
    expires_on: date | None = None


def _profile(request: HttpRequest) -> dict[str, Any]:
    row, viewer = mine(request), me(request)
    fields = (
        "bio",
        "languages",
        "tools",
        "lat",
        "lng",
        "radius_km",
        "accepts_pets",
        "high_skill",
        "push_new_tasks",
        "rejected_reason",
    )
    steps = supply.checklist(viewer, now=instant(request))
    return {
        **{name: getattr(row, name) for name in fields},
        "photo_url": shown.file_url(row.photo) if row.photo else "",
        "approved": row.approved_at is not None,
        "checklist": [
            {"code": s.code, "label": str(s.label), "state": s.state, "note": str(s.note)} for s in steps
        ],
    }


@router.post("", response={201: OwnProfile}, summary="Become a Tasker")
def start_as_tasker(request: HttpRequest) -> object:
    """The role, an empty profile and the checklist; twice is once."""
    onboarding.start(me(request), now=instant(request))
    return _profile(request)


@router.get("", response=OwnProfile, summary="My Tasker profile")
def get_own_profile(request: HttpRequest) -> object:
    """With the checklist of what stands between me and the first offer."""
    return _profile(request)


@router.patch("", response=OwnProfile, summary="Change my Tasker profile")
def change_own_profile(request: HttpRequest, body: ChangeProfile) -> object:
    """What is left out stays."""
    fields = body.dict(exclude_unset=True, exclude_none=True)
    if "photo_id" in fields:
        fields["photo"] = asset_for(me(request), fields.pop("photo_id"))
    onboarding.save_profile(me(request), actor=myself(request), now=instant(request), **fields)
    return _profile(request)


@router.put("/skills", response=OwnProfile, summary="Set my skills")
def set_skills(request: HttpRequest, body: Skills) -> object:
    """Replaces them."""
    rows = [skill.dict() for skill in body.skills]
    onboarding.set_skills(me(request), rows, actor=myself(request), now=instant(request))
    return _profile(request)


@router.post("/portfolio", response={204: None}, summary="Show a picture of my work")
def add_portfolio_photo(request: HttpRequest, body: Portfolio) -> None:
    """At most twelve."""
    mine(request)
    asset = asset_for(me(request), body.asset_id)
    onboarding.add_photo(
        me(request), asset, actor=myself(request), now=instant(request), caption=body.caption
    )


@router.delete("/portfolio/{photo_id}", response={204: None}, summary="Remove a picture of my work")
def remove_portfolio_photo(request: HttpRequest, photo_id: Id) -> None:
    """From the page at once."""
    onboarding.remove_photo(me(request), photo_id, actor=myself(request), now=instant(request))


@router.post("/contract", response=OwnProfile, summary="Accept the contractor agreement")
def accept_contract(request: HttpRequest, body: Version) -> object:
    """The version in force; nobody agrees for somebody else."""
    onboarding.accept_contract(me(request), version=body.version, actor=myself(request), now=instant(request))
    return _profile(request)


@router.post("/checks", response={201: OwnProfile}, summary="Send a check")
def submit_check(request: HttpRequest, body: SendCheck) -> object:
    """National ID or background check; a person looks at it. Documents are kept encrypted."""
    mine(request)
    trust.submit(
        me(request).pk,
        body.kind,
        actor=myself(request),
        now=instant(request),
        number=body.number,
        documents=body.documents,
        consent=body.consent,
        expires_on=body.expires_on,
    )
    return _profile(request)


class Contest(Body):
    text: Text = Field(min_length=1, examples=["The record belongs to somebody of the same name."])


@router.post("/checks/{kind}/contest", response=OwnProfile, summary="Ask for another look")
def contest_check(request: HttpRequest, kind: str, body: Contest) -> object:
    """Once for each rejection."""
    mine(request)
    check = checks.latest(me(request).pk, kind)
    if check is None:
        raise NotFound("check_not_found")
    trust.contest(check, text=body.text, actor=myself(request), now=instant(request))
    return _profile(request)


@router.post("/review-requests", response=OwnProfile, summary="Ask for the review")
def request_review(request: HttpRequest) -> object:
    """Once everything on the checklist is there; our team approves by hand."""
    onboarding.request_review(me(request), actor=myself(request), now=instant(request))
    return _profile(request)


# --- rates ----------------------------------------------------------------------------------------------------------


class SetRate(Body):
    hourly_minor: int | None = Field(None, ge=0, le=10**9, examples=[3000])
    fixed_minor: int | None = Field(None, ge=0, le=10**9)
    minimum_min: int = Field(60, ge=0, le=480, examples=[120])
    travel_fee_minor: int | None = Field(
        None, ge=0, le=10**9, description="The region's own where none is given"
    )
    instant: bool = Field(False, description="Acceptance in advance, inside my calendar")


class Rate(Schema):
    category: str
    name: str
    hourly_minor: int | None
    fixed_minor: int | None
    effective_minor: int = Field(description="What is offered while a newcomer's cap holds")
    minimum_min: int
    travel_fee_minor: int | None
    instant: bool
    capped: bool
    advice_low_minor: int
    advice_middle_minor: int
    advice_high_minor: int


def _rates(request: HttpRequest) -> list[dict[str, Any]]:
    fields = ("hourly_minor", "fixed_minor", "minimum_min", "travel_fee_minor", "instant")
    return [
        {
            "category": own.rate.category.code,
            "name": str(own.rate.category),
            **{name: getattr(own.rate, name) for name in fields},
            "effective_minor": own.effective_minor or own.effective_fixed_minor,
            "capped": own.capped,
            "advice_low_minor": own.advice.low_minor,
            "advice_middle_minor": own.advice.middle_minor,
            "advice_high_minor": own.advice.high_minor,
        }
        for own in rates.own_rates(me(request), now=instant(request))
    ]


@router.get("/rates", response=list[Rate], summary="My rates")
def list_rates(request: HttpRequest) -> object:
    """With what most earn in each category."""
    mine(request)
    return _rates(request)


@router.put("/rates/{category}", response=list[Rate], summary="Work in a category at this price")
def set_rate(request: HttpRequest, category: str, body: SetRate) -> object:
    """From now on; what is agreed keeps its own."""
    mine(request)
    rates.set_rate(
        me(request), open_category(category), actor=myself(request), now=instant(request), **body.dict()
    )
    return _rates(request)


@router.delete("/rates/{category}", response={204: None}, summary="Work in a category no more")
def remove_rate(request: HttpRequest, category: str) -> None:
    """What is agreed stays agreed."""
    mine(request)
    rates.remove_rate(me(request), open_category(category).pk, actor=myself(request), now=instant(request))


# --- calendar -------------------------------------------------------------------------------------------------------


class Hours(Body):
    """Minutes from midnight on the clocks of the Tasker's city; Monday is 0."""

    weekday: int = Field(ge=0, le=6)
    start_min: int = Field(ge=0, le=1440, examples=[540])
    end_min: int = Field(ge=0, le=1440, examples=[1080])


class Week(Body):
    hours: list[Hours] = Field(max_length=70)


class NewBlock(Body):
    start: AwareDatetime
    end: AwareDatetime
    note: Line = ""
    repeats_until: date | None = Field(None, description="Weekly until then")


class OnOff(Body):
    on: bool


class Block(Schema):
    id: int
    start_at: datetime
    end_at: datetime
    note: str
    repeats_until: date | None


class Calendar(Schema):
    on: bool
    hours: list[Hours]
    blocks: list[Block]


def _calendar(request: HttpRequest) -> dict[str, Any]:
    mine(request)
    worker_id = me(request).pk
    fields = ("start_at", "end_at", "note", "repeats_until")
    return {
        "on": worker_id in calendar.switched_on([worker_id]),
        "hours": [
            {"weekday": day, "start_min": start, "end_min": end}
            for day, start, end in calendar.week_of(worker_id)
        ],
        "blocks": [
            {"id": row.pk, **{name: getattr(row, name) for name in fields}}
            for row in calendar.blocks_of(worker_id, now=instant(request))
        ],
    }


@router.get("/calendar", response=Calendar, summary="My calendar")
def get_calendar(request: HttpRequest) -> object:
    """Weekly hours, what is blocked, and the switch."""
    return _calendar(request)


@router.put("/calendar/week", response=Calendar, summary="Set my weekly hours")
def set_week(request: HttpRequest, body: Week) -> object:
    """Replaces them; what is agreed stays."""
    week = [(row.weekday, row.start_min, row.end_min) for row in body.hours]
    hours.set_week(me(request), week, actor=myself(request), now=instant(request))
    return _calendar(request)


@router.post("/calendar/blocks", response={201: Calendar}, summary="Keep time free")
def add_block(request: HttpRequest, body: NewBlock) -> object:
    """Once or weekly; not over accepted work."""
    hours.block(me(request), actor=myself(request), now=instant(request), **body.dict())
    return _calendar(request)


@router.delete("/calendar/blocks/{block_id}", response={204: None}, summary="Give time back")
def remove_block(request: HttpRequest, block_id: Id) -> None:
    """The whole block, with its repetitions."""
    hours.unblock(me(request), block_id, actor=myself(request), now=instant(request))


@router.put("/switch", response=Calendar, summary="On or off")
def set_switch(request: HttpRequest, body: OnOff) -> object:
    """Off takes me from every list at once; accepted work stays."""
    hours.switch(me(request), body.on, actor=myself(request), now=instant(request))
    return _calendar(request)
