"""Real connections racing each other.

``Racers(n)`` keeps n threads, each with a database connection of its own for its whole life; ``run`` lets all of them
do the same thing at the same moment and gives what became of each. Tests that use it need
``@pytest.mark.django_db(transaction=True)`` and ``@pytest.mark.race``. The number of attempts is a parameter of the
environment, ``MAHALLA_RACE_ATTEMPTS``: small by default, 100,000 for a night.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from django.db import connection

#: a racer that waits this long at the start or for its end is stuck
PATIENCE_S = 60


def attempts(default: int = 2_000, *, share: float = 1.0) -> int:
    """How often to race: the environment's figure, or ``default``; ``share`` for tests that cost more."""
    return max(1, int(int(os.environ.get("MAHALLA_RACE_ATTEMPTS", default)) * share))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one racer got: ``value``, or the ``error`` that stopped it."""

    lane: int
    value: Any = None
    error: Exception | None = None

    @property
    def won(self) -> bool:
        return self.error is None


@dataclass(slots=True)
class Lane:
    """One racer: its number, and a raw autocommit connection (Django's own is ``django.db.connection``, also its)."""

    number: int
    raw: psycopg.Connection[Any]


class Racers:
    def __init__(self, n_threads: int) -> None:
        self.n = n_threads
        self._start = threading.Barrier(n_threads, timeout=PATIENCE_S)
        self._orders: list[queue.SimpleQueue[Callable[[Lane], Any] | None]] = []
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        parameters = connection.get_connection_params()
        parameters = {k: v for k, v in parameters.items() if k not in {"cursor_factory", "context"}}
        for number in range(self.n):
            orders: queue.SimpleQueue[Callable[[Lane], Any] | None] = queue.SimpleQueue()
            thread = threading.Thread(target=self._live, args=(number, parameters, orders), daemon=True)
            self._orders.append(orders)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for orders in self._orders:
            orders.put(None)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads), "a racer never came back"

    def run(self, fn: Callable[[Lane], Any]) -> list[Outcome]:
        """``fn(lane)`` in every thread at once; the outcomes by lane. Never raises what ``fn`` raised."""
        for orders in self._orders:
            orders.put(fn)
        outcomes = [self._done.get(timeout=PATIENCE_S) for _ in range(self.n)]
        return sorted(outcomes, key=lambda outcome: outcome.lane)

    def _live(
        self,
        number: int,
        parameters: dict[str, Any],
        orders: queue.SimpleQueue[Callable[[Lane], Any] | None],
    ) -> None:
        raw = psycopg.connect(**parameters, autocommit=True)
        lane = Lane(number, raw)
        try:
            while (fn := orders.get()) is not None:
                try:
                    self._start.wait()
                    self._done.put(Outcome(number, value=fn(lane)))
                except Exception as error:
                    self._done.put(Outcome(number, error=error))
        finally:
            raw.close()
            connection.close()


def race(n_threads: int, fn: Callable[[Lane], Any]) -> list[Outcome]:
    """One race. For many, keep the ``Racers``: their connections cost more than the race."""
    with Racers(n_threads) as racers:
        return racers.run(fn)
