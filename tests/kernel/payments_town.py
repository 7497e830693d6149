"""The people of the payment tests, their money, and the passing of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mahalla.kernel.events import outbox
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import accounts, listeners, operations
from mahalla.kernel.payments.models import Hold, PaymentMethod
from mahalla.kernel.payments.sandbox_cards import CARDS, tokenise
from mahalla.kit import market
from mahalla.kit.market import Market, activate, register
from mahalla.kit.policy import Number

#: a Tuesday, noon in Riyadh
NOON = datetime(2026, 3, 3, 9, tzinfo=UTC)
MARKET = Market(
    name="payments-town",
    title="Payments town",
    currency="SAR",
    timezone="Asia/Riyadh",
    languages=(("en", "English"),),
    roles=(),
    flows={},
    policy=(
        Number("auth_max_age_days", 6),
        Number("payout_delay_days", 2),
        Number("payout_run_time", "06:00"),
        Number("payout_minimum", 5_00),
        Number("payout_change_hold_hours", 24),
    ),
)
NUMBERS = {behaviour: number for number, behaviour in reversed(CARDS.items())}
IBAN = "SA0380000000608010167519"
CLOSED_IBAN = "SA9280000000608010160000"


class Town:
    """Client Amal, worker Bilal, and Omar, who has nothing to do with either. ``told`` is what listeners heard."""

    def __init__(self) -> None:
        self.amal = User.objects.create_user("+966500000001", name="Amal Al Harbi")
        self.bilal = User.objects.create_user("+966500000002", name="Bilal Ahmad Saleh")
        self.omar = User.objects.create_user("+966500000003", name="Omar Nasser")
        self.now = NOON
        self.told: list[tuple[str, Any]] = []
        for event in listeners.EVENTS:
            listeners.on(event, self._hear(event))

    def _hear(self, event: str) -> listeners.Listener:
        def hear(obj: Any, now: datetime) -> None:
            self.told.append((event, obj))

        return hear

    @property
    def events(self) -> list[str]:
        return [event for event, _obj in self.told]

    def card(self, behaviour: str = "ok", user: User | None = None) -> PaymentMethod:
        card = tokenise(NUMBERS[behaviour], expiry="2028-04")
        return operations.add_method(
            (user or self.amal).pk,
            kind=card.kind,
            token=card.token,
            brand=card.brand,
            last4=card.last4,
            expiry=card.expiry,
            now=self.now,
        )

    def work(self) -> None:
        """The worker does all that is due now."""
        while outbox.run_due(self.now):
            pass
        self.books()

    def wait(self, **time: float) -> None:
        """Let time pass; everything due on the way is done at its own instant."""
        until = self.now + timedelta(**time)
        self.work()
        while (due := outbox.next_due()) is not None and due <= until:
            self.now = max(due, self.now)
            self.work()
        self.now = until
        self.work()

    def books(self) -> None:
        assert set(ledger.trial_balance().values()) <= {0}
        assert ledger.audit() == []

    def hold(self, behaviour: str = "ok", amount_minor: int = 136_80, reference: str = "job:12") -> Hold:
        return operations.authorise(
            reference,
            payer_id=self.amal.pk,
            method_id=self.card(behaviour).pk,
            amount_minor=amount_minor,
            currency="SAR",
            now=self.now,
        )

    def earn(self, amount_minor: int, reference: str, worker: User | None = None) -> None:
        """A job's captured money, released to its worker."""
        from mahalla.kernel.ledger.operations import Leg, post

        who = worker or self.bilal
        clearing = accounts.ensure("clearing/sandbox", "SAR")
        payable = accounts.ensure(accounts.payable(who.pk), "SAR")
        leg = Leg(clearing, payable, amount_minor, "release", f"test:{reference}")
        post(leg, now=self.now, reference=reference)


def again(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


def escrow(reference: str = "job:12") -> ledger.Balance:
    return ledger.balance(f"escrow/{reference}")


@contextmanager
def open_town() -> Iterator[Town]:
    register(MARKET)
    try:
        with listeners.only(), activate(MARKET.name):
            yield Town()
    finally:
        market._markets.pop(MARKET.name)


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    with open_town() as opened:
        yield opened
