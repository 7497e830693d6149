"""What a Tasker has done before: which demands are familiar, and what an hour usually brought (KH-MATCH-17, -18)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import median

from mahalla.kernel.work.models import Job
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing
from mahalla.markets.khidma.facts import Needs

LAST = 50
#: so many done tasks, or years of a skill, are full experience
TASKS_FULL, YEARS_FULL = 5, 3


@dataclass(frozen=True, slots=True)
class Experience:
    """``done`` counts past tasks by demand, ``years`` are the profile's skills; ``per_hour_minor`` None without history."""

    done: Mapping[str, int] = field(default_factory=dict)
    years: Mapping[str, int] = field(default_factory=dict)
    per_hour_minor: int | None = None

    def fit(self, demands: Collection[str]) -> float:
        """0…1: the mean of how familiar each demand is. Nothing asked is a perfect fit."""
        if not demands:
            return 1.0
        return sum(self._familiar(demand) for demand in demands) / len(demands)

    def _familiar(self, demand: str) -> float:
        tasks = self.done.get(demand, 0) / TASKS_FULL
        years = self.years.get(demand, 0) / YEARS_FULL
        return min(1.0, max(tasks, years))


def demands(category_code: str, needs: Needs) -> tuple[str, ...]:
    """What a task asks experience of: the kind of work, its skills, heavy lifting, stairs without lift, pets."""
    hard = {"heavy_lifting": needs.heavy_lifting, "stairs": needs.stairs, "pets": needs.pets}
    named = [category_code, *needs.skills, *(name for name, asked in hard.items() if asked)]
    return tuple(dict.fromkeys(named))


def of_worker(worker_id: int, years: Mapping[str, int]) -> Experience:
    """From the last 50 finished tasks, in one query."""
    rows = (
        Job.objects.filter(worker_id=worker_id, submitted_at__isnull=False)
        .order_by("-submitted_at")
        .values_list("final", "data", "terms__details", "request__category__code")[:LAST]
    )
    done: Counter[str] = Counter()
    hourly: list[int] = []
    for final, data, details, code in rows:
        asked = details or {}
        done[code] += 1
        done["heavy_lifting"] += bool(asked.get("heavy_lifting"))
        done["stairs"] += int(asked.get("floor") or 0) > 0 and not asked.get("elevator")
        done["pets"] += bool(asked.get("pets"))
        minutes = int(data.get("billed_min") or data.get("worked_min") or 0)
        if final and minutes:
            hourly.append(Quote.from_json(final).for_payee(billing.WORKER) * 60 // minutes)
    return Experience(done, years, int(median(hourly)) if hourly else None)
