"""What the navigation of a page offers: each market (and each shared page) adds its own.

    @nav.register
    def for_workers(request: HttpRequest) -> list[NavItem]:
        if not has_role(request, "worker"):
            return []
        return [NavItem(_("Offers"), reverse("…"), "inbox", badge=waiting(request.user))]

The first five items stand in the bar at the bottom of a phone; all of them at the top of a wide screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

BAR_ITEMS = 5


@dataclass(frozen=True, slots=True)
class NavItem:
    """``badge`` is a count (nothing is shown for 0); ``main`` makes it the one raised action of the bar; ``place`` is
    ``bar`` or ``menu`` (the person's menu); ``order`` sorts, the lowest first."""

    label: Any
    url: str
    icon: str
    badge: int = 0
    main: bool = False
    place: str = "bar"
    order: int = 50


Source = Callable[[HttpRequest], Iterable[NavItem]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """Ask ``source`` on every page; registering it twice is harmless."""
    if source not in _sources:
        _sources.append(source)
    return source


def items(request: HttpRequest) -> list[NavItem]:
    """All items for whoever looks, in order; every source is asked once."""
    return sorted((item for source in _sources for item in source(request)), key=lambda item: item.order)


def current(found: list[NavItem], path: str) -> str:
    """The address among ``found`` under which ``path`` lies: the longest that fits, else nothing."""
    fitting = [
        item.url for item in found if path == item.url or (item.url != "/" and path.startswith(item.url))
    ]
    return max(fitting, key=len, default="")
