"""Who does something, and for whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """``role`` is the role in which the person acts now; ``on_behalf_of_id`` names the person acted for."""

    user_id: int | None
    role: str
    on_behalf_of_id: int | None = None
    reason: str = ""


SYSTEM = Actor(None, "system")
