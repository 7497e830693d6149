"""Effects of endings: cancellations and their fees, no-shows, safety, confirmation, reviews, disputes."""

from __future__ import annotations

from django.db.models import F

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.trust import flags
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM
from mahalla.kit.quote import Line, Quote
from mahalla.markets.khidma import billing, debts, disputes, money
from mahalla.markets.khidma.effects import payment
from mahalla.markets.khidma.effects.demand import expires_at
from mahalla.markets.khidma.effects.work import RECENT
from mahalla.markets.khidma.models import TaskerStats


def _end(c: Ctx, reason: str) -> None:
    job: Job = c.subject
    job.ended_reason, job.closed_at = reason, c.now
    job.save(update_fields=["ended_reason", "closed_at"])


def because_payment_failed(c: Ctx) -> None:
    _end(c, "payment_failed")


def because_account(c: Ctx) -> None:
    _end(c, "account_action")


def because_no_show(c: Ctx) -> None:
    _end(c, "no_show")


def because_unsafe(c: Ctx) -> None:
    _end(c, "unsafe")


# --- the client cancels ---------------------------------------------------------------------------------------------


def charge_cancellation(c: Ctx) -> None:
    """The fee by tier goes to the Tasker without platform fee; the rest of the hold is freed (KH-FLOW-13, KH-PAY-19)."""
    waived = bool(c.payload.get("waive_fee"))
    fee = 0 if waived else billing.cancellation_fee_minor(c.subject, now=c.now, policy=c.policy)
    _end(c, "cancelled")
    _charge(c, fee)


def charge_client_absent(c: Ctx) -> None:
    _end(c, "no_show")
    _charge(c, billing.absence_fee_minor(c.subject))


def _charge(c: Ctx, fee_minor: int) -> None:
    job: Job = c.subject
    if fee_minor <= 0:
        money.void(job, now=c.now)
        return
    line = Line("cancellation_fee", fee_minor, billing.WORKER)
    job.final = Quote((line,), job.terms["currency"]).to_json()
    job.save(update_fields=["final"])
    if money.secured_minor(job) >= fee_minor:
        money.capture(job, fee_minor, now=c.now)
    else:
        money.void(job, now=c.now)
        debts.charge_without_hold(job, fee_minor, now=c.now)


# --- the Tasker does not come ---------------------------------------------------------------------------------------


def strike_or_incident(c: Ctx) -> None:
    """A strike counts and the rates fall; a reason of safety does neither and opens an incident (C18)."""
    reason = str(c.data.get("reason"))
    _end(c, reason)
    if reason == "unsafe":
        open_incident(c)
    else:
        strike(c)


def strike(c: Ctx) -> None:
    """Counted against completion and, since the promise was taken back, against acceptance too (KH-MATCH-12)."""
    job: Job = c.subject
    flags.add_strike(
        user_id=job.worker_id, kind=job.ended_reason or "cancelled", reference=job.reference, now=c.now
    )
    stats, _fresh = TaskerStats.objects.get_or_create(worker_id=job.worker_id)
    TaskerStats.objects.filter(pk=stats.pk).update(
        cancelled=F("cancelled") + 1,
        accepted=F("accepted") - (1 if stats.accepted else 0),
        declined=F("declined") + 1,
        recent_outcomes=[*stats.recent_outcomes, False][-RECENT:],
    )


def open_incident(c: Ctx) -> None:
    """Safety first: a person looks before the task is matched again (KH-FLOW-15)."""
    job: Job = c.subject
    cases.open_case(
        kind="unsafe",
        subject=job.reference,
        opened_by_id=job.worker_id,
        against_id=job.client_id,
        text=str(c.data.get("text", "")),
        actor=c.actor,
        now=c.now,
    )


def capture_and_keep(c: Ctx) -> None:
    """Worked time stays payable: into escrow now, released when the incident is reviewed (row 30)."""
    job: Job = c.subject
    if not money.is_cash(job):
        money.capture(job, billing.final_quote(job).total_minor, now=c.now)


def match_again(c: Ctx) -> None:
    """The task looks for somebody else, unless it was unsafe, too late, or the client does not want that (row 38)."""
    job: Job = c.subject
    request = job.request
    ahead = expires_at(request, now=c.now) > c.now
    if job.ended_reason == "unsafe" or request.data.get("no_rematch") or not ahead:
        return
    if job.client.status != User.Status.ACTIVE:
        return
    c.move(request, "rematch", actor=SYSTEM, worker_id=job.worker_id, why="cancelled")


def match_again_or_expire(c: Ctx) -> None:
    """Nobody paid: the Tasker is not penalised and may be chosen again (row 19)."""
    request = c.subject.request
    if expires_at(request, now=c.now) > c.now:
        c.move(request, "rematch", actor=SYSTEM)
    else:
        c.move(request, "expire", actor=SYSTEM)


# --- the work is done -----------------------------------------------------------------------------------------------


def mark_confirmed(c: Ctx) -> None:
    job: Job = c.subject
    job.confirmed_at = c.now
    job.save(update_fields=["confirmed_at"])


def confirm_if_open(c: Ctx) -> None:
    """A review counts as confirmation (row 33)."""
    job: Job = c.subject
    if job.confirmed_at is None:
        mark_confirmed(c)
        payment.capture_final(c)


def leave_review(c: Ctx) -> None:
    """One review of the Tasker's work (KH-REV-01); ``device`` tells reviews from one phone apart (KH-TRUST-09)."""
    job: Job = c.subject
    reviews.leave(
        job_id=job.pk,
        side="of_worker",
        author=job.client,
        stars=c.data["stars"],
        tags=list(c.data.get("tags", ())),
        text=str(c.data.get("text", "")),
        private_feedback=str(c.data.get("private_feedback", "")),
        marks={"device": [str(c.data["device"])]} if c.data.get("device") else {},
        now=c.now,
    )


def close_file(c: Ctx) -> None:
    job: Job = c.subject
    job.closed_at = job.closed_at or c.now
    job.save(update_fields=["closed_at"])


# --- disputes -------------------------------------------------------------------------------------------------------


def open_dispute(c: Ctx) -> None:
    job: Job = c.subject
    claim: billing.Claim = c.cache["claim"]
    job.data = {**job.data, "before_dispute": c.previous}
    job.save(update_fields=["data"])
    c.cache["case"] = cases.open_case(
        kind=claim.kind,
        subject=job.reference,
        opened_by_id=job.client_id,
        against_id=job.worker_id,
        text=claim.text,
        claimed_minor=claim.claimed_minor,
        charge_minor=claim.charge_minor,
        worker_minor=billing.final_quote(job).for_payee(billing.WORKER),
        currency=job.terms["currency"],
        assets=list(c.data.get("assets", ())),
        data=claim.data,
        actor=c.actor,
        now=c.now,
    )


def after_decision(c: Ctx) -> str:
    """No refund: the state before the dispute; any refund: Refunded (rows 35–37)."""
    case = money.dispute_of(c.subject)
    refund = int((case.decision or {}).get("refund_minor", 0)) if case else 0
    return "refunded" if refund else str(c.subject.data["before_dispute"])


def settle_dispute(c: Ctx) -> None:
    """The decision stands for the client's confirmation; its money is moved and the kind of refund kept."""
    job: Job = c.subject
    case = money.dispute_of(job)
    assert case is not None
    refund = int((case.decision or {}).get("refund_minor", 0))
    charged = billing.final_quote(job).total_minor
    job.data = {**job.data, "refund_kind": ("full" if refund == charged else "partial") if refund else ""}
    job.confirmed_at = job.confirmed_at or c.now
    job.save(update_fields=["data", "confirmed_at"])
    disputes.decide(job, case, now=c.now)
