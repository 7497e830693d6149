"""A person's messages in their export, when they leave, and after their time (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from mahalla.kernel.chat import operations
from mahalla.kernel.chat.models import Message, Thread
from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kit.actors import SYSTEM

#: which of these threads somebody above still needs as a record, such as those of a case
Keeper = Callable[[Iterable[Thread]], set[int]]
_keepers: list[Keeper] = []


def keep_for(keeper: Keeper) -> Keeper:
    if keeper not in _keepers:
        _keepers.append(keeper)
    return keeper


def kept(threads: Iterable[Thread]) -> set[int]:
    """The ids of the threads whose messages stay a record."""
    rows = list(threads)
    return set[int]().union(*(keeper(rows) for keeper in _keepers)) if rows else set()


def own_data(user: User) -> list[dict[str, Any]]:
    """What the person wrote and sent."""
    own = Message.objects.filter(author=user).order_by("pk")
    return [dict(row) for row in own.values("thread_id", "text", "asset_id", "sent_at")]


def erase(user_id: int, now: datetime) -> None:
    """Own messages are emptied, but for those of a record; those, and what others wrote, lose the name."""
    threads = list(Thread.objects.filter(members__user_id=user_id))
    staying = kept(threads)
    operations.erase(author_id=user_id, actor=SYSTEM, now=now, besides=staying)
    around = Message.objects.filter(thread__in=threads)
    privacy.blot_rows(around, "text", "masked_text", blot=privacy.blotter(user_id))
