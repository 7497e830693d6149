"""A person's right to their data: every app puts its share of export and erasure in (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

import re
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


def blotter(user_id: int) -> Callable[[str], str]:
    """Takes a person's name, its parts, number and e-mail out of a text that has to stay; for erasers."""
    user = User.objects.get(pk=user_id)
    names = {user.name, *(part for part in user.name.split() if len(part) > 2)}
    found = sorted((re.escape(word) for word in names if word), key=len, reverse=True)
    words = [rf"\b{word}\b" for word in found] + [re.escape(w) for w in (user.phone, user.email) if w]
    pattern = re.compile("|".join(words) or r"(?!)", re.IGNORECASE)
    return lambda text: pattern.sub("…", text)


def blot_rows(rows: Any, *fields: str, blot: Callable[[str], str]) -> int:
    """Blot these text or JSON fields of these rows; how many changed. Rows without a trace are not written."""
    changed = 0
    for row in rows.only("pk", *fields).iterator():
        values = {name: getattr(row, name) for name in fields}
        clean = {name: _walk(value, blot) for name, value in values.items()}
        if clean != values:
            changed += type(row)._default_manager.filter(pk=row.pk).update(**clean)
    return changed


def _walk(value: Any, blot: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, blot) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, blot) for item in value]
    return blot(value) if isinstance(value, str) else value


def register_section(name: str, section: Section) -> Section:
    """``section(user)`` gives an app's share of the export: JSON-ready but for dates."""
    _sections[name] = section
    return section


def export(user: User, *, now: datetime) -> dict[str, Any]:
    """Everything that is kept of a person, by section."""
    return {"exported_at": now} | {name: section(user) for name, section in sorted(_sections.items())}
