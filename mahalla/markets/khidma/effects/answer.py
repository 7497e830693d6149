"""Effects of a Tasker's answer: the calendar, the counters, the job."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from mahalla.kernel.chat import operations as chat
from mahalla.kernel.events import outbox
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma.models import TaskerStats


def reference(offer: Offer) -> str:
    """How the calendar names the time that an accepted offer takes."""
    return f"offer:{offer.pk}"


def open_questions(c: Ctx) -> None:
    """Questions are possible from now on, contacts masked (S30).

    Nothing of the Tasker's own is written with an offer: two requests that ask one Tasker must not wait for each other.
    """
    offer: Offer = c.subject
    chat.open_thread(
        subject=offer.request.stream,
        kind="task",
        members={offer.request.client_id: "client", offer.worker_id: "tasker"},
        mask_contacts=True,
        now=c.now,
    )


def close_questions(c: Ctx) -> None:
    """The offer is over without a yes: what was asked stays readable."""
    chat.close_threads(subject=c.subject.request.stream, now=c.now)


def occupy_calendar(c: Ctx) -> None:
    """The database decides whether the time is free (KH-FLOW-08, KH-CAL-04)."""
    offer: Offer = c.subject
    start = c.cache["start"]
    remote = offer.request.category is not None and offer.request.category.work_place == "remote"
    schedule.occupy(
        worker_id=offer.worker_id,
        start=start,
        end=start + timedelta(minutes=offer.request.estimate_min),
        reference=reference(offer),
        now=c.now,
        buffer_min=0 if remote else c.policy("travel_buffer_min"),
    )


def count_accepted(c: Ctx) -> None:
    _answered(c, "accepted")


def count_declined(c: Ctx) -> None:
    offer: Offer = c.subject
    offer.reason = str(c.data.get("reason", ""))[:200]
    offer.save(update_fields=["reason"])
    _answered(c, "declined")


def count_expired(c: Ctx) -> None:
    """Not answering counts as not accepting; it is no activity either (KH-FLOW-07, KH-MATCH-08)."""
    _stats(c.subject.worker_id).update(expired=F("expired") + 1)


def open_job(c: Ctx) -> None:
    """The task is booked and the job begins; other pending offers on the same hours are taken back after commit.

    After, because they belong to other requests: locking those here could make two acceptances wait for each other.
    Until then the calendar's constraint keeps them from being accepted.
    """
    offer: Offer = c.subject
    request = offer.request
    c.move(request, "agree")
    start = c.cache["start"]
    job = Job(
        request=request,
        offer=offer,
        client_id=request.client_id,
        worker_id=offer.worker_id,
        start_at=start,
        end_at=start + timedelta(minutes=request.estimate_min),
        quote=offer.quote,
        created_at=c.now,
    )
    engine.step(job, "agree", actor=c.actor, now=c.now, data=dict(c.data))
    outbox.enqueue(
        "khidma.withdraw_overlapping",
        key=f"khidma:overlaps:{offer.pk}",
        payload={"offer": offer.pk},
        now=c.now,
    )


def return_to_matching(c: Ctx) -> None:
    offer: Offer = c.subject
    actor = c.actor if c.actor.role == "tasker" else SYSTEM
    c.move(
        offer.request,
        "offer_refused",
        actor=actor,
        worker_id=offer.worker_id,
        why=offer.state,
        source=offer.source,
    )


def free_request(c: Ctx) -> None:
    """Taking an offer back frees the task, unless the task itself is ending."""
    if not c.data.get("why"):
        c.move(c.subject.request, "offer_taken_back")


def _answered(c: Ctx, what: str) -> None:
    offer: Offer = c.subject
    offer.answered_at = c.now
    if c.data.get("instant"):
        offer.data = {**offer.data, "instant": True}
    offer.save(update_fields=["answered_at", "data"])
    _stats(offer.worker_id).update(**{what: F(what) + 1}, last_active_at=c.now)


def _stats(worker_id: int):  # type: ignore[no-untyped-def]
    TaskerStats.objects.get_or_create(worker_id=worker_id)
    return TaskerStats.objects.filter(worker_id=worker_id)
