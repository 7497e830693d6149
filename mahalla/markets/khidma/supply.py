"""Taskers: who may be offered work, on which conditions, and where they stand on the map (KH-ID-09, KH-PROFILE-06..12)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import spots
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import PayoutMethod
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.trust import queries as trust
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.models import Rate, TaskerProfile

CHECKS = ("national_id", "background_check")
CONTRACT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the onboarding checklist. ``state``: missing, pending, done or rejected; ``url`` where to do it."""

    code: str
    label: Any
    state: str
    url: str
    note: str = ""


def checklist(user: User, *, now: datetime) -> list[Step]:
    """What stands between a Tasker and the first offer (KH-ID-09)."""
    profile = TaskerProfile.objects.filter(user=user).first()
    checks = trust.checklist(user.pk, CHECKS, now)
    rates = Rate.objects.filter(worker=user).exists()

    def done(yes: object) -> str:
        return "done" if yes else "missing"

    complete = profile is not None and profile.lat is not None and bool(profile.bio) and bool(user.name)
    return [
        Step("phone", _("Phone number"), done(user.phone_verified_at), "/account/"),
        Step("national_id", _("National ID"), checks["national_id"], "/work/checks/"),
        Step("background_check", _("Criminal background check"), checks["background_check"], "/work/checks/"),
        Step("profile", _("Profile and service area"), done(complete), "/work/profile/"),
        Step("rates", _("Categories and prices"), done(rates), "/work/rates/"),
        Step("hours", _("Working hours"), done(schedule.week_of(user.pk)), "/work/calendar/"),
        Step("payout", _("Where to pay you"), done(has_payout_method(user.pk)), "/work/payouts/"),
        Step("contract", _("Contractor agreement"), done(has_contract(profile)), "/work/contract/"),
        _approval(profile),
    ]


def _approval(profile: TaskerProfile | None) -> Step:
    state = "missing"
    if profile is not None:
        state = "done" if profile.approved_at else "rejected" if profile.rejected_reason else "pending"
        if state == "pending" and profile.review_requested_at is None:
            state = "missing"
    note = profile.rejected_reason if profile else ""
    return Step("approval", _("Approval by our team"), state, "/work/", note)


def has_payout_method(user_id: int) -> bool:
    return PayoutMethod.objects.filter(user_id=user_id, removed_at__isnull=True).exists()


def has_contract(profile: TaskerProfile | None) -> bool:
    return profile is not None and profile.contract_version == CONTRACT_VERSION


def eligible(worker_ids: Collection[int], *, now: datetime) -> set[int]:
    """Those who may be offered work at ``now``: everything of the checklist that can lapse, in three queries."""
    ids = list(worker_ids)
    checked = trust.valid(ids, CHECKS, now)
    ready = TaskerProfile.objects.filter(
        user_id__in=checked,
        approved_at__isnull=False,
        contract_version=CONTRACT_VERSION,
        user__status=User.Status.ACTIVE,
        user__phone_verified_at__isnull=False,
    )
    paid = PayoutMethod.objects.filter(removed_at__isnull=True).values("user_id")
    return set(ready.filter(user_id__in=paid).values_list("user_id", flat=True))


def require_eligible(worker_id: int, *, now: datetime) -> None:
    if worker_id not in eligible([worker_id], now=now):
        raise Refused(
            "not_eligible", _("Your checks or your onboarding are not complete. Look at your checklist.")
        )


def require_cash_allowed(worker_id: int, *, now: datetime) -> None:
    """Cash tasks stop above a debt of 100.00 (KH-PAY-08)."""
    if payments.cash_debt_minor(worker_id) > policy.get("cash_debt_max", now=now):
        raise Refused(
            "cash_debt", _("You owe fees from cash tasks. New cash tasks start again once they are settled.")
        )


def refresh_spots(worker_id: int, *, now: datetime) -> None:
    """Put the Tasker on the map for each category of the rates: live when eligible and switched on (KH-MATCH-02)."""
    profile = TaskerProfile.objects.filter(user_id=worker_id).first()
    rates = Rate.objects.filter(worker_id=worker_id)
    if profile is None or profile.lat is None or profile.lng is None:
        spots.remove(worker_id)
        return
    live = worker_id in eligible([worker_id], now=now) and worker_id in schedule.switched_on([worker_id])
    radius_km = min(profile.radius_km, policy.get("radius_max_km", now=now))
    spots.refresh(
        worker_id,
        category_ids=list(rates.values_list("category_id", flat=True)),
        lat=profile.lat,
        lng=profile.lng,
        live=live,
        radius_m=radius_km * 1000,
    )


def blocked_from(worker_ids: Collection[int], category: Category, *, now: datetime) -> set[int]:
    parents = [category.parent.code] if category.parent else []
    return trust.blocked_from(worker_ids, category.code, now, parents=parents)
