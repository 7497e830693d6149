"""How much waits in each part: the numbers beside the sidebar's entries. One small query each."""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel.cases import queries as cases
from mahalla.kernel.events.models import OutboxItem
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import queries as trust

#: a deadline or a delivery so much past its time is trouble, not work (KH-OPS-01)
LATE = timedelta(seconds=60)


def disputes(user: User, now: datetime) -> int:
    return cases.queue("dispute", now=now).count()


def incidents(user: User, now: datetime) -> int:
    return cases.queue("incident", now=now).count() + cases.queue("report", now=now).count()


def flags(user: User, now: datetime) -> int:
    return trust.alerts().count()


def checks(user: User, now: datetime) -> int:
    return trust.pending().count()


def trouble(user: User, now: datetime) -> int:
    """Deadlines and deliveries that should have happened."""
    late = DeadlineRow.objects.filter(due_at__lt=now - LATE).count()
    stuck = OutboxItem.objects.filter(done_at__isnull=True, failed_at__isnull=True, due_at__lt=now - LATE)
    return late + stuck.count() + OutboxItem.objects.filter(failed_at__isnull=False).count()
