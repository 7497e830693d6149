"""What a guard, an effect or a due time is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mahalla.kernel.flow.models import Stateful
from mahalla.kit.actors import Actor
from mahalla.kit.flow import Flow, Transition


@dataclass
class Ctx:
    """One transition (or reminder, then ``row`` is None) in the making.

    ``data`` is what the caller sent; ``payload`` goes into the event and is filled by guards; ``previous`` is the state
    before. ``cache`` lets guards hand to effects what they already fetched. Effects call ``move`` to take further
    subjects along in the same transaction.
    """

    subject: Any
    flow: Flow
    row: Transition | None
    event: str
    actor: Actor
    now: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    previous: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    event_id: int = 0

    def policy(self, name: str) -> Any:
        """A policy number in force now."""
        from mahalla.kernel import policy

        return policy.get(name, now=self.now)

    def move(self, subject: Stateful, event: str, *, actor: Actor | None = None, **data: Any) -> Stateful:
        """Take another subject of the same root along (its own row, guards, effects and event)."""
        from mahalla.kernel.flow import engine

        return engine.step(subject, event, actor=actor or self.actor, now=self.now, data=data)
