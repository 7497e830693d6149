"""Taskers: who may be offered work, on which conditions, and where they stand on the map (KH-ID-09, KH-PROFILE-06..12).

``eligible`` is the truth, asked live; a spot on the map is its shadow, kept by ``refresh_spots``. Whatever changes one of
the conditions calls that: onboarding, rates and hours here; checks, sanctions and payouts through ``listeners``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import spots
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import PayoutMethod
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.trust.models import Sanction
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.models import Rate, TaskerProfile

CHECKS = ("national_id", "background_check")
CONTRACT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the onboarding checklist. ``state``: missing, pending, done or rejected; ``url`` where to do it.

    ``needed`` steps stand between a Tasker and the first offer; the others are only wise.
    """

    code: str
    label: Any
    state: str
    url: str
    note: Any = ""
    needed: bool = True


def checklist(user: User, *, now: datetime) -> list[Step]:
    """What stands between a Tasker and the first offer (KH-ID-09)."""
    profile = TaskerProfile.objects.filter(user=user).first()
    return [
        Step("phone", _("Phone number"), _done(user.phone_verified_at), "/account/"),
        *_checks(user, now=now),
        Step("profile", _("Profile and service area"), _done(has_profile(user, profile)), "/work/profile/"),
        Step("rates", _("Categories and prices"), _done(_rates().filter(worker=user)), "/work/rates/"),
        Step("payout", _("Where to pay you"), _done(has_payout_method(user.pk)), "/work/payouts/"),
        Step("contract", _("Contractor agreement"), _done(has_contract(profile)), "/work/contract/"),
        Step(
            "hours",
            _("Working hours"),
            _done(schedule.week_of(user.pk)),
            "/work/calendar/",
            _("Without hours nobody can book you."),
            needed=False,
        ),
        _approval(profile),
    ]


def _done(yes: object) -> str:
    return "done" if yes else "missing"


def _checks(user: User, *, now: datetime) -> list[Step]:
    """An approval that ran out is missing again, and says why."""
    labels = {"national_id": _("National ID"), "background_check": _("Criminal background check")}
    states = trust.checklist(user.pk, CHECKS, now)
    return [
        Step(
            kind,
            labels[kind],
            "missing" if states[kind] == "expired" else states[kind],
            "/work/checks/",
            _("Your last check has run out. Please send a new one.") if states[kind] == "expired" else "",
        )
        for kind in CHECKS
    ]


def _approval(profile: TaskerProfile | None) -> Step:
    state = "missing"
    if profile is not None:
        state = "done" if profile.approved_at else "rejected" if profile.rejected_reason else "pending"
        if state == "pending" and profile.review_requested_at is None:
            state = "missing"
    note = profile.rejected_reason if profile else ""
    return Step("approval", _("Approval by our team"), state, "/work/", note)


def has_profile(user: User, profile: TaskerProfile | None) -> bool:
    """A name, some words about oneself, and where the service area lies."""
    return profile is not None and profile.lat is not None and bool(profile.bio) and bool(user.name)


def has_payout_method(user_id: int) -> bool:
    return PayoutMethod.objects.filter(user_id=user_id, removed_at__isnull=True).exists()


def has_contract(profile: TaskerProfile | None) -> bool:
    return profile is not None and profile.contract_version == CONTRACT_VERSION


def _rates() -> QuerySet[Rate]:
    """Prices, also in categories that are closed to new tasks: the open ones run on (KH-CAT-05)."""
    return Rate.objects.all()


def eligible(worker_ids: Collection[int], *, now: datetime) -> set[int]:
    """Those who may be offered work at ``now``: the whole checklist, in two queries for any number (KH-ID-09)."""
    checked = trust.valid(list(worker_ids), CHECKS, now)
    paid = PayoutMethod.objects.filter(user_id=OuterRef("user_id"), removed_at__isnull=True)
    ready = TaskerProfile.objects.filter(
        Exists(paid),
        Exists(_rates().filter(worker_id=OuterRef("user_id"))),
        user_id__in=checked,
        approved_at__isnull=False,
        contract_version=CONTRACT_VERSION,
        lat__isnull=False,
        lng__isnull=False,
        user__status=User.Status.ACTIVE,
        user__phone_verified_at__isnull=False,
    ).exclude(bio="")
    return set(ready.exclude(user__name="").values_list("user_id", flat=True))


def require_eligible(worker_id: int, *, now: datetime) -> None:
    if worker_id not in eligible([worker_id], now=now):
        raise Refused(
            "not_eligible", _("Your checks or your onboarding are not complete. Look at your checklist.")
        )


def cash_allowed(worker_id: int, *, now: datetime) -> bool:
    """Cash tasks stop above a debt of 100.00 (KH-PAY-08)."""
    return bool(payments.cash_debt_minor(worker_id) <= policy.get("cash_debt_max", now=now))


def cash_allowed_of(worker_ids: Collection[int], *, now: datetime) -> set[int]:
    """Those of these Taskers who may take cash tasks, in one query."""
    most = policy.get("cash_debt_max", now=now)
    return {pk for pk, debt in payments.cash_debts_minor(worker_ids).items() if debt <= most}


def require_cash_allowed(worker_id: int, *, now: datetime) -> None:
    if not cash_allowed(worker_id, now=now):
        raise Refused(
            "cash_debt", _("You owe fees from cash tasks. New cash tasks start again once they are settled.")
        )


def refresh_spots(worker_id: int, *, now: datetime) -> None:
    """Put the Tasker on the map for each category of the rates: live when eligible and switched on (KH-MATCH-02)."""
    profile = TaskerProfile.objects.filter(user_id=worker_id).first()
    if profile is None or profile.lat is None or profile.lng is None:
        spots.remove(worker_id)
        return
    live = worker_id in schedule.switched_on([worker_id]) and worker_id in eligible([worker_id], now=now)
    spots.refresh(
        worker_id,
        category_ids=_open_categories(worker_id, now=now),
        lat=profile.lat,
        lng=profile.lng,
        live=live,
        radius_m=radius_m(profile, now=now),
    )


def radius_m(profile: TaskerProfile, *, now: datetime) -> int:
    """How far the Tasker goes: the own radius, at most 50 km (KH-MATCH-01)."""
    return 1000 * min(profile.radius_km, int(policy.get("radius_max_km", now=now)))


def _open_categories(worker_id: int, *, now: datetime) -> list[int]:
    """Those of the rates, less those from which a sanction bars the Tasker (KH-TRUST-14)."""
    barred = {s.category for s in trust.active_sanctions([worker_id], now).get(worker_id, []) if s.category}
    rows = _rates().filter(worker_id=worker_id).select_related("category__parent")
    return [row.category_id for row in rows if not barred & set(_codes(row.category))]


def _codes(category: Category) -> list[str]:
    return [category.code, *([category.parent.code] if category.parent else [])]


def blocked_from(worker_ids: Collection[int], category: Category, *, now: datetime) -> set[int]:
    """Those whom a sanction keeps from work of this category now."""
    return barred(trust.active_sanctions(worker_ids, now), category)


def barred(sanctions: Mapping[int, Iterable[Sanction]], category: Category) -> set[int]:
    """Of these sanctions in force, whom they keep from work of this category."""
    code, *parents = _codes(category)
    return trust.barred(sanctions, code, parents=parents)


def sweep(*, now: datetime, batch: int = 1000) -> int:
    """Bring every spot in line with eligibility, whatever forgot to; how many Taskers were put right. Run daily."""
    mended, last = 0, 0
    while True:
        page = TaskerProfile.objects.filter(user_id__gt=last).order_by("user_id")[:batch]
        ids = list(page.values_list("user_id", flat=True))
        if not ids:
            return mended
        last = ids[-1]
        should = eligible(ids, now=now) & schedule.switched_on(ids)
        shown = set(Spot.objects.filter(worker_id__in=ids, live=True).values_list("worker_id", flat=True))
        for worker_id in should ^ shown:
            refresh_spots(worker_id, now=now)
        mended += len(should ^ shown)
