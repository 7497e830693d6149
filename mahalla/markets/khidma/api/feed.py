"""The Tasker's feed: open tasks that fit, the best first; no street and no whole name (KH-REQ-15, -16, -17)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.cursors import At, Page
from mahalla.api.schemas import Id
from mahalla.markets.khidma import feed
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Named

router = Router(tags=["The Tasker's feed"])


class Needs(Schema):
    skills: list[str]
    tools: list[str]
    items: int
    floor: int
    elevator: bool
    parking: str
    heavy_lifting: bool
    pets: bool


class FeedItem(Schema):
    task_id: int
    category: Named
    district: str
    distance_m: int | None = Field(description="In steps of 100 m")
    minutes: int
    pricing_model: str
    method_kind: str
    window_start: datetime | None
    window_end: datetime | None
    start_at: datetime = Field(description="The earliest start that fits my calendar")
    price_minor: int
    earnings_minor: int
    currency: str
    is_new: bool
    interested: bool
    score: float
    needs: Needs


def _item(row: feed.FeedItem) -> dict[str, Any]:
    own = ("start_at", "price_minor", "earnings_minor", "currency", "is_new", "interested", "score")
    facts = (
        "district",
        "distance_m",
        "minutes",
        "pricing_model",
        "method_kind",
        "window_start",
        "window_end",
    )
    return {
        "task_id": row.request_id,
        "category": shown.named(row.facts.category),
        "needs": row.facts.needs,
        **{name: getattr(row, name) for name in own},
        **{name: getattr(row.facts, name) for name in facts},
    }


@router.get("", response=Page[FeedItem], summary="Tasks for me")
def list_feed(request: HttpRequest, at: At) -> object:
    """Open tasks within my radius, categories and free hours; nothing while I am off."""
    acting(request, "tasker")
    found = feed.feed_for(me(request), now=instant(request), cursor=at.cursor, limit=at.limit)
    return {"items": [_item(row) for row in found], "next": found.next_cursor or None}


@router.post("/seen", response={204: None}, summary="I have seen my feed")
def mark_feed_seen(request: HttpRequest) -> None:
    """What is posted from now on is marked new."""
    acting(request, "tasker")
    feed.mark_seen(me(request), now=instant(request))


@router.put("/{task_id}/interest", response={204: None}, summary="I would like this task")
def mark_interest(request: HttpRequest, task_id: Id) -> None:
    """Puts me in front of equals on the client's list; it accepts nothing."""
    acting(request, "tasker")
    feed.interested(me(request), task_id, now=instant(request))


@router.delete("/{task_id}/interest", response={204: None}, summary="I would not after all")
def unmark_interest(request: HttpRequest, task_id: Id) -> None:
    """Also where there was no mark."""
    acting(request, "tasker")
    feed.not_interested(me(request), task_id, now=instant(request))
