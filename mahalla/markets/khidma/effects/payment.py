"""Effects that ask for money. What comes of it is heard later (``listeners``)."""

from __future__ import annotations

from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.payments import accounts, cash, holds
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma import billing, debts, disputes, money, receipts


def secure_payment(c: Ctx) -> None:
    """Cash needs no hold; anything else is asked for now (KH-FLOW-09, KH-PAY-04)."""
    if money.is_cash(c.subject):
        c.move(c.subject, "confirm_payment", actor=SYSTEM)
    else:
        money.request_hold(c.subject, now=c.now)


def change_method(c: Ctx) -> None:
    """Another card or wallet: asked at once while nothing is held, else moved over without a gap."""
    job: Job = c.subject
    method = c.cache["method"]
    request = job.request
    request.method_id, request.method_kind = method.pk, method.kind
    request.save(update_fields=["method_id", "method_kind"])
    job.terms = {**job.terms, "method_kind": method.kind}
    job.save(update_fields=["terms"])
    hold = money.hold_of(job)
    if hold is not None and hold.state == Hold.State.AUTHORISED:
        holds.change_method(hold, method_id=method.pk, now=c.now)
    else:
        money.request_hold(job, now=c.now)


def release_hold(c: Ctx) -> None:
    money.void(c.subject, now=c.now)


def raise_hold(c: Ctx) -> None:
    """What the client approved is held too, so that it can be charged (KH-FLOW-25)."""
    job: Job = c.subject
    if money.is_cash(job) or job.terms["pricing_model"] != "hourly":
        return
    planned = int(job.terms["estimate_min"]) + int(job.data.get("extra_approved_min", 0))
    timed = billing.rounded_minutes(billing.worked_minutes(job, now=c.now), c.policy("hour_rounding_min"))
    total = billing.price(
        job.terms, minutes=max(planned, timed + int(job.data["extra_approved_min"]))
    ).total_minor
    hold = money.hold_of(job)
    if hold is not None and hold.state == Hold.State.AUTHORISED and total > hold.amount_minor:
        holds.raise_authorisation(hold, amount_minor=total, now=c.now)
    job.terms = {**job.terms, "hold_minor": max(total, int(job.terms["hold_minor"]))}
    job.save(update_fields=["terms"])


def settle_cash(c: Ctx) -> None:
    """The Tasker records the cash; the platform's part becomes the Tasker's debt (KH-PAY-08)."""
    job: Job = c.subject
    if money.is_cash(job):
        charged = billing.final_quote(job)
        cash.record_cash(
            job.reference,
            worker_id=job.worker_id,
            client_id=job.client_id,
            amount_minor=charged.total_minor,
            fee_minor=charged.total_minor - charged.for_payee(billing.WORKER),
            currency=charged.currency,
            now=c.now,
        )


def capture_final(c: Ctx) -> None:
    """The final total for the submitted hours; the rest of the hold is freed (KH-PAY-07)."""
    job: Job = c.subject
    if money.is_cash(job):
        if c.actor.role == "client":
            cash.confirm_cash(job.reference, user_id=job.client_id, now=c.now)
        receipts.for_cash(job, now=c.now)
        money.pay_incentive(job, now=c.now)
        return
    money.capture(job, billing.final_quote(job).total_minor, now=c.now)


def capture_for_dispute(c: Ctx) -> None:
    """The whole amount into escrow at once, so that it cannot lapse; or back into it what was released (C5)."""
    job: Job = c.subject
    hold = money.hold_of(job)
    if debts.is_owed(job):
        return
    if hold is not None and hold.state == Hold.State.CAPTURED:
        disputes.hold_back(job, c.cache["case"], now=c.now)
    else:
        money.capture(job, billing.final_quote(job).total_minor, now=c.now)


def charge_tip(c: Ctx) -> None:
    """A second charge, wholly the Tasker's (KH-PRICE-14, KH-PAY-18). One tip a click: the count is in its key."""
    job: Job = c.subject
    amount = int(c.data["amount_minor"])
    tips = [*job.data.get("tips", []), amount]
    keys = [*job.data.get("tip_keys", []), *([str(c.data["key"])] if c.data.get("key") else [])]
    job.data = {**job.data, "tips": tips, "tip_keys": keys}
    job.save(update_fields=["data"])
    if money.is_cash(job) or job.request.method_id is None:
        return
    charges = Hold.objects.filter(reference=job.reference, kind=Hold.Kind.CHARGE)
    holds.charge_now(
        job.reference,
        key=f"{job.reference}:tip:{charges.count() + 1}",
        payer_id=job.client_id,
        method_id=job.request.method_id,
        amount_minor=amount,
        currency=job.terms["currency"],
        destination=accounts.payable(job.worker_id),
        now=c.now,
    )
