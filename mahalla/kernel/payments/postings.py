"""What payments write into the ledger: every leg, with its deterministic key, in one place.

``now`` is when we learned it. Nothing is posted twice, because a key moves money once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from mahalla.kernel.ledger import operations as ledger
from mahalla.kernel.ledger.models import Account, Kind
from mahalla.kernel.ledger.operations import Leg
from mahalla.kernel.ledger.queries import balances
from mahalla.kernel.payments import accounts
from mahalla.kernel.payments.models import CashRecord, Hold, PayoutBatch, Refund


def reserve(hold: Hold, *, amount_minor: int, now: datetime) -> str:
    """The provider holds ``amount_minor``: pending clearing → destination, in place of what was pending before.

    Returns the new reservation's key.
    """
    key = f"hold:{hold.pk}:held:{amount_minor}"
    legs = [] if not hold.pending_key else [_void(hold)]
    legs.append(_into(hold, amount_minor, "hold", key, kind=Kind.PENDING))
    ledger.post(*legs, now=now, reference=hold.reference)
    return key


def take(hold: Hold, *, amount_minor: int, now: datetime) -> None:
    """The provider took ``amount_minor``: post it out of the reservation (the rest is freed), or without one."""
    key = f"hold:{hold.pk}:captured"
    if hold.pending_key:
        leg = Leg.post(hold.pending_key, amount_minor, code="capture", key=key)
    else:
        leg = _into(hold, amount_minor, "capture", key)
    ledger.post(leg, now=now, reference=hold.reference)


def free(hold: Hold, *, now: datetime) -> None:
    """The provider freed the hold."""
    if hold.pending_key:
        ledger.post(_void(hold), now=now, reference=hold.reference)


def set_refund_aside(refund: Refund, *, now: datetime) -> None:
    """Pending source → clearing. Raises ``InsufficientFunds`` when the source does not hold it."""
    hold = refund.hold
    clearing = accounts.ensure(accounts.clearing(hold.provider), hold.currency)
    leg = Leg(
        refund.source, clearing, refund.amount_minor, "refund", f"refund:{refund.pk}:aside", Kind.PENDING
    )
    ledger.post(leg, now=now, reference=hold.reference)


def settle_refund(refund: Refund, *, done: bool, now: datetime) -> None:
    pending = f"refund:{refund.pk}:aside"
    if done:
        leg = Leg.post(pending, refund.amount_minor, code="refund", key=f"refund:{refund.pk}:done")
    else:
        leg = Leg.void(pending, code="refund", key=f"refund:{refund.pk}:failed")
    ledger.post(leg, now=now, reference=refund.hold.reference)


def owe_fee(record: CashRecord, *, now: datetime) -> None:
    """Dr the worker's cash debt, Cr the platform's fee."""
    if record.fee_minor:
        debt = accounts.ensure(accounts.cash_debt(record.worker_id), record.currency)
        fees = accounts.ensure(record.fee_account, record.currency)
        leg = Leg(debt, fees, record.fee_minor, "cash_fee", f"cash:{record.pk}:fee")
        ledger.post(leg, now=now, reference=record.reference)


def send_batch(batch: PayoutBatch, *, now: datetime) -> None:
    """Pending payable → clearing for what is sent, payable → cash debt for what is netted."""
    payable = accounts.payable(batch.worker_id)
    legs = []
    if batch.net_minor:
        clearing = accounts.ensure(accounts.clearing(batch.provider), batch.currency)
        legs.append(
            Leg(payable, clearing, batch.net_minor, "payout", f"payout:{batch.pk}:sent", Kind.PENDING)
        )
    if batch.netted_minor:
        debt = accounts.cash_debt(batch.worker_id)
        legs.append(
            Leg(payable, debt, batch.netted_minor, "cash_debt", f"payout:{batch.pk}:netted", Kind.PENDING)
        )
    ledger.post(*legs, now=now, reference=batch.call_key)


def settle_batch(batch: PayoutBatch, *, done: bool, now: datetime) -> None:
    """Both parts together: a payout that failed settles no debt either."""
    legs = []
    for name, code, amount in (
        ("sent", "payout", batch.net_minor),
        ("netted", "cash_debt", batch.netted_minor),
    ):
        if amount:
            pending = f"payout:{batch.pk}:{name}"
            legs.append(
                Leg.post(pending, amount, code=code, key=f"{pending}:done")
                if done
                else Leg.void(pending, code=code, key=f"{pending}:failed")
            )
    ledger.post(*legs, now=now, reference=batch.call_key)


def debt_minor(user_id: int) -> int:
    """What the worker owes from cash; what a payout on its way will settle is not owed again."""
    return debts_minor([user_id])[user_id]


def debts_minor(user_ids: Collection[int]) -> dict[int, int]:
    """The same of many workers, in one query."""
    paths = {user_id: accounts.cash_debt(user_id) for user_id in user_ids}
    found = balances(list(paths.values()))
    return {
        user_id: found[path].debit_minor - found[path].credits_pending if path in found else 0
        for user_id, path in paths.items()
    }


def payable_minor(user_id: int) -> int:
    """What can still be paid out to the worker: owed, and not on its way already."""
    path = accounts.payable(user_id)
    found = balances([path]).get(path)
    return found.credit_minor - found.debits_pending if found else 0


def lock_worker(user_id: int) -> None:
    """Serialise what reads these two and then posts."""
    paths = [accounts.payable(user_id), accounts.cash_debt(user_id)]
    list(Account.objects.select_for_update(no_key=True).filter(path__in=paths).order_by("pk"))


def _into(hold: Hold, amount_minor: int, code: str, key: str, kind: str = Kind.POSTED) -> Leg:
    clearing = accounts.ensure(accounts.clearing(hold.provider), hold.currency)
    destination = accounts.ensure(hold.destination, hold.currency)
    return Leg(clearing, destination, amount_minor, code, key, kind)


def _void(hold: Hold) -> Leg:
    return Leg.void(hold.pending_key, code="hold", key=f"{hold.pending_key}:freed")
