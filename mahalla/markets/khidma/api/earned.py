"""What a Tasker earned, and how they stand (KH-STAT-09, KH-STAT-10, KH-PROFILE-10, KH-PAY-14, KH-PAY-16)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Body, Line, Word
from mahalla.kernel.payments import queries as payments
from mahalla.markets.khidma import earnings, onboarding, taskers, tips
from mahalla.markets.khidma.api.schemas import ShownReview
from mahalla.markets.khidma.api.supply_side import mine, myself

router = Router(tags=["Earnings"])


class PayoutMethod(Schema):
    kind: str
    account: str = Field(description="Masked")
    usable_from: datetime


class SetPayoutMethod(Body):
    kind: Literal["bank", "wallet"] = Field(examples=["bank"])
    account: Word = Field(examples=["SA0380000000608010167519"])
    holder: Line = Field(examples=["Sara"])


class Payout(Schema):
    id: int
    reference: str
    amount_minor: int
    currency: str
    due_at: datetime
    state: str
    reason: str


class Earnings(Schema):
    """`total` is `paid` and `pending`; week and month are the running ones, by the day of the work."""

    currency: str
    total_minor: int
    week_minor: int
    month_minor: int
    pending_minor: int
    paid_minor: int
    minutes: int
    tasks: int
    cash_debt_minor: int
    by_state: dict[str, int] = Field(description="Payouts by their state")
    method: PayoutMethod | None
    payouts: list[Payout]


class Span(Schema):
    by: Literal["task", "date", "category"] = "task"
    since: date | None = None
    until: date | None = None


class Sum(Schema):
    key: str
    label: str
    tasks: int
    minutes: int
    parts: dict[str, int]
    net_minor: int


class Statistics(Schema):
    rating: float | None
    reviews_count: int
    reputation: float
    stars: dict[str, int]
    tags: dict[str, int]
    accepted: int
    declined: int
    expired: int
    completed: int
    cancelled: int
    acceptance_pct: int | None
    completion_pct: int | None
    segment: str
    reviews: list[ShownReview]


class Advice(Schema):
    code: str
    title: str
    text: str


def _earnings(request: HttpRequest) -> dict[str, Any]:
    mine(request)
    worker = me(request)
    board = earnings.dashboard(worker, now=instant(request))
    found, method = payments.payouts_for(worker.pk), payments.payout_method_of(worker.pk)
    fields = ("reference", "amount_minor", "currency", "due_at", "state", "reason")
    return {
        **{name: getattr(board, name) for name in BOARD},
        "cash_debt_minor": payments.cash_debt_minor(worker.pk),
        "by_state": found.by_state,
        "method": {"kind": method.kind, "account": method.masked, "usable_from": method.usable_from}
        if method
        else None,
        "payouts": [{"id": row.pk, **{name: getattr(row, name) for name in fields}} for row in found.rows],
    }


BOARD = (
    "currency",
    "total_minor",
    "week_minor",
    "month_minor",
    "pending_minor",
    "paid_minor",
    "minutes",
    "tasks",
)


@router.get("/earnings", response=Earnings, summary="My earnings")
def get_earnings(request: HttpRequest) -> object:
    """The sums, payouts with their dates, and what is owed from cash."""
    return _earnings(request)


@router.get("/earnings/sums", response=list[Sum], summary="My earnings, summed up")
def list_earning_sums(request: HttpRequest, span: Annotated[Span, Query()]) -> object:
    """By task, date or category, with labour, travel, tips, incentives and what went off."""
    mine(request)
    return earnings.breakdown(me(request), span.by, now=instant(request), since=span.since, until=span.until)


@router.get("/earnings/export", summary="My earnings as a spreadsheet")
def export_earnings(request: HttpRequest, span: Annotated[Span, Query()]) -> HttpResponse:
    """CSV, one line a task."""
    mine(request)
    text = earnings.export_csv(me(request), now=instant(request), since=span.since, until=span.until)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="earnings.csv"'
    return response


@router.put("/payout-method", response=Earnings, summary="Where to pay me")
def set_payout_method(request: HttpRequest, body: SetPayoutMethod) -> object:
    """A bank account or wallet in the own name; after a change payouts wait a day."""
    mine(request)
    onboarding.set_payout_method(me(request), actor=myself(request), now=instant(request), **body.dict())
    return _earnings(request)


@router.get("/statistics", response=Statistics, summary="How I stand")
def get_statistics(request: HttpRequest) -> object:
    """Rating, recent reviews, acceptance and completion."""
    mine(request)
    found = taskers.statistics_of(me(request), now=instant(request))
    fields = (
        "reputation",
        "accepted",
        "declined",
        "expired",
        "completed",
        "cancelled",
        "acceptance_pct",
        "completion_pct",
        "segment",
        "reviews",
    )
    return {
        **{name: getattr(found, name) for name in fields},
        "rating": float(found.rating.mean) if found.rating.mean is not None else None,
        "reviews_count": found.rating.count,
        "stars": {str(stars): n for stars, n in found.stars.items()},
        "tags": dict(found.tags),
    }


@router.get("/advice", response=list[Advice], summary="Tips for newcomers")
def list_advice(request: HttpRequest) -> object:
    """Until the fifth completed task; then none."""
    mine(request)
    found = tips.tips_for(me(request), now=instant(request))
    return [{"code": tip.code, "title": str(tip.title), "text": str(tip.text)} for tip in found]
