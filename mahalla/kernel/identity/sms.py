"""The port by which identity sends a text message; the notices app puts the gateway in.

Identity stands below notices, so it cannot call the gateway by name. What is registered must not block long and may
write an outbox row: it is called inside the transaction that stores the code.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Sender = Callable[[str, str, datetime], None]
_sender: Sender | None = None


class NoSender(RuntimeError):
    """No SMS gateway was registered at start."""


def register(sender: Sender) -> Sender | None:
    """Put ``sender(phone, text, now)`` in; returns the one that was there."""
    global _sender
    before, _sender = _sender, sender
    return before


def send(phone: str, text: str, now: datetime) -> None:
    """Send ``text`` to the E.164 number ``phone``. Raises ``NoSender`` where nobody registered one."""
    if _sender is None:
        raise NoSender("no SMS sender is registered (identity.sms.register)")
    _sender(phone, text, now)
