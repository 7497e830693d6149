"""Names kept in rows, in several languages."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language


def pick(names: Mapping[str, str], language: str | None = None) -> str:
    """The name in ``language`` (default: the active one), else English, else whatever there is."""
    wanted = (language or get_language() or "en").split("-")[0]
    return names.get(wanted) or names.get("en") or next(iter(names.values()), "")
