"""What stands in the ledger. Nothing here is for a viewer: surfaces decide whose accounts they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from mahalla.kernel.ledger import errors
from mahalla.kernel.ledger.models import Floor


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's four totals in minor units, hot entries included. All are 0 or more."""

    path: str
    asset: str
    floor: str
    hot: bool
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int

    @property
    def credit_minor(self) -> int:
        """Posted credits less debits: what we hold for, or owe to, the account's owner (wallet, escrow, payable)."""
        return self.credits_posted - self.debits_posted

    @property
    def debit_minor(self) -> int:
        """Posted debits less credits: what the account's owner owes us, or what we have there (clearing, debt, cost)."""
        return self.debits_posted - self.credits_posted

    @property
    def available_minor(self) -> int:
        """What can still be taken without what is reserved: from the credit side, or from the debit side of a debt."""
        if self.floor == Floor.CREDITS:
            return self.debit_minor - self.credits_pending
        return self.credit_minor - self.debits_pending


class Movement(NamedTuple):
    """One side of a transfer. ``amount_minor`` is signed for the account: credits positive, debits negative."""

    path: str
    at: datetime
    key: str
    code: str
    reference: str
    kind: str
    amount_minor: int
    counter_path: str
    asset: str


class Discrepancy(NamedTuple):
    """An account whose totals are not the sum of its transfers: (debits, credits) posted and pending, each way."""

    path: str
    stored: tuple[int, int, int, int]
    from_transfers: tuple[int, int, int, int]


def _rows(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


_TOTALS = "debits_posted, credits_posted, debits_pending, credits_pending"


def balance(path: str) -> Balance:
    """Raises ``UnknownAccount``."""
    found = balances([path])
    if path not in found:
        raise errors.UnknownAccount(path)
    return found[path]


def balances(paths: list[str]) -> dict[str, Balance]:
    """Those of these paths that are open, in one query."""
    columns = f"path, asset, floor, hot, {_TOTALS}"
    rows = _rows(f"SELECT {columns} FROM ledger_balance WHERE path = ANY (%s)", [paths])  # noqa: S608
    return {row[0]: Balance(*row) for row in rows}


def trial_balance() -> dict[str, int]:
    """By asset, posted debits less posted credits of all accounts: zero everywhere, or money was made or lost."""
    rows = _rows(
        "SELECT asset, sum(debits_posted) - sum(credits_posted) FROM ledger_balance GROUP BY asset ORDER BY asset"
    )
    return {asset: int(difference) for asset, difference in rows}


def audit() -> list[Discrepancy]:
    """Accounts whose totals are not what all their transfers add up to. Reads every transfer; empty when all is well."""
    rows = _rows(
        """
        SELECT b.path, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending,
               coalesce(e.debits_posted, 0), coalesce(e.credits_posted, 0),
               coalesce(e.debits_pending, 0), coalesce(e.credits_pending, 0)
          FROM ledger_balance b
          LEFT JOIN (SELECT account_id, sum(debits_posted) AS debits_posted, sum(credits_posted) AS credits_posted,
                            sum(debits_pending) AS debits_pending, sum(credits_pending) AS credits_pending
                       FROM ledger_effect GROUP BY account_id) e ON e.account_id = b.id
         WHERE (b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending)
            <> (coalesce(e.debits_posted, 0), coalesce(e.credits_posted, 0),
                coalesce(e.debits_pending, 0), coalesce(e.credits_pending, 0))
         ORDER BY b.path
        """
    )
    return [
        Discrepancy(path, (int(a), int(b), int(c), int(d)), (int(e), int(f), int(g), int(h)))
        for path, a, b, c, d, e, f, g, h in rows
    ]


def statement(
    path_prefix: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after_key: str = "",
    limit: int = 1000,
) -> list[Movement]:
    """Movements of the account ``path_prefix`` and of all below it (``payable/user:7``, ``payable``), oldest first.

    ``since`` is included, ``until`` is not. Only ``posted`` and ``post`` change the balance; ``pending`` and ``void``
    are listed as what was reserved and freed. ``after_key`` is the last key of the page before.
    """
    prefix = path_prefix.rstrip("/")
    below = prefix.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "/%"
    rows = _rows(
        """
        WITH mine AS (SELECT id, path, asset FROM ledger_account WHERE path = %(prefix)s OR path LIKE %(below)s),
        sides AS (
            SELECT m.path, m.asset, t.*, -t.amount_minor AS signed, t.credit_id AS counter_id
              FROM mine m JOIN ledger_transfer t ON t.debit_id = m.id
            UNION ALL
            SELECT m.path, m.asset, t.*, t.amount_minor, t.debit_id
              FROM mine m JOIN ledger_transfer t ON t.credit_id = m.id
        )
        SELECT s.path, s.at, s.key, s.code, s.reference, s.kind, s.signed, o.path, s.asset
          FROM sides s JOIN ledger_account o ON o.id = s.counter_id
         WHERE (%(since)s::timestamptz IS NULL OR s.at >= %(since)s)
           AND (%(until)s::timestamptz IS NULL OR s.at < %(until)s)
           AND s.id > coalesce((SELECT id FROM ledger_transfer WHERE key = %(after)s), 0)
         ORDER BY s.id, s.signed
         LIMIT %(limit)s
        """,
        {
            "prefix": prefix,
            "below": below,
            "since": since,
            "until": until,
            "after": after_key,
            "limit": limit,
        },
    )
    return [Movement(*row) for row in rows]


def moved(paths: Sequence[str], references: Sequence[str]) -> list[Movement]:
    """What these references moved on these accounts, oldest first; reserved amounts and what was freed again left out.

    It reads by reference, so that a few references cost little on an account of many movements.
    """
    rows = _rows(
        """
        WITH mine AS (SELECT id, path, asset FROM ledger_account WHERE path = ANY (%(paths)s)),
        theirs AS (SELECT * FROM ledger_transfer
                    WHERE reference = ANY (%(references)s) AND kind IN ('posted', 'post')),
        sides AS (
            SELECT m.path, m.asset, t.*, -t.amount_minor AS signed, t.credit_id AS counter_id
              FROM mine m JOIN theirs t ON t.debit_id = m.id
            UNION ALL
            SELECT m.path, m.asset, t.*, t.amount_minor, t.debit_id
              FROM mine m JOIN theirs t ON t.credit_id = m.id
        )
        SELECT s.path, s.at, s.key, s.code, s.reference, s.kind, s.signed, o.path, s.asset
          FROM sides s JOIN ledger_account o ON o.id = s.counter_id
         ORDER BY s.id, s.signed
        """,
        {"paths": list(paths), "references": list(references)},
    )
    return [Movement(*row) for row in rows]
