"""What work of a category means, apart from the row: the part that posted work keeps (KH-CAT-05)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mahalla.kernel.catalog.models import Category


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a category. Equal to another when nothing that matters to work differs."""

    names: dict[str, str]
    pricing_models: list[str]
    risk_class: str
    work_place: str
    default_minutes: int
    required_skills: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    flags: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, category: Category) -> Terms:
        return cls(**{name: getattr(category, name) for name in FIELDS})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        return cls(**{name: data[name] for name in FIELDS if name in data})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


FIELDS = tuple(f.name for f in fields(Terms))
