"""Khidma's money: from the hold to the Tasker's payable, as ledger movements.

The provider's side (clearing → escrow of the job) is posted by ``kernel.payments``; this module posts what the market
does with it: escrow → payable, fees, tax; and what happens outside of cards: cash, client debts, incentives.
``settle`` is called with each piece of news and each decision; every leg has a key of its own, so twice is once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.ledger import queries as ledger_queries
from mahalla.kernel.ledger.errors import InsufficientFunds
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.payments import accounts, holds, payouts, refunds
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.work.models import Job
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
    """Take the final amount from the hold, or what of it was authorised; the rest is freed (KH-PAY-07)."""
    hold = hold_of(job)
    if hold is None or hold.state in {"captured", "capture_requested"}:
        return
    holds.capture(hold, amount_minor=min(amount_minor, hold.amount_minor), now=now)


def is_cash(job: Job) -> bool:
    return bool(job.terms.get("method_kind") == "cash")


# --- releasing what was captured ------------------------------------------------------------------------------------


def settle(job: Job, *, now: datetime) -> None:
    """Pass on what was captured, as far as nothing keeps it back (``ReleasePayment`` of KH-API-05, KH-PAY-06).

    Disputed: the undisputed part at once, the rest by decision. Stopped as unsafe: after the incident's review.
    """
    hold = hold_of(job)
    if hold is None or hold.state != Hold.State.CAPTURED or not job.final:
        return
    charged = billing.final_quote(job)
    due = {payee: charged.for_payee(payee) for payee in charged.payees}
    case = dispute_of(job)
    if job.state == "disputed" and case is not None and not case.released_at:
        kept = billing.parts(charged, case.claimed_minor)
        release(job, {p: due[p] - kept.get(p, 0) for p in due}, step="undisputed", now=now)
    elif job.ended_reason == "unsafe" and not job.data.get("incident_reviewed"):
        return
    elif case is None:
        release(job, due, step="all", now=now)


def release(job: Job, due: dict[str, int], *, step: str, now: datetime) -> None:
    """Escrow → payable, fee, tax. ``due`` is in minor units by payee; the worker's withholding is kept for the tax."""
    currency = job.terms["currency"]
    escrow = accounts.escrow(job.reference)
    worker = due.get(WORKER, 0)
    withheld = _withheld(job, worker)
    targets = (
        (WORKER, payable(job), worker - withheld),
        ("withholding", accounts.ensure(WITHHELD, currency), withheld),
        (PLATFORM, accounts.ensure(accounts.FEES, currency), due.get(PLATFORM, 0)),
        (TAX, accounts.ensure(TAXES, currency), due.get(TAX, 0)),
    )
    legs = [
        Leg(escrow, account, amount, f"release_{name}", f"{job.reference}:release:{step}:{name}")
        for name, account, amount in targets
        if amount > 0
    ]
    post(*legs, now=now, reference=job.reference)
    if worker - withheld > 0:
        plan_payout(job, worker - withheld, step=step, now=now)
    if step in {"all", "undisputed"}:
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


def _withheld(job: Job, worker_minor: int) -> int:
    only_worker = {"currency": job.terms["currency"], "total_minor": worker_minor}
    line = {"kind": "labour", "amount_minor": worker_minor, "payee": WORKER, "label": "", "meta": {}}
    return billing.withholding_minor(job.terms, Quote.from_json({**only_worker, "lines": [line]}))


def pay_incentive(job: Job, *, now: datetime) -> None:
    """Ten percent of the first three tasks' earnings, paid by the platform with the payout (KH-MATCH-15, KH-PLAN-05)."""
    amount = int(job.data.get("incentive_minor", 0))
    if amount <= 0:
        return
    cost = accounts.ensure(INCENTIVES, job.terms["currency"])
    leg = Leg(cost, payable(job), amount, "incentive", f"{job.reference}:incentive")
    post(leg, now=now, reference=job.reference)
    plan_payout(job, amount, step="incentive", now=now)


# --- disputes -------------------------------------------------------------------------------------------------------


def dispute_of(job: Job) -> Case | None:
    return Case.objects.filter(job_id=job.pk, group=Case.Group.DISPUTE).order_by("-pk").first()


def hold_back(job: Job, case: Case, *, now: datetime) -> None:
    """A dispute after the release: the disputed part goes back into escrow, as far as it has not left (C5).

    What was paid out already is put up by the platform, at its own risk. The planned payout shrinks to the rest.
    """
    charged = billing.final_quote(job)
    currency = job.terms["currency"]
    escrow = accounts.escrow(job.reference)
    sources = {WORKER: payable(job), PLATFORM: accounts.FEES, TAX: TAXES}
    planned = sum(
        p.amount_minor for p in Payout.objects.filter(reference=job.reference, state__in=("pending", "held"))
    )
    payouts.cancel_payouts(job.reference, reason="dispute", now=now)
    taken = 0
    for payee, amount in billing.parts(charged, case.claimed_minor).items():
        if amount <= 0:
            continue
        key = f"{job.reference}:back:{case.pk}:{payee}"
        source = accounts.ensure(sources[payee], currency)
        try:
            post(Leg(source, escrow, amount, "dispute_hold", key), now=now, reference=job.reference)
            taken += amount if payee == WORKER else 0
        except InsufficientFunds:
            risk = accounts.ensure(RISK, currency)
            post(Leg(risk, escrow, amount, "dispute_risk", key), now=now, reference=job.reference)
    if planned - taken > 0:
        plan_payout(job, planned - taken, step=f"undisputed:{case.pk}", now=now)


def decide(job: Job, case: Case, *, now: datetime) -> None:
    """Refund what was decided and release the rest of what was kept back (KH-CASE-05)."""
    decision = case.decision or {}
    refund = int(decision.get("refund_minor", 0))
    charged = billing.final_quote(job)
    if is_cash(job):
        _refund_cash(job, decision, now=now)
        return
    hold = hold_of(job)
    if hold is None or hold.state != Hold.State.CAPTURED:
        return
    kept = billing.parts(charged, case.claimed_minor)
    taken = {
        WORKER: int(decision.get("worker_part_minor", 0)),
        PLATFORM: int(decision.get("fee_part_minor", 0)),
    }
    rest = {payee: kept[payee] - taken.get(payee, 0) for payee in kept}
    short = -sum(min(0, amount) for amount in rest.values())
    if short:
        _take_from_released(job, rest, now=now, key=f"{job.reference}:claw:{case.pk}")
    if refund:
        refunds.refund(
            hold, amount_minor=refund, key=f"{job.reference}:refund:{case.pk}", now=now, reason=case.code
        )
    if not case.released_at:
        release(job, {p: max(0, a) for p, a in rest.items()}, step=f"decision:{case.pk}", now=now)


def _take_from_released(job: Job, rest: dict[str, int], *, now: datetime, key: str) -> None:
    """A refund larger than a payee's disputed part comes from what that payee was given before."""
    sources = {WORKER: payable(job), PLATFORM: accounts.FEES, TAX: TAXES}
    for payee, amount in rest.items():
        if amount < 0:
            source = accounts.ensure(sources[payee], job.terms["currency"])
            leg = Leg(source, accounts.escrow(job.reference), -amount, "refund_share", f"{key}:{payee}")
            post(leg, now=now, reference=job.reference)


def _refund_cash(job: Job, decision: dict[str, int], *, now: datetime) -> None:
    """Cash cannot be taken back: the platform owes the client, and the Tasker owes the platform (C6)."""
    currency = job.terms["currency"]
    client = accounts.ensure(f"client_payable/user:{job.client_id}", currency)
    legs = []
    if decision.get("worker_part_minor"):
        debt = accounts.ensure(accounts.cash_debt(job.worker_id), currency)
        legs.append(
            Leg(
                debt, client, decision["worker_part_minor"], "cash_refund", f"{job.reference}:cashback:worker"
            )
        )
    if decision.get("fee_part_minor"):
        fees = accounts.ensure(accounts.FEES, currency)
        legs.append(
            Leg(fees, client, decision["fee_part_minor"], "cash_refund", f"{job.reference}:cashback:fee")
        )
    post(*legs, now=now, reference=job.reference)


# --- debts ----------------------------------------------------------------------------------------------------------


def client_debt_path(user_id: int) -> str:
    return f"client_debt/user:{user_id}"


def client_debt_minor(user_id: int) -> int:
    """What a client owes for a cancelled cash task (KH-PAY-19)."""
    path = client_debt_path(user_id)
    found = ledger_queries.balances([path]).get(path)
    return found.debit_minor if found else 0


def charge_without_hold(job: Job, amount_minor: int, *, now: datetime) -> None:
    """A fee that no hold secures: the client owes it, the Tasker is owed it."""
    debt = accounts.ensure(client_debt_path(job.client_id), job.terms["currency"])
    leg = Leg(debt, payable(job), amount_minor, "cancellation_fee", f"{job.reference}:fee")
    post(leg, now=now, reference=job.reference)
    plan_payout(job, amount_minor, step="fee", now=now)
