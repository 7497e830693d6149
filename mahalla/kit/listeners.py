"""How an app speaks upwards without knowing who listens: named moments and the functions told of them.

A listener runs inside the transaction of the moment itself, so that what it does stands or falls with it. It may be
bound to one market; then it is deaf while another market is active.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mahalla.kit import market as markets


class Listeners:
    """The registry of one app. ``moments`` are all the names that it will ever tell; a typo is an error at import."""

    def __init__(self, *moments: str) -> None:
        self._told: dict[str, list[tuple[Callable[..., None], str]]] = {moment: [] for moment in moments}

    def on(self, moment: str, fn: Callable[..., None], *, market: str = "") -> None:
        """Call ``fn(subject, **context)`` at each ``moment``. Registering the same function twice is one registration."""
        if moment not in self._told:
            raise LookupError(f"there is no moment {moment!r}; known: {', '.join(sorted(self._told))}")
        if (fn, market) not in self._told[moment]:
            self._told[moment].append((fn, market))

    def off(self, moment: str, fn: Callable[..., None]) -> None:
        """Forget ``fn`` (tests)."""
        self._told[moment] = [entry for entry in self._told[moment] if entry[0] is not fn]

    def tell(self, moment: str, subject: Any, **context: Any) -> None:
        """Call every listener of ``moment`` in the order of registration."""
        for fn, market in self._told[moment]:
            if not market or market == markets.active().name:
                fn(subject, **context)
