"""The one place that reads the wall clock, for the edges only.

The domain is given ``now``. A surface (a page, an API call, the worker's loop) asks ``now()`` here once per
request and passes it on. Tests and the simulation put a clock of their own in with ``travel``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_frozen: datetime | None = None


def now() -> datetime:
    """The present instant, in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def set_clock(instant: datetime | None) -> None:
    """Hold the clock at ``instant`` (aware), or let it run again with ``None``."""
    global _frozen
    if instant is not None and instant.tzinfo is None:
        raise ValueError("the clock takes an aware datetime")
    _frozen = instant.astimezone(UTC) if instant is not None else None


@contextmanager
def travel(instant: datetime) -> Iterator[None]:
    """Hold the clock for the length of a ``with`` block."""
    before = _frozen
    set_clock(instant)
    try:
        yield
    finally:
        set_clock(before)
