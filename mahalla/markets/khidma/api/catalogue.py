"""What can be done here: categories with what they ask, what they cost, the words of reviews; Taskers' public pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Id
from mahalla.kernel.catalog import queries
from mahalla.kernel.catalog.models import Category as Row
from mahalla.kernel.reviews import queries as reviews
from mahalla.kit.text import pick
from mahalla.markets.khidma import guidance, taskers
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Named, TaskerPage

router = Router(tags=["Catalogue"])


class Category(Schema):
    code: str
    name: str
    icon: str
    pricing_models: list[str]
    work_place: str
    risk_class: str
    default_minutes: int
    required_skills: list[str]
    tools: list[str]
    inputs: list[dict[str, Any]] = Field(description="What the wizard asks, with its bounds")


class Group(Schema):
    code: str
    name: str
    icon: str
    children: list[Category]


def _category(row: Row) -> dict[str, Any]:
    fields = (
        "code",
        "icon",
        "pricing_models",
        "work_place",
        "risk_class",
        "default_minutes",
        "required_skills",
        "tools",
    )
    inputs = [{**spec, "name_shown": pick(spec.get("names") or {})} for spec in row.inputs]
    return {"name": pick(row.names), "inputs": inputs, **{name: getattr(row, name) for name in fields}}


@router.get("/categories", response=list[Group], auth=None, summary="What can be done")
def list_categories(request: HttpRequest) -> object:
    """Enabled categories in their order; a category without kinds under it is its own only kind."""
    return [
        {
            "code": branch.category.code,
            "name": pick(branch.category.names),
            "icon": branch.category.icon,
            "children": [_category(row) for row in branch.children or [branch.category]],
        }
        for branch in queries.tree()
    ]


@router.get("/categories/{code}/review-tags", response=list[Named], auth=None, summary="Words for a review")
def list_review_tags(request: HttpRequest, code: str) -> object:
    """The general ones and the category's own."""
    rows = queries.review_tags(queries.open_category(code), about="worker")
    return [shown.named(row) for row in rows]


class Guidance(Schema):
    p25_minor: int
    median_minor: int
    p75_minor: int
    measured: bool = Field(description="Whether it was measured, or is the catalogue's own guess")


@router.get("/categories/{code}/prices", response=Guidance, auth=None, summary="What it costs an hour")
def get_category_prices(request: HttpRequest, code: str) -> object:
    """Quartiles of what was agreed in the last months."""
    row = queries.open_category(code)
    return guidance.rates(row, None, fixed="hourly" not in row.pricing_models, now=instant(request))


@router.get("/taskers/{tasker_id}", response=TaskerPage, summary="A Tasker's page")
def get_tasker(request: HttpRequest, tasker_id: Id) -> object:
    """What clients see of an approved Tasker: no address, no phone."""
    now = instant(request)
    found = taskers.profile_for(me(request), tasker_id, now=now)
    return {
        **shown.tasker(found.card),
        "bio": found.bio,
        "languages": found.languages,
        "tools": found.tools,
        "skills": [
            {"code": s["code"], "name": pick(s["names"]), "years": s["years"], "text": s["text"]}
            for s in found.skills
        ],
        "prices": [_price(row) for row in found.prices],
        "stars": {str(stars): n for stars, n in reviews.breakdown(tasker_id, now=now).items()},
        "tags": dict(found.tags),
        "recent": found.reviews,
        "portfolio": [
            {"id": row.pk, "url": shown.file_url(row.asset), "asset_id": row.asset_id} for row in found.photos
        ],
    }


def _price(row: taskers.Price) -> dict[str, Any]:
    fields = ("hourly_minor", "fixed_minor", "minimum_min", "travel_minor", "instant")
    return {"category": shown.named(row.category), **{name: getattr(row, name) for name in fields}}
