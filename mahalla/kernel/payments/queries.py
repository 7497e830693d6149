"""What people may see of their money."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from mahalla.kernel.payments import postings
from mahalla.kernel.payments.models import CashRecord, Hold, PaymentMethod, Payout, Refund
from mahalla.kernel.payments.payout_methods import payout_method_of

__all__ = ["payout_method_of"]


def methods_for(user_id: int) -> QuerySet[PaymentMethod]:
    """A person's own methods, the default one first."""
    own = PaymentMethod.objects.filter(user_id=user_id, removed_at__isnull=True)
    return own.order_by("-is_default", "-added_at", "-pk")


def default_method(user_id: int) -> PaymentMethod | None:
    """The method to preselect (KH-PAY-03)."""
    return methods_for(user_id).first()


def hold_of(reference: str) -> Hold | None:
    """The hold that counts for a reference: the live one, else the last one that was made."""
    holds = Hold.objects.filter(reference=reference, kind=Hold.Kind.HOLD).select_related("method")
    return holds.filter(state__in=Hold.LIVE).first() or holds.order_by("-pk").first()


def history_for(
    user_id: int, *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Hold]:
    """A payer's holds and charges with their refunds, newest first; ``until`` is not included (KH-PAY-09)."""
    rows = Hold.objects.filter(payer_id=user_id).select_related("method").prefetch_related("refunds")
    if since:
        rows = rows.filter(created_at__gte=since)
    if until:
        rows = rows.filter(created_at__lt=until)
    return rows.order_by("-created_at", "-pk")


def refunds_for(user_id: int) -> QuerySet[Refund]:
    """A payer's refunds with state, amount and expected date, newest first (KH-PAY-12)."""
    return Refund.objects.filter(hold__payer_id=user_id).select_related("hold__method").order_by("-pk")


def cash_of(reference: str) -> CashRecord | None:
    return CashRecord.objects.filter(reference=reference).first()


def cash_debt_minor(user_id: int) -> int:
    """What a worker owes the platform from cash (KH-PAY-08)."""
    return postings.debt_minor(user_id)


def cash_debts_minor(user_ids: Collection[int]) -> dict[int, int]:
    """What each of these workers owes the platform from cash, in one query."""
    return postings.debts_minor(user_ids)


@dataclass(frozen=True, slots=True)
class Payouts:
    """A worker's payouts, the next due first, and their sums by state in minor units.

    ``open_minor`` is what is yet to come: it stands in the worker's payable account, as ``ledger_minor`` shows (which
    may be more, where earnings were released and no payout is planned for them yet).
    """

    rows: Sequence[Payout]
    by_state: dict[str, int]
    ledger_minor: int

    @property
    def open_minor(self) -> int:
        return sum(self.by_state.get(state, 0) for state in ("pending", "held", "failed"))


def payouts_for(user_id: int) -> Payouts:
    """KH-PAY-16: every payout with amount, reference, date, method (``row.batch.method``) and reason."""
    rows = list(
        Payout.objects.filter(worker_id=user_id).select_related("batch__method").order_by("due_at", "pk")
    )
    by_state: dict[str, int] = {}
    for row in rows:
        by_state[row.state] = by_state.get(row.state, 0) + row.amount_minor
    return Payouts(rows, by_state, postings.payable_minor(user_id))
