"""What others ask and how long such work takes, per category and city (KH-PRICE-06, -08, -11).

The figures are made once a day (``refresh``); reading them is one row. Amounts are minor units, as Taskers receive them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, QuerySet

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.work.models import Job
from mahalla.kit.money import round_half_up
from mahalla.markets.khidma.models import PriceStat, Rate, TaskerProfile

Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Rates:
    """Quartiles in minor units per hour (or of fixed prices). ``measured``: from accepted tasks, not the default."""

    p25_minor: int
    median_minor: int
    p75_minor: int
    measured: bool


def rates(category: Category, city_id: int | None, *, fixed: bool, now: datetime) -> Rates:
    """Of accepted tasks of 90 days when there are 20 or more; else the category's default; else what is asked today."""
    if not fixed:
        return rates_of([(category, city_id)], now=now)[category.pk, city_id]
    return _default(category, "guide_fixed_minor") or _asked(category, city_id, "fixed_minor")


def rates_of(places: Iterable[tuple[Category, int | None]], *, now: datetime) -> dict[Place, Rates]:
    """The hourly quartiles of many categories and cities: one query, and one more for each that has no figures at all."""
    wanted = list(places)
    stats = PriceStat.objects.filter(category_id__in={category.pk for category, _city in wanted})
    enough = stats.filter(tasks__gte=policy.get("guidance_min_tasks", now=now))
    measured: dict[Place, Rates] = {
        (s.category_id, s.city_id): Rates(s.p25_minor, s.median_minor, s.p75_minor, True) for s in enough
    }
    return {
        (category.pk, city_id): measured.get((category.pk, city_id))
        or _default(category, "guide_minor")
        or _asked(category, city_id, "hourly_minor")
        for category, city_id in wanted
    }


def _default(category: Category, flag: str) -> Rates | None:
    default = category.flags.get(flag)
    if not default:
        return None
    low, middle, high = (int(amount) for amount in default)
    return Rates(low, middle, high, False)


def _asked(category: Category, city_id: int | None, column: str) -> Rates:
    asked = Rate.objects.filter(category=category, worker_id__in=_taskers(city_id)).exclude(**{column: None})
    return quartiles(list(asked.values_list(column, flat=True)))


def _taskers(city_id: int | None) -> QuerySet[TaskerProfile, Any]:
    """The ids of those whose centre lies in the city; nobody's where there is none."""
    here = TaskerProfile.objects.filter(city_id=city_id) if city_id else TaskerProfile.objects.none()
    return here.values("user_id")


def quartiles(amounts: Collection[int]) -> Rates:
    """p25, median and p75; zeros of nothing."""
    counts: dict[int, int] = {}
    for amount in amounts:
        counts[amount] = counts.get(amount, 0) + 1
    return weighted_quartiles(counts)


def weighted_quartiles(counts: Mapping[int, int]) -> Rates:
    """The same from ``{amount: how often}``, so that a year of tasks fits in a hand."""
    if not counts:
        return Rates(0, 0, 0, False)
    ordered, total = sorted(counts.items()), sum(counts.values())

    def at(index: int) -> int:
        seen = 0
        for amount, times in ordered:
            seen += times
            if index < seen:
                return amount
        return ordered[-1][0]

    def percentile(pct: int) -> int:
        """Linear interpolation between ranks, exact, rounded once."""
        place = Fraction((total - 1) * pct, 100)
        low = int(place)
        return round_half_up(at(low) + (place - low) * (at(min(low + 1, total - 1)) - at(low)))

    return Rates(percentile(25), percentile(50), percentile(75), False)


# --- how long it takes ----------------------------------------------------------------------------------------------


def median_billed_min(category_id: int, city_id: int | None, *, now: datetime) -> int | None:
    """Median billed minutes of the last 50 completed tasks; None below 5, where the category's default holds (S14)."""
    if city_id is None:
        return None
    stat = PriceStat.objects.filter(category_id=category_id, city_id=city_id)
    return stat.values_list("median_billed_min", flat=True).first()


_BILLED = """
    SELECT category_id, city_id, array_agg(minutes ORDER BY minutes)
    FROM (
        SELECT r.category_id, r.city_id, (j.data->>'billed_min')::int AS minutes,
               row_number() OVER (PARTITION BY r.category_id, r.city_id ORDER BY j.submitted_at DESC) AS place
        FROM work_job j JOIN work_request r ON r.id = j.request_id
        WHERE j.submitted_at IS NOT NULL AND r.city_id IS NOT NULL
          AND j.terms->>'pricing_model' = 'hourly' AND NOT coalesce((j.data->>'partial')::bool, false)
          AND (j.data->>'billed_min')::int > 0
    ) done
    WHERE place <= %s GROUP BY category_id, city_id
"""


def _billed(*, now: datetime) -> dict[Place, int]:
    """Whole work by the hour only: a fixed price has no hours, and what was broken off says nothing of how long it takes."""
    with connection.cursor() as cursor:
        cursor.execute(_BILLED, [policy.get("duration_history_n", now=now)])
        rows = cursor.fetchall()
    least = policy.get("duration_history_min", now=now)
    return {
        (category, city): weighted_quartiles({m: minutes.count(m) for m in set(minutes)}).median_minor
        for category, city, minutes in rows
        if len(minutes) >= least
    }


# --- supply ---------------------------------------------------------------------------------------------------------


def available_taskers(category_id: int, city_id: int | None) -> int:
    """Taskers of the city who could be offered such work now: supply."""
    return Spot.objects.filter(category_id=category_id, live=True, worker_id__in=_taskers(city_id)).count()


# --- once a day -----------------------------------------------------------------------------------------------------


@transaction.atomic
def refresh(*, now: datetime) -> int:
    """Make the figures anew: quartiles of the hourly rates accepted in 90 days, median hours of the last 50 tasks.

    Returns how many category-cities have figures; those that had some and have none any more lose them (KH-OPS-02).
    """
    accepted, billed = _accepted(now=now), _billed(now=now)
    for place in accepted.keys() | billed.keys():
        category_id, city_id = place
        assert city_id is not None
        found = weighted_quartiles(accepted.get(place, {}))
        PriceStat.objects.update_or_create(
            category_id=category_id,
            city_id=city_id,
            defaults={
                "p25_minor": found.p25_minor,
                "median_minor": found.median_minor,
                "p75_minor": found.p75_minor,
                "tasks": sum(accepted.get(place, {}).values()),
                "median_billed_min": billed.get(place),
                "updated_at": now,
            },
        )
    PriceStat.objects.exclude(updated_at=now).delete()
    return len(accepted.keys() | billed.keys())


def _accepted(*, now: datetime) -> dict[Place, dict[int, int]]:
    """``{(category, city): {rate: tasks}}``."""
    since = now - timedelta(days=policy.get("guidance_days", now=now))
    rows = (
        Job.objects.filter(
            created_at__gte=since, terms__pricing_model="hourly", request__city_id__isnull=False
        )
        .values_list("request__category_id", "request__city_id", "terms__rate_minor")
        .annotate(tasks=Count("pk"))
        .order_by()
    )
    found: dict[Place, dict[int, int]] = {}
    for category_id, city_id, rate, tasks in rows:
        found.setdefault((category_id, city_id), {})[int(rate)] = tasks
    return found
