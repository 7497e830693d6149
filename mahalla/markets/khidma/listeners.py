"""What Khidma does when the kernel has news: money moved, a case was decided, an account was shut.

Registered once when the market's app is ready. Everything here may hear the same news twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import transaction

from mahalla.kernel.cases import listeners as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat import listeners as chat
from mahalla.kernel.events import outbox
from mahalla.kernel.flow import engine
from mahalla.kernel.identity import policies as identity
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments import listeners as payments
from mahalla.kernel.payments import methods
from mahalla.kernel.payments.models import Hold, PaymentMethod, Refund
from mahalla.kernel.reviews import listeners as reviews
from mahalla.kernel.trust import listeners as trust
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Refused
from mahalla.kit.flow import Phase
from mahalla.kit.market import active
from mahalla.markets.khidma import billing, conduct, debts, disputes, leaving, money, receipts

BEFORE_WORK = ("accepted", "confirmed")
SHUT_OUT = (User.Status.SUSPENDED, User.Status.BANNED)


def register() -> None:
    """Once, at start. Every market's app is installed in every process, so each listener asks first whose it is."""
    payments.lock_first(_ours(_lock_root))
    for event in ("authorised", "verified"):
        payments.on(event, _ours(_secured))
    for event in ("renewed", "raised"):
        payments.on(event, _ours(_renewed))
    for event in ("authorisation_failed", "renewal_failed"):
        payments.on(event, _ours(_not_secured))
    payments.on("expired", _ours(_hold_gone))
    payments.on("raise_failed", _ours(_not_raised))
    payments.on("captured", _ours(_captured))
    payments.on("capture_failed", _ours(_not_captured))
    payments.on("charged", _ours(_tipped))
    payments.on("charged", _ours(debts.paid))
    payments.on("charge_failed", _ours(_tip_refused))
    payments.on("refund_failed", _ours(_refund_failed))
    methods.in_use_by(_ours(_method_in_use))
    cases.on("decided", _ours(_case_decided))
    cases.on("withdrawn", _ours(_case_decided))
    cases.on("released", _ours(_case_released))
    trust.on("sanctioned", _ours(_sanctioned))
    trust.on("verification_lapsed", _ours(_lapsed))
    for decided in ("sanction_over", "verification_approved"):
        trust.on(decided, _ours(_back_on_the_map))
    identity.register_blocker(_ours(leaving.why_not))
    chat.on("sent", conduct.message_sent, market="khidma")
    chat.on("detected", conduct.words_detected, market="khidma")
    reviews.on("private", conduct.private_feedback, market="khidma")
    reviews.on("replied", conduct.reply_given, market="khidma")
    payments.on("captured", _ours(conduct.payment_taken))
    payments.on("refunded", _ours(conduct.refund_done))
    payments.on("payout_paid", _ours(conduct.payout_sent))
    payments.on("payout_failed", _ours(conduct.payout_refused))


def _ours(listener: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(listener)
    def heard(*args: Any, **kwargs: Any) -> Any:
        return listener(*args, **kwargs) if active().name == "khidma" else None

    return heard


# --- payments -------------------------------------------------------------------------------------------------------


def _lock_root(reference: str) -> None:
    noun, _sep, pk = reference.partition(":")
    if noun == "job":
        request = Job.objects.filter(pk=pk).values_list("request_id", flat=True)
        list(Request.objects.select_for_update(no_key=True).filter(pk__in=request))


def _job_of(hold: Hold) -> Job | None:
    noun, _sep, pk = hold.reference.partition(":")
    return Job.objects.filter(pk=pk).first() if noun == "job" and hold.kind == Hold.Kind.HOLD else None


def _secured(hold: Hold, now: datetime) -> None:
    """Money is there (or the method is good for a later hold): the work is confirmed (row 17), or what is due is taken."""
    job = _job_of(hold)
    if job is None:
        return
    if "due_minor" in job.data and hold.state == Hold.State.AUTHORISED:
        money.capture(engine.lock(job), int(job.data["due_minor"]), now=now)
    elif job.state == "accepted":
        engine.apply(job, "confirm_payment", actor=SYSTEM, now=now)
    elif job.state == "confirmed":
        engine.apply(job, "payment_renewed", actor=SYSTEM, now=now)


def _renewed(hold: Hold, now: datetime) -> None:
    job = _job_of(hold)
    if job is not None and job.state == "confirmed":
        engine.apply(job, "payment_renewed", actor=SYSTEM, now=now)


def _not_secured(hold: Hold, now: datetime) -> None:
    """The client is asked for another method (rows 18 and 41); later, what is due becomes a debt."""
    job = _job_of(hold)
    if job is None:
        return
    if job.state in BEFORE_WORK:
        engine.apply(job, "payment_failed", actor=SYSTEM, now=now)
    elif "due_minor" in job.data:
        debts.owe(engine.lock(job), int(job.data["due_minor"]), now=now)


def _hold_gone(hold: Hold, now: datetime) -> None:
    """A hold lapsed at the provider: before the work another method is asked for, later the hold is asked for anew."""
    job = _job_of(hold)
    if job is not None and job.state in {"in_progress", "completed"} and "due_minor" not in job.data:
        with suppress(Refused):
            money.request_hold(job, now=now)
        return
    _not_secured(hold, now)


def _not_captured(hold: Hold, now: datetime) -> None:
    """The bank held the money and then would not give it (KH-PAY-22): the client owes it, operations are told."""
    job = _job_of(hold)
    if job is not None:
        job = engine.lock(job)
        debts.owe(job, int(job.data.get("due_minor") or hold.capture_minor or hold.amount_minor), now=now)


def _captured(hold: Hold, now: datetime) -> None:
    job = _job_of(hold)
    if job is not None:
        disputes.settle(engine.lock(job), now=now)


def _tipped(hold: Hold, now: datetime) -> None:
    """A tip is the Tasker's at once and leaves with the payouts (KH-PAY-18)."""
    noun, _sep, pk = hold.reference.partition(":")
    job = Job.objects.filter(pk=pk).first() if noun == "job" else None
    if job is not None:
        money.plan_payout(job, hold.captured_minor, step=f"tip:{hold.pk}", now=now)
        receipts.for_tip(job, hold, now=now)
        conduct.tip_paid(hold, now)


def _tip_refused(hold: Hold, now: datetime) -> None:
    """The card did not give it: the tip is none, and the client knows."""
    noun, _sep, pk = hold.reference.partition(":")
    job = Job.objects.filter(pk=pk).first() if noun == "job" else None
    if job is None:
        return
    job = engine.lock(job)
    tips = list(job.data.get("tips", []))
    if hold.amount_minor in tips:
        tips.remove(hold.amount_minor)
    job.data = {**job.data, "tips": tips}
    job.save(update_fields=["data"])
    conduct.tip_failed(job, hold, now=now)


def _refund_failed(refund: Refund, now: datetime) -> None:
    job = _job_of(refund.hold)
    if job is not None:
        debts.refund_failed(job, refund, now=now)


def _not_raised(hold: Hold, now: datetime) -> None:
    """Extra time that the card does not bear is not worked for nothing: billing stops at what is held (KH-FLOW-25)."""
    job = _job_of(hold)
    if job is not None and job.state == "in_progress":
        job = engine.lock(job)
        job.terms = {**job.terms, "hold_minor": hold.amount_minor}
        job.save(update_fields=["terms"])
        conduct.extra_not_held(job, hold, now=now)


def _method_in_use(method: PaymentMethod) -> bool:
    """A task that is not over counts on its method (KH-PAY-02)."""
    open_phases = (Phase.OPEN, Phase.AGREED, Phase.UNDER_WAY, Phase.DONE)
    requests = Request.objects.filter(method_id=method.pk, client_id=method.user_id)
    live = requests.filter(phase=Phase.OPEN) | requests.filter(
        jobs__phase__in=open_phases[1:], jobs__closed_at=None
    )
    return live.exists()


# --- cases ----------------------------------------------------------------------------------------------------------


def _case_decided(case: Case, *, actor: Actor, now: datetime) -> None:
    job = Job.objects.filter(pk=case.job_id).first() if case.job_id else None
    if job is None:
        return
    if case.group == Case.Group.DISPUTE and job.state == "disputed":
        engine.apply(job, "decide", actor=SYSTEM, now=now)
    elif case.group == Case.Group.INCIDENT and job.ended_reason == "unsafe":
        with transaction.atomic():
            job = engine.lock(job)
            job.data = {**job.data, "incident_reviewed": True}
            job.save(update_fields=["data"])
            if money.is_cash(job) and job.final:
                debts.owe(job, billing.final_quote(job).total_minor, now=now)
            disputes.settle(job, now=now)


def _case_released(case: Case, *, actor: Actor, now: datetime) -> None:
    """The disputed part is paid before the decision, at the platform's risk (KH-PAY-13)."""
    job = Job.objects.filter(pk=case.job_id).first() if case.job_id else None
    if job is not None and job.state == "disputed":
        with transaction.atomic():
            disputes.release_early(engine.lock(job), case, now=now)


# --- accounts -------------------------------------------------------------------------------------------------------


def _sanctioned(sanction: Any, *, actor: Actor, now: datetime) -> None:
    if sanction.level in {"suspension", "ban"}:
        _take_back(sanction.user_id, f"sanction:{sanction.pk}", now)
    _refresh(sanction.user_id, now)


def _lapsed(verification: Any, *, actor: Actor, now: datetime) -> None:
    _take_back(verification.user_id, f"check:{verification.pk}", now)
    _refresh(verification.user_id, now)


def _back_on_the_map(subject: Any, *, actor: Actor, now: datetime) -> None:
    """A check was approved, or a sanction is over: lists may show the Tasker again, if all the rest is in order."""
    _refresh(subject.user_id, now)


def _take_back(worker_id: int, why: str, now: datetime) -> None:
    """Each task in a transaction of its own, after commit: they belong to different requests (KH-FLOW-29)."""
    outbox.enqueue("khidma.take_back", key=f"khidma:take_back:{why}", payload={"worker": worker_id}, now=now)


def _refresh(worker_id: int, now: datetime) -> None:
    from mahalla.markets.khidma import supply

    supply.refresh_spots(worker_id, now=now)


@outbox.handler("khidma.take_back")
def take_back(payload: dict[str, Any], now: datetime) -> None:
    """Live offers and future tasks of somebody who may not work any more go to somebody else; a client who is shut out
    gets nobody sent either: tasks that nobody accepted yet are over (KH-ID-10)."""
    if User.objects.filter(pk=payload["worker"], status__in=SHUT_OUT).exists():
        for request in Request.objects.filter(client_id=payload["worker"], phase=Phase.OPEN):
            _quietly(request, "expire", now)
    for offer in Offer.objects.filter(worker_id=payload["worker"], state="pending"):
        _quietly(offer, "withdraw", now)
    for job in Job.objects.filter(worker_id=payload["worker"], state__in=BEFORE_WORK):
        _quietly(job, "account_action", now)


@outbox.handler("khidma.withdraw_overlapping")
def withdraw_overlapping(payload: dict[str, Any], now: datetime) -> None:
    """Pending offers that no longer fit the calendar are taken back without counting (KH-FLOW-08)."""
    from mahalla.markets.khidma import ranking

    accepted = Offer.objects.get(pk=payload["offer"])
    for offer in Offer.objects.filter(worker_id=accepted.worker_id, state="pending").exclude(pk=accepted.pk):
        if not ranking.still_fits(offer, now=now):
            _quietly(offer, "withdraw", now)


def _quietly(subject: Offer | Job | Request, event: str, now: datetime) -> None:
    """Somebody else may have moved it meanwhile; then there is nothing left to do."""
    try:
        engine.apply(subject, event, actor=SYSTEM, now=now)
    except Refused:
        return
