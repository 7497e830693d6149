"""Jobs that come round: payouts in the morning, renewals by the hour. The list itself is the market's, in one file.

A run and its row's move to the next time are one transaction: two workers never run one occurrence twice, and one that
dies in the middle has not run it (KH-OPS-02).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from mahalla.kit.market import active

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recurring:
    """``run(now)`` every ``every``, or daily at ``at`` (``"06:00"``, wall time of the market's zone)."""

    name: str
    run: Callable[[datetime], object]
    every: timedelta | None = None
    at: str = ""

    def after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after ``moment``."""
        if self.every is not None:
            return moment + self.every
        zone = ZoneInfo(active().timezone)
        local = moment.astimezone(zone)
        hour, minute = (int(part) for part in self.at.split(":"))
        run = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if run <= local:
            run = (local + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return run


def schedule() -> tuple[Recurring, ...]:
    jobs = active().hooks.get("recurring")
    return tuple(jobs()) if jobs else ()


def next_run(now: datetime) -> datetime | None:
    from mahalla.kernel.flow.models import RecurringRun

    names = [job.name for job in schedule()]
    return (
        RecurringRun.objects.filter(name__in=names)
        .order_by("next_at")
        .values_list("next_at", flat=True)
        .first()
    )


def run_recurring(now: datetime) -> int:
    """Run every job whose time has come; one that fails is logged on its row and tried at its next time."""
    from mahalla.kernel.flow.models import RecurringRun

    jobs = {job.name: job for job in schedule()}
    planned = dict(RecurringRun.objects.filter(name__in=jobs).values_list("name", "next_at"))
    fresh = [
        RecurringRun(name=job.name, next_at=job.after(now))
        for job in jobs.values()
        if job.name not in planned
    ]
    if fresh:
        RecurringRun.objects.bulk_create(fresh, ignore_conflicts=True)
    return sum(_run(jobs[name], now) for name, next_at in planned.items() if next_at <= now)


def _run(job: Recurring, now: datetime) -> int:
    """The row stays locked while the job runs: another worker passes it by, and a killed one leaves it due."""
    from mahalla.kernel.flow.models import RecurringRun

    with transaction.atomic():
        due = RecurringRun.objects.select_for_update(skip_locked=True).filter(name=job.name, next_at__lte=now)
        row = due.first()
        if row is None:
            return 0
        row.next_at, row.last_at, row.last_error = job.after(now), now, ""
        try:
            with transaction.atomic():
                job.run(now)
        except Exception as error:
            log.exception("recurring job %s failed", job.name)
            row.last_error = f"{type(error).__name__}: {error}"[:2000]
        row.save()
    return 1
