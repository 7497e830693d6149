"""The money of disputes: what is kept back, released early, refunded or given back (C5, KH-PAY-11, KH-PAY-13).

``settle`` may be called with every piece of news, in any order: a decision may stand before the provider has told of the
capture, and a dispute may come after the payout. What the Tasker was paid already is put up by the platform
(``cost/dispute_risk``) and goes back there before anybody else is given it, so that nobody is paid twice.
"""

from __future__ import annotations

from datetime import datetime

from mahalla.kernel.cases.models import Case
from mahalla.kernel.ledger.models import Transfer
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.payments import accounts, payouts, refunds
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.work.models import Job
from mahalla.kit.money import split
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing, debts, money
from mahalla.markets.khidma.billing import PLATFORM, TAX, WORKER

#: payouts of a job that no decision about its charge touches
GIFTS = (":tip:", ":incentive")


def settle(job: Job, *, now: datetime) -> None:
    """Pass on what was captured, as far as nothing keeps it back (``ReleasePayment`` of KH-API-05, KH-PAY-06).

    Disputed: the undisputed part at once, the rest by decision. Stopped as unsafe: after the incident's review.
    ``job`` is locked by its root.
    """
    hold = money.hold_of(job)
    if hold is None or hold.state != Hold.State.CAPTURED or not job.final:
        return
    charged = billing.final_quote(job)
    case = money.dispute_of(job)
    if not _waits_for_review(job) and not _passed_on(job):
        kept = _kept(charged, case) if case is not None else {}
        due = {p: charged.for_payee(p) - kept.get(p, 0) for p in charged.payees}
        money.release(job, due, step="undisputed" if case is not None else "all", now=now)
        _remember(job, passed_on=True)
    if case is None:
        return
    if job.state != "disputed":
        decide(job, case, now=now)
    elif case.released_at:
        release_early(job, case, now=now)


def hold_back(job: Job, case: Case, *, now: datetime) -> None:
    """A dispute after the release: the disputed part goes back into escrow, as far as it has not left (C5)."""
    if Transfer.objects.filter(key__startswith=f"{job.reference}:release:").exists():
        _take_back(job, _kept(billing.final_quote(job), case), step=f"back:{case.pk}", now=now)


def release_early(job: Job, case: Case, *, now: datetime) -> None:
    """The disputed part is paid before the decision, at the platform's risk (KH-PAY-13); after the capture, if that is
    not known yet."""
    hold = money.hold_of(job)
    if hold is not None and hold.state == Hold.State.CAPTURED:
        _give(job, case, _kept(billing.final_quote(job), case), step=f"early:{case.pk}", now=now)


def decide(job: Job, case: Case, *, now: datetime) -> None:
    """Refund what was decided and release the rest of what was kept back (KH-CASE-05). Once a case.

    Before the capture is known there is nothing to move: ``settle`` comes back to it.
    """
    hold = money.hold_of(job)
    if job.data.get("settled_dispute", 0) >= case.pk:
        return
    if debts.is_owed(job):
        debts.refund(job, case, now=now)
    elif hold is None or hold.state != Hold.State.CAPTURED:
        return
    else:
        _carry_out(job, case, hold, now=now)
    _remember(job, settled_dispute=case.pk)


def _carry_out(job: Job, case: Case, hold: Hold, *, now: datetime) -> None:
    charged = billing.final_quote(job)
    refund = int((case.decision or {}).get("refund_minor", 0))
    taken = refunded_parts(charged, case)
    base = {} if case.released_at else _kept(charged, case)
    rest = {payee: base.get(payee, 0) - taken.get(payee, 0) for payee in charged.payees}
    short = {payee: -amount for payee, amount in rest.items() if amount < 0}
    if short:
        _take_back(job, short, step=f"claw:{case.pk}", now=now)
    if refund:
        refunds.refund(
            hold, amount_minor=refund, key=f"{job.reference}:refund:{case.pk}", now=now, reason=case.code
        )
    left = {payee: amount for payee, amount in rest.items() if amount > 0}
    _give(job, case, left, step=f"decision:{case.pk}", now=now)
    earned = charged.for_payee(WORKER)
    money.pay_incentive(job, of_minor=earned - taken.get(WORKER, 0), now=now)


def refunded_parts(charged: Quote, case: Case) -> dict[str, int]:
    """What each payee gives up by the decision; the platform's part brings its tax back with it."""
    decision = case.decision or {}
    fee = int(decision.get("fee_part_minor", 0))
    theirs = [payee for payee in (PLATFORM, TAX) if charged.for_payee(payee) > 0]
    shares = split(fee, [charged.for_payee(payee) for payee in theirs]) if theirs else []
    return {WORKER: int(decision.get("worker_part_minor", 0)), **dict(zip(theirs, shares, strict=True))}


def _kept(charged: Quote, case: Case) -> dict[str, int]:
    return billing.parts(charged, min(case.claimed_minor, charged.total_minor))


def _waits_for_review(job: Job) -> bool:
    return job.ended_reason == "unsafe" and not job.data.get("incident_reviewed")


def _passed_on(job: Job) -> bool:
    """Whether what nobody disputed left escrow before. The legs tell of it where the mark is missing."""
    legs = [f"{job.reference}:release:{step}:" for step in ("all", "undisputed")]
    return bool(job.data.get("passed_on")) or any(
        Transfer.objects.filter(key__startswith=leg).exists() for leg in legs
    )


def _remember(job: Job, **marks: object) -> None:
    job.data = {**job.data, **marks}
    job.save(update_fields=["data"])


def _give(job: Job, case: Case, due: dict[str, int], *, step: str, now: datetime) -> None:
    """Escrow → payees; what the platform put up for this case goes back to it first."""
    put_up = _posted(f"{job.reference}:back:{case.pk}:risk")
    back = min(put_up, due.get(WORKER, 0) - money.withheld_of(job, due.get(WORKER, 0)))
    money.release(job, due, step=step, now=now, to_risk_minor=back)


def _take_back(job: Job, amounts: dict[str, int], *, step: str, now: datetime) -> None:
    """Payees → escrow. Of the Tasker's only what is planned for this very job; the platform bears what has left."""
    currency, escrow = job.terms["currency"], accounts.escrow(job.reference)
    gross = amounts.get(WORKER, 0)
    withheld = money.withheld_of(job, gross)
    own = _unplan(job, gross - withheld, step=step, now=now)
    sources = (
        (WORKER, money.payable(job), own),
        ("risk", accounts.ensure(money.RISK, currency), gross - withheld - own),
        ("withheld", accounts.ensure(money.WITHHELD, currency), withheld),
        (PLATFORM, accounts.ensure(accounts.FEES, currency), amounts.get(PLATFORM, 0)),
        (TAX, accounts.ensure(money.TAXES, currency), amounts.get(TAX, 0)),
    )
    legs = [
        Leg(source, escrow, amount, "dispute_hold", f"{job.reference}:{step}:{name}")
        for name, source, amount in sources
        if amount > 0
    ]
    post(*legs, now=now, reference=job.reference)


def _unplan(job: Job, most_minor: int, *, step: str, now: datetime) -> int:
    """Take up to ``most_minor`` out of the job's planned payouts and plan the rest anew; returns what was taken."""
    waiting = Payout.objects.filter(reference=job.reference, state__in=("pending", "held", "failed"))
    planned = {row.key: row.amount_minor for row in waiting.select_for_update(no_key=True)}
    for_work = sum(minor for key, minor in planned.items() if not any(gift in key for gift in GIFTS))
    own = min(most_minor, for_work)
    if own <= 0:
        return 0
    payouts.cancel_payouts(job.reference, reason="dispute", now=now)
    if sum(planned.values()) > own:
        money.plan_payout(job, sum(planned.values()) - own, step=f"left:{step}", now=now)
    return own


def _posted(key: str) -> int:
    return Transfer.objects.filter(key=key).values_list("amount_minor", flat=True).first() or 0
