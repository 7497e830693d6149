"""The money of the past: holds, payouts and the ledger, posted like any other, and the sandbox's own books beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel.ledger import operations as ledger
from mahalla.kernel.ledger.models import Account
from mahalla.kernel.ledger.operations import Leg
from mahalla.kernel.payments import accounts, payouts
from mahalla.kernel.payments.models import Hold, Payout, PayoutBatch, PayoutMethod, SandboxCharge
from mahalla.markets.khidma import billing, money
from mahalla.markets.khidma.demo.history import Past
from mahalla.markets.khidma.models import Receipt

PROVIDER, CURRENCY = "sandbox", "SAR"


def write(pasts: list[Past], now: datetime) -> None:
    """Charged on confirmation, released at once, paid out with the morning run two days later."""
    _open(pasts)
    holds = Hold.objects.bulk_create(_hold(past) for past in pasts)
    due = [payouts.due_after(past.confirmed, now=now) for past in pasts]
    banks = {row.user_id: row for row in PayoutMethod.objects.filter(removed_at=None)}
    batches = PayoutBatch.objects.bulk_create(
        PayoutBatch(
            worker=past.worker,
            method=banks[past.worker.pk],
            provider=PROVIDER,
            provider_ref=f"po_past_{past.job.pk}",  # type: ignore[union-attr]
            currency=CURRENCY,
            gross_minor=_earned(past),
            net_minor=_earned(past),
            state=PayoutBatch.State.COMPLETED,
            created_at=at,
            closed_at=at + timedelta(minutes=1),
        )
        for past, at in zip(pasts, due, strict=True)
    )
    _payouts(pasts, batches)
    _provider(pasts, holds, batches)
    _receipts(pasts, holds)
    for past, hold, batch in zip(pasts, holds, batches, strict=True):
        _post(past, hold, batch)
    ledger.roll_up(now, limit=100_000)


def _earned(past: Past) -> int:
    return past.final.for_payee(billing.WORKER) + past.incentive


def _open(pasts: list[Past]) -> None:
    for path in (accounts.clearing(PROVIDER), accounts.FEES, money.INCENTIVES):
        accounts.ensure(path, CURRENCY)
    known = set(Account.objects.values_list("path", flat=True))
    wanted = {accounts.escrow(past.job.reference) for past in pasts if past.job}
    wanted |= {accounts.payable(past.worker.pk) for past in pasts}
    Account.objects.bulk_create(
        Account(path=path, asset=CURRENCY, floor=accounts.TERMS[path.split("/")[0]][0])
        for path in sorted(wanted - known)
    )


def _hold(past: Past) -> Hold:
    assert past.job is not None and past.method is not None
    total, agreed = past.final.total_minor, past.posted + timedelta(minutes=20)
    return Hold(
        key=f"{past.job.reference}:past",
        reference=past.job.reference,
        payer=past.client,
        method=past.method,
        provider=PROVIDER,
        provider_ref=f"ch_past_{past.job.pk}",
        currency=CURRENCY,
        amount_minor=past.terms["hold_minor"],
        capture_minor=total,
        captured_minor=total,
        destination=accounts.escrow(past.job.reference),
        state=Hold.State.CAPTURED,
        created_at=agreed,
        authorised_at=agreed,
        captured_at=past.confirmed,
        closed_at=past.confirmed,
    )


def _payouts(pasts: list[Past], batches: list[PayoutBatch]) -> None:
    rows = []
    for past, batch in zip(pasts, batches, strict=True):
        assert past.job is not None
        for step, amount in (("all", past.final.for_payee(billing.WORKER)), ("incentive", past.incentive)):
            if amount:
                rows.append(
                    Payout(
                        worker=past.worker,
                        key=f"{past.job.reference}:{step}",
                        reference=past.job.reference,
                        currency=CURRENCY,
                        amount_minor=amount,
                        due_at=batch.created_at,
                        state=Payout.State.COMPLETED,
                        batch=batch,
                        created_at=past.confirmed,
                        closed_at=batch.closed_at,
                    )
                )
    Payout.objects.bulk_create(rows)


def _provider(pasts: list[Past], holds: list[Hold], batches: list[PayoutBatch]) -> None:
    """What the sandbox remembers, so that old charges can still be refunded."""
    SandboxCharge.objects.bulk_create(
        SandboxCharge(
            ref=hold.provider_ref,
            subject=hold.call_key,
            verb="charge",
            token=past.method.token if past.method else "",
            currency=CURRENCY,
            amount_minor=hold.amount_minor,
            captured_minor=hold.captured_minor,
            status="captured",
            made_at=hold.created_at,
        )
        for past, hold in zip(pasts, holds, strict=True)
    )
    SandboxCharge.objects.bulk_create(
        SandboxCharge(
            ref=batch.provider_ref,
            subject=batch.call_key,
            verb="payout",
            token="",
            currency=CURRENCY,
            amount_minor=batch.net_minor,
            status="paid",
            made_at=batch.created_at,
        )
        for batch in batches
    )


def _receipts(pasts: list[Past], holds: list[Hold]) -> None:
    """A numbered receipt of each charge, in the order of time."""
    Receipt.objects.bulk_create(
        Receipt(
            number=number,
            kind=Receipt.Kind.RECEIPT,
            key=f"hold:{hold.pk}",
            job=past.job,
            lines=past.final.to_json()["lines"],
            currency=CURRENCY,
            total_minor=past.final.total_minor,
            issued_at=past.confirmed,
        )
        for number, (past, hold) in enumerate(zip(pasts, holds, strict=True), 1)
    )


def _post(past: Past, hold: Hold, batch: PayoutBatch) -> None:
    """The same movements with the same keys as ``payments.postings`` and ``khidma.money`` make."""
    assert past.job is not None
    reference = past.job.reference
    clearing, escrow = accounts.clearing(PROVIDER), accounts.escrow(reference)
    payable, fee = accounts.payable(past.worker.pk), past.final.for_payee(billing.PLATFORM)
    key = f"{reference}:release:all"
    legs = [
        Leg(clearing, escrow, past.final.total_minor, "capture", f"hold:{hold.pk}:captured"),
        Leg(escrow, payable, past.final.for_payee(billing.WORKER), "release_worker", f"{key}:worker"),
        Leg(escrow, accounts.FEES, fee, "release_platform", f"{key}:platform"),
    ]
    if past.incentive:
        legs.append(Leg(money.INCENTIVES, payable, past.incentive, "incentive", f"{reference}:incentive"))
    ledger.post(*legs, now=past.confirmed, reference=reference)
    sent = Leg(payable, clearing, batch.net_minor, "payout", f"payout:{batch.pk}:sent:done")
    ledger.post(sent, now=batch.created_at, reference=batch.call_key)
