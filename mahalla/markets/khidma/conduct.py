"""How people treat each other: reports, hints in chats and reviews, and who of the staff may look (KH-CASE-07, KH-CHAT-05).

A hint only puts something before a person; nobody is punished by a rule alone (S25).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat.models import Message
from mahalla.kernel.notices.operations import notify
from mahalla.kernel.payments.models import Hold, Refund
from mahalla.kernel.payments.payout_models import PayoutBatch
from mahalla.kernel.reviews.models import PrivateFeedback, Reply, Review
from mahalla.kernel.trust import flags
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import receipts

REPORTS = ("behaviour", "harassment", "violence")
#: what counts as a warning sign in the words of a private remark to the platform (KH-REV-03)
SCORES = {"off_platform_payment": 70, "contact_phone": 40, "contact_email": 40, "contact_link": 30}


def report(
    job: Job, *, kind: str, text: str, actor: Actor, now: datetime, assets: Iterable[int] = ()
) -> Case:
    """Report the other side of a task (KH-CASE-07, KH-CASE-08). The reported person does not learn who it was.

    Raises ``NotFound`` for somebody with no part in the task, ``Invalid`` for an unknown kind or without words.
    """
    if actor.user_id not in {job.client_id, job.worker_id}:
        raise NotFound()
    if kind not in REPORTS:
        raise Invalid({"kind": _("Choose what happened.")})
    if not text.strip():
        raise Invalid({"text": _("Tell us what happened.")})
    against = job.worker_id if actor.user_id == job.client_id else job.client_id
    return cases.open_case(
        kind=kind,
        subject=job.reference,
        opened_by_id=actor.user_id,
        against_id=against,
        text=text,
        assets=list(assets),
        actor=actor,
        now=now,
    )


# --- chat -----------------------------------------------------------------------------------------------------------


def message_sent(message: Message, *, now: datetime) -> None:
    """The other side hears of it (KH-CHAT-02)."""
    if message.system or message.author_id is None:
        return
    pk = message.thread.subject.partition(":")[2]
    for user_id in message.thread.members.exclude(user_id=message.author_id).values_list(
        "user_id", flat=True
    ):
        notify(
            name="message_received",
            user_id=user_id,
            params={"name": message.author.name.split(" ")[0]} if message.author else {"name": ""},
            link=f"/tasks/{pk}/#chat",
            now=now,
            key=f"message:{message.pk}",
            merge=f"chat:{message.thread_id}",
        )


def words_detected(message: Message, *, now: datetime) -> None:
    """Phone numbers, links, e-mails and payment invitations are flagged for people to look at (KH-CHAT-05)."""
    if message.author_id is None:
        return
    found = list(message.flags)
    rule = "off_platform_payment" if "off_platform_payment" in found else "contact_exchange"
    flags.raise_flag(
        rule,
        key=f"chat:{message.pk}",
        user_id=message.author_id,
        score=max(SCORES.get(flag, 30) for flag in found),
        evidence={"thread": message.thread_id, "message": message.pk, "found": found},
        reference=message.thread.subject,
        actor=SYSTEM,
        now=now,
    )


# --- reviews --------------------------------------------------------------------------------------------------------


def private_feedback(feedback: PrivateFeedback, *, now: datetime) -> None:
    """A person of trust and safety reads it; no rating moves (C19)."""
    review = feedback.review
    cases.open_case(
        kind="private_feedback",
        subject=f"job:{review.job_id}",
        opened_by_id=review.author_id,
        against_id=review.subject_id,
        text=feedback.text,
        actor=Actor(review.author_id, "client"),
        now=now,
    )


def reply_given(reply: Reply, *, now: datetime) -> None:
    review: Review = reply.review
    job = Job.objects.get(pk=review.job_id)
    _tell("reply_received", review.author_id, job, f"reply:{reply.pk}", now)


# --- money's news ---------------------------------------------------------------------------------------------------


def payment_taken(hold: Hold, now: datetime) -> None:
    job = _job(hold.reference)
    if job is not None and job.final:
        receipts.for_capture(job, hold, now=now)
        _tell("payment_taken", job.client_id, job, f"captured:{hold.pk}", now)


def tip_paid(hold: Hold, now: datetime) -> None:
    """The Tasker hears of a tip when it is there, not when it was promised (KH-PAY-18)."""
    job = _job(hold.reference)
    if job is not None:
        notify(
            name="tip_received",
            user_id=job.worker_id,
            params={"client": job.client.name.split(" ")[0]},
            link=f"/jobs/{job.pk}/",
            now=now,
            key=f"tip:{hold.pk}",
        )


def tip_failed(job: Job, hold: Hold, *, now: datetime) -> None:
    _tell("tip_failed", job.client_id, job, f"tip:{hold.pk}:failed", now)


def extra_not_held(job: Job, hold: Hold, *, now: datetime) -> None:
    _tell("extra_not_held", job.worker_id, job, f"raise:{hold.pk}:{hold.raises}", now)


def refund_done(refund: Refund, now: datetime) -> None:
    job = _job(refund.hold.reference)
    if job is not None:
        receipts.for_refund(job, refund, now=now)
        _tell("refund_done", job.client_id, job, f"refund:{refund.pk}", now)


def payout_sent(batch: PayoutBatch, now: datetime) -> None:
    notify(
        name="payout_sent",
        user_id=batch.worker_id,
        params={},
        link="/work/payouts/",
        now=now,
        key=f"payout:{batch.pk}",
    )


def payout_refused(batch: PayoutBatch, now: datetime) -> None:
    notify(
        name="payout_refused",
        user_id=batch.worker_id,
        params={},
        link="/work/payouts/",
        now=now,
        key=f"payout:{batch.pk}:failed",
    )


def _job(reference: str) -> Job | None:
    noun, _sep, pk = reference.partition(":")
    return Job.objects.select_related("worker", "request").filter(pk=pk).first() if noun == "job" else None


def _tell(name: str, user_id: int, job: Job, key: str, now: datetime) -> None:
    notify(
        name=name,
        user_id=user_id,
        params={"worker": job.worker.name.split(" ")[0]},
        link=f"/tasks/{job.request_id}/",
        now=now,
        key=key,
    )
