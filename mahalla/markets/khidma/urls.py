"""Khidma's pages: the clients', the Taskers' and the demo's, each in a list of its own."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
for area in ("client", "tasker", "demo"):
    name = f"mahalla.markets.khidma.pages.urls_{area}"
    if find_spec(name) is not None:
        urlpatterns += import_module(name).urlpatterns
