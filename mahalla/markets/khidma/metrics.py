"""How the market is doing: fill rate, time to accept, money (KH-STAT-01..03, KH-STAT-04 by city).

Figures are of tasks *posted* in the window (fill rate, time to accept, volume) or *completed* in it (money). Shares are
exact fractions until they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Min,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Extract, ExtractHour

from mahalla.kernel.cases.models import Case
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.market import active
from mahalla.kit.money import round_half_up
from mahalla.kit.quote import Quote
from mahalla.kit.spans import zone
from mahalla.markets.khidma.billing import WORKER

DONE = ("completed", "reviewed", "disputed", "refunded")


@dataclass(frozen=True, slots=True)
class Window:
    """``since`` is included, ``until`` is not; ``city`` (a code) narrows to one city."""

    since: datetime
    until: datetime
    city: str = ""


def percent(part: int, whole: int) -> int | None:
    """A whole percentage, halves upwards; nothing where there is no whole."""
    return round_half_up(Fraction(100 * part, whole)) if whole else None


def posted(window: Window) -> QuerySet[Request]:
    rows = Request.objects.filter(posted_at__gte=window.since, posted_at__lt=window.until)
    return rows.filter(city__code=window.city) if window.city else rows


# --- fill rate (KH-STAT-01) -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fill:
    """45 of 50 posted tasks were accepted: 90 %. ``key`` says of which city, category or hour."""

    key: Any
    posted: int
    accepted: int

    @property
    def pct(self) -> int | None:
        return percent(self.accepted, self.posted)


#: a task was accepted when a job of it was ever agreed, whatever became of that
AGREED = Job.objects.filter(request=OuterRef("pk"))
KEYS: Mapping[str, Any] = {"city": F("city__code"), "category": F("category__code")}


def fill(window: Window) -> Fill:
    """Tasks accepted ÷ tasks posted, by posting time."""
    rows = posted(window)
    return Fill("", rows.count(), rows.filter(Exists(AGREED)).count())


def fill_by(window: Window, by: str) -> list[Fill]:
    """The fill rate by ``city``, ``category`` or ``hour`` (wall time of the market)."""
    key = ExtractHour("posted_at", tzinfo=zone(active().timezone)) if by == "hour" else KEYS[by]
    rows = (
        posted(window)
        .annotate(was_accepted=Exists(AGREED), key=key)
        .order_by()
        .values("key", "was_accepted")
        .annotate(n=Count("pk"))
    )
    sums: dict[Any, list[int]] = {}
    for row in rows:
        both = sums.setdefault(row["key"], [0, 0])
        both[0] += row["n"]
        both[1] += row["n"] if row["was_accepted"] else 0
    return [
        Fill(key, *both) for key, both in sorted(sums.items(), key=lambda item: (item[0] is None, item[0]))
    ]


# --- time to accept (KH-STAT-02) ------------------------------------------------------------------------------------


class Percentile(Aggregate):
    """``percentile_cont``: the value below which a share of the values lies, between neighbours where it must."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Waits:
    """Minutes from posting to the first acceptance."""

    accepted: int
    median_min: float | None
    p90_min: float | None


def time_to_accept(window: Window) -> Waits:
    """Acceptance − posting as median and p90: 4, 6 and 20 minutes give 6."""
    first = (
        Job.objects.filter(request=OuterRef("pk"))
        .order_by()
        .values("request")
        .annotate(first=Min("created_at"))
    )
    took = ExpressionWrapper(Subquery(first.values("first")) - F("posted_at"), output_field=DurationField())
    rows = posted(window).annotate(took=took).filter(took__isnull=False)
    found = rows.aggregate(
        n=Count("pk"),
        median=Percentile(Extract("took", "epoch"), share="0.5"),
        p90=Percentile(Extract("took", "epoch"), share="0.9"),
    )
    return Waits(found["n"], _minutes(found["median"]), _minutes(found["p90"]))


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


# --- money (KH-STAT-03) ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Takings:
    """Money of completed tasks in minor units, net of refunds. ``gmv_minor``: the Taskers' labour and travel."""

    tasks: int = 0
    gmv_minor: int = 0
    fees_minor: int = 0
    tips_minor: int = 0
    refunds_minor: int = 0

    @property
    def take_pct(self) -> int | None:
        """Fees ÷ GMV: 16.00 of 80.00 is 20 %."""
        return percent(self.fees_minor, self.gmv_minor)


def takings(window: Window) -> Takings:
    """GMV = Σ Tasker amounts (labour + travel) of tasks completed in the window, net of refunds; fees net too."""
    jobs = Job.objects.filter(submitted_at__gte=window.since, submitted_at__lt=window.until, state__in=DONE)
    if window.city:
        jobs = jobs.filter(request__city__code=window.city)
    rows = list(jobs.order_by("pk").values_list("pk", "final", "data"))
    back = _refunded(pk for pk, _final, _data in rows)
    tasks = gmv = fees = tips = refunds = 0
    for pk, final, data in rows:
        quote = Quote.from_json(final)
        worker_back, fee_back = back.get(pk, (0, 0))
        earned = sum(line.amount_minor for line in quote.lines if line.payee == WORKER)
        tasks += 1
        gmv += earned - worker_back
        fees += quote.of_kind("service_fee") - fee_back
        refunds += worker_back + fee_back
        tips += sum(data.get("tips", ()))
    return Takings(tasks, gmv, fees, tips, refunds)


def _refunded(job_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """What decided disputes gave back of each job: the worker's part and the fee's."""
    found: dict[int, tuple[int, int]] = {}
    cases = Case.objects.filter(job_id__in=list(job_ids), group=Case.Group.DISPUTE, decided_at__isnull=False)
    for job_id, decision in cases.values_list("job_id", "decision"):
        assert job_id is not None
        worker, fee = found.get(job_id, (0, 0))
        found[job_id] = (
            worker + int(decision.get("worker_part_minor") or 0),
            fee + int(decision.get("fee_part_minor") or 0),
        )
    return found


def volume(window: Window) -> dict[str, int]:
    """How many tasks posted in the window now stand in each state."""
    rows = posted(window).order_by().values("status").annotate(n=Count("pk"))
    return {row["status"]: row["n"] for row in rows.order_by("-n", "status")}
