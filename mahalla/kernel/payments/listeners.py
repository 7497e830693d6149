"""Who wants to hear how money moved. Called in the transaction that records it, with the object and ``now``.

Events: with a ``Hold``: ``verified``, ``authorised``, ``authorisation_failed``, ``action_required``, ``renewed``,
``renewal_failed``, ``raised``, ``raise_failed``, ``captured``, ``capture_failed``, ``voided``, ``expired``,
``charged``, ``charge_failed``; with a ``Refund``: ``refunded``, ``refund_failed``; with a ``PayoutBatch``:
``payout_paid``, ``payout_failed``; with a ``PaymentMethod``: ``method_verified``, ``method_refused``; with a
``CashRecord``: ``cash_contested``.

A listener must be ready to be called after its own rows moved on: money's news comes when it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

Listener = Callable[[Any, datetime], None]

HOLD_EVENTS = {"verified", "authorised", "authorisation_failed", "action_required", "voided", "expired"}
HOLD_EVENTS |= {"renewed", "renewal_failed", "raised", "raise_failed", "captured", "capture_failed"}
EVENTS = HOLD_EVENTS | {
    "charged",
    "charge_failed",
    "refunded",
    "refund_failed",
    "payout_paid",
    "payout_failed",
}
EVENTS |= {"method_verified", "method_refused", "cash_contested"}
_listeners: dict[str, list[Listener]] = {}
_lockers: list[Callable[[str], None]] = []


def on(event: str, listener: Listener) -> None:
    """Call ``listener(obj, now)`` at each ``event``. Registering the same function twice is once."""
    if event not in EVENTS:
        raise ValueError(f"payments tell nothing called {event!r}; they tell {', '.join(sorted(EVENTS))}")
    listeners = _listeners.setdefault(event, [])
    if listener not in listeners:
        listeners.append(listener)


def lock_first(locker: Callable[[str], None]) -> None:
    """Register ``locker(reference)``, called before a hold is locked to record news.

    A flow locks its root and then, by an effect, the hold. News comes from the other end; whoever listens and moves
    a flow locks that flow's root here, so that both take the locks in one order and never wait for each other.
    """
    if locker not in _lockers:
        _lockers.append(locker)


def tell(event: str, obj: Any, now: datetime) -> None:
    for listener in _listeners.get(event, ()):
        listener(obj, now)


def lock_roots(reference: str) -> None:
    for locker in _lockers:
        locker(reference)


@contextmanager
def only() -> Iterator[None]:
    """For tests: forget every listener registered inside the ``with`` block, and be deaf to those outside it."""
    kept, kept_lockers = dict(_listeners), list(_lockers)
    _listeners.clear()
    _lockers.clear()
    try:
        yield
    finally:
        _listeners.clear()
        _listeners.update(kept)
        _lockers[:] = kept_lockers
