"""Where a Tasker said to be and was not: the list with map, task, times and both parties' history (KH-TRUST-13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mahalla.console.access import TRUST
from mahalla.console.acting import actor_in, acts
from mahalla.console.pages import moment, screen
from mahalla.kernel.trust import audit
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.trust.models import Flag
from mahalla.kernel.work.models import Job

RULE = "gps_mismatch"


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one party: work done, called off, and earlier mismatches."""

    done: int
    cancelled: int
    mismatches: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One mismatch: the task's point, the reported one, and how far apart they are."""

    flag: Flag
    job: Job
    moment: str
    at: datetime
    distance_m: int | None
    points: list[dict[str, Any]]
    worker: History
    client: History
    acts: Any


def mismatches(request: HttpRequest) -> HttpResponse:
    """Every open mismatch. Opening the list is written down once for each that it shows."""
    now, viewer = moment(request), request.user
    entries = [_entry(flag, viewer) for flag in trust.alerts(rule=RULE, with_low=True)[:50]]
    shown = [entry for entry in entries if entry is not None]
    actor = actor_in(viewer, TRUST)  # type: ignore[arg-type]
    for entry in shown:
        audit.viewed(actor, "flag", entry.flag.pk, now, part="positions")
    return screen(request, "khidma/console/gps.html", _("GPS mismatches"), entries=shown)


def _entry(flag: Flag, viewer: Any) -> Entry | None:
    found = flag.evidence
    job = Job.objects.select_related("request", "worker", "client").filter(pk=found.get("job") or 0).first()
    if job is None:
        return None
    points = []
    for key, kind, label in (("task", "place", _("Task")), ("reported", "worker", _("Reported"))):
        lat, lng = found.get(key) or (None, None)
        if lat is not None and lng is not None:
            points.append({"lat": lat, "lng": lng, "kind": kind, "label": label})
    return Entry(
        flag=flag,
        job=job,
        moment=str(found.get("moment", "")),
        at=flag.raised_at,
        distance_m=found.get("distance_m"),
        points=points,
        worker=history(job.worker_id, "worker"),
        client=history(job.client_id, "client"),
        acts=acts(viewer, flag),
    )


def history(user_id: int, side: str) -> History:
    """One party's record, in two queries."""
    jobs = Job.objects.filter(**{f"{side}_id": user_id}).aggregate(
        done=Count("pk", filter=Q(submitted_at__isnull=False)),
        cancelled=Count("pk", filter=Q(state="cancelled_tasker" if side == "worker" else "cancelled_client")),
    )
    before = Flag.objects.filter(rule=RULE)
    about = (
        before.filter(user_id=user_id)
        if side == "worker"
        else before.filter(
            reference__in=[
                f"job:{pk}" for pk in Job.objects.filter(client_id=user_id).values_list("pk", flat=True)
            ]
        )
    )
    return History(jobs["done"], jobs["cancelled"], about.count())
