"""How the house looks outside: name, mark and accent of the market, or of a white-label brand of it.

A market registers its ``Brand`` once; ``chosen_by`` lets it pick another per request (a partner's domain).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from mahalla.kit import market

#: accents drawn in ``app.css`` for light and dark; ``(light, dark)`` for the browser's own bars
ACCENTS = {
    "palm": ("#0b6b53", "#4fc7a2"),
    "lapis": ("#2c4fb0", "#9db4ff"),
    "clay": ("#a8431f", "#f3a17d"),
    "rose": ("#a3195b", "#f49ac0"),
    "ocean": ("#0a6487", "#79c6e6"),
}
BACKGROUND = ("#fbf9f5", "#14120f")


@dataclass(frozen=True, slots=True)
class Brand:
    """``accent`` is one of ``ACCENTS``; ``mark`` one of ``pictures.MARKS``; ``logo_url`` replaces the drawn mark."""

    name: Any
    accent: str = "palm"
    mark: str = "arch"
    tagline: Any = ""
    logo_url: str = ""

    def __post_init__(self) -> None:
        if self.accent not in ACCENTS:
            raise ValueError(f"no accent {self.accent!r}; there are {', '.join(ACCENTS)}")

    @property
    def colour(self) -> str:
        return ACCENTS[self.accent][0]


_brands: dict[str, Brand] = {}
_choosers: list[Callable[[HttpRequest], Brand | None]] = []


def register(market_name: str, brand: Brand) -> Brand:
    _brands[market_name] = brand
    return brand


def chosen_by(chooser: Callable[[HttpRequest], Brand | None]) -> Callable[[HttpRequest], Brand | None]:
    """Ask ``chooser`` first for each request (a partner's own domain); ``None`` means the market's brand."""
    if chooser not in _choosers:
        _choosers.append(chooser)
    return chooser


def of(request: HttpRequest | None = None) -> Brand:
    """The brand this page wears."""
    for chooser in _choosers if request is not None else ():
        found = chooser(request)  # type: ignore[arg-type]
        if found is not None:
            return found
    active = market.active()
    return _brands.get(active.name) or Brand(active.title)
