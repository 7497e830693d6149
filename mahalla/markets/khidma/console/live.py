"""The live board and the queue of tasks that nobody takes (KH-ADMIN-01, KH-ADMIN-02).

A page holds a part with an address of its own; the stream's topic ``ops`` makes the browser fetch it again, and without
a stream it asks every five seconds. What has not changed is not sent again (204).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from mahalla.console.pages import moment, screen
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.places.models import City
from mahalla.markets.khidma import board
from mahalla.markets.khidma.console.words import DEADLINES, MARKS, SOURCES, WHY

ROWS = "khidma/console/board_rows.html"
QUEUE = "khidma/console/unaccepted_rows.html"


def board_page(request: HttpRequest) -> HttpResponse:
    """All active tasks with state, age, category, city, client, Tasker and next deadline, as list and map."""
    return screen(
        request,
        "khidma/console/board.html",
        _("Live board"),
        is_fullwidth="1",
        categories=Category.objects.order_by("position", "code"),
        cities=City.objects.order_by("code"),
        **_board(request),
    )


def rows(request: HttpRequest) -> HttpResponse:
    """Only the rows, for the live part."""
    return _part(request, ROWS, _board(request))


def _board(request: HttpRequest) -> dict[str, Any]:
    asked, now = request.GET, moment(request)
    known = board.states()
    wanted = board.Filter(
        states=tuple(s for s in asked.getlist("state") if s in known and s in board.ACTIVE),
        category=asked.get("category", ""),
        city=asked.get("city", ""),
        late=bool(asked.get("late")),
        text=asked.get("q", "").strip(),
    )
    found = board.active_tasks(now=now, wanted=wanted)
    tallies = board.counts()
    as_map = asked.get("view") == "map"
    return {
        "rows": found,
        "tallies": [(known[name], count, name in wanted.states) for name, count in tallies.items()],
        "total": sum(tallies.values()),
        "wanted": wanted,
        "as_map": as_map,
        "points": [row.point for row in found if row.point] if as_map else [],
        "deadlines": DEADLINES,
        "marks": MARKS,
        "stamp": _stamp(
            [
                (r.request.pk, r.request.status, r.due_at, r.late, r.worker and r.worker.pk, r.marks)
                for r in found
            ],
            now,
        ),
        "query": _filters(request),
        "filters": [(key, value) for key, values in asked.lists() for value in values if key != "seen"],
        "rows_url": reverse("admin:board-rows"),
    }


def queue(request: HttpRequest) -> HttpResponse:
    """Tasks not accepted so many minutes after posting, with the offers made and what came of each."""
    return screen(
        request, "khidma/console/unaccepted.html", _("Not accepted"), is_fullwidth="1", **_queue(request)
    )


def queue_rows(request: HttpRequest) -> HttpResponse:
    return _part(request, QUEUE, _queue(request))


def _queue(request: HttpRequest) -> dict[str, Any]:
    now = moment(request)
    found = board.unaccepted(now=now)
    return {
        "waiting": found,
        "after_min": int(board.alert_after(now).total_seconds() // 60),
        "why": WHY,
        "sources": SOURCES,
        "stamp": _stamp(
            [(w.request.pk, w.request.state, [(o.pk, o.state) for o in w.offers]) for w in found], now
        ),
        "rows_url": reverse("admin:unaccepted-rows"),
    }


def _part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if request.GET.get("seen") == context["stamp"]:
        return HttpResponse(status=204)
    return render(request, template, {**context, "now": moment(request)})


def _stamp(what: list[Any], now: datetime) -> str:
    """What the rows say, in short; ages are told by the minute, so each minute is another stamp."""
    return hashlib.sha256(f"{what}{now:%Y%m%d%H%M}".encode()).hexdigest()[:16]


def _filters(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("seen", None)
    return kept.urlencode()
