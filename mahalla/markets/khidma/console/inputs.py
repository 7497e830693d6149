"""A task's structured inputs in words."""

from __future__ import annotations

from typing import Any

from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import NotFound
from mahalla.kit.text import pick


def inputs_of(request: Request) -> list[tuple[str, Any]]:
    """Label and value of each input, as the category's version of the posting names them (KH-CASE-04)."""
    specs: list[dict[str, Any]] = []
    if request.category_id:
        try:
            specs = catalog.terms_at(request.category_id, request.category_version).inputs
        except NotFound:
            specs = []
    by_name = {spec["name"]: spec for spec in specs}
    return [
        (pick(by_name.get(name, {}).get("names") or {}) or name, _word(by_name.get(name, {}), value))
        for name, value in (request.details or {}).items()
    ]


def _word(spec: dict[str, Any], value: Any) -> Any:
    """The choice's own name where the value is a code."""
    names = {choice["code"]: choice.get("names") or {} for choice in spec.get("choices", ())}
    if isinstance(value, list):
        return ", ".join(str(_word(spec, one)) for one in value)
    return pick(names[value]) or value if isinstance(value, str) and value in names else value
