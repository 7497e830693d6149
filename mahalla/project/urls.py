"""Where the surfaces and the active market are put together.

The market's pages come last, at the root, so that it may answer any address that the shell leaves free.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from mahalla.console.site import site as console
from mahalla.kit import market
from mahalla.project import health, metrics
from mahalla.web.views.identity import staff_door


def market_pages() -> list[URLPattern | URLResolver]:
    if not market.registered():
        return []
    pages = market.active().urls
    return [path("", include(pages))] if pages else []


def api() -> list[URLPattern | URLResolver]:
    if find_spec("mahalla.api.urls") is None:
        return []
    return [path("api/v1/", import_module("mahalla.api.urls").api.urls)]


urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics.metrics),
    path("console/login/", staff_door),
    path("console/", console.urls),
    *api(),
    path("", include("mahalla.web.urls")),
    *market_pages(),
]
