"""Real connections racing each other for the same money."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from mahalla.kernel.ledger import errors, operations, queries
from mahalla.kernel.ledger.models import Floor
from mahalla.kernel.ledger.operations import Leg

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def accounts():
    operations.open("clearing", "SAR", hot=True)
    operations.open("fees", "SAR", hot=True)
    operations.open("till", "SAR")
    for name in ("layla", "omar"):
        operations.open(f"wallet/{name}", "SAR", floor=Floor.DEBITS)
        post(Leg("clearing", f"wallet/{name}", 1000, "top_up", f"top-up {name}"))
    yield
    assert queries.trial_balance() == {"SAR": 0}
    assert queries.audit() == []


def post(*legs: Leg) -> None:
    operations.post(*legs, now=NOON, reference="x")


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Run each on a connection of its own, from one starting shot; a refusal is answered as its class."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=20)
            return action()
        except errors.LedgerRefused as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, action) for action in actions]]


@pytest.mark.parametrize("attempt", range(5))
def test_one_reservation_is_taken_once(attempt: int) -> None:
    post(Leg("wallet/layla", "wallet/omar", 600, "hold", "hold", kind="pending"))
    outcomes = together(
        lambda: post(Leg.post("hold", 600, code="take", key="take")),
        lambda: post(Leg.post("hold", 400, code="take", key="take-too")),
        lambda: post(Leg.void("hold", code="free", key="free")),
    )
    assert Counter(outcomes) == {None: 1, errors.AlreadyResolved: 2}


@pytest.mark.parametrize("attempt", range(5))
def test_a_reservation_between_hot_accounts_is_taken_once(attempt: int) -> None:
    """Here no row lock orders the two: the unique resolution alone decides."""
    post(Leg("clearing", "fees", 600, "hold", "hold", kind="pending"))
    outcomes = together(*[partial(post, Leg.post("hold", 600, code="take", key=key)) for key in "ab"])
    assert Counter(outcomes) == {None: 1, errors.AlreadyResolved: 1}
    assert queries.balance("fees").credit_minor == 600


@pytest.mark.parametrize("attempt", range(5))
def test_debits_race_against_the_floor_and_only_the_covered_ones_win(attempt: int) -> None:
    outcomes = together(
        *[partial(post, Leg("wallet/layla", "fees", 300, "spend", f"spend {i}")) for i in range(6)]
    )
    assert Counter(outcomes) == {None: 3, errors.InsufficientFunds: 3}
    assert queries.balance("wallet/layla").available_minor == 100


@pytest.mark.parametrize(("debit", "credit"), [("clearing", "wallet/layla"), ("clearing", "fees")])
def test_the_same_key_at_the_same_time_moves_money_once(debit: str, credit: str) -> None:
    before = queries.balance(credit).credit_minor
    outcomes = together(*[lambda: post(Leg(debit, credit, 50, "top_up", "same"))] * 4)
    assert outcomes == [None] * 4
    assert queries.balance(credit).credit_minor == before + 50


def test_transfers_in_opposite_orders_never_deadlock() -> None:
    def back_and_forth(me: str, other: str) -> None:
        for i in range(40):
            post(
                Leg(f"wallet/{me}", f"wallet/{other}", 1, "x", f"{me} {i} a"),
                Leg("till", f"wallet/{me}", 1, "x", f"{me} {i} b"),
                Leg(f"wallet/{other}", "till", 1, "x", f"{me} {i} c"),
            )

    outcomes = together(
        partial(back_and_forth, "layla", "omar"), partial(back_and_forth, "omar", "layla"), reads, reads
    )
    assert outcomes == [None] * 4
    assert queries.balance("wallet/layla").credit_minor == queries.balance("wallet/omar").credit_minor == 1000


def reads() -> None:
    """Whoever looks while others write sees both sides of everything."""
    for _ in range(40):
        assert queries.trial_balance() == {"SAR": 0}


def credit_while_another_transaction_holds(account: str) -> None:
    """A first connection credits ``account`` and stays open; a second one credits it too and may wait for 0.3 s."""
    holding, done = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            post(Leg("wallet/layla", account, 10, "fee", "first"))
            holding.set()
            done.wait(timeout=20)

    def second() -> None:
        try:
            assert holding.wait(timeout=20)
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '300ms'")
                post(Leg("wallet/omar", account, 10, "fee", "second"))
        finally:
            done.set()

    together(first, second)


def test_writers_of_a_hot_account_do_not_wait_for_each_other() -> None:
    credit_while_another_transaction_holds("fees")
    assert queries.balance("fees").credit_minor == 20


def test_control_writers_of_an_ordinary_account_do() -> None:
    with pytest.raises(OperationalError, match="lock timeout"):
        credit_while_another_transaction_holds("till")


def test_rolling_up_beside_writers_and_readers_loses_nothing() -> None:
    written = threading.Event()

    def write() -> None:
        try:
            for i in range(80):
                post(Leg("wallet/layla", "fees", 2, "hold", f"hold {i}", kind="pending"))
                post(Leg.post(f"hold {i}", 1, code="fee", key=f"fee {i}"))
        finally:
            written.set()

    def roll() -> int:
        rolled = 0
        while not written.is_set():
            rolled += operations.roll_up(NOON, limit=7)
        return rolled

    def watch() -> list[int]:
        seen = []
        while not written.is_set():
            assert queries.trial_balance() == {"SAR": 0}
            seen.append(queries.balance("fees").credit_minor)
        return seen

    _, *rolled, seen = together(write, roll, roll, watch)
    assert sum(rolled) > 0
    assert seen == sorted(seen)
    operations.roll_up(NOON)
    fees = queries.balance("fees")
    assert (fees.credit_minor, fees.credits_pending) == (80, 0)
