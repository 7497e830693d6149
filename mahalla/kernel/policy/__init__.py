"""Policy numbers: the market's declared values, with the operator's overrides (KH-ADMIN-09).

``get`` is asked everywhere, so the few override rows are kept in memory for ``FRESH_S`` seconds; a change is seen at
once by the process that made it and by the others within that time.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from mahalla.kit.actors import Actor
from mahalla.kit.market import active
from mahalla.kit.policy import Number

FRESH_S = 5.0
_rows: list[tuple[str, datetime, Any]] = []
_read_at: float = -1.0
_declared: dict[str, dict[str, Number]] = {}


def declared(name: str) -> Number:
    market = active()
    numbers = _declared.get(market.name)
    if numbers is None:
        numbers = _declared[market.name] = {number.name: number for number in market.policy}
    return numbers[name]


def get(name: str, *, now: datetime) -> Any:
    """The value in force at ``now``. Raises ``KeyError`` for a name that the market does not declare."""
    number = declared(name)
    best: tuple[datetime, Any] | None = None
    for row_name, valid_from, value in _overrides():
        if row_name == name and valid_from <= now and (best is None or valid_from >= best[0]):
            best = (valid_from, value)
    return best[1] if best else number.value


def _overrides() -> list[tuple[str, datetime, Any]]:
    global _rows, _read_at
    if _read_at < 0 or time.monotonic() - _read_at > FRESH_S:
        from mahalla.kernel.policy.models import PolicyValue

        _rows = list(PolicyValue.objects.order_by("pk").values_list("name", "valid_from", "value"))
        _read_at = time.monotonic()
    return _rows


def forget() -> None:
    """Read the rows again at the next question."""
    global _read_at
    _read_at = -1.0


def set_value(name: str, value: Any, *, valid_from: datetime, actor: Actor, now: datetime) -> None:
    """Change a number from ``valid_from`` on. Raises ``Invalid`` when it is out of its bounds."""
    from django.utils.translation import gettext as _

    from mahalla.kernel.policy.models import PolicyValue
    from mahalla.kit.errors import Invalid

    number = declared(name)
    if not number.accepts(value):
        raise Invalid(
            {
                "value": _("%(name)s must lie between %(low)s and %(high)s.")
                % {"name": name, "low": number.low, "high": number.high}
            }
        )
    PolicyValue.objects.create(
        name=name,
        value=value,
        valid_from=valid_from,
        set_by_id=actor.user_id,
        reason=actor.reason,
        set_at=now,
    )
    forget()
