"""Who wants to hear of reviews: notices, trust and safety, matching.

Listeners run in the transaction of the change; what must reach the world outside they put in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mahalla.kernel.reviews.models import PrivateFeedback, Reply, Review

_left: list[Callable[[Review, datetime], None]] = []
_replied: list[Callable[[Reply, datetime], None]] = []
_private: list[Callable[[PrivateFeedback, datetime], None]] = []
_recalculated: list[Callable[[list[int], datetime], None]] = []


def on_left(listener: Callable[[Review, datetime], None]) -> Callable[[Review, datetime], None]:
    """``listener(review, now)`` for each new review: look for manipulation, tell the reviewed person."""
    if listener not in _left:
        _left.append(listener)
    return listener


def on_replied(listener: Callable[[Reply, datetime], None]) -> Callable[[Reply, datetime], None]:
    """``listener(reply, now)`` for each reply."""
    if listener not in _replied:
        _replied.append(listener)
    return listener


def on_private(
    listener: Callable[[PrivateFeedback, datetime], None],
) -> Callable[[PrivateFeedback, datetime], None]:
    """``listener(feedback, now)``: a person of the staff should look (KH-REV-03). It must not change any rating."""
    if listener not in _private:
        _private.append(listener)
    return listener


def on_recalculated(
    listener: Callable[[list[int], datetime], None],
) -> Callable[[list[int], datetime], None]:
    """``listener(user_ids, now)`` after reputations were recalculated: ranking rows, enforcement thresholds."""
    if listener not in _recalculated:
        _recalculated.append(listener)
    return listener


def left(review: Review, now: datetime) -> None:
    for listener in tuple(_left):
        listener(review, now)


def replied(reply: Reply, now: datetime) -> None:
    for listener in tuple(_replied):
        listener(reply, now)


def private(feedback: PrivateFeedback, now: datetime) -> None:
    for listener in tuple(_private):
        listener(feedback, now)


def recalculated(user_ids: list[int], now: datetime) -> None:
    for listener in tuple(_recalculated):
        listener(user_ids, now)
