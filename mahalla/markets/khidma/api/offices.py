"""Offices and property managers: what they are, their sites, one statement a month (KH-REQ-18); behind its flag."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.schemas import Body
from mahalla.markets.khidma import business, segments

router = Router(tags=["Business clients"])


class Segment(Schema):
    segment: str = Field(examples=["repeat_household"])


class Declare(Body):
    segment: Literal["", "small_office", "property_manager", "enterprise"] = Field(examples=["small_office"])


class Site(Schema):
    address_id: int
    label: str
    series: list[int]


class Month(Schema):
    month: date = Field(description="Any day of it", examples=["2026-03-01"])


class StatementLine(Schema):
    number: int
    kind: str
    issued_at: datetime
    job_id: int
    site: str
    series_id: int | None
    amount_minor: int = Field(description="A credit note lowers the sum")


class Statement(Schema):
    month: date
    currency: str
    total_minor: int
    by_site: dict[str, int]
    lines: list[StatementLine]


@router.get("", response=Segment, summary="What kind of client I am")
def get_segment(request: HttpRequest) -> object:
    """Declared for businesses, else by completed tasks."""
    return {"segment": segments.client_segment(me(request))}


@router.put("", response=Segment, summary="Say what business I am")
def declare_segment(request: HttpRequest, body: Declare) -> object:
    """The empty word is a household again."""
    actor = acting(request, "client")
    segments.declare(me(request), body.segment, actor=actor, now=instant(request))
    return get_segment(request)


@router.get("/sites", response=list[Site], summary="My sites")
def list_sites(request: HttpRequest) -> object:
    """Addresses with the series that run there."""
    found = business.sites(me(request), now=instant(request))
    return [
        {"address_id": s.address.pk, "label": s.address.label, "series": [row.pk for row in s.series]}
        for s in found
    ]


@router.get("/statement", response=Statement, summary="My statement of a month")
def get_statement(request: HttpRequest, of: Annotated[Month, Query()]) -> object:
    """Every document of the month, over all sites."""
    found = business.statement(me(request), month=of.month, now=instant(request))
    return {
        "month": found.month,
        "currency": found.currency,
        "total_minor": found.total_minor,
        "by_site": found.by_site,
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: business.StatementLine) -> dict[str, Any]:
    fields = ("number", "kind", "issued_at", "site", "series_id", "amount_minor")
    return {"job_id": line.job.pk, **{name: getattr(line, name) for name in fields}}
