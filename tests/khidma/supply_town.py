"""Work that was done, and pictures, in one line each: for the tests of the Tasker's side."""

from __future__ import annotations

import io
from typing import Any

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Job
from tests.kernel import media_samples
from tests.khidma import builders as b


def picture(user: User, purpose: str) -> Asset:
    file = io.BytesIO(media_samples.image())
    return media.store(file, owner=user, purpose=purpose, now=b.EVENING)


def worked(client: User, tasker: User, day: int, *, until: str = "16:30", **fields: Any) -> Job:
    """Posted the evening before, done on that day of March from 14:00; by default 2.5 h: 75.00 and 5.00 travel."""
    t, me = b.at(day - 1, "20:00"), b.tasker_of(tasker)
    window = {"window_start": b.at(day, "14:00"), "window_end": b.at(day, "20:00")}
    job = b.accepted(client, tasker, now=t, **{**window, **fields})
    run_until(b.at(day, "13:00"), start=t)
    engine.apply(job, "set_off", actor=me, now=b.at(day, "13:30"))
    engine.apply(job, "arrive", actor=me, now=b.at(day, "13:59"), data={"lat": b.HOME[0], "lng": b.HOME[1]})
    engine.apply(job, "start_timer", actor=me, now=b.at(day, "14:00"))
    engine.apply(job, "submit", actor=me, now=b.at(day, until))
    return Job.objects.get(pk=job.pk)


def done(client: User, tasker: User, day: int, *, until: str = "16:30", **fields: Any) -> Job:
    """The same, confirmed and captured on the day itself."""
    job = worked(client, tasker, day, until=until, **fields)
    engine.apply(job, "confirm", actor=b.client_of(client), now=b.at(day, "20:30"))
    run_until(b.at(day, "21:00"), start=b.at(day, "13:00"))
    return Job.objects.get(pk=job.pk)
