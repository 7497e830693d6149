"""What the page shell shows on every page, as ``shell`` in every template; nothing is asked before it is shown."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_bidi

from mahalla.kit import market
from mahalla.web import brand, nav, pictures


class Shell:
    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def market(self) -> market.Market | None:
        try:
            return market.active()
        except market.UnknownMarket:
            return None

    @cached_property
    def brand(self) -> brand.Brand:
        return brand.of(self._request) if self.market else brand.Brand("mahalla")

    @property
    def title(self) -> Any:
        return self.brand.name

    @cached_property
    def logo(self) -> str:
        return pictures.logo(self.brand.mark)

    @cached_property
    def theme(self) -> dict[str, str]:
        return {"light": brand.BACKGROUND[0], "dark": brand.BACKGROUND[1]}

    @property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def direction(self) -> str:
        return "rtl" if get_language_bidi() else "ltr"

    @cached_property
    def languages(self) -> tuple[tuple[str, str], ...]:
        return (
            self.market.languages
            if self.market
            else tuple((code, str(name)) for code, name in settings.LANGUAGES)
        )

    @cached_property
    def items(self) -> list[nav.NavItem]:
        return nav.items(self._request)

    @cached_property
    def bar(self) -> list[nav.NavItem]:
        return [item for item in self.items if item.place == "bar"]

    @property
    def tabs(self) -> list[nav.NavItem]:
        return self.bar[: nav.BAR_ITEMS]

    @cached_property
    def menu(self) -> list[nav.NavItem]:
        return [item for item in self.items if item.place == "menu"]

    @cached_property
    def current(self) -> str:
        return nav.current(self.bar, self._request.path)

    @property
    def stream_url(self) -> str:
        return str(settings.MAHALLA_STREAM_URL)

    @property
    def tiles(self) -> str:
        return str(settings.MAHALLA_MAP_TILES)


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the page shell shows on every page."""
    return {"shell": Shell(request)}
