"""Where the surfaces and the active market are put together.

The shell's pages are the modules ``mahalla/web/urls_….py``; the market's pages come last, at the root, so that it may
answer any address that the shell leaves free.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

import mahalla.web
from mahalla.kit import market
from mahalla.project import health, metrics


def shell() -> list[URLPattern | URLResolver]:
    if find_spec("mahalla.web.urls") is not None:
        return [path("", include("mahalla.web.urls"))]
    names = sorted(module.name for module in pkgutil.iter_modules(mahalla.web.__path__))
    return [path("", include(f"mahalla.web.{name}")) for name in names if name.startswith("urls_")]


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
    path("console/", admin.site.urls),
    *api(),
    *shell(),
    *market_pages(),
]
