"""Policy numbers: what an operator may turn without a release.

A market declares each number once, with its unit, bounds and source; the console shows and bounds it by the same
declaration (``kernel.policy`` keeps the rows that override it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """One policy value. ``low``/``high`` are inclusive; text and list values have no bounds."""

    name: str
    value: Any
    unit: str = ""
    low: float | None = None
    high: float | None = None
    source: str = ""

    def accepts(self, value: Any) -> bool:
        if isinstance(self.value, bool):
            return isinstance(value, bool)
        if isinstance(self.value, (int, float)):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        return isinstance(value, type(self.value))
