"""What a Tasker asks, per category: which is also the choice to work in it (KH-PROFILE-07, KH-PRICE-02..04, -11, -12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kit import money
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.kit.market import active
from mahalla.kit.money import Money, round_half_up
from mahalla.markets.khidma import guidance, pricing, supply
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerStats
from mahalla.markets.khidma.onboarding import note, profile_of

#: bounds that catch a slip of the finger, in minor units
HOURLY, FIXED = (1_00, 2_000_00), (1_00, 50_000_00)
MINIMUM_MAX_MIN, MINIMUM_STEP_MIN = 8 * 60, 15


@transaction.atomic
def set_rate(
    user: User,
    category: Category,
    *,
    hourly_minor: int | None = None,
    fixed_minor: int | None = None,
    minimum_min: int = 60,
    travel_fee_minor: int | None = None,
    instant: bool = False,
    actor: Actor,
    now: datetime,
) -> Rate:
    """Work in a category at this price, from now on; what runs keeps its own (KH-PRICE-02).

    ``travel_fee_minor`` None is the region's default. Raises ``Invalid`` with a sentence per field.
    """
    profile = profile_of(user, actor=actor, lock=True)
    faults = _category_faults(category, hourly_minor, fixed_minor)
    _bounds("hourly_minor", hourly_minor, HOURLY, faults)
    _bounds("fixed_minor", fixed_minor, FIXED, faults)
    _bounds("travel_fee_minor", travel_fee_minor, (0, policy.get("travel_fee_cap", now=now)), faults)
    if not 0 <= minimum_min <= MINIMUM_MAX_MIN or minimum_min % MINIMUM_STEP_MIN:
        faults["minimum_min"] = _("Choose a minimum of up to 8 hours, in quarters of an hour.")
    if faults:
        raise Invalid(faults)
    before = Rate.objects.filter(worker=user, category=category).first()
    values = {
        "hourly_minor": hourly_minor,
        "fixed_minor": fixed_minor,
        "minimum_min": minimum_min,
        "travel_fee_minor": travel_fee_minor,
        "instant": instant,
    }
    rate, _fresh = Rate.objects.update_or_create(
        worker=user, category=category, defaults={**values, "updated_at": now}
    )
    note(
        profile,
        "rate_set",
        actor=actor,
        now=now,
        category=category.code,
        before={name: getattr(before, name) for name in values} if before else {},
        after=values,
    )
    supply.refresh_spots(user.pk, now=now)
    return rate


def _category_faults(category: Category, hourly: int | None, fixed: int | None) -> dict[str, Any]:
    faults: dict[str, Any] = {}
    if not category.enabled or category.children.filter(enabled=True).exists():
        faults["category"] = _("Choose one of the kinds of work within this category.")
    if hourly is None and fixed is None:
        faults["hourly_minor"] = _("Set your price.")
    if hourly is not None and "hourly" not in category.pricing_models:
        faults["hourly_minor"] = _("This work has a fixed price, not one by the hour.")
    if fixed is not None and "fixed" not in category.pricing_models:
        faults["fixed_minor"] = _("This work is paid by the hour.")
    return faults


def _bounds(field: str, amount: int | None, bounds: tuple[int, int], faults: dict[str, Any]) -> None:
    low, high = bounds
    if amount is None or field in faults or low <= amount <= high:
        return
    words = {"low": _money(low), "high": _money(high)}
    faults[field] = _("Choose an amount between %(low)s and %(high)s.") % words


def _money(minor: int) -> str:
    return money.format(Money(minor, active().currency), "en")


@transaction.atomic
def remove_rate(user: User, category_id: int, *, actor: Actor, now: datetime) -> None:
    """Work in this category no more; what is agreed stays agreed. Raises ``NotFound`` without such a rate."""
    profile = profile_of(user, actor=actor, lock=True)
    rate = Rate.objects.filter(worker=user, category_id=category_id).select_related("category").first()
    if rate is None:
        raise NotFound()
    rate.delete()
    note(profile, "rate_removed", actor=actor, now=now, category=rate.category.code)
    supply.refresh_spots(user.pk, now=now)


@transaction.atomic
def set_instant(user: User, category_id: int, on: bool, *, actor: Actor, now: datetime) -> Rate:
    """Instant booking: acceptance given in advance, per category (KH-FLOW-10)."""
    profile = profile_of(user, actor=actor, lock=True)
    rate = Rate.objects.filter(worker=user, category_id=category_id).select_related("category").first()
    if rate is None:
        raise NotFound()
    rate.instant, rate.updated_at = on, now
    rate.save(update_fields=["instant", "updated_at"])
    note(profile, "instant_set", actor=actor, now=now, category=rate.category.code, on=on)
    return rate


# --- guidance -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Advice:
    """ "Most earn ``low``–``high``, the middle is ``middle``", in minor units per hour (or per fixed price).

    ``demand_pct`` is by how much demand raised (or lowered) the quartiles that they come from.
    """

    low_minor: int
    middle_minor: int
    high_minor: int
    measured: bool
    demand_pct: Fraction


def advice(category: Category, city_id: int | None, *, now: datetime, fixed: bool = False) -> Advice:
    """What to ask (KH-PRICE-11): p25, median and p75, moved as demand moves the fee, at most −5 % to +10 %."""
    found = guidance.rates(category, city_id, fixed=fixed, now=now)
    ratio = pricing.demand_supply(category.pk, city_id, now=now)
    shift = pricing.fee_pct(ratio, now=now) - pricing.fee_pct(Fraction(1), now=now)

    def moved(minor: int) -> int:
        return round_half_up(minor * (100 + shift) / 100)

    return Advice(
        moved(found.p25_minor), moved(found.median_minor), moved(found.p75_minor), found.measured, shift
    )


@dataclass(frozen=True, slots=True)
class OwnRate:
    """A rate as its Tasker sees it: ``hourly_minor`` is the wish, ``effective_minor`` what is offered while new."""

    rate: Rate
    advice: Advice
    effective_minor: int
    effective_fixed_minor: int
    capped: bool


def own_rates(user: User, *, now: datetime) -> list[OwnRate]:
    """Every rate with the advice for it and what the newcomer's cap makes of it (KH-PRICE-11, -12)."""
    profile = TaskerProfile.objects.filter(user=user).first()
    if profile is None:
        return []
    done = TaskerStats.objects.filter(worker=user).values_list("completed", flat=True).first() or 0
    new = pricing.is_new(profile, done, now=now) or profile.approved_at is None
    rows = Rate.objects.filter(worker=user).select_related("category__parent").order_by("category__position")
    return [_own(rate, profile, new=new, now=now) for rate in rows]


def _own(rate: Rate, profile: TaskerProfile, *, new: bool, now: datetime) -> OwnRate:
    def effective(wish: int | None, fixed: bool) -> int:
        median = guidance.rates(rate.category, profile.city_id, fixed=fixed, now=now).median_minor
        return pricing.capped_minor(wish or 0, is_new=new, median_minor=median, now=now)

    hourly = effective(rate.hourly_minor, False)
    fixed = effective(rate.fixed_minor, True) if rate.fixed_minor else 0
    return OwnRate(
        rate=rate,
        advice=advice(rate.category, profile.city_id, now=now, fixed=rate.hourly_minor is None),
        effective_minor=hourly,
        effective_fixed_minor=fixed,
        capped=hourly < (rate.hourly_minor or 0) or fixed < (rate.fixed_minor or 0),
    )
