"""The outbox: what a transaction promised to do in the world outside.

``enqueue`` writes the promise beside the change that caused it; ``run_due`` keeps it after commit, at least once, with
growing pauses between tries. Handlers are idempotent. Time is the caller's ``now``, so that the same loop runs on the
wall clock and on a simulated one (docs/decisions/0005).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from mahalla.kernel.events.models import OutboxItem

log = logging.getLogger(__name__)
Handler = Callable[[dict[str, Any], datetime], None]

LEASE = timedelta(seconds=60)
BACKOFF_S = (5, 30, 120, 600, 3600, 3600, 7200, 14400, 43200, 86400)
_handlers: dict[str, Handler] = {}


class RetryLater(Exception):
    """Raised by a handler that wants another try, at ``after`` from now, without counting it as a failure."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"again in {after}")
        self.after = after


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that keeps promises of ``kind``: ``(payload, now) -> None``."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def enqueue(
    kind: str, *, key: str, payload: Mapping[str, Any], now: datetime, due_at: datetime | None = None
) -> bool:
    """Promise ``kind`` once per ``key``; False when that promise stands already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_outboxitem (kind, key, payload, due_at, attempts, last_error, created_at)"
            " VALUES (%s, %s, %s::jsonb, %s, 0, '', %s) ON CONFLICT (key) DO NOTHING",
            [kind, key, _json(payload), due_at or now, now],
        )
        fresh = bool(cursor.rowcount == 1)
        if fresh:
            cursor.execute("SELECT pg_notify('mahalla_work', '')")
    return fresh


def cancel(key: str) -> bool:
    """Take back a promise that was not kept yet."""
    deleted, _ = OutboxItem.objects.filter(key=key, done_at__isnull=True).delete()
    return bool(deleted)


def next_due() -> datetime | None:
    """When the earliest open promise is due."""
    open_items = OutboxItem.objects.filter(done_at__isnull=True, failed_at__isnull=True)
    return open_items.order_by("due_at").values_list("due_at", flat=True).first()


def run_due(now: datetime, limit: int = 100) -> int:
    """Keep up to ``limit`` promises that are due; returns how many were tried."""
    claimed = _claim(now, limit)
    for pk in claimed:
        _keep(pk, now)
    return len(claimed)


def _claim(now: datetime, limit: int) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_outboxitem SET leased_until = %s WHERE id IN ("
            " SELECT id FROM events_outboxitem WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= %s"
            " AND (leased_until IS NULL OR leased_until <= %s)"
            " ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, due_at",
            [now + LEASE, now, now, limit],
        )
        return [pk for pk, _due in sorted(cursor.fetchall(), key=lambda row: (row[1], row[0]))]


def _keep(pk: int, now: datetime) -> None:
    try:
        with transaction.atomic():
            item = OutboxItem.objects.select_for_update().filter(pk=pk, done_at__isnull=True).first()
            if item is None:
                return
            _handlers[item.kind](item.payload, now)
            item.done_at = now
            item.leased_until = None
            item.save(update_fields=["done_at", "leased_until"])
    except RetryLater as later:
        OutboxItem.objects.filter(pk=pk).update(due_at=now + later.after, leased_until=None)
    except Exception as error:
        log.exception("outbox item %s failed", pk)
        _put_off(pk, now, error)


def _put_off(pk: int, now: datetime, error: Exception) -> None:
    item = OutboxItem.objects.get(pk=pk)
    item.attempts += 1
    item.last_error = f"{type(error).__name__}: {error}"[:2000]
    item.leased_until = None
    if item.attempts > len(BACKOFF_S):
        item.failed_at = now
    else:
        item.due_at = now + timedelta(seconds=BACKOFF_S[item.attempts - 1])
    item.save()


def _json(payload: Mapping[str, Any]) -> str:
    import json

    return json.dumps(dict(payload))
