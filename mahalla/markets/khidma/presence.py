"""Where the Tasker is, while that matters: on the way, on arrival, at the start (KH-FLOW-16..18, KH-TRUST-08)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.trust import flags
from mahalla.kernel.work.models import Job, Ping
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Invalid, Refused

#: a car in a city's traffic as the crow flies, 21.3 km/h: 3.2 km are 9 minutes (KH-UX-06)
METRES_A_MINUTE = 355


def note(job: Job, data: Mapping[str, Any], *, now: datetime) -> Ping | None:
    """Keep a position that came with a step; None where the phone gave none."""
    point = _point(data)
    if point is None:
        return None
    accuracy = data.get("accuracy_m")
    return Ping.objects.create(
        job=job,
        at=now,
        lat=point[0],
        lng=point[1],
        accuracy_m=float(accuracy) if accuracy is not None else None,
    )


def ping(job: Job, *, worker_id: int, data: Mapping[str, Any], now: datetime) -> Ping:
    """A position on the way. Taken only while en route, so that nobody is followed longer than needed."""
    if job.worker_id != worker_id or job.progress != "en_route" or job.state != "confirmed":
        raise Refused("not_en_route", _("Positions are taken only on the way to a task."))
    made = note(job, data, now=now)
    if made is None:
        raise Invalid({"lat": _("The position is missing.")})
    return made


def live_position(job: Job) -> Ping | None:
    """What the client may see: the last position while the Tasker is on the way, nothing before or after."""
    if job.state != "confirmed" or job.progress != "en_route":
        return None
    return job.pings.order_by("-at", "-pk").first()


def eta_min(job: Job) -> int | None:
    """Minutes to the address at the city's speed; None without a position."""
    last = live_position(job)
    if last is None or job.request.lat is None or job.request.lng is None:
        return None
    return minutes_for(float(distance_m(last.lat, last.lng, job.request.lat, job.request.lng)))


def minutes_for(metres: float) -> int:
    """How long the rest of the way takes; never less than a minute. Page, API and notices all say this figure."""
    return max(1, round(metres / METRES_A_MINUTE))


def measure(c: Ctx) -> None:
    """Guard: reads the position that came with the step; its distance to the address goes into the event."""
    job: Job = c.subject
    point = _point(c.data)
    c.cache["point"] = point
    if point is not None and job.request.lat is not None and job.request.lng is not None:
        c.payload["distance_m"] = round(distance_m(*point, job.request.lat, job.request.lng))
        c.payload["accuracy_m"] = c.data.get("accuracy_m")


def judge(c: Ctx) -> None:
    """Effect: keeps the distance; more than 500 m, or an arrival without a position, is flagged for people (KH-TRUST-08)."""
    job: Job = c.subject
    point, metres = c.cache.get("point"), c.payload.get("distance_m")
    note(job, c.data, now=c.now)
    if metres is not None:
        job.data = {**job.data, f"{c.event}_distance_m": metres}
        job.save(update_fields=["data"])
    far = metres is not None and metres > c.policy("gps_mismatch_m")
    if far or (metres is None and c.event == "arrive"):
        flags.raise_flag(
            "gps_mismatch",
            user_id=job.worker_id,
            score=min(100, 60 + (metres or 0) // 500),
            evidence={
                "job": job.pk,
                "moment": c.event,
                "task": [job.request.lat, job.request.lng],
                "reported": list(point) if point else None,
                "distance_m": metres,
            },
            key=f"gps:{job.pk}:{c.event}",
            reference=job.reference,
            actor=SYSTEM,
            now=c.now,
        )


def _point(data: Mapping[str, Any]) -> tuple[float, float] | None:
    if data.get("lat") in (None, "") or data.get("lng") in (None, ""):
        return None
    try:
        lat, lng = float(data["lat"]), float(data["lng"])
    except (TypeError, ValueError):
        raise Invalid({"lat": _("The position cannot be read.")}) from None
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise Invalid({"lat": _("The position is not on the earth.")})
    return lat, lng
