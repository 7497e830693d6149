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

CITY_SPEED_KMH = 30


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
    return job.pings.order_by("-at").first()


def eta_min(job: Job) -> int | None:
    """Minutes to the address in a straight line at city speed; None without a position."""
    last = live_position(job)
    if last is None or job.request.lat is None or job.request.lng is None:
        return None
    km = distance_m(last.lat, last.lng, job.request.lat, job.request.lng) / 1000
    return max(1, round(km / CITY_SPEED_KMH * 60))


def judge_arrival(c: Ctx) -> None:
    _judge(c, "arrival")


def judge_start(c: Ctx) -> None:
    if c.subject.terms.get("work_place") != "remote":
        _judge(c, "start")


def _judge(c: Ctx, moment: str) -> None:
    """Keep the distance; more than 500 m, or no position at all, raises a flag for people to look at."""
    job: Job = c.subject
    made = note(job, c.data, now=c.now)
    evidence: dict[str, Any] = {"job": job.pk, "moment": moment, "task": [job.request.lat, job.request.lng]}
    metres: int | None = None
    if made is not None and job.request.lat is not None and job.request.lng is not None:
        metres = round(distance_m(made.lat, made.lng, job.request.lat, job.request.lng))
        evidence |= {"reported": [made.lat, made.lng], "distance_m": metres}
        job.data = {**job.data, f"{moment}_distance_m": metres}
        job.save(update_fields=["data"])
    if moment == "start" and made is None:
        return
    if metres is None or metres > c.policy("gps_mismatch_m"):
        flags.raise_flag(
            "gps_mismatch",
            actor=SYSTEM,
            reference=job.reference,
            user_id=job.worker_id,
            score=min(100, 60 + (metres or 0) // 500),
            evidence=evidence,
            key=f"gps:{job.pk}:{moment}",
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
