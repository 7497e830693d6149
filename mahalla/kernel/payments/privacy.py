"""A person's payments in their export, and what of them names somebody (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments.models import Hold, PaymentMethod, Payout, PayoutMethod, Refund

PAID = (
    "pk",
    "kind",
    "reference",
    "currency",
    "amount_minor",
    "captured_minor",
    "state",
    "created_at",
    "captured_at",
)


def own_data(user: User) -> dict[str, Any]:
    """Ways to pay and to be paid, what was held, taken and given back, what was paid out. Minor units."""
    methods = PaymentMethod.objects.filter(user=user).order_by("pk")
    accounts = PayoutMethod.objects.filter(user=user).order_by("pk")
    refunds = Refund.objects.filter(hold__payer=user).order_by("pk")
    return {
        "methods": list(methods.values("kind", "label", "brand", "last4", "expiry", "holder")),
        "payments": list(Hold.objects.filter(payer=user).order_by("pk").values(*PAID)),
        "refunds": list(refunds.values("hold_id", "amount_minor", "state", "reason")),
        "payout_methods": list(accounts.values("kind", "account", "holder", "set_at", "removed_at")),
        "payouts": list(
            Payout.objects.filter(worker=user)
            .order_by("pk")
            .values("reference", "currency", "amount_minor", "state", "due_at")
        ),
    }


def erase(user_id: int, now: datetime) -> None:
    """Cards and accounts lose whose they were. Holds, payouts and the ledger stay, for the years that the law asks."""
    blot = privacy.blotter(user_id)
    methods = PaymentMethod.objects.filter(user_id=user_id)
    methods.filter(removed_at=None).update(removed_at=now)
    methods.update(token="", label="", holder="", last4="", expiry="", is_default=False)
    accounts = PayoutMethod.objects.filter(user_id=user_id)
    accounts.filter(removed_at=None).update(removed_at=now)
    accounts.update(account="", holder="")
    privacy.blot_rows(Refund.objects.filter(hold__payer_id=user_id), "reason", blot=blot)
