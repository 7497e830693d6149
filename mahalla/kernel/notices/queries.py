"""Reads about notices."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice, OutboxMessage


def notices_for(viewer: User) -> QuerySet[Notice]:
    """The person's own notices, newest first."""
    return Notice.objects.filter(user=viewer, shown=True).order_by("-pk")


def unread_count(viewer: User) -> int:
    return Notice.objects.filter(user=viewer, shown=True, read_at=None).count()


def latest_messages(*, to: str = "", limit: int = 60) -> QuerySet[OutboxMessage]:
    """What the development gateways hold, newest first; ``to`` narrows to one address."""
    rows = OutboxMessage.objects.order_by("-pk")
    return (rows.filter(to=to) if to else rows)[:limit]


def own_data(user: User) -> list[dict[str, Any]]:
    """This app's share of a person's export."""
    rows = user.notices.order_by("pk").values("name", "title", "body", "link", "created_at", "read_at")
    return [dict(row) for row in rows]
