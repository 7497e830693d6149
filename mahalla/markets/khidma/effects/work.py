"""Effects of the work itself: terms, the way, the timer, the photos, the bill."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

from django.db.models import F, Q

from mahalla.kernel.catalog.models import ReviewTag
from mahalla.kernel.chat import operations as chat
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.work.models import Evidence, Job, Ping, TimerEntry
from mahalla.kit.money import round_half_up
from mahalla.markets.khidma import billing, presence, pricing
from mahalla.markets.khidma.effects.answer import reference
from mahalla.markets.khidma.models import ClientProfile, TaskerStats

RECENT = 20


def freeze_terms(c: Ctx) -> None:
    """What was agreed, whatever rates, policies or the catalogue say later (KH-PRICE-05, KH-CAT-04)."""
    job: Job = c.subject
    job.terms = pricing.terms_for(job, now=c.now)
    job.save(update_fields=["terms"])


def open_chat(c: Ctx) -> None:
    """Chat opens when the work is confirmed (KH-CHAT-01)."""
    job: Job = c.subject
    chat.open_thread(
        subject=job.request.stream,
        kind="task",
        members={job.client_id: "client", job.worker_id: "tasker"},
        now=c.now,
    )


def close_chat(c: Ctx) -> None:
    chat.close_threads(subject=c.subject.request.stream, now=c.now)


def free_calendar(c: Ctx) -> None:
    schedule.release(reference(c.subject.offer))


def set_off(c: Ctx) -> None:
    _set(c.subject, progress="en_route", set_off_at=c.now)
    presence.note(c.subject, c.data, now=c.now)


def arrive(c: Ctx) -> None:
    """Time and place are kept; a place far from the address is flagged and does not stop the task (KH-TRUST-08)."""
    _set(c.subject, progress="arrived", arrived_at=c.now)
    presence.judge(c)


def log_contact(c: Ctx) -> None:
    tries = [*c.subject.data.get("contact_attempts", []), c.now.isoformat()]
    _remember(c.subject, contact_attempts=tries)


def start_timer(c: Ctx) -> None:
    TimerEntry.objects.create(job=c.subject, started_at=c.now)
    if c.event == "start_timer":
        presence.judge(c)


def stop_timer(c: Ctx) -> None:
    TimerEntry.objects.filter(job=c.subject, stopped_at__isnull=True).update(stopped_at=c.now)


stop_timer_if_running = stop_timer


def ask_extra(c: Ctx) -> None:
    _remember(c.subject, extra_asked_min=c.payload["minutes"])


def approve_extra(c: Ctx) -> None:
    data = c.subject.data
    approved = int(data.get("extra_approved_min", 0)) + int(data["extra_asked_min"])
    _remember(c.subject, extra_approved_min=approved, extra_asked_min=0)


def add_photo(c: Ctx) -> None:
    """Photos of the finished work belong to the evidence (KH-FLOW-21)."""
    job: Job = c.subject
    kind = "before" if c.data.get("kind") == "before" else "after"
    Evidence.objects.create(
        job=job,
        by_id=job.worker_id,
        kind=kind,
        asset=c.data["asset"],
        note=str(c.data.get("note", "")),
        at=c.now,
    )


def bill(c: Ctx) -> None:
    """The invoice draft: what the client is asked to confirm."""
    job: Job = c.subject
    rounding = c.policy("hour_rounding_min")
    made: billing.Bill = c.cache.get("bill") or billing.judge(job, {}, now=c.now, rounding=rounding)
    _remember(
        job,
        worked_min=made.worked_min,
        billed_min=made.billed_min,
        share_pct=made.share_pct,
        partial=made.partial,
        partial_reason=made.reason,
    )
    _set(job, final=made.quote.to_json(), submitted_at=c.now)


def count_completed(c: Ctx) -> None:
    """Completed counts for both: rates, the newcomer's fifth task, the household's second (KH-PROFILE-05, -12)."""
    job: Job = c.subject
    stats, _fresh = TaskerStats.objects.get_or_create(worker_id=job.worker_id)
    stats.completed += 1
    stats.recent_outcomes = [*stats.recent_outcomes, True][-RECENT:]
    stats.last_active_at = c.now
    stats.save(update_fields=["completed", "recent_outcomes", "last_active_at"])
    profile, _fresh = ClientProfile.objects.get_or_create(user_id=job.client_id)
    ClientProfile.objects.filter(pk=profile.pk).update(completed=F("completed") + 1)
    job.data = {**job.data, "incentive_minor": _incentive(c, stats.completed)}
    job.save(update_fields=["data"])
    for thread in Thread.objects.filter(subject=job.request.stream):
        chat.schedule_close(thread, closes_at=c.now + timedelta(days=c.policy("chat_open_days")))


def _incentive(c: Ctx, completed: int) -> int:
    """The newcomer's first three tasks earn ten percent more, from the platform (KH-MATCH-15): 80.00 gives 8.00."""
    if completed > c.policy("early_incentive_tasks") or not c.subject.terms.get("new"):
        return 0
    earned = billing.worker_amount_minor(c.subject)
    return round_half_up(Fraction(earned * c.policy("early_incentive_pct"), 100))


def invite_review(c: Ctx) -> None:
    """The client may review for 14 days; how much a review weighs depends on the work (KH-REV-05)."""
    job: Job = c.subject
    category = job.request.category
    assert category is not None
    tags = ReviewTag.objects.filter(enabled=True).filter(
        Q(category=None) | Q(category__in=[category, category.parent])
    )
    reviews.invite(
        job_id=job.pk,
        side="of_worker",
        author_id=job.client_id,
        subject_id=job.worker_id,
        stream=job.request.stream,
        opens_at=c.now,
        closes_at=c.now + timedelta(days=c.policy("review_days")),
        tags=list(tags.values_list("code", flat=True)),
        weight=c.policy(f"complexity_weight_{job.terms.get('risk_class', 'medium')}"),
    )


def flag_stuck(c: Ctx) -> None:
    _remember(c.subject, stuck_since=c.now.isoformat())


def forget_places(before: Any) -> int:
    """Positions are kept 30 days (KH-SEC-03)."""
    return Ping.objects.filter(at__lt=before).delete()[0]


def _set(job: Job, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(job, name, value)
    job.save(update_fields=list(fields))


def _remember(job: Job, **data: Any) -> None:
    _set(job, data={**job.data, **data})
