"""A person's share of the work in their export, and what goes when they leave (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Evidence, Job, Offer, Ping, Request

ASKED = ("pk", "status", "text", "details", "place", "window_start", "window_end", "posted_at", "created_at")
DONE = ("pk", "request_id", "state", "start_at", "end_at", "submitted_at", "final", "ended_reason")


def own_data(user: User) -> dict[str, Any]:
    """What was asked for, what was offered, and the work itself on either side."""
    jobs = Job.objects.filter(Q(client=user) | Q(worker=user)).order_by("pk")
    return {
        "requests": [_row(row, ASKED) for row in Request.objects.filter(client=user).order_by("pk")],
        "offers": list(
            Offer.objects.filter(worker=user)
            .order_by("pk")
            .values("pk", "request_id", "state", "created_at", "answered_at")
        ),
        "jobs": [
            {**_row(job, DONE), "as": "client" if job.client_id == user.pk else "worker"} for job in jobs
        ],
    }


def _row(row: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields}


def erase(user_id: int, now: datetime) -> None:
    """Words, places and positions go; state, times and money of the work stay, for the other side and the books."""
    blot = privacy.blotter(user_id)
    own = Request.objects.filter(client_id=user_id)
    own.update(text="", place={}, lat=None, lng=None)
    Ping.objects.filter(Q(job__worker_id=user_id) | Q(job__client_id=user_id)).delete()
    jobs = Job.objects.filter(Q(client_id=user_id) | Q(worker_id=user_id))
    requests = Request.objects.filter(Q(client_id=user_id) | Q(jobs__worker_id=user_id)).distinct()
    privacy.blot_rows(requests, "text", "details", "data", blot=blot)
    privacy.blot_rows(jobs, "data", "terms", blot=blot)
    privacy.blot_rows(Offer.objects.filter(request__in=requests), "reason", "data", blot=blot)
    privacy.blot_rows(Evidence.objects.filter(job__in=jobs), "note", blot=blot)
