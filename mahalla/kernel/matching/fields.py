"""PostgreSQL's built-in ``point``, which GiST can sort by distance without any extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    Base = models.Field[tuple[float, float], tuple[float, float]]
else:
    Base = models.Field


class PointField(Base):
    """An ``(x, y)`` pair of floats."""

    description = "A point on a plane"

    def db_type(self, connection: Any) -> str:
        return "point"

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else f"({value[0]!r},{value[1]!r})"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> tuple[float, float] | None:
        if value is None:
            return None
        x, y = value.strip("()").split(",")
        return float(x), float(y)
