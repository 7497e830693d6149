"""The demo city: sown once, in order, with a task in every state and nothing left of the virtual time it was played in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.events.models import Event, OutboxItem
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.matching.models import RankingRun, Spot
from mahalla.kernel.media.models import Asset
from mahalla.kernel.payments.models import Payout
from mahalla.kernel.places.models import District
from mahalla.kernel.reviews.models import ReputationScore
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Job, Offer, Ping, Request
from mahalla.kit import clock
from mahalla.kit.market import activate
from mahalla.markets.khidma import onboarding, supply
from mahalla.markets.khidma.demo import city, taskers
from mahalla.markets.khidma.demo.people import KHALID, LINA, MARIAM, PASSWORD, SARA, SIGN_INS, STAFF
from mahalla.markets.khidma.models import TaskerStats

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def now(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[datetime]:
    """The city is sown once for all tests here, which only look; each sees it in a savepoint of its own."""
    policy.forget()
    with django_db_blocker.unblock(), activate("khidma"):
        at = clock.now()
        with clock.travel(at), transaction.atomic():
            city.plant(at)
            yield at
            transaction.set_rollback(True)
    policy.forget()


def of(phone: str) -> User:
    return User.objects.get(phone=phone)


def test_twice_is_once_and_the_clock_is_left_alone(now: datetime) -> None:
    counted = [model.objects.count() for model in (User, Request, Event, Asset, District)]
    city.plant(now)
    assert [model.objects.count() for model in (User, Request, Event, Asset, District)] == counted
    assert clock.now() == now


def test_everybody_on_the_list_can_sign_in(now: datetime) -> None:
    for role, _name, phone in SIGN_INS:
        assert of(phone).has_role(role), role
    assert {role for role, _name, _phone in SIGN_INS} == {"client", "tasker", *(one.role for one in STAFF)}
    assert all(of(one.phone).check_password(PASSWORD) for one in STAFF)


def test_the_city_is_full_of_people_to_find(now: datetime) -> None:
    assert District.objects.count() >= 40
    assert Spot.objects.filter(live=True).values("worker").distinct().count() >= 80
    assert {of(SARA).pk} <= supply.eligible([of(SARA).pk, of(MARIAM).pk], now=now)
    values = ReputationScore.objects.values_list("value", flat=True)
    assert max(values) - min(values) > 0.5
    for stats in TaskerStats.objects.exclude(completed=0):
        done = Job.objects.filter(
            worker=stats.worker_id, state__in=("completed", "reviewed", "refunded", "disputed")
        )
        assert stats.completed == done.count()


def test_the_same_city_every_time(now: datetime) -> None:
    from random import Random

    first, second = (taskers.everybody(Random(city.SEED)) for _ in range(2))
    assert first == second


def test_a_task_lives_in_every_state(now: datetime) -> None:
    assert set(Request.objects.values_list("status", flat=True)) >= {
        "draft",
        "matching",
        "offered",
        "accepted",
        "confirmed",
        "in_progress",
        "completed",
        "reviewed",
        "disputed",
        "refunded",
        "cancelled_client",
        "cancelled_tasker",
        "expired",
    }
    mine = Request.objects.filter(client=of(LINA))
    assert set(mine.values_list("status", flat=True)) >= {"draft", "matching", "completed", "reviewed"}
    assert RankingRun.objects.filter(request_id=mine.get(status="matching").pk).exists()
    asked = Offer.objects.get(worker=of(SARA), state="pending")
    assert asked.request.client == of(KHALID)
    assert Job.objects.filter(worker=of(SARA), state="confirmed", start_at__gt=now).exists()
    assert Payout.objects.filter(worker=of(SARA), state="completed").exists()
    assert Ping.objects.filter(job__progress="en_route", at__gt=now - timedelta(minutes=5)).exists()


def test_every_desk_has_work(now: datetime) -> None:
    assert Request.objects.filter(phase="open", data__has_key="unaccepted_since").exists()
    open_groups = set(Case.objects.filter(state="open").values_list("group", flat=True))
    assert open_groups >= {"dispute", "incident"}
    assert Case.objects.filter(group="dispute", state="resolved").exists()
    assert Verification.objects.filter(user=of(MARIAM), state="submitted").count() == 2
    assert [profile.user for profile in onboarding.waiting()] == [of(MARIAM)]


def test_the_books_balance(now: datetime) -> None:
    assert set(ledger.trial_balance().values()) == {0}
    assert not list(ledger.audit())


def test_nothing_is_left_of_virtual_time(now: datetime) -> None:
    late = now - timedelta(minutes=1)
    assert not DeadlineRow.objects.filter(due_at__lt=late).exists()
    assert not OutboxItem.objects.filter(done_at=None, due_at__lt=late).exists()
    assert not OutboxItem.objects.exclude(last_error="").exists()
    assert not Event.objects.filter(at__gt=now + timedelta(minutes=3)).exists()
