"""Reputation: the value that ranking and enforcement use, apart from the public mean.

``(W·m + Σ wᵢ·scoreᵢ) ÷ (W + Σ wᵢ)`` with prior mean m and weight W, where wᵢ is ``0.5^(age ÷ half-life)`` × the review's own
factors (complexity, device, …) × outlier weight × pair weight (KH-REV-05, KH-REV-06, KH-MATCH-12). Many people are
calculated at once, in one query and numpy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F
from numpy.typing import NDArray

from mahalla.kernel import policy
from mahalla.kernel.reviews import listeners
from mahalla.kernel.reviews.models import ReputationScore, Review

Floats = NDArray[np.float64]
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Reputation:
    """``value`` 1–5; ``count`` and ``mean`` are of the public rating (``mean`` None without reviews)."""

    value: float
    count: int
    mean: Decimal | None


@dataclass(frozen=True, slots=True)
class Rules:
    prior_mean: float = 4.0
    prior_weight: float = 10.0
    half_life_days: float = 180.0
    outlier_gap: float = 3.0
    outlier_min_reviews: int = 10
    outlier_weight: float = 0.5
    pair_days: float = 30.0
    pair_weight: float = 0.5

    @classmethod
    def at(cls, now: datetime) -> Rules:
        """The policy numbers in force; what the market does not declare keeps its default."""
        default = cls()
        names = {
            "prior_mean": "rating_prior_mean",
            "prior_weight": "rating_prior_weight",
            "half_life_days": "review_half_life_days",
            **{name: name for name in ("outlier_gap", "outlier_min_reviews", "outlier_weight")},
            **{name: name for name in ("pair_days", "pair_weight")},
        }
        return cls(**{field: _number(name, getattr(default, field), now) for field, name in names.items()})


def _number(name: str, default: float, now: datetime) -> Any:
    try:
        return policy.get(name, now=now)
    except LookupError:
        return default


def reputation_of(user_ids: Collection[int], *, now: datetime) -> dict[int, Reputation]:
    """Every one of ``user_ids`` with its reputation at ``now``, those without reviews with the prior. One query."""
    rules = Rules.at(now)
    rows = list(
        Review.objects.filter(
            subject_id__in=list(user_ids), visible=True, counted=True, reveal_at__lte=now, created_at__lte=now
        )
        .order_by("subject_id", "created_at", "id")
        .values_list("subject_id", "author_id", "score", "created_at", "factors", "public")
    )
    ids = sorted(set(user_ids))
    where = {user_id: index for index, user_id in enumerate(ids)}
    subject = np.array([where[row[0]] for row in rows], dtype=np.intp)
    score = np.array([float(row[2]) for row in rows], dtype=np.float64)
    weight = (
        _age(rows, now, rules)
        * np.array([prod(row[4].values()) for row in rows], dtype=np.float64)
        * _outliers(subject, score, rules)
        * _pairs(rows, rules)
    )
    total = rules.prior_weight + np.bincount(subject, weight, minlength=len(ids))
    value = (
        rules.prior_weight * rules.prior_mean + np.bincount(subject, weight * score, minlength=len(ids))
    ) / total
    means = _means(rows)
    return {
        user_id: Reputation(float(value[index]), *means.get(user_id, (0, None)))
        for user_id, index in where.items()
    }


def _age(rows: list[Any], now: datetime, rules: Rules) -> Floats:
    days = np.array([(now - row[3]).total_seconds() / DAY_S for row in rows], dtype=np.float64)
    return np.power(0.5, days / rules.half_life_days)


def _outliers(subject: NDArray[np.intp], score: Floats, rules: Rules) -> Floats:
    """The outlier weight for one far from its subject's median, where there are reviews enough to say so (KH-REV-06)."""
    weight = np.ones(len(score))
    counts = np.bincount(subject) if len(subject) else np.zeros(0, dtype=np.intp)
    for index in np.flatnonzero(counts >= rules.outlier_min_reviews):
        own = subject == index
        far = np.abs(score - np.median(score[own])) >= rules.outlier_gap
        weight[own & far] = rules.outlier_weight
    return weight


def _pairs(rows: list[Any], rules: Rules) -> Floats:
    """The first review of a pair counts in full, another within ``pair_days`` of it less (KH-MATCH-12)."""
    weight = np.ones(len(rows))
    full: dict[tuple[int, int], datetime] = {}
    window = timedelta(days=rules.pair_days)
    for index, (subject_id, author_id, _score, created_at, *_rest) in enumerate(rows):
        last = full.get((subject_id, author_id))
        if last is not None and created_at - last < window:
            weight[index] = rules.pair_weight
        else:
            full[subject_id, author_id] = created_at
    return weight


def _means(rows: list[Any]) -> dict[int, tuple[int, Decimal]]:
    """The plain mean and count of what the public sees, in exact decimals (KH-REV-07)."""
    sums: dict[int, tuple[int, Decimal]] = {}
    for subject_id, _author, score, _at, _factors, public in rows:
        if public:
            count, total = sums.get(subject_id, (0, Decimal(0)))
            sums[subject_id] = (count + 1, total + score)
    return {subject_id: (count, total / count) for subject_id, (count, total) in sums.items()}


@transaction.atomic
def recalculate(user_id: int, *, now: datetime) -> Reputation:
    """Refresh the kept value of one person."""
    return recalculate_many([user_id], now=now)[user_id]


@transaction.atomic
def recalculate_many(user_ids: Iterable[int], *, now: datetime) -> dict[int, Reputation]:
    """Refresh kept values. Their rows are locked first, in order: of two writers the later sees the other's review."""
    ids = sorted(set(user_ids))
    prior = Rules.at(now).prior_mean
    ReputationScore.objects.bulk_create(
        [ReputationScore(user_id=user_id, value=prior, updated_at=now) for user_id in ids],
        ignore_conflicts=True,
    )
    kept = {
        row.user_id: row
        for row in ReputationScore.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    }
    found = reputation_of(ids, now=now)
    for user_id, row in kept.items():
        fresh = found[user_id]
        row.value, row.count, row.mean, row.updated_at = fresh.value, fresh.count, fresh.mean, now
    ReputationScore.objects.bulk_update(list(kept.values()), ["value", "count", "mean", "updated_at"])
    listeners.tell("recalculated", ids, now=now)
    return found


def refresh_due(*, now: datetime, older_than: timedelta = timedelta(days=1), limit: int = 500) -> int:
    """Refresh those whose blind reviews were revealed since, and those not touched for a day; returns how many."""
    revealed = Review.objects.filter(
        reveal_at__lte=now, reveal_at__gt=now - older_than, subject__reputation__updated_at__lt=F("reveal_at")
    ).values_list("subject_id", flat=True)[:limit]
    aged = ReputationScore.objects.filter(updated_at__lt=now - older_than).order_by("updated_at")
    ids = {*revealed, *aged.values_list("pk", flat=True)[:limit]}
    recalculate_many(ids, now=now)
    return len(ids)
