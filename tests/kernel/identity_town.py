"""A small market for the tests of identity, and a phone that keeps the messages sent to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mahalla.kernel.identity import operations, sms
from mahalla.kernel.identity.models import User
from mahalla.kit import market
from mahalla.kit.actors import Actor
from mahalla.kit.market import Market, Role

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HALA = "+966501234567"
OMAR = "+966551112233"
NADIR = "+966560000009"  # the outsider
DESK = {
    "banker": {"identity.ban", "identity.suspend", "identity.reinstate"},
    "guard": {"identity.suspend"},
    "helper": set[str](),
}


def staff_may(actor: Actor, action: str) -> bool:
    return action in DESK.get(actor.role, set())


TOWN = Market(
    name="town",
    title="Town",
    currency="SAR",
    timezone="Asia/Riyadh",
    languages=(("en", "English"), ("ar", "العربية")),
    roles=(
        Role("client", "Client", signup=True),
        Role("worker", "Worker", signup=True),
        Role("banker", "Trust desk", staff=True),
        Role("helper", "Help desk", staff=True),
    ),
    flows={},
    terms_version="v1",
    hooks={"staff_may": staff_may},
)


class Phones:
    """Every text message sent, in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def __call__(self, phone: str, text: str, now: datetime) -> None:
        self.messages.append((phone, text))

    def code(self, phone: str) -> str:
        """The code in the last message to ``phone`` that carries one."""
        for number, text in reversed(self.messages):
            found = re.search(r"\b\d{6}\b", text)
            if number == phone and found:
                return found.group()
        raise AssertionError(f"no code was sent to {phone}")

    def wrong(self, phone: str, nth: int = 0) -> str:
        """A code that is not the last one."""
        return f"{(int(self.code(phone)) + 1 + nth) % 1_000_000:06d}"


@pytest.fixture
def town() -> Iterator[Market]:
    market.register(TOWN)
    with market.activate("town") as active:
        yield active
    market._markets.pop("town")


@pytest.fixture
def inbox(town: Market) -> Iterator[Phones]:
    phones = Phones()
    before = sms.register(phones)
    yield phones
    sms._sender = before


def publish_terms(version: str) -> None:
    """The market with its next terms (undone when ``town`` registers again)."""
    market.register(replace(TOWN, terms_version=version))


def sign_in(phone: str, inbox: Phones, now: datetime, **registration: str) -> operations.Verified:
    operations.request_code(phone, now=now)
    return operations.verify_code(
        phone, code=inbox.code(phone), now=now + timedelta(seconds=20), **registration
    )


def person(phone: str, role: str = "client", name: str = "") -> User:
    return operations.register(phone, terms="v1", role=role, name=name, now=NOON)
