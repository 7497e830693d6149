"""What a Tasker may know of a task before the booking is confirmed: what, how long, roughly where, what it needs.

There is no street, no building, no name in full and no map point in here, so that nothing made of it can show them
(KH-REQ-16, KH-SEC-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.work.models import Request
from mahalla.kit.text import pick

#: distances are told to 100 m: from exact ones to three places the address could be worked out
STEP_M = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """What the work asks of a Tasker, as codes and structured inputs (KH-REQ-16, US-T-012)."""

    skills: tuple[str, ...]
    tools: tuple[str, ...]
    items: int
    floor: int
    elevator: bool
    parking: str
    heavy_lifting: bool
    pets: bool

    @property
    def stairs(self) -> bool:
        """Floors to climb without a lift."""
        return self.floor > 0 and not self.elevator


@dataclass(frozen=True, slots=True)
class Facts:
    """``distance_m`` is from the Tasker's own centre, in steps of 100; None for work without a place."""

    request_id: int
    category: Category
    district_names: Mapping[str, str]
    city_names: Mapping[str, str]
    distance_m: int | None
    minutes: int
    pricing_model: str
    method_kind: str
    window_start: datetime | None
    window_end: datetime | None
    posted_at: datetime | None
    needs: Needs

    @property
    def district(self) -> str:
        return pick(self.district_names)

    @property
    def km(self) -> str:
        """For showing: ``3.2``."""
        return "" if self.distance_m is None else f"{self.distance_m // 1000}.{self.distance_m % 1000 // 100}"


def needs_of(request: Request) -> Needs:
    category, details = request.category, request.details
    assert category is not None
    skills = {str(code) for code in category.required_skills}
    if details.get("heavy_lifting"):
        skills.add("heavy_lifting")
    return Needs(
        skills=tuple(sorted(skills)),
        tools=tuple(category.tools),
        items=int(details.get("items") or 0),
        floor=int(details.get("floor") or 0),
        elevator=bool(details.get("elevator")),
        parking=str(details.get("parking") or ""),
        heavy_lifting=bool(details.get("heavy_lifting")),
        pets=bool(details.get("pets")),
    )


def facts_of(request: Request, *, lat: float | None, lng: float | None) -> Facts:
    """The facts for a Tasker whose service area has this centre. No queries where category, district and city are read."""
    assert request.category is not None
    district, city = request.district, request.city
    return Facts(
        request_id=request.pk,
        category=request.category,
        district_names=district.names if district else {},
        city_names=city.names if city else {},
        distance_m=_told(metres(request, lat=lat, lng=lng)),
        minutes=request.estimate_min,
        pricing_model=request.pricing_model or "hourly",
        method_kind=request.method_kind,
        window_start=request.window_start,
        window_end=request.window_end,
        posted_at=request.posted_at,
        needs=needs_of(request),
    )


def metres(request: Request, *, lat: float | None, lng: float | None) -> float | None:
    """The way to the task in a straight line; None for remote work, or where a point is missing."""
    remote = request.category is not None and request.category.work_place == Category.WorkPlace.REMOTE
    if remote or lat is None or lng is None or request.lat is None or request.lng is None:
        return None
    return distance_m(lat, lng, request.lat, request.lng)


def _told(exact_m: float | None) -> int | None:
    return None if exact_m is None else round(exact_m / STEP_M) * STEP_M


def as_json(facts: Facts) -> dict[str, Any]:
    """For interfaces: everything above, and nothing else."""
    needs = facts.needs
    return {
        "id": facts.request_id,
        "category": facts.category.code,
        "district": facts.district,
        "distance_m": facts.distance_m,
        "estimate_min": facts.minutes,
        "pricing_model": facts.pricing_model,
        "method_kind": facts.method_kind,
        "window_start": facts.window_start,
        "window_end": facts.window_end,
        "requirements": {name: getattr(needs, name) for name in needs.__slots__},
    }
