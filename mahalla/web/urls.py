"""The shared pages' addresses. Each ``urls_<area>.py`` beside this file adds its list; the market's own come after."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.urls import URLPattern, URLResolver, path

import mahalla.web
from mahalla.web.views import design, pwa

AREAS = sorted(m.name for m in pkgutil.iter_modules(mahalla.web.__path__) if m.name.startswith("urls_"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("design/", design.components, name="design"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("service-worker.js", pwa.service_worker, name="service-worker"),
    path("offline/", pwa.offline, name="offline"),
    path("brand/<str:colour>.css", design.brand_colours, name="brand-colours"),
    path("brand/icon-<int:size>.png", pwa.icon, name="brand-icon"),
]
for area in AREAS:
    urlpatterns += import_module(f"mahalla.web.{area}").urlpatterns
