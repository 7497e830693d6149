"""Who among the staff looked at what: rows of the append-only event table (KH-ADMIN-07, KH-SEC-06)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.events import operations as events
from mahalla.kernel.events.models import Event
from mahalla.kit.actors import Actor


def viewed(actor: Actor, what: str, pk: int, now: datetime, **detail: Any) -> Event:
    """Write that ``actor`` saw the personal data of ``what`` (``"user"``, ``"verification"`` …) number ``pk``."""
    return _record("staff.viewed", actor, what, pk, now, detail)


def acted(actor: Actor, verb: str, what: str, pk: int, now: datetime, **detail: Any) -> Event:
    """Write a staff action that no flow records by itself; give ``before`` and ``after`` where something changed."""
    return _record(f"staff.{verb}", actor, what, pk, now, detail)


def _record(name: str, actor: Actor, what: str, pk: int, now: datetime, detail: dict[str, Any]) -> Event:
    return events.append(
        name=name, noun=what, subject_id=pk, stream=f"{what}:{pk}", actor=actor, now=now, payload=detail
    )
