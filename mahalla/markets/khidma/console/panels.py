"""What Khidma lays beside a case, a person and a check: the evidence of the work, the activity of the person.

KH-CASE-04, KH-ADMIN-06. Reads only; the pages that show these write the look down.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from mahalla.console import access
from mahalla.console.views.cases import Panel
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.work.models import Job
from mahalla.markets.khidma import billing, board, insurance
from mahalla.markets.khidma.console.inputs import inputs_of
from mahalla.markets.khidma.console.words import SOURCES, WHY
from mahalla.markets.khidma.models import TaskerStats

RECENT = timedelta(days=30)
#: where on the way and at work positions are noted
POSITIONS = ("set_off", "arrive", "start_timer")


# --- beside a case --------------------------------------------------------------------------------------------------


def case_panels(case: Case, *, viewer: User, now: datetime) -> list[Panel]:
    """The task, its offers in all versions, timer against claim, positions, photos, talk and money (KH-CASE-04)."""
    job = Job.objects.select_related("request", "client", "worker").filter(pk=case.job_id or 0).first()
    if job is None:
        return []
    return [
        Panel(_("Timer and claim"), "khidma/console/panel_timer.html", _timer(case, job, now)),
        Panel(_("On the way and at the door"), "khidma/console/panel_gps.html", _positions(job)),
        Panel(_("Photos of the work"), "khidma/console/panel_photos.html", _photos(job)),
        Panel(_("Task"), "khidma/console/panel_task.html", _task(job)),
        Panel(_("Offers"), "khidma/console/panel_offers.html", _offers(job)),
        Panel(_("Money"), "khidma/console/panel_money.html", _money(job)),
        Panel(_("Messages"), "khidma/console/panel_talk.html", _talk(case, job)),
    ]


def _timer(case: Case, job: Job, now: datetime) -> dict[str, Any]:
    """Each interval, their sum, what was billed, and what the client counts."""
    entries = [
        (
            entry.started_at,
            entry.stopped_at,
            int(((entry.stopped_at or now) - entry.started_at).total_seconds() // 60),
        )
        for entry in job.timer.order_by("started_at")
    ]
    return {
        "entries": entries,
        "worked_min": billing.worked_minutes(job, now=now),
        "billed_min": job.data.get("billed_min") or _billed(job),
        "extra_min": job.data.get("extra_approved_min", 0),
        "claimed_min": (case.data or {}).get("minutes"),
        "share_pct": job.data.get("share_pct"),
        "hourly": job.terms.get("pricing_model") == "hourly",
    }


def _billed(job: Job) -> int | None:
    for line in (job.final or {}).get("lines", ()):
        if "minutes" in line.get("meta", {}):
            return int(line["meta"]["minutes"])
    return None


def _positions(job: Job) -> dict[str, Any]:
    """Setting off, arriving and starting: when, and how far from the task's point."""
    rows = Event.objects.filter(noun="job", subject_id=job.pk, name__in=POSITIONS).order_by("pk")
    words = {"set_off": _("Set off"), "arrive": _("Arrived"), "start_timer": _("Started the timer")}
    last = job.pings.order_by("-at").first()
    points: list[dict[str, Any]] = []
    if job.request.lat is not None:
        points.append({"lat": job.request.lat, "lng": job.request.lng, "kind": "place", "label": _("Task")})
    if last is not None and points:
        points.append({"lat": last.lat, "lng": last.lng, "kind": "worker", "label": job.worker.name})
    return {
        "moments": [(words[row.name], row.at, job.data.get(f"{row.name}_distance_m")) for row in rows],
        "arrived": job.arrived_at,
        "start_at": job.start_at,
        "points": points if last is not None else [],
    }


def _photos(job: Job) -> dict[str, Any]:
    return {
        "evidence": job.evidence.select_related("asset", "by").order_by("at"),
        "photos": job.request.photos.select_related("asset"),
    }


def _task(job: Job) -> dict[str, Any]:
    """What was agreed: the inputs in the words of the version that the task was posted with."""
    request = job.request
    return {
        "task": request,
        "job": job,
        "state": board.states()[request.status],
        "inputs": inputs_of(request),
        "cover": insurance.shown(job.terms.get("insurance")),
    }


def _offers(job: Job) -> dict[str, Any]:
    """Every offer of the task and each version of it, as the record has them."""
    offers = list(job.request.offers.select_related("worker").order_by("pk"))
    events: dict[int, list[Event]] = {}
    for event in Event.objects.filter(noun="offer", subject_id__in=[o.pk for o in offers]).order_by("pk"):
        events.setdefault(event.subject_id or 0, []).append(event)
    return {"offers": [(o, events.get(o.pk, [])) for o in offers], "why": WHY, "sources": SOURCES}


def _money(job: Job) -> dict[str, Any]:
    holds = Hold.objects.filter(reference=job.reference).select_related("method").prefetch_related("refunds")
    return {
        "job": job,
        "lines": (job.final or job.quote or {}).get("lines", []),
        "total_minor": (job.final or job.quote or {}).get("total_minor"),
        "agreed_minor": (job.quote or {}).get("total_minor"),
        "holds": list(holds.order_by("pk")),
        "payouts": list(Payout.objects.filter(reference=job.reference).order_by("pk")),
    }


def _talk(case: Case, job: Job) -> dict[str, Any]:
    threads = Thread.objects.filter(subject=job.request.stream).order_by("pk")
    return {"threads": threads, "case": case}


# --- beside a person ------------------------------------------------------------------------------------------------


def person_panels(person: User, *, viewer: User, now: datetime) -> list[Panel]:
    """Tasks, cancellations, payments and what a Tasker's numbers say (KH-ADMIN-06)."""
    jobs = board.tasks_of(person.pk)
    stats = TaskerStats.objects.filter(worker=person).first()
    context = {
        "person": person,
        "tasks": [
            (task, board.states()[task.status]) for task in jobs.select_related("category", "client")[:20]
        ],
        "task_count": jobs.count(),
        "cancellations": board.cancellations_of(person.pk, since=now - RECENT),
        "opens_tasks": access.OPERATIONS in access.sections_of(viewer),
    }
    money = {
        "holds": payments.history_for(person.pk)[:15],
        "payouts": Payout.objects.filter(worker=person).order_by("-pk")[:15],
    }
    panels = [
        Panel(_("Tasks"), "khidma/console/panel_activity.html", context),
        Panel(_("Payments"), "khidma/console/panel_payments.html", money),
    ]
    if stats is not None:
        rating = reviews.rating_of(person.pk, now=now)
        panels.append(
            Panel(_("As a Tasker"), "khidma/console/panel_tasker.html", {"stats": stats, "rating": rating})
        )
    return panels


def check_panels(check: Any, *, viewer: User, now: datetime) -> list[Panel]:
    """What else a Tasker still lacks, beside the check that is being decided."""
    from mahalla.markets.khidma import supply

    steps = supply.checklist(check.user, now=now)
    return [Panel(_("Onboarding"), "khidma/console/panel_steps.html", {"steps": steps})]
