"""The port to payment providers: what we ask, what they answer, and what they tell us unasked.

Every call carries an idempotency key: the same key gets the same answer and moves money once. Calls are made by the
outbox worker after commit, never inside a request (ADR 0002). An adapter turns its provider's words into ``News``, so
that a webhook and the answer to a call are judged by the same function.

Who needs less implements less: a market without holds only uses ``charge`` (``authorise`` with ``capture_now``), one
without workers' pay never calls ``payout``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings


class ProviderDown(Exception):
    """No answer: nobody knows whether it was done. The call is made again with the same key."""


class BadSignature(Exception):
    """A webhook that the provider did not sign, or signed too long ago."""


@dataclass(frozen=True, slots=True)
class News:
    """What a provider says about ``subject`` (our key of the authorisation, refund, payout or check).

    ``kind``: ``pending`` (accepted, the outcome follows by webhook), ``authorised``, ``action_required`` (``url``),
    ``failed``, ``raised``, ``raise_failed``, ``captured``, ``capture_failed``, ``voided``, ``expired``, ``refunded``,
    ``refund_failed``, ``paid``, ``payout_failed``, ``verified``, ``verify_failed``. ``amount_minor`` is the amount
    authorised, captured, refunded or paid, as the provider has it.
    """

    kind: str
    subject: str
    ref: str = ""
    amount_minor: int | None = None
    currency: str = ""
    url: str = ""
    code: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> News:
        """Raises ``TypeError`` or ``ValueError`` for what is no news."""
        news = cls(**{name: data[name] for name in cls.__slots__ if name in data})
        texts = (news.kind, news.subject, news.ref, news.currency, news.url, news.code)
        whole = news.amount_minor is None or type(news.amount_minor) is int
        if not whole or not all(isinstance(text, str) and "\x00" not in text for text in texts):
            raise ValueError("a field of the news has the wrong type")
        return news


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a payout goes: ``kind`` bank or wallet, the IBAN or E.164 number, and whose it is."""

    kind: str
    account: str
    holder: str


class Provider(Protocol):
    """One payment provider. ``key`` is the call's idempotency key, ``subject`` names the authorisation (see ``News``).

    Each call returns the news that answers it or raises ``ProviderDown``.
    """

    name: str

    def verify(self, *, key: str, token: str, now: datetime) -> News:
        """Check that a method could be charged later, without holding anything."""

    def authorise(
        self, *, key: str, token: str, amount_minor: int, currency: str, capture_now: bool, now: datetime
    ) -> News:
        """Hold (or with ``capture_now`` take) the amount; ``key`` is the subject of all later news."""

    def raise_authorisation(
        self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime
    ) -> News:
        """Hold ``amount_minor`` in all from now on."""

    def capture(self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime) -> News:
        """Take ``amount_minor`` of what is held and free the rest."""

    def void(self, *, key: str, subject: str, ref: str, now: datetime) -> News:
        """Free all. ``ref`` may be empty when the answer to the authorisation was never heard: then by ``subject``."""

    def refund(self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime) -> News:
        """Give back a part of what was captured; the news' subject is ``key``."""

    def payout(
        self, *, key: str, destination: Destination, amount_minor: int, currency: str, now: datetime
    ) -> News:
        """Send money to a worker; the news' subject is ``key``."""

    def look(self, *, subject: str, now: datetime) -> News | None:
        """What has become of a subject, as the provider's books have it; None when it never heard of it."""

    def read_webhook(self, body: bytes, *, headers: Mapping[str, str], now: datetime) -> tuple[str, News]:
        """The event's id and its news. Raises ``BadSignature``."""


_providers: dict[str, Callable[[], Provider]] = {}


def register(name: str, make: Callable[[], Provider]) -> None:
    _providers[name] = make


def named(name: str) -> Provider:
    """The adapter called ``name``. Raises ``LookupError`` for one that was not registered."""
    try:
        return _providers[name]()
    except KeyError:
        raise LookupError(f"there is no payment provider {name!r}") from None


def default_name() -> str:
    """The provider for new methods and payouts: the deployment's choice."""
    return str(getattr(settings, "MAHALLA_PAYMENT_PROVIDER", "sandbox"))
