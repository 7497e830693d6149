"""Reviews from one device, payment method or address, mutual praise and bursts are flagged and uncounted until cleared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import listeners, operations, queries, reputation
from mahalla.kernel.reviews.models import Review, ReviewMark
from mahalla.kernel.trust import flags, flows
from mahalla.kernel.trust.models import Flag
from mahalla.kit import market
from mahalla.kit.actors import Actor
from mahalla.kit.market import Market, Role
from mahalla.kit.policy import Number

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BENCH = Market(
    name="bench",
    title="Bench",
    currency="SAR",
    timezone="UTC",
    languages=(("en", "English"),),
    roles=(Role("client", "Client"), Role("worker", "Worker"), Role("safety", "Safety", staff=True)),
    flows={"flag": flows.flag_flow(agents=("safety",))},
    policy=(Number("fraud_alert_score", 60),),
)
pytestmark = pytest.mark.django_db
_jobs = iter(range(1, 10**9))


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(listeners._listeners, "_told", {name: [] for name in listeners._listeners._told})
    monkeypatch.setattr(market, "_markets", {**market.registered(), "bench": BENCH})
    with market.activate("bench"):
        yield


def person(name: str) -> User:
    return User.objects.create_user(name=name)


@pytest.fixture
def sara() -> User:
    return person("Sara")


def rate(author: User, subject: User, stars: int = 5, *, now: datetime = NOW, **more: Any) -> Review:
    job_id = next(_jobs)
    operations.invite(
        job_id=job_id,
        side="of_worker",
        author_id=author.pk,
        subject_id=subject.pk,
        stream=f"job:{job_id}",
        opens_at=now,
    )
    return operations.leave(job_id=job_id, side="of_worker", author=author, stars=stars, now=now, **more)


def shown(user: User) -> str:
    return str(queries.rating_of(user.pk, now=NOW))


def judge(flag: Flag, verdict: str) -> None:
    agent = person("Sami of safety")
    agent.grants.create(role="safety", granted_at=NOW)
    flags.resolve(flag, verdict, reason="looked at it", actor=Actor(agent.pk, "safety"), now=NOW)


@pytest.mark.spec("KH-TRUST-09")
@pytest.mark.parametrize("kind", ["device", "payment", "address"])
def test_three_5_star_reviews_from_one_device_are_flagged_and_uncounted(sara: User, kind: str) -> None:
    honest = rate(person("Honest"), sara, 4, marks={kind: ["another"]})
    fakes = [rate(person(f"Fake {n}"), sara, 5, marks={kind: ["same"]}) for n in range(3)]
    flag = Flag.objects.get()
    assert (flag.rule, flag.user, flag.state, flag.evidence["kind"]) == (
        "review_manipulation",
        sara,
        "open",
        kind,
    )
    assert set(Review.objects.filter(counted=False)) == set(fakes)
    assert shown(sara) == "4.0 (1)"
    assert [one.id for one in queries.recent(sara.pk, now=NOW)] == [honest.pk]
    assert reputation.reputation_of([sara.pk], now=NOW)[sara.pk].value == pytest.approx(44 / 11)
    assert User.objects.get(pk=sara.pk).status == "active"


def test_a_false_alarm_restores_the_weights_and_is_not_raised_again(sara: User) -> None:
    for name in ("Husband", "Wife"):
        rate(person(name), sara, 5, marks={"device": ["family tablet"]})
    assert shown(sara) == ""
    judge(Flag.objects.get(), "false_alarm")
    assert shown(sara) == "5.0 (2)"
    rate(person("Daughter"), sara, 5, marks={"device": ["family tablet"]})
    assert shown(sara) == "5.0 (3)"
    assert Flag.objects.count() == 1


def test_a_confirmed_flag_keeps_them_out(sara: User) -> None:
    for name in ("One", "Two"):
        rate(person(name), sara, 5, marks={"device": ["x"]})
    judge(Flag.objects.get(), "confirmed")
    rate(person("Three"), sara, 5, marks={"device": ["x"]})
    assert shown(sara) == ""


def test_a_review_from_the_workers_own_device_is_uncounted(sara: User) -> None:
    rate(person("Friend"), sara, 5, marks={"device": ["hers"]}, subject_marks={"device": ["hers", "old"]})
    assert Flag.objects.get().evidence["kind"] == "device"
    assert shown(sara) == ""


def test_one_client_on_one_device_twice_is_no_manipulation(sara: User) -> None:
    layla = person("Layla")
    for _ in range(2):
        rate(layla, sara, 5, marks={"device": ["phone"], "payment": ["card"]})
    assert not Flag.objects.exists()
    assert shown(sara) == "5.0 (2)"


def test_mutual_praise_in_the_same_role_is_flagged_on_both(sara: User) -> None:
    basil = person("Basil")
    rate(basil, sara, 5)
    rate(sara, basil, 5, now=NOW + timedelta(days=3))
    flag = Flag.objects.get()
    assert flag.evidence["kind"] == "reciprocal"
    assert (shown(sara), shown(basil)) == ("", "")
    assert sara.reputation.value == basil.reputation.value == 4.0


def test_more_than_ten_praises_in_a_day_are_a_burst_and_ten_are_not(sara: User) -> None:
    for n in range(10):
        rate(person(f"Client {n}"), sara, 5)
    assert shown(sara) == "5.0 (10)"
    rate(person("Client 10"), sara, 5)
    assert Flag.objects.get().evidence["kind"] == "burst"
    assert shown(sara) == ""


def test_devices_are_kept_as_hashes_only(sara: User) -> None:
    rate(person("Layla"), sara, 5, marks={"device": ["imei-356938035643809"]})
    mark = ReviewMark.objects.get()
    assert len(mark.digest) == 64 and "356938" not in mark.digest
