"""Sending the notices that a transition names."""

from __future__ import annotations

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.market import active


def announce(c: Ctx, name: str) -> None:
    """Send the market's notice ``name`` to everybody whom its spec gives; once per event and person."""
    from mahalla.kernel.notices.operations import notify

    spec = active().notices[name]
    for user_id in dict.fromkeys(spec.to(c)):
        notify(
            name=name,
            user_id=user_id,
            params=spec.params(c),
            link=spec.link(c),
            merge=spec.merge(c),
            now=c.now,
            key=f"{name}:{c.flow.noun}:{c.subject.pk}:{c.event_id or c.event}",
        )
