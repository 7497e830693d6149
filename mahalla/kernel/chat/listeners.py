"""Who wants to hear of messages: notices to the other side, flags to trust and safety.

Listeners run in the sender's transaction, after the message is written; what must reach the world outside they put in
the outbox. Registering the same function again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mahalla.kernel.chat.models import Message

Listener = Callable[["Message", datetime], None]
_sent: list[Listener] = []
_detected: list[Listener] = []


def on_sent(listener: Listener) -> Listener:
    """``listener(message, now)`` after each message, a system one too."""
    if listener not in _sent:
        _sent.append(listener)
    return listener


def on_detected(listener: Listener) -> Listener:
    """``listener(message, now)`` when ``message.flags`` is not empty, masked or not (KH-CHAT-05)."""
    if listener not in _detected:
        _detected.append(listener)
    return listener


def sent(message: Message, now: datetime) -> None:
    for listener in (*_sent, *(_detected if message.flags else ())):
        listener(message, now)
