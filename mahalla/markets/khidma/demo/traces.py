"""What the finished work left behind: the record of each step, the counters, and what may still be done about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mahalla.kernel import policy
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.markets.khidma.demo.history import Past
from mahalla.markets.khidma.models import ClientProfile, TaskerStats


def write(pasts: list[Past], now: datetime) -> None:
    """Events, counters and open deadlines, as the engine and the effects would have written them."""
    Event.objects.bulk_create([event for past in pasts for event in _events(past)], batch_size=2000)
    _count(pasts)
    _deadlines(pasts, now)


def _events(past: Past) -> list[Event]:
    """The timeline as the engine would have written it."""
    request, offer, job = past.request, past.offer, past.job
    assert request is not None and offer is not None and job is not None
    client, worker = (past.client.pk, "client"), (past.worker.pk, "tasker")
    system: tuple[int | None, str] = (None, "system")
    agreed = past.posted + timedelta(minutes=20)
    rows: list[tuple[datetime, str, Any, tuple[int | None, str], str, str]] = [
        (request.created_at, "create", request, client, "", "draft"),
        (past.posted, "post", request, client, "draft", "posted"),
        (past.posted, "start_matching", request, system, "posted", "matching"),
        (offer.created_at, "select", request, client, "matching", "offered"),
        (offer.created_at, "make", offer, client, "", "pending"),
        (agreed, "accept", offer, worker, "pending", "accepted"),
        (agreed, "agree", request, worker, "offered", "booked"),
        (agreed, "agree", job, worker, "", "accepted"),
        (agreed, "confirm_payment", job, system, "accepted", "confirmed"),
        (past.start, "start_timer", job, worker, "confirmed", "in_progress"),
        (past.submitted, "submit", job, worker, "in_progress", "completed"),
        (past.confirmed, "confirm", job, client, "completed", "completed"),
    ]
    if past.reviewed:
        rows.append((past.spoken, "review", job, client, "completed", "reviewed"))
    return [
        Event(
            at=at,
            name=name,
            noun=subject.NOUN,
            subject_id=subject.pk,
            stream=f"request:{request.pk}",
            from_state=before,
            to_state=after,
            actor_id=actor[0],
            role=actor[1],
        )
        for at, name, subject, actor, before, after in rows
    ]


def _count(pasts: list[Past]) -> None:
    """The counters as the effects would have left them."""
    stats = {row.worker_id: row for row in TaskerStats.objects.all()}
    homes = {row.user_id: row for row in ClientProfile.objects.all()}
    for past in pasts:
        own = stats[past.worker.pk]
        own.accepted += 1
        own.completed += 1
        own.recent_outcomes = [*own.recent_outcomes, True][-20:]
        own.last_active_at = max(own.last_active_at or past.submitted, past.submitted)
        home = homes.setdefault(past.client.pk, ClientProfile(user=past.client))
        home.completed += 1
        for other in past.refused:
            stats[other.pk].declined += 1
    counted = ["accepted", "declined", "completed", "recent_outcomes", "last_active_at"]
    TaskerStats.objects.bulk_update(stats.values(), counted)
    ClientProfile.objects.bulk_create([row for row in homes.values() if row.pk is None])
    ClientProfile.objects.bulk_update([row for row in homes.values() if row.pk], ["completed"])


def _deadlines(pasts: list[Past], now: datetime) -> None:
    """Work of the last 14 days can still be reviewed."""
    days = timedelta(days=int(policy.get("review_days", now=now)))
    DeadlineRow.objects.bulk_create(
        DeadlineRow(noun="job", subject_id=past.job.pk, name="review_close", due_at=past.submitted + days)
        for past in pasts
        if past.job is not None and past.submitted + days > now
    )
