"""Which kind of client or Tasker somebody is (KH-PROFILE-05, KH-PROFILE-12): for reports, tips and the newcomer's rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.events import operations as events
from mahalla.kernel.identity.models import User
from mahalla.kernel.schedule import queries as schedule
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid
from mahalla.markets.khidma import guidance, pricing
from mahalla.markets.khidma.models import ClientProfile, Rate, TaskerProfile, TaskerStats

NEW, SPECIALIST, FULL_TIME, CASUAL = "new", "specialist", "full_time", "casual"
LABELS = {
    NEW: _("New"),
    SPECIALIST: _("Specialist"),
    FULL_TIME: _("Full time"),
    CASUAL: _("Now and then"),
}


def client_segment(user: User) -> str:
    """``one_time``, ``repeat_household`` (two or more completed tasks), or the declared kind of business."""
    profile = ClientProfile.objects.filter(user=user).first() or ClientProfile(user=user)
    return profile.segment


def declare(user: User, kind: str, *, actor: Actor, now: datetime) -> ClientProfile:
    """The client says what business they are, or with ``""`` that they are a household again (KH-PROFILE-05)."""
    if kind not in ClientProfile.Declared.values:
        raise Invalid({"segment": _("Choose one of the kinds in the list.")})
    profile, _fresh = ClientProfile.objects.get_or_create(user=user)
    before, profile.declared = profile.segment, kind
    profile.save(update_fields=["declared"])
    events.append(
        name="client.segment_declared",
        noun="client",
        subject_id=user.pk,
        stream=f"user:{user.pk}",
        actor=actor,
        now=now,
        payload={"before": before, "after": profile.segment},
    )
    return profile


def segment_of(worker_id: int, *, now: datetime) -> str:
    return segments_of([worker_id], now=now)[worker_id]


def segments_of(worker_ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """The segment of each Tasker in five queries for any number; the first that fits counts (KH-PROFILE-12).

    ``new``: fewer than 5 completed tasks and at most 60 days since approval. ``specialist``: declared high skill and a
    rate above p75. ``full_time``: 30 h a week or more by the weekly hours. Else ``casual``.
    """
    ids = list(worker_ids)
    profiles = {p.user_id: p for p in TaskerProfile.objects.filter(user_id__in=ids)}
    done = dict(TaskerStats.objects.filter(worker_id__in=ids).values_list("worker_id", "completed"))
    skilled = _specialists(profiles.values(), now=now)
    hours = schedule.weekly_minutes(ids)
    full = 60 * int(policy.get("full_time_hours_week", now=now))

    def segment(pk: int) -> str:
        profile = profiles.get(pk)
        if profile is not None and pricing.is_new(profile, done.get(pk, 0), now=now):
            return NEW
        if pk in skilled:
            return SPECIALIST
        return FULL_TIME if hours[pk] >= full else CASUAL

    return {pk: segment(pk) for pk in ids}


def _specialists(profiles: Iterable[TaskerProfile], *, now: datetime) -> set[int]:
    """A rate counts in a category that demands high skill, or in any for who declared a high skill."""
    by_user = {p.user_id: p for p in profiles}
    rates = Rate.objects.filter(worker_id__in=by_user, hourly_minor__isnull=False).select_related("category")
    counting = [r for r in rates if by_user[r.worker_id].high_skill or r.category.flags.get("high_skill")]
    pairs = {(r.category, by_user[r.worker_id].city_id) for r in counting}
    known = guidance.rates_of(pairs, now=now)
    return {
        r.worker_id
        for r in counting
        if (r.hourly_minor or 0) > _line(known[r.category_id, by_user[r.worker_id].city_id], now=now)
    }


def _line(rates: guidance.Rates, *, now: datetime) -> int:
    """The quartile that ``specialist_rate_percentile`` names: guidance keeps no others."""
    percentile = policy.get("specialist_rate_percentile", now=now)
    if percentile <= 25:
        return rates.p25_minor
    return rates.median_minor if percentile <= 50 else rates.p75_minor
