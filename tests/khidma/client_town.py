"""A client's world for the tests of the pages: tasks in every state, made through the operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.test import Client

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import clock
from tests.khidma import builders as b


def browser(user: User | None) -> Client:
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
    return client


def go_to(moment: datetime) -> datetime:
    """The clock of the pages stands there."""
    clock.set_clock(moment)
    return moment


def confirmed(lina: User, sara: User, **fields: Any) -> Job:
    """Tomorrow 14:30, payment secured."""
    job = b.accepted(lina, sara, start=b.at(2, "14:30"), **fields)
    run_until(b.EVENING, start=b.EVENING)
    return Job.objects.get(pk=job.pk)


def en_route(lina: User, sara: User) -> Job:
    job = confirmed(lina, sara)
    moment = go_to(b.at(2, "14:10"))
    run_until(moment, start=b.EVENING)
    return engine.apply(
        job, "set_off", actor=b.tasker_of(sara), now=moment, data={"lat": 24.74, "lng": 46.6753}
    )


def working(lina: User, sara: User) -> Job:
    job = en_route(lina, sara)
    worker = b.tasker_of(sara)
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data={"lat": 24.71396, "lng": 46.6753})
    go_to(b.at(2, "15:30"))
    return engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))


def submitted(lina: User, sara: User) -> Job:
    """2.50 h: 75.00 + 5.00, fee 16.00, total 96.00."""
    job = working(lina, sara)
    go_to(b.at(2, "17:00"))
    engine.apply(job, "submit", actor=b.tasker_of(sara), now=b.at(2, "17:00"))
    return Job.objects.get(pk=job.pk)


def task_of(job: Job) -> Request:
    return Request.objects.get(pk=job.request_id)
