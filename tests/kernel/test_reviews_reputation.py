"""The reputation value: the specification's own figures, and what must hold for any reviews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import operations, queries, reputation
from mahalla.kernel.reviews.models import ReputationScore, Review
from mahalla.kit.actors import SYSTEM

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = timedelta(days=1)
pytestmark = pytest.mark.django_db
_jobs = iter(range(1, 10**9))


def person(name: str) -> User:
    return User.objects.create_user(name=name)


@pytest.fixture
def sara() -> User:
    return person("Sara")


def review(
    subject: User, stars: int, *, author: User | None = None, ago: float = 0, **factors: float
) -> Review:
    at = NOW - ago * DAYS
    return Review.objects.create(
        job_id=next(_jobs),
        side="of_worker",
        author=author or person("Client"),
        subject=subject,
        stars=stars,
        score=stars,
        created_at=at,
        reveal_at=at,
        factors={"complexity": 1.0, **factors},
        counted=0 not in factors.values(),
    )


def value(subject: User) -> float:
    return reputation.reputation_of([subject.pk], now=NOW)[subject.pk].value


@pytest.mark.spec("KH-REV-05", "KH-REV-07")
def test_five_stars_today_and_three_180_days_ago(sara: User) -> None:
    review(sara, 5)
    review(sara, 3, ago=180)
    assert round(value(sara), 4) == 4.0435  # (40 + 5 + 1.5) / 11.5
    assert str(queries.rating_of(sara.pk, now=NOW)) == "4.0 (2)"


def test_complexity_weighs_0_8_1_0_and_1_2(sara: User) -> None:
    for weight in (0.8, 1.0, 1.2):
        review(sara, 5, complexity=weight)
    assert value(sara) == pytest.approx((40 + 5 * 3.0) / 13.0)


@pytest.mark.spec("KH-REV-06")
def test_eleven_5_star_and_one_1_star_the_1_star_counts_half(sara: User) -> None:
    for _ in range(11):
        review(sara, 5)
    review(sara, 1)
    assert value(sara) == pytest.approx((40 + 55 + 0.5 * 1) / (10 + 11 + 0.5))


def test_below_ten_reviews_nothing_is_an_outlier(sara: User) -> None:
    for _ in range(8):
        review(sara, 5)
    review(sara, 1)
    assert value(sara) == pytest.approx((40 + 40 + 1) / 19)
    review(sara, 5)  # the tenth
    assert value(sara) == pytest.approx((40 + 45 + 0.5) / 19.5)


def test_five_5_star_reviews_and_none(sara: User) -> None:
    newcomer = person("Newcomer")
    for _ in range(5):
        review(sara, 5)
    assert round(value(sara), 4) == 4.3333
    assert value(newcomer) == 4.0


@pytest.mark.spec("KH-MATCH-12")
def test_a_second_review_of_a_pair_within_30_days_counts_half_and_a_shared_device_nothing(
    sara: User,
) -> None:
    layla = person("Layla")
    review(sara, 5, author=layla, ago=20)
    first = value(sara)
    review(sara, 5, author=layla)
    old, new = 0.5 ** (20 / 180), 0.5
    assert value(sara) == pytest.approx((40 + 5 * (old + new)) / (10 + old + new))
    review(sara, 5, device=0)
    assert value(sara) == pytest.approx((40 + 5 * (old + new)) / (10 + old + new))
    assert first < value(sara)


def test_after_30_days_the_same_pair_counts_in_full_again(sara: User) -> None:
    layla = person("Layla")
    for ago in (45, 20, 0):  # full, half, and full again: 45 days after the last full one
        review(sara, 5, author=layla, ago=ago)
    weights = 0.5 ** (45 / 180) + 0.5 * 0.5 ** (20 / 180) + 1
    assert value(sara) == pytest.approx((40 + 5 * weights) / (10 + weights))


def test_a_hidden_review_frees_its_pair_and_its_median(sara: User) -> None:
    layla = person("Layla")
    hidden = review(sara, 1, author=layla, ago=1)
    review(sara, 5, author=layla)
    operations.hide(hidden, reason="not about the work", actor=SYSTEM, now=NOW)
    assert value(sara) == pytest.approx(45 / 11)
    assert ReputationScore.objects.get(user=sara).value == pytest.approx(45 / 11)


def test_many_people_in_two_queries_at_most_and_each_as_alone(
    django_assert_max_num_queries: Any, sara: User
) -> None:
    people = [sara, *(person(f"Worker {n}") for n in range(6))]
    layla = person("Layla")
    for index, worker in enumerate(people):
        for n in range(index * 3):
            review(worker, 1 + (n * 7 + index) % 5, author=layla if n % 4 == 0 else None, ago=n * 13)
    reputation.reputation_of([], now=NOW)  # the policy rows are read once and kept
    with django_assert_max_num_queries(2):
        together = reputation.reputation_of([worker.pk for worker in people], now=NOW)
    for worker in people:
        assert together[worker.pk] == reputation.reputation_of([worker.pk], now=NOW)[worker.pk]
    assert together[sara.pk] == reputation.Reputation(4.0, 0, None)


def test_the_kept_value_ages_with_the_daily_refresh(sara: User) -> None:
    review(sara, 5)
    kept = reputation.recalculate(sara.pk, now=NOW)
    assert (kept.count, kept.mean) == (1, Decimal(5))
    assert reputation.refresh_due(now=NOW + timedelta(hours=23)) == 0
    later = NOW + 180 * DAYS
    assert reputation.refresh_due(now=later) == 1
    assert ReputationScore.objects.get(user=sara).value == pytest.approx((40 + 2.5) / 10.5)


def test_the_public_mean_rounds_half_up(sara: User) -> None:
    for stars in (4, 4, 4, 5):  # 4.25
        review(sara, stars)
    assert str(queries.rating_of(sara.pk, now=NOW)) == "4.3 (4)"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 400), st.integers(0, 3)), max_size=14))
def test_reputation_stays_in_range_and_like_a_plain_calculation(
    sara: User, rows: list[tuple[int, int, int]]
) -> None:
    Review.objects.filter(subject=sara).delete()
    authors = [User.objects.get_or_create(phone=f"+9665200000{n}", name="Client")[0] for n in range(4)]
    for stars, ago, who in rows:
        review(sara, stars, author=authors[who], ago=ago)
    ordered = sorted(rows, key=lambda row: -row[1])
    scores = sorted(stars for stars, _, _ in rows)
    middle = len(scores) // 2
    total, weights, last_full = 40.0, 10.0, {}
    for stars, ago, who in ordered:
        weight = 0.5 ** (ago / 180)
        if who in last_full and last_full[who] - ago < 30:
            weight *= 0.5
        else:
            last_full[who] = ago
        if len(rows) >= 10:
            median = scores[middle] if len(rows) % 2 else (scores[middle - 1] + scores[middle]) / 2
            weight *= 0.5 if abs(stars - median) >= 3 else 1
        total, weights = total + weight * stars, weights + weight
    found = value(sara)
    assert 1 <= found <= 5
    # two reviews of one pair on one day may come in either order: then both orders are right
    if len({(ago, who) for _, ago, who in rows}) == len(rows):
        assert found == pytest.approx(total / weights)
