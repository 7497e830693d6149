"""What others ask and how long such work takes, per category and city (KH-PRICE-06, -08, -11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.work.models import Job
from mahalla.kit.money import round_half_up
from mahalla.markets.khidma.models import PriceStat, Rate, TaskerProfile


@dataclass(frozen=True, slots=True)
class Rates:
    """Quartiles in minor units per hour (or of fixed prices). ``measured``: from accepted tasks, not the default."""

    p25_minor: int
    median_minor: int
    p75_minor: int
    measured: bool


def rates(category: Category, city_id: int | None, *, fixed: bool, now: datetime) -> Rates:
    """Of accepted tasks of 90 days when there are 20 or more; else what is asked today; else the category's default."""
    if not fixed:
        stat = PriceStat.objects.filter(category=category, city=city_id).first()
        if stat is not None and stat.tasks >= policy.get("guidance_min_tasks", now=now):
            return Rates(stat.p25_minor, stat.median_minor, stat.p75_minor, measured=True)
    default = category.flags.get("guide_fixed_minor" if fixed else "guide_minor")
    if default:
        p25, median, p75 = default
        return Rates(p25, median, p75, measured=False)
    column = "fixed_minor" if fixed else "hourly_minor"
    taskers = TaskerProfile.objects.filter(city=city_id).values("user_id")
    asked = Rate.objects.filter(category=category, worker_id__in=taskers).exclude(**{column: None})
    return quartiles(list(asked.values_list(column, flat=True)))


def quartiles(amounts: list[int]) -> Rates:
    if not amounts:
        return Rates(0, 0, 0, measured=False)
    ordered = sorted(amounts)
    p25, median, p75 = (_percentile(ordered, pct) for pct in (25, 50, 75))
    return Rates(p25, median, p75, measured=False)


def _percentile(ordered: list[int], pct: int) -> int:
    """Linear interpolation between ranks, exact, rounded once."""
    place = Fraction((len(ordered) - 1) * pct, 100)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round_half_up(ordered[low] + (place - low) * (ordered[high] - ordered[low]))


def median_billed_min(category_id: int, city_id: int | None, *, now: datetime) -> int | None:
    """Median billed minutes of the last 50 completed tasks; None below 5, where the category's default holds (S14)."""
    done = Job.objects.filter(
        request__category_id=category_id,
        request__city=city_id,
        submitted_at__isnull=False,
        data__has_key="billed_min",
    )
    last = done.order_by("-submitted_at").values_list("data__billed_min", flat=True)
    minutes = [int(m) for m in last[: policy.get("duration_history_n", now=now)] if m]
    if len(minutes) < policy.get("duration_history_min", now=now):
        return None
    return int(np.median(minutes))


def available_taskers(category_id: int, city_id: int | None) -> int:
    """Taskers of the city who could be offered such work now: supply."""
    here = TaskerProfile.objects.filter(city=city_id).values("user_id")
    return Spot.objects.filter(category_id=category_id, live=True, worker_id__in=here).count()


def refresh(*, now: datetime) -> int:
    """Recompute the quartiles of accepted hourly rates of the last 90 days, per category and city (KH-OPS-02)."""
    since = now - timedelta(days=policy.get("guidance_days", now=now))
    rows = Job.objects.filter(created_at__gte=since, terms__pricing_model="hourly").values_list(
        "request__category_id", "request__city_id", "terms__rate_minor"
    )
    groups: dict[tuple[int, int], list[int]] = {}
    for category_id, city_id, rate in rows:
        if city_id is not None:
            groups.setdefault((category_id, city_id), []).append(int(rate))
    for (category_id, city_id), amounts in groups.items():
        found = quartiles(amounts)
        PriceStat.objects.update_or_create(
            category_id=category_id,
            city_id=city_id,
            defaults={
                "p25_minor": found.p25_minor,
                "median_minor": found.median_minor,
                "p75_minor": found.p75_minor,
                "tasks": len(amounts),
                "updated_at": now,
            },
        )
    return len(groups)
