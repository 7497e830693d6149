"""Any sequence of movements, beside a small model of a ledger in Python."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mahalla.kernel.ledger import errors, operations, queries
from mahalla.kernel.ledger.models import Floor
from mahalla.kernel.ledger.operations import Leg

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

#: path → asset, floor, hot
ACCOUNTS = {
    "clearing": ("SAR", Floor.NONE, True),
    "fees": ("SAR", Floor.NONE, True),
    "till": ("SAR", Floor.NONE, False),
    "wallet": ("SAR", Floor.DEBITS, False),
    "escrow": ("SAR", Floor.DEBITS, False),
    "debt": ("SAR", Floor.CREDITS, False),
    "points": ("points", Floor.NONE, False),
    "points/user": ("points", Floor.DEBITS, False),
}
DP, CP, DN, CN = range(4)
PATHS = st.sampled_from(sorted(ACCOUNTS))
AMOUNTS = st.integers(1, 100)
LEGS = st.lists(
    st.tuples(PATHS, PATHS, AMOUNTS, st.sampled_from(["posted", "posted", "pending"])), min_size=1, max_size=4
)


class Model:
    """What the ledger should do, in the plainest words."""

    def __init__(self) -> None:
        self.totals = {path: [0, 0, 0, 0] for path in ACCOUNTS}
        self.pending: dict[str, Leg] = {}
        self.resolved: set[str] = set()

    def move(self, debit: str, credit: str, posted: int, pending: int) -> None:
        self.totals[debit][DP] += posted
        self.totals[credit][CP] += posted
        self.totals[debit][DN] += pending
        self.totals[credit][CN] += pending

    def apply(self, leg: Leg) -> None:
        if leg.kind in ("post", "void"):
            held = self.pending[leg.pending_key]
            if leg.amount_minor > held.amount_minor:
                raise errors.ExceedsPending
            if leg.pending_key in self.resolved:
                raise errors.AlreadyResolved
            self.resolved.add(leg.pending_key)
            self.move(held.debit, held.credit, leg.amount_minor, -held.amount_minor)
        elif leg.debit == leg.credit or ACCOUNTS[leg.debit][0] != ACCOUNTS[leg.credit][0]:
            raise errors.Unbalanced
        elif leg.kind == "pending":
            self.pending[leg.key] = leg
            self.move(leg.debit, leg.credit, 0, leg.amount_minor)
        else:
            self.move(leg.debit, leg.credit, leg.amount_minor, 0)

    def check_floors(self) -> None:
        for path, (debits, credits, debits_held, credits_held) in self.totals.items():
            floor = ACCOUNTS[path][1]
            if (floor == Floor.DEBITS and debits + debits_held > credits) or (
                floor == Floor.CREDITS and credits + credits_held > debits
            ):
                raise errors.InsufficientFunds

    def after(self, legs: list[Leg]) -> Model:
        model = deepcopy(self)
        for leg in legs:
            model.apply(leg)
        model.check_floors()
        return model


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        for path, (asset, floor, hot) in ACCOUNTS.items():
            operations.open(path, asset, floor=floor, hot=hot)
        self.model = Model()
        self.batches: list[list[Leg]] = []
        self.reversed: set[str] = set()
        self.keys = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def attempt(self, legs: list[Leg]) -> None:
        """The ledger takes it exactly when the model does, and refuses it for the same reason."""
        try:
            model = self.model.after(legs)
        except errors.LedgerRefused as refusal:
            with pytest.raises(type(refusal)):
                operations.post(*legs, now=NOON, reference="x")
        else:
            operations.post(*legs, now=NOON, reference="x")
            self.model = model
            self.batches.append(legs)

    @rule(amount=st.integers(100, 1000), path=st.sampled_from(["wallet", "escrow"]))
    def top_up(self, amount: int, path: str) -> None:
        self.attempt([Leg("clearing", path, amount, "x", self.key())])

    @rule(legs=LEGS)
    def move(self, legs: list[tuple[str, str, int, str]]) -> None:
        self.attempt([Leg(d, c, amount, "x", self.key(), kind) for d, c, amount, kind in legs])

    @precondition(lambda self: self.model.pending)
    @rule(data=st.data(), amount=AMOUNTS, void=st.booleans(), also=LEGS.map(lambda legs: legs[:1]))
    def resolve(self, data: Any, amount: int, void: bool, also: list[tuple[str, str, int, str]]) -> None:
        held = data.draw(st.sampled_from(sorted(self.model.pending)))
        key = self.key()
        leg = Leg.void(held, code="x", key=key) if void else Leg.post(held, amount, code="x", key=key)
        others = [Leg(d, c, n, "x", self.key(), kind) for d, c, n, kind in also] if amount % 3 == 0 else []
        self.attempt([leg, *others])

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def repeat(self, data: Any) -> None:
        operations.post(*data.draw(st.sampled_from(self.batches)), now=NOON, reference="x")

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def reuse_a_key(self, data: Any) -> None:
        used = data.draw(st.sampled_from(self.batches))[0]
        with pytest.raises(errors.KeyReused):
            operations.post(Leg("clearing", "till", 1000, "y", used.key), now=NOON, reference="x")

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def reverse(self, data: Any) -> None:
        leg = data.draw(st.sampled_from(data.draw(st.sampled_from(self.batches))))
        expected: type[Exception] | None = None
        model = self.model
        if leg.kind in ("pending", "void"):
            expected = errors.UnknownTransfer
        elif leg.key in self.reversed:
            expected = errors.AlreadyReversed
        else:
            sides = self.model.pending[leg.pending_key] if leg.kind == "post" else leg
            try:
                model = self.model.after([Leg(sides.credit, sides.debit, leg.amount_minor, "x", "back")])
            except errors.InsufficientFunds:
                expected = errors.InsufficientFunds
        if expected:
            with pytest.raises(expected):
                operations.reverse(leg.key, self.key(), now=NOON, reference="x")
        else:
            operations.reverse(leg.key, self.key(), now=NOON, reference="x")
            self.model = model
            self.reversed.add(leg.key)

    @rule(limit=st.integers(1, 10))
    def roll_up(self, limit: int) -> None:
        operations.roll_up(NOON, limit=limit)

    @invariant()
    def balances_are_the_models(self) -> None:
        found = queries.balances(sorted(ACCOUNTS))
        for path, totals in self.model.totals.items():
            b = found[path]
            assert [b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending] == totals, path
            assert b.floor == Floor.NONE or b.available_minor >= 0

    @invariant()
    def every_asset_sums_to_zero(self) -> None:
        assert queries.trial_balance() == {"SAR": 0, "points": 0}
        assert queries.audit() == []


@pytest.mark.django_db
def test_any_sequence_of_movements_keeps_the_ledger_whole() -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
