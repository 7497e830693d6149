"""Opening accounts and moving money between them. Every movement goes through ``post``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from mahalla.kernel.ledger import errors
from mahalla.kernel.ledger.models import Account, Floor, Kind, Transfer

#: larger than any amount that a market moves, small enough that sums stay far inside the database's integers
AMOUNT_MAX = 10**15


@dataclass(frozen=True, slots=True)
class Leg:
    """``amount_minor`` of one asset from the account ``debit`` to the account ``credit`` (paths), under ``key``.

    ``kind`` "posted" moves it, "pending" reserves it on both sides. "post" takes all or part of the reservation
    ``pending_key`` and frees the rest, "void" frees all of it; these two may leave the accounts empty, and a void
    its amount. ``code`` says what it is for ("capture", "fee"). The same key never moves money twice.
    """

    debit: str
    credit: str
    amount_minor: int
    code: str
    key: str
    kind: str = Kind.POSTED
    pending_key: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise TypeError(f"minor units are an int, not {type(self.amount_minor).__name__}")
        least = 0 if self.kind == Kind.VOID else 1
        if not least <= self.amount_minor < AMOUNT_MAX:
            raise ValueError(f"{self.amount_minor} is not an amount: the direction is in debit and credit")
        if not self.key or not self.code:
            raise ValueError("a leg has a key and a code")
        if self.kind not in Kind.values or (self.kind in (Kind.POST, Kind.VOID)) != bool(self.pending_key):
            raise ValueError("a leg is posted or pending, or a post or void that names its pending key")

    @classmethod
    def post(cls, pending_key: str, amount_minor: int, *, code: str, key: str) -> Leg:
        """Take ``amount_minor`` of a reservation; what is left of it is freed."""
        return cls("", "", amount_minor, code, key, Kind.POST, pending_key)

    @classmethod
    def void(cls, pending_key: str, *, code: str, key: str) -> Leg:
        """Free a whole reservation."""
        return cls("", "", 0, code, key, Kind.VOID, pending_key)


def open(path: str, asset: str, *, floor: str = Floor.NONE, hot: bool = False) -> Account:
    """The account of that path, made if there is none. Raises ``AccountDiffers`` if it exists on other terms.

    ``hot`` is for accounts that everybody writes at once (fees, clearing); a hot account can have no floor.
    """
    if hot and floor != Floor.NONE:
        raise ValueError(
            "a hot account can have no floor: give what must not go negative an account of its own"
        )
    account = Account.objects.filter(path=path).first()
    if account is None:
        fresh = Account(path=path, asset=asset, floor=floor, hot=hot)
        Account.objects.bulk_create([fresh], ignore_conflicts=True)
        account = Account.objects.get(path=path)
    if (account.asset, account.floor, account.hot) != (asset, floor, hot):
        raise errors.AccountDiffers(path)
    return account


def post(*legs: Leg, now: datetime, reference: str) -> None:
    """Post all legs or none, in one database call; legs already posted with the same content have no effect.

    ``reference`` names what the movement belongs to ("job:12"). Floors are judged on the batch as a whole. After a
    refusal nothing is moved and the surrounding transaction can go on. Two batches never deadlock, but two
    transactions of several batches can: put what belongs together into one batch.

    Raises ``InsufficientFunds``, ``UnknownAccount``, ``Unbalanced``, ``KeyReused`` (also when only some of the keys
    are known), ``UnknownTransfer``, ``AlreadyResolved``, ``ExceedsPending``.
    """
    _send([_as_json(leg) for leg in legs], now=now, reference=reference)


def journal(
    debits: Mapping[str, int],
    credits: Mapping[str, int],
    *,
    code: str,
    key: str,
    now: datetime,
    reference: str,
) -> None:
    """An entry as a bookkeeper writes it: amounts by account on two sides, posted as one batch of transfers.

    Raises ``Unbalanced`` unless both sides are equal and positive, and what ``post`` raises.
    """
    amounts = [*debits.values(), *credits.values()]
    if not amounts or sum(debits.values()) != sum(credits.values()) or min(amounts) <= 0:
        raise errors.Unbalanced(key)
    legs: list[Leg] = []
    left = list(debits.items())
    for credit, wanted in credits.items():
        while wanted:
            debit, has = left.pop(0)
            moved = min(has, wanted)
            legs.append(Leg(debit, credit, moved, code, f"{key}#{len(legs) + 1}"))
            wanted -= moved
            if has > moved:
                left.insert(0, (debit, has - moved))
    post(*legs, now=now, reference=reference)
    if Transfer.objects.filter(key=f"{key}#{len(legs) + 1}").exists():
        raise errors.KeyReused(
            key
        )  # a longer entry of this key was posted before, and this one had no effect


def reverse(key: str, new_key: str, *, now: datetime, reference: str, code: str = "reversal") -> None:
    """Take back the posted transfer ``key`` with an equal one the other way: the only way to correct a mistake.

    Raises ``UnknownTransfer`` (a pending transfer is voided, not reversed), ``AlreadyReversed``,
    ``InsufficientFunds`` when the money is gone.
    """
    wrong = Transfer.objects.select_related("debit", "credit").filter(key=key).first()
    if wrong is None or wrong.kind not in (Kind.POSTED, Kind.POST):
        raise errors.UnknownTransfer(key)
    back = Leg(wrong.credit.path, wrong.debit.path, wrong.amount_minor, code, new_key)
    _send([_as_json(back) | {"reverses": key}], now=now, reference=reference)


def roll_up(now: datetime, limit: int = 10_000) -> int:
    """Fold up to ``limit`` waiting entries of hot accounts into their rows; returns how many. Changes no balance."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up(%s, %s)", [_aware(now), limit])
        return int(cursor.fetchone()[0])


def _as_json(leg: Leg) -> dict[str, Any]:
    return {
        "key": leg.key,
        "kind": str(leg.kind),
        "code": leg.code,
        "debit": leg.debit,
        "credit": leg.credit,
        "amount": leg.amount_minor,
        "pending": leg.pending_key,
        "reverses": "",
    }


def _send(legs: list[dict[str, Any]], *, now: datetime, reference: str) -> None:
    if not legs:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_try_post(%s, %s, %s)", [json.dumps(legs), reference, _aware(now)])
        refusal = cursor.fetchone()[0]
    if refusal:
        raise errors.from_code(*refusal)


def _aware(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("the ledger takes an aware instant")
    return now
