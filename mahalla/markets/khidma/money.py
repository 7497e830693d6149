"""Khidma's money: from the hold to the Tasker's payable, as ledger movements.

The provider's side (clearing → escrow of the job) is posted by ``kernel.payments``; this module posts what the market
does with it: escrow → payable, fees, tax; and incentives.
Every leg has a key of its own, so twice is once. Disputes are in ``disputes``, what a client owes in ``debts``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.ledger.models import Transfer
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.payments import accounts, holds, payouts
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job
from mahalla.kit.errors import Refused
from mahalla.kit.money import round_half_up
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing
from mahalla.markets.khidma.billing import PLATFORM, TAX, WORKER

TAXES, WITHHELD, INCENTIVES, RISK = (
    "revenue/taxes",
    "revenue/withheld",
    "cost/incentives",
    "cost/dispute_risk",
)


def hold_of(job: Job) -> Hold | None:
    """The hold that secures the job now, or the last one it had."""
    held = Hold.objects.filter(reference=job.reference, kind=Hold.Kind.HOLD)
    return held.filter(state__in=Hold.LIVE).first() or held.order_by("-pk").first()


def secured_minor(job: Job) -> int:
    """What can be captured for the job now."""
    hold = hold_of(job)
    return hold.amount_minor if hold is not None and hold.state == Hold.State.AUTHORISED else 0


def request_hold(job: Job, *, now: datetime) -> None:
    """Estimate × 1.20 at acceptance; for starts more than 6 days off the method is checked now and held then (S9)."""
    request, amount = job.request, int(job.terms["hold_minor"])
    common = {
        "payer_id": job.client_id,
        "method_id": request.method_id,
        "amount_minor": amount,
        "currency": job.terms["currency"],
        "now": now,
    }
    days = timedelta(days=policy.get("auth_max_age_days", now=now))
    if job.start_at - now > days:
        holds.schedule_authorisation(job.reference, at=job.start_at - days, **common)
    else:
        holds.authorise(job.reference, **common)


def void(job: Job, *, now: datetime) -> None:
    hold = hold_of(job)
    if hold is not None and hold.state in Hold.LIVE:
        holds.void(hold, now=now)


def capture(job: Job, amount_minor: int, *, now: datetime) -> None:
    """Take the final amount from the hold, or what of it was authorised; the rest is freed (KH-PAY-07).

    Where the hold is gone (it lapsed, it was never granted) the amount is asked for once more; what comes of it is
    heard later (``listeners``), and in the end the client owes it. ``job`` is locked by its root.
    """
    hold = hold_of(job)
    if hold is not None and hold.state in {Hold.State.CAPTURED, Hold.State.CAPTURE_REQUESTED}:
        return
    job.data = {**job.data, "due_minor": amount_minor}
    job.save(update_fields=["data"])
    if hold is not None and hold.state == Hold.State.AUTHORISED:
        _cap(job, hold.amount_minor)
        holds.capture(hold, amount_minor=min(amount_minor, hold.amount_minor), now=now)
    elif hold is None or hold.state not in {Hold.State.REQUESTED, Hold.State.ACTION_REQUIRED}:
        ask_again(job, amount_minor, now=now)


def ask_again(job: Job, amount_minor: int, *, now: datetime) -> None:
    """A new hold on the task's method for money that is due, in place of one that is gone."""
    from mahalla.markets.khidma import debts

    try:
        holds.authorise(
            job.reference,
            payer_id=job.client_id,
            method_id=job.request.method_id or 0,
            amount_minor=amount_minor,
            currency=job.terms["currency"],
            now=now,
        )
    except Refused:
        debts.owe(job, amount_minor, now=now)


def _cap(job: Job, most_minor: int) -> None:
    """The bill is what is taken: extra time that the card did not bear is not charged, nor passed on (KH-FLOW-25)."""
    final = billing.final_quote(job)
    if final.total_minor > most_minor:
        job.final = billing.capped(final, most_minor).to_json()
        job.save(update_fields=["final"])


def is_cash(job: Job) -> bool:
    return bool(job.terms.get("method_kind") == "cash")


# --- releasing what was captured ------------------------------------------------------------------------------------


def release(
    job: Job,
    due: dict[str, int],
    *,
    step: str,
    now: datetime,
    to_risk_minor: int = 0,
    source: str = "",
) -> None:
    """Escrow (or ``source``) → payable, fee, tax. ``due`` is in minor units by payee; the worker's withholding is kept
    for the tax, and ``to_risk_minor`` of the worker's part repays what the platform put up."""
    currency = job.terms["currency"]
    worker = due.get(WORKER, 0)
    withheld = withheld_of(job, worker)
    earned = worker - withheld - to_risk_minor
    targets = (
        (WORKER, payable(job), earned),
        ("withholding", accounts.ensure(WITHHELD, currency), withheld),
        ("risk", accounts.ensure(RISK, currency), to_risk_minor),
        (PLATFORM, accounts.ensure(accounts.FEES, currency), due.get(PLATFORM, 0)),
        (TAX, accounts.ensure(TAXES, currency), due.get(TAX, 0)),
    )
    legs = [
        Leg(
            source or accounts.escrow(job.reference),
            account,
            amount,
            f"release_{name}",
            f"{job.reference}:release:{step}:{name}",
        )
        for name, account, amount in targets
        if amount > 0
    ]
    post(*legs, now=now, reference=job.reference)
    if earned > 0:
        plan_payout(job, earned, step=step, now=now)
    if step == "all":
        pay_incentive(job, now=now)


def plan_payout(job: Job, amount_minor: int, *, step: str, now: datetime) -> None:
    """T+2 after the capture, with the morning run (KH-PAY-15)."""
    hold = hold_of(job)
    captured_at = (hold.captured_at if hold else None) or now
    payouts.schedule_payout(
        worker_id=job.worker_id,
        amount_minor=amount_minor,
        currency=job.terms["currency"],
        due_at=max(payouts.due_after(captured_at, now=now), now),
        reference=job.reference,
        key=f"{job.reference}:{step}",
        now=now,
    )


def payable(job: Job) -> str:
    return payouts.payable_account(job.worker_id, job.terms["currency"])


def withheld_of(job: Job, worker_minor: int) -> int:
    only_worker = {"currency": job.terms["currency"], "total_minor": worker_minor}
    line = {"kind": "labour", "amount_minor": worker_minor, "payee": WORKER, "label": "", "meta": {}}
    return billing.withholding_minor(job.terms, Quote.from_json({**only_worker, "lines": [line]}))


def pay_incentive(job: Job, *, now: datetime, of_minor: int | None = None) -> None:
    """Ten percent of the first three tasks' earnings, paid by the platform with the payout (KH-MATCH-15, KH-PLAN-05).

    ``of_minor`` is what the Tasker earned in the end, after a refund: nothing earned, nothing added.
    """
    amount = int(job.data.get("incentive_minor", 0))
    earned = billing.worker_amount_minor(job)
    if of_minor is not None and earned:
        amount = round_half_up(Fraction(amount * of_minor, earned))
    if amount <= 0 or Transfer.objects.filter(key=f"{job.reference}:incentive").exists():
        return
    cost = accounts.ensure(INCENTIVES, job.terms["currency"])
    leg = Leg(cost, payable(job), amount, "incentive", f"{job.reference}:incentive")
    post(leg, now=now, reference=job.reference)
    plan_payout(job, amount, step="incentive", now=now)


def dispute_of(job: Job) -> Case | None:
    return Case.objects.filter(job_id=job.pk, group=Case.Group.DISPUTE).order_by("-pk").first()
