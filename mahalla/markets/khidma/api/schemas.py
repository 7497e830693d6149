"""What the API says about tasks, offers, jobs and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from mahalla.api.schemas import Action, Minor


class Named(Schema):
    code: str
    name: str


class Badge(Named):
    checked_at: datetime = Field(description="When it was checked")


class Person(Schema):
    """Another person, by the name that the reader may know; never a phone number."""

    id: int
    name: str


class Step(Action):
    href: str = Field(description="Where to POST it", examples=["/api/v1/tasks/12/arrival"])


class Place(Schema):
    """The whole address only for who may know it (`exact`); else the district and how far it is from the Tasker."""

    district: str = ""
    city: str = ""
    exact: bool = False
    distance_m: int | None = Field(None, description="From the Tasker's home, in steps of 100 m")
    label: str | None = None
    lines: str | None = None
    building: str | None = None
    floor: int | None = None
    elevator: bool | None = None
    parking: str | None = None
    note: str | None = None
    lat: float | None = None
    lng: float | None = None


class Position(Schema):
    lat: float
    lng: float
    accuracy_m: float | None
    at: datetime


class PriceLine(Schema):
    kind: str = Field(examples=["labour"])
    amount_minor: Minor
    payee: str = Field(description="worker, platform or tax")


class Price(Schema):
    """What the client pays. A Tasker sees the own lines only."""

    currency: str
    total_minor: Minor
    worker_minor: Minor
    lines: list[PriceLine]


class Cover(Schema):
    """What is insured of the task, and what never is. It is frozen when somebody accepts."""

    status: str = Field(description="standard or excluded", examples=["standard"])
    reasons: list[str] = Field(description="Why it is excluded", examples=[[]])
    exclusions: list[str] = Field(examples=[["cash_jewellery", "gas_mains", "pre_existing"]])
    version: str = Field(description="Of the list of exclusions")
    liability_minor: Minor
    damage_minor: Minor
    currency: str


class Preview(Schema):
    """The range before a Tasker is chosen, and what it was made of."""

    currency: str
    low_minor: Minor
    high_minor: Minor
    minutes: int
    fee_pct: str
    complexity: float
    insurance: Cover | None = None
    at: datetime


class Photo(Schema):
    id: int
    url: str
    asset_id: int


class TaskCard(Schema):
    id: int
    status: str = Field(description="The task's one word", examples=["offered"])
    category: Named | None
    window_start: datetime | None
    window_end: datetime | None
    flexible: bool
    minutes: int
    place: Place
    created_at: datetime
    posted_at: datetime | None
    client: Person
    tasker: Person | None


class WorkPicture(Schema):
    id: int
    kind: str
    url: str
    note: str
    at: datetime


class Timer(Schema):
    running: bool
    worked_min: int
    entries: list[dict[str, datetime | None]]


class Job(Schema):
    id: int
    state: str
    progress: str = Field(description="empty, en_route or arrived")
    start_at: datetime
    end_at: datetime
    agreed: Price
    insurance: Cover | None = Field(None, description="As it stood when the Tasker accepted")
    final: Price | None = Field(description="What the work came to, once it is submitted")
    held_minor: int | None = Field(None, description="Secured on the client's method (client only)")
    billed_min: int | None
    extra_asked_min: int
    extra_approved_min: int
    timer: Timer
    photos: list[WorkPicture]
    arrived_at: datetime | None
    submitted_at: datetime | None
    confirmed_at: datetime | None
    review_until: datetime | None = Field(None, description="Until when the client may confirm or dispute")
    refund_kind: str
    ended_reason: str
    case_id: int | None


class Task(TaskCard):
    text: str
    details: dict[str, Any]
    pricing_model: str
    version: int
    origin: str
    preview: Preview | None = Field(None, description="Client only")
    steps: list[str] = Field([], description="Of the wizard, while it is a draft")
    next_step: str = Field("", description="Where the draft goes on")
    photos: list[Photo]
    offer_id: int | None = Field(None, description="The offer that waits for an answer")
    job: Job | None
    thread_id: int | None
    position: Position | None = Field(None, description="Client only, while the Tasker is on the way")
    eta_min: int | None = None
    actions: list[Step]


class Offer(Schema):
    id: int
    task: TaskCard
    state: str
    version: int
    source: str
    answer_until: datetime | None
    earnings_minor: int = Field(description="About what the Tasker earns", examples=[10400])
    currency: str
    insurance: Cover
    details: dict[str, Any]
    text: str
    photos: list[Photo]
    actions: list[Step]


class Factor(Schema):
    name: str = Field(examples=["distance"])
    value: float
    weight: float
    contribution: float


class Adjustment(Schema):
    """What a control did: to the score up to the sort, to the place after it."""

    control: str = Field(examples=["new_tasker"])
    stage: str
    before: float
    after: float
    reasons: list[str]


class TaskerCard(Schema):
    id: int
    name: str
    photo_url: str
    rating: float | None = Field(description="One decimal; null without reviews")
    reviews: int
    completed: int
    completion_pct: int | None
    is_new: bool
    badges: list[Badge]


class Recommendation(Schema):
    """One Tasker who can do the task, with every factor of their place."""

    place: int
    score: float
    tasker: TaskerCard
    price: Price
    start_at: datetime | None
    distance_m: int | None
    interested: bool
    favourite: bool
    factors: list[Factor]
    adjustments: list[Adjustment]


class Recommendations(Schema):
    version: str = Field(description="Of the ranking's model")
    fallback: bool
    items: list[Recommendation]


class ShownReview(Schema):
    id: int
    author_name: str
    stars: int | None
    text: str
    tags: list[str]
    created_at: datetime
    reply: str


class KnownSkill(Named):
    years: int
    text: str


class Asked(Schema):
    """What a Tasker asks in a category."""

    category: Named
    hourly_minor: int | None
    fixed_minor: int | None
    minimum_min: int
    travel_minor: int | None
    instant: bool


class TaskerPage(TaskerCard):
    bio: str
    languages: list[str]
    tools: list[str]
    skills: list[KnownSkill]
    prices: list[Asked]
    stars: dict[str, int]
    tags: dict[str, int]
    recent: list[ShownReview]
    portfolio: list[Photo]


class Past(TaskCard):
    on: datetime | None = Field(description="When the work was, or was wanted")
    amount_minor: int | None
    review: ShownReview | None


class Receipt(Schema):
    number: int
    name: str = Field(examples=["KH-000042"])
    kind: str
    job_id: int
    currency: str
    total_minor: int
    lines: list[dict[str, Any]]
    issued_at: datetime
