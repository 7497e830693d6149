"""Events about people. A payload names no phone, name or address: the event log is never erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.events import operations as events
from mahalla.kernel.identity.models import User
from mahalla.kit.actors import Actor


def itself(user: User) -> Actor:
    """The person acting on the own account."""
    return Actor(user.pk, "user")


def note(
    user: User,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    payload: dict[str, Any] | None = None,
) -> None:
    """Append ``identity.<name>`` to the person's own stream."""
    events.append(
        name=f"identity.{name}",
        noun="user",
        subject_id=user.pk,
        stream=f"user:{user.pk}",
        actor=actor,
        now=now,
        from_state=from_state,
        to_state=to_state,
        payload=payload or {},
        topics=(f"user:{user.pk}",),
    )
