"""The worker: deadlines and promises, as they become due."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from django.db import OperationalError, close_old_connections, connection

from mahalla.kernel.events import outbox
from mahalla.kernel.flow import deadlines
from mahalla.kernel.flow.recurring import run_recurring
from mahalla.kernel.ledger import operations as ledger
from mahalla.kit import clock

log = logging.getLogger(__name__)
NAP_S = 5.0
TIDY_EVERY_S = 60.0
CHANNEL = "mahalla_work"


def run_due(now: datetime) -> int:
    """Do everything that is due at ``now`` until nothing is; returns how many things were taken up."""
    total = 0
    while done := deadlines.run_due(now) + outbox.run_due(now):
        total += done
    return total


def run_until(to: datetime, *, start: datetime | None = None) -> int:
    """Let virtual time pass from ``start`` to ``to``: each due thing is done at its own instant, in order.

    The clock of ``kit.clock`` is carried along and left at ``to``. For tests and the simulation.
    """
    total, at = 0, start or clock.now()
    while True:
        clock.set_clock(at)
        total += run_due(at) + run_recurring(at)
        total += run_due(at)
        upcoming = [
            due for due in (deadlines.next_due(), outbox.next_due(), _next_recurring(at)) if due and due > at
        ]
        nearest = min(upcoming, default=to)
        if nearest >= to or at >= to:
            break
        at = nearest
    if at < to:
        clock.set_clock(to)
        total += run_due(to) + run_recurring(to) + run_due(to)
    return total


def _next_recurring(at: datetime) -> datetime | None:
    from mahalla.kernel.flow.recurring import next_run

    return next_run(at)


def run_forever(stop: threading.Event) -> None:
    """The production loop on the wall clock: woken by NOTIFY, by the next due time, or every few seconds.

    The ledger's hot accounts are rolled up on the way: it changes no balance, so no virtual clock needs it.
    """
    tidied = 0.0
    while not stop.is_set():
        try:
            close_old_connections()
            _listen()
            now = clock.now()
            run_due(now)
            run_recurring(now)
            _beat(now)
            if time.monotonic() - tidied > TIDY_EVERY_S:
                tidied = time.monotonic()
                ledger.roll_up(now)
            _sleep(stop)
        except OperationalError:
            log.warning("the database is away; trying again")
            connection.close()
            stop.wait(1.0)
        except Exception:
            log.exception("the worker stumbled")
            stop.wait(1.0)


def _listen() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")


def _sleep(stop: threading.Event) -> None:
    due = [when for when in (deadlines.next_due(), outbox.next_due()) if when is not None]
    wait = NAP_S
    if due:
        wait = min(max((min(due) - clock.now()).total_seconds(), 0.02), NAP_S)
    raw = connection.connection
    waited = 0.0
    while raw is not None and waited < wait and not stop.is_set():
        slice_s = min(0.5, wait - waited)
        if any(True for _ in raw.notifies(timeout=slice_s, stop_after=1)):
            return
        waited += slice_s


def _beat(now: datetime) -> None:
    from mahalla.kernel.flow.models import Heartbeat

    Heartbeat.objects.update_or_create(name="worker", defaults={"at": now})


def is_alive(now: datetime, within: timedelta = timedelta(seconds=60)) -> bool:
    """Whether a worker has shown a sign of life lately (readiness)."""
    from mahalla.kernel.flow.models import Heartbeat

    return Heartbeat.objects.filter(name="worker", at__gte=now - within).exists()
