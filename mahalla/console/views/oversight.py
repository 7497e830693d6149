"""Who did what, what happened to one thing, and whether the platform's own clockwork runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mahalla.console import trail, waiting
from mahalla.console.access import PEOPLE, sections_of
from mahalla.console.dates import day_of
from mahalla.console.pages import moment, screen
from mahalla.kernel.events.models import OutboxItem
from mahalla.kernel.flow.models import DeadlineRow, Heartbeat, RecurringRun
from mahalla.kernel.flow.recurring import schedule
from mahalla.kit.market import active

PER_PAGE = 50


def audit(request: HttpRequest) -> HttpResponse:
    """What staff did and saw, append-only, newest first (KH-SEC-06, KH-ADMIN-07)."""
    asked = request.GET
    since, until = day_of(asked.get("from", "")), day_of(asked.get("to", ""))
    actor = asked.get("actor", "")
    rows = trail.staff_actions(
        actor_id=int(actor) if actor.isdigit() else None,
        role=asked.get("role", ""),
        name=asked.get("what", "").strip(),
        since=since,
        until=until + timedelta(days=1) if until else None,
        looks=asked.get("looks", ""),
    )
    page = Paginator(rows, PER_PAGE).get_page(asked.get("page"))
    return screen(
        request,
        "console/audit.html",
        _("Audit log"),
        page=page,
        entries=trail.told(page.object_list),
        roles=[role for role in active().roles if role.staff],
        asked=asked,
        query=_query(request),
        opens_people=PEOPLE in sections_of(request.user),
    )


def stream(request: HttpRequest) -> HttpResponse:
    """The events of one piece of work or person in their order."""
    key = request.GET.get("of", "").strip()
    entries = trail.told(trail.stream(key)[:500]) if key else []
    return screen(request, "console/stream.html", _("Event stream"), key=key, entries=entries)


def jobs(request: HttpRequest) -> HttpResponse:
    """Each recurring job with its last run, result and next run (KH-OPS-02)."""
    runs = {row.name: row for row in RecurringRun.objects.all()}
    listed = [{"job": job, "run": runs.get(job.name)} for job in schedule()]
    return screen(request, "console/jobs.html", _("Recurring jobs"), jobs=listed)


def health(request: HttpRequest) -> HttpResponse:
    """Deadlines and deliveries: how many wait, what is late, what failed and why."""
    now = moment(request)
    return screen(
        request,
        "console/health.html",
        _("Deadlines and outbox"),
        deadlines=_deadlines(now),
        outbox=_outbox(now),
        beats=Heartbeat.objects.order_by("name"),
    )


def _deadlines(now: datetime) -> dict[str, Any]:
    late = DeadlineRow.objects.filter(due_at__lt=now - waiting.LATE).order_by("due_at")
    return {
        "pending": DeadlineRow.objects.filter(due_at__isnull=False).count(),
        "standing": DeadlineRow.objects.filter(due_at__isnull=True).count(),
        "late": late.count(),
        "rows": late[:50],
        "next": DeadlineRow.objects.filter(due_at__gte=now).order_by("due_at")[:10],
        "kinds": DeadlineRow.objects.filter(due_at__isnull=False)
        .values("noun", "name")
        .annotate(n=Count("pk"), first=Min("due_at"))
        .order_by("first"),
    }


def _outbox(now: datetime) -> dict[str, Any]:
    open_ = OutboxItem.objects.filter(done_at__isnull=True, failed_at__isnull=True)
    late = open_.filter(due_at__lt=now - waiting.LATE)
    return {
        "pending": open_.count(),
        "late": late.count(),
        "failed": OutboxItem.objects.filter(failed_at__isnull=False).count(),
        "rows": OutboxItem.objects.filter(Q(failed_at__isnull=False) | Q(pk__in=late.values("pk"))).order_by(
            "due_at"
        )[:50],
    }


def _query(request: HttpRequest) -> str:
    """The filters without the page, for the links of the pager."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()
