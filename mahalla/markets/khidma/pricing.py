"""What a task costs before it is done: duration, range, the exact price with one Tasker, the terms of an agreement.

The Tasker's rate is the Tasker's own (C10); only the platform's fee moves with supply and demand. Fractions throughout,
rounded once per line. Amounts are minor units as the client pays them, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.flow import Phase
from mahalla.kit.market import active
from mahalla.kit.money import round_half_up
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing, guidance, insurance
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerStats, TaxRule


def exact(value: Any) -> Fraction:
    """A policy number as the decimal that it was written as (0.05 is 1/20, not its binary neighbour)."""
    return Fraction(str(value))


# --- duration -------------------------------------------------------------------------------------------------------


def complexity(details: Mapping[str, Any], *, now: datetime) -> Fraction:
    """min(1.50, 1 + 0.05 per item above 5 + 0.05 per floor without lift + 0.10 heavy + 0.05 parking) (KH-PRICE-07)."""

    def step(name: str) -> Fraction:
        return exact(policy.get(name, now=now))

    items = max(0, int(details.get("items") or 0) - int(policy.get("complexity_items_free", now=now)))
    floors = 0 if details.get("elevator") else max(0, int(details.get("floor") or 0))
    factor = 1 + items * step("complexity_item_step") + floors * step("complexity_floor_step")
    if details.get("heavy_lifting"):
        factor += step("complexity_heavy")
    if details.get("parking") in {"limited", "no_parking"}:
        factor += step("complexity_parking")
    return min(step("complexity_cap"), Fraction(factor))


def estimate_min(
    category: Category, city_id: int | None, details: Mapping[str, Any], *, now: datetime
) -> int:
    """Median of what such tasks took in the city, else the category's default, × complexity (KH-PRICE-06)."""
    base = guidance.median_billed_min(category.pk, city_id, now=now) or category.default_minutes
    return round_half_up(base * complexity(details, now=now))


# --- the fee --------------------------------------------------------------------------------------------------------


def demand_supply(category_id: int, city_id: int | None, *, now: datetime, counting: int = 0) -> Fraction:
    """Open tasks of the last 60 minutes per available Tasker of the city and category; 1 where nobody is (KH-PRICE-05).

    ``counting`` is the id of the task being priced: it is demand too, posted or not.
    """
    since = now - timedelta(minutes=60)
    others = Request.objects.filter(
        category_id=category_id, city=city_id, phase=Phase.OPEN, posted_at__gte=since
    )
    demand = others.exclude(pk=counting).count() + (1 if counting else 0)
    supply = guidance.available_taskers(category_id, city_id)
    return Fraction(demand, supply) if supply else Fraction(1)


def fee_pct(ratio: Fraction, *, now: datetime) -> Fraction:
    """clamp(20 % + 10 points × (demand ÷ supply − 1) + hour and season, 15 %, 30 %): 1.5 → 25 %, 3 → 30 %, 0.2 → 15 %."""

    def number(name: str) -> Fraction:
        return exact(policy.get(name, now=now))

    pct = (
        number("service_fee_base")
        + 100 * number("fee_sensitivity") * (ratio - 1)
        + number("fee_time_adjustment")
    )
    return max(number("service_fee_min"), min(number("service_fee_max"), pct))


def _pct_text(pct: Fraction) -> str:
    hundredths = round_half_up(pct * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")


# --- the preview ----------------------------------------------------------------------------------------------------


def preview(request: Request, *, now: datetime) -> dict[str, Any]:
    """What the client sees before posting: p25 to p75 of the rates with the fee, and what that was made of (KH-PRICE-08).

    p25 25.00, p75 35.00, 3.3 h, 20 % → 99.00–138.60. Travel is added once a Tasker is chosen.
    """
    assert request.category is not None
    category = request.category
    minutes = estimate_min(category, request.city_id, request.details, now=now)
    request.estimate_min = minutes
    fee = _fee_of(request, now=now)
    rates = guidance.rates(category, request.city_id, fixed=request.pricing_model == "fixed", now=now)
    low, high = (
        _with_fee(_labour(request, rate, minutes), fee["fee_pct"])
        for rate in (rates.p25_minor, rates.p75_minor)
    )
    return {
        "currency": active().currency,
        "low_minor": low,
        "high_minor": high,
        "minutes": minutes,
        "complexity": float(complexity(request.details, now=now)),
        **fee,
        "p25_minor": rates.p25_minor,
        "p75_minor": rates.p75_minor,
        "insurance": insurance.cover_for(request, now=now),
        "at": now.isoformat(),
    }


FEE = ("demand_supply", "hour_factor", "fee_pct")


def _fee_of(request: Request, *, now: datetime) -> dict[str, Any]:
    """The fee's rate and what made it: as the client has seen it, else by demand and supply now (KH-PRICE-05)."""
    if "fee_pct" in request.quote:
        return {name: request.quote[name] for name in FEE}
    assert request.category_id is not None
    ratio = demand_supply(request.category_id, request.city_id, now=now, counting=request.pk or -1)
    return {
        "demand_supply": round(float(ratio), 4),
        "hour_factor": policy.get("fee_time_adjustment", now=now),
        "fee_pct": _pct_text(fee_pct(ratio, now=now)),
    }


def _labour(request: Request, rate_minor: int, minutes: int) -> Fraction:
    return Fraction(rate_minor) if request.pricing_model == "fixed" else Fraction(rate_minor * minutes, 60)


def _with_fee(labour: Fraction, pct: str) -> int:
    amount = round_half_up(labour)
    return amount + round_half_up(amount * Fraction(pct) / 100)


# --- with one Tasker ------------------------------------------------------------------------------------------------


def travel_minor(rate: Rate, km: float, *, remote: bool, now: datetime) -> int:
    """The Tasker's own travel fee, or max(0, km − 5) × 1.00 up to 20.00: 9 km → 4.00, 40 km → 20.00 (KH-PRICE-04)."""
    if remote:
        return 0
    cap = int(policy.get("travel_fee_cap", now=now))
    if rate.travel_fee_minor is not None:
        return min(cap, rate.travel_fee_minor)
    far = max(Fraction(0), Fraction(round(km * 1000), 1000) - int(policy.get("travel_free_km", now=now)))
    fee = round_half_up(far * int(policy.get("travel_fee_per_km", now=now)))
    return min(cap, fee)


def capped_minor(wish_minor: int, *, is_new: bool, median_minor: int, now: datetime) -> int:
    """The wish, at most the median while the Tasker is new (KH-PRICE-12); where nobody knows a median it stands."""
    if not is_new or not median_minor:
        return wish_minor
    return min(wish_minor, median_minor * int(policy.get("new_price_cap_pct", now=now)) // 100)


def is_new(profile: TaskerProfile, completed: int, *, now: datetime) -> bool:
    """Fewer than 5 completed tasks and at most 60 days since approval (KH-MATCH-10)."""
    if profile.approved_at is None or completed >= policy.get("new_tasker_tasks", now=now):
        return False
    return now - profile.approved_at <= timedelta(days=policy.get("new_tasker_days", now=now))


def terms_with(request: Request, worker_ids: Iterable[int], *, now: datetime) -> dict[int, dict[str, Any]]:
    """The terms on which each of these Taskers would do the task now; who has no price for it is left out.

    The keys are those that ``billing`` documents, except the hold.
    """
    ids = list(worker_ids)
    category = request.category
    assert category is not None
    rates = {rate.worker_id: rate for rate in Rate.objects.filter(worker_id__in=ids, category=category)}
    profiles = {p.user_id: p for p in TaskerProfile.objects.filter(user_id__in=ids)}
    done = dict(TaskerStats.objects.filter(worker_id__in=ids).values_list("worker_id", "completed"))
    shared = shared_terms(request, taxes(now=now), now=now)
    fixed = request.pricing_model == "fixed"
    median = guidance.rates(category, request.city_id, fixed=fixed, now=now).median_minor
    out: dict[int, dict[str, Any]] = {}
    for pk in ids:
        rate, profile = rates.get(pk), profiles.get(pk)
        if rate is None or profile is None:
            continue
        new = is_new(profile, done.get(pk, 0), now=now)
        own = own_terms(request, rate, profile, new=new, median_minor=median, now=now)
        if own is not None:
            out[pk] = {**shared, **own}
    return out


def own_terms(
    request: Request, rate: Rate, profile: TaskerProfile, *, new: bool, median_minor: int, now: datetime
) -> dict[str, Any] | None:
    """The part of the terms that is one Tasker's; None without a price of the task's pricing model. No queries."""
    fixed = request.pricing_model == "fixed"
    wish = rate.fixed_minor if fixed else rate.hourly_minor
    if wish is None:
        return None
    price = capped_minor(wish, is_new=new, median_minor=median_minor, now=now)
    remote = request.category is not None and request.category.work_place == "remote"
    return {
        "rate_minor": 0 if fixed else price,
        "fixed_minor": price if fixed else 0,
        "minimum_min": 0 if fixed else rate.minimum_min,
        "travel_minor": travel_minor(rate, _km(request, profile), remote=remote, now=now),
        "new": new,
    }


def shared_terms(request: Request, tax: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """The part of the terms that is the task's, whoever does it; ``tax`` as ``taxes`` gives it."""
    category = request.category
    assert category is not None
    pct = request.quote.get("fee_pct")
    if pct is None:
        ratio = demand_supply(category.pk, request.city_id, now=now, counting=request.pk or -1)
        pct = _pct_text(fee_pct(ratio, now=now))
    return {
        "pricing_model": request.pricing_model or "hourly",
        "fee_pct": pct,
        "tax_pct": tax[TaxRule.Base.FEE],
        "withholding_pct": tax[TaxRule.Base.EARNINGS],
        "cover_minor": 0,
        "currency": active().currency,
        "method_kind": request.method_kind,
        "work_place": category.work_place,
        "risk_class": category.risk_class,
        "estimate_min": request.estimate_min,
        "details": request.details,
        "category_version": request.category_version,
    }


def _km(request: Request, profile: TaskerProfile) -> float:
    if None in (request.lat, request.lng, profile.lat, profile.lng):
        return 0.0
    return float(distance_m(profile.lat, profile.lng, request.lat, request.lng)) / 1000


def taxes(*, now: datetime) -> dict[str, str]:
    """The region's rates in force by base, 0 % where none is set (KH-PRICE-15)."""
    region = policy.get("region", now=now)
    rules = TaxRule.objects.filter(region=region, valid_from__lte=now).order_by("valid_from", "pk")
    return dict.fromkeys(TaxRule.Base.values, "0") | {
        base: str(pct) for base, pct in rules.values_list("base", "rate_pct")
    }


def tax_pct(base: str, *, now: datetime) -> str:
    return taxes(now=now)[base]


def quote_of(terms: Mapping[str, Any]) -> Quote:
    """The estimate on these terms: at least the minimum hours."""
    return billing.price(terms, minutes=max(terms["estimate_min"], terms["minimum_min"]))


def quote_for(request: Request, worker_id: int, *, now: datetime) -> Quote:
    """The exact estimate with one Tasker. Raises ``KeyError`` when that Tasker has no price for the task."""
    return quote_of(terms_with(request, [worker_id], now=now)[worker_id])


def earnings_minor(quote: Quote, terms: Mapping[str, Any]) -> int:
    """What the Tasker earns: the client's fee does not lower it, withholding does (KH-PRICE-10)."""
    return quote.for_payee(billing.WORKER) - billing.withholding_minor(terms, quote)


def terms_for(job: Job, *, now: datetime) -> dict[str, Any]:
    """What an acceptance freezes: the offer's own figures, the hold on them, the cover (KH-PRICE-02, -05, KH-TRUST-06)."""
    request = job.request
    terms = terms_with(request, [job.worker_id], now=now)[job.worker_id]
    terms["insurance"] = insurance.cover_for(request, now=now)
    offered = Quote.from_json(job.quote)
    terms |= _figures(offered)
    terms["hold_minor"] = billing.hold_minor(offered, policy.get("auth_buffer_pct", now=now))
    return terms


def _figures(offered: Quote) -> dict[str, Any]:
    """Rate, travel and fee as the offer showed them, whatever changed since."""
    out: dict[str, Any] = {}
    for line in offered.lines:
        if line.kind == "labour" and "rate_minor" in line.meta:
            out["rate_minor"] = line.meta["rate_minor"]
        elif line.kind == "labour":
            out["fixed_minor"] = line.meta["fixed_minor"]
        elif line.kind == "travel":
            out["travel_minor"] = line.amount_minor
        elif line.kind == "service_fee":
            out["fee_pct"] = line.meta["pct"]
    return out
