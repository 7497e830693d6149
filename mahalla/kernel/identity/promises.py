"""What identity promised for later, kept by the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mahalla.kernel.events import outbox
from mahalla.kernel.identity import codes, status
from mahalla.kit.errors import Refused


@outbox.handler("identity.erase")
def erase(payload: dict[str, Any], now: datetime) -> None:
    """Erase after the waiting time; while something blocks it (a dispute, money owed), ask again tomorrow."""
    requested_at = datetime.fromisoformat(payload["requested_at"])
    try:
        status.erase_if_due(payload["user_id"], requested_at=requested_at, now=now)
    except Refused as blocked:
        raise outbox.RetryLater(timedelta(days=1)) from blocked


@outbox.handler("identity.lift_suspension")
def lift_suspension(payload: dict[str, Any], now: datetime) -> None:
    status.lift_suspension(payload["user_id"], until=datetime.fromisoformat(payload["until"]), now=now)


@outbox.handler("identity.purge_codes")
def purge_codes(payload: dict[str, Any], now: datetime) -> None:
    codes.purge(now)
