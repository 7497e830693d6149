"""The demo city: sown once, the same every time, and in order."""

from __future__ import annotations

import pytest

from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.places.models import District
from mahalla.kit import clock
from mahalla.markets.khidma.demo import city
from mahalla.markets.khidma.demo.people import SIGN_INS

pytestmark = pytest.mark.django_db


def test_it_is_planted_once(khidma):
    now = clock.now()
    city.plant(now)
    people = User.objects.count()
    city.plant(now)
    assert User.objects.count() == people
    assert District.objects.count() >= 40
    for role, _name, phone in SIGN_INS:
        assert User.objects.get(phone=phone).has_role(role)
    assert Spot.objects.filter(live=True).values("worker").distinct().count() >= 80


def test_the_books_balance(khidma):
    city.plant(clock.now())
    assert set(ledger.trial_balance().values()) == {0}
    assert not list(ledger.audit())
