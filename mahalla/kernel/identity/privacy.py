"""A person's right to their data: every app puts its share of export and erasure in (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.queries import own_data

Eraser = Callable[[int, datetime], None]
Section = Callable[[User], Any]
_erasers: list[Eraser] = []
_sections: dict[str, Section] = {"identity": own_data}


def register_eraser(eraser: Eraser) -> Eraser:
    """``eraser(user_id, now)`` removes or pseudonymises what an app keeps of a person; runs in the erasure's transaction."""
    if eraser not in _erasers:
        _erasers.append(eraser)
    return eraser


def run_erasers(user_id: int, now: datetime) -> None:
    for eraser in _erasers:
        eraser(user_id, now)


def register_section(name: str, section: Section) -> Section:
    """``section(user)`` gives an app's share of the export: JSON-ready but for dates."""
    _sections[name] = section
    return section


def export(user: User, *, now: datetime) -> dict[str, Any]:
    """Everything that is kept of a person, by section."""
    return {"exported_at": now} | {name: section(user) for name, section in sorted(_sections.items())}
