"""The figures of the market on one page: fill rate, time to accept, money and volume (KH-STAT-01 to -03)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mahalla.console.dates import day_of
from mahalla.console.pages import moment, screen
from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.places.models import City
from mahalla.kit.market import active
from mahalla.kit.spans import zone
from mahalla.markets.khidma import board, metrics

SPANS = (1, 7, 30, 90)


def figures(request: HttpRequest) -> HttpResponse:
    now = moment(request)
    window, days = _window(request, now)
    whole, waits = metrics.fill(window), metrics.time_to_accept(window)
    names = {c.code: c.names for c in Category.objects.all()}
    cities = list(City.objects.order_by("code"))
    known = board.states()
    return screen(
        request,
        "khidma/console/figures.html",
        _("Marketplace figures"),
        window=window,
        days=days,
        spans=SPANS,
        fill=whole,
        fill_low=whole.pct is not None and whole.pct < 100 * policy.get("alert_fill_rate", now=now),
        waits=waits,
        waits_long=waits.median_min is not None
        and waits.median_min > policy.get("alert_time_to_accept_min", now=now),
        takings=metrics.takings(window),
        by_category=[(names.get(f.key, {}), f) for f in metrics.fill_by(window, "category")],
        by_hour=metrics.fill_by(window, "hour"),
        by_city=[_city(city, window) for city in cities] if not window.city else [],
        volume=[(known[name], count) for name, count in metrics.volume(window).items() if name in known],
        cities=cities,
    )


def _city(city: City, window: metrics.Window) -> dict[str, Any]:
    own = metrics.Window(window.since, window.until, city.code)
    return {
        "city": city,
        "fill": metrics.fill(own),
        "waits": metrics.time_to_accept(own),
        "takings": metrics.takings(own),
    }


def _window(request: HttpRequest, now: datetime) -> tuple[metrics.Window, int]:
    """The last so many days with today, or two written days."""
    asked = request.GET
    city = asked.get("city", "")
    since, until = day_of(asked.get("from", "")), day_of(asked.get("to", ""))
    if since and until and since <= until:
        return metrics.Window(since, until + timedelta(days=1), city), 0
    text = asked.get("days", "7")
    days = int(text) if text.isdigit() and int(text) in SPANS else 7
    local = now.astimezone(zone(active().timezone))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return metrics.Window(today - timedelta(days=days - 1), today + timedelta(days=1), city), days
