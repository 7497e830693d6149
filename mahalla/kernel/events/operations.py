"""Writing down what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mahalla.kernel.events.models import Event
from mahalla.kit.actors import Actor


def append(
    *,
    name: str,
    noun: str,
    subject_id: int | None,
    stream: str,
    actor: Actor,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    payload: Mapping[str, Any] | None = None,
    topics: Iterable[str] = (),
) -> Event:
    """Record one fact in the running transaction; listeners hear of it when that commits (KH-FLOW-02)."""
    return Event.objects.create(
        at=now,
        name=name,
        noun=noun,
        subject_id=subject_id,
        stream=stream,
        from_state=from_state,
        to_state=to_state,
        actor_id=actor.user_id,
        role=actor.role,
        on_behalf_of_id=actor.on_behalf_of_id,
        reason=actor.reason,
        payload=dict(payload or {}),
        topics=sorted(set(topics)),
    )
