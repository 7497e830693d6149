"""So many calls a minute, counted in the database: the same for one process and for twenty (KH-SEC-05)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from mahalla.api.models import CallCount, IdempotentAnswer
from mahalla.kernel import policy
from mahalla.kernel.events import outbox
from mahalla.kit.errors import TooMany

#: calls a minute where the market declares no ``api_calls_per_min``
CALLS_PER_MIN = 120
KEPT = timedelta(hours=24)

COUNT = """
INSERT INTO api_callcount (who, minute, calls) VALUES (%s, %s, 1)
ON CONFLICT (who, minute) DO UPDATE SET calls = api_callcount.calls + 1
RETURNING calls
"""


def allowed(now: datetime) -> int:
    try:
        return int(policy.get("api_calls_per_min", now=now))
    except KeyError:
        return CALLS_PER_MIN


def count(who: str, *, now: datetime) -> None:
    """Count one call of ``who``. Raises ``TooMany`` above the limit, with the seconds until the next minute."""
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [who, minute])
        calls = int(cursor.fetchone()[0])
    if calls == 1:
        outbox.enqueue("api.forget", key=f"api.forget:{now:%Y-%m-%dT%H}", payload={}, now=now)
    if calls > allowed(now):
        wait = minute + timedelta(minutes=1) - now
        raise TooMany(
            "too_many_calls",
            _("These are too many calls at once. Wait a moment, then go on."),
            retry_after_s=max(1, -(-wait // timedelta(seconds=1))),
        )


@outbox.handler("api.forget")
def forget(payload: dict[str, Any], now: datetime) -> None:
    """Counts of past hours and answers older than a day are of no use."""
    CallCount.objects.filter(minute__lt=now - timedelta(hours=1)).delete()
    IdempotentAnswer.objects.filter(created_at__lt=now - KEPT).delete()
