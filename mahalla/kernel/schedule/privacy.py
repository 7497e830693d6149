"""What this app keeps of a person: their share of the export, and of the erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.identity.models import User
from mahalla.kernel.schedule import queries
from mahalla.kernel.schedule.models import Block, WeeklyHours, WorkerCalendar


def own_data(user: User) -> dict[str, Any]:
    """Weekly hours as ``(weekday, start_min, end_min)``, Monday 0, and every block with its note."""
    blocks = Block.objects.filter(worker_id=user.pk)
    return {
        "week": queries.week_of(user.pk),
        "blocks": list(blocks.values("start_at", "end_at", "timezone", "repeats_until", "note")),
    }


def erase(user_id: int, now: datetime) -> None:
    """Hours and blocks go; time that work took stays, as a number's and nobody's."""
    WeeklyHours.objects.filter(worker_id=user_id).delete()
    Block.objects.filter(worker_id=user_id).delete()
    WorkerCalendar.objects.filter(worker_id=user_id).delete()
