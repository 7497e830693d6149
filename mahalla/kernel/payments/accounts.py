"""The ledger accounts that payments touch: their paths, and on what terms each family is opened."""

from __future__ import annotations

from mahalla.kernel.ledger import operations as ledger
from mahalla.kernel.ledger.models import Account, Floor

#: by a path's first part: the floor, and whether everybody writes it at once (a hot account)
TERMS: dict[str, tuple[str, bool]] = {
    "clearing": (Floor.NONE, True),
    "revenue": (Floor.NONE, True),
    "escrow": (Floor.DEBITS, False),
    "payable": (Floor.DEBITS, False),
    "wallet": (Floor.DEBITS, False),
    "cash_debt": (Floor.CREDITS, False),
}
FEES = "revenue/fees"


def clearing(provider: str) -> str:
    """What a provider took and neither paid out nor refunded (debit)."""
    return f"clearing/{provider}"


def escrow(reference: str) -> str:
    """What is kept for one piece of work (credit); the database never lets it fall below zero."""
    return f"escrow/{reference}"


def payable(user_id: int) -> str:
    """What we owe a worker (credit)."""
    return f"payable/user:{user_id}"


def cash_debt(user_id: int) -> str:
    """What a worker owes us from cash (debit)."""
    return f"cash_debt/user:{user_id}"


def ensure(path: str, currency: str) -> str:
    """Open ``path`` on its family's terms if it is not open yet (a family not named here: no floor). Returns it."""
    if not Account.objects.filter(path=path).exists():
        floor, hot = TERMS.get(path.split("/")[0], (Floor.NONE, False))
        ledger.open(path, currency, floor=floor, hot=hot)
    return path
