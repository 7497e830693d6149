"""A Tasker's calendar: the week, blocks and the switch, thin over ``kernel.schedule`` (KH-CAL-01..05)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import spots
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.schedule import queries as calendar
from mahalla.kernel.schedule.models import Block, WeeklyHours
from mahalla.kit.actors import Actor
from mahalla.kit.market import active
from mahalla.markets.khidma import supply
from mahalla.markets.khidma.models import TaskerProfile
from mahalla.markets.khidma.onboarding import note, profile_of


def zone_of(profile: TaskerProfile) -> str:
    """The wall clock of the Tasker's hours: the city's (KH-CAL-05)."""
    return profile.city.timezone if profile.city else active().timezone


@transaction.atomic
def set_week(
    user: User, ranges: Iterable[tuple[int, int, int]], *, actor: Actor, now: datetime
) -> list[WeeklyHours]:
    """Replace the weekly hours: ``(weekday, start_min, end_min)``, Monday 0, in the city's local time (KH-CAL-01)."""
    profile = profile_of(user, actor=actor)
    week = schedule.set_week(user.pk, ranges, timezone=zone_of(profile))
    minutes = calendar.weekly_minutes([user.pk])[user.pk]
    note(profile, "week_set", actor=actor, now=now, minutes=minutes)
    supply.refresh_spots(user.pk, now=now)
    return week


def block(
    user: User,
    *,
    start: datetime,
    end: datetime,
    actor: Actor,
    now: datetime,
    note: str = "",
    repeats_until: date | None = None,
) -> Block:
    """Keep time free, once or weekly. Raises ``BlockedByWork`` over accepted work (KH-CAL-03)."""
    profile_of(user, actor=actor)
    return schedule.block(user.pk, start=start, end=end, now=now, note=note, repeats_until=repeats_until)


def unblock(user: User, block_id: int, *, actor: Actor, now: datetime) -> None:
    profile_of(user, actor=actor)
    schedule.unblock(user.pk, block_id)


@transaction.atomic
def switch(user: User, on: bool, *, actor: Actor, now: datetime) -> bool:
    """On or off at once, apart from the hours; accepted work stays (KH-CAL-02). Whether it changed anything.

    On puts only the eligible back on the lists.
    """
    profile = profile_of(user, actor=actor)
    changed = schedule.switch(user.pk, on, now=now)
    if on:
        supply.refresh_spots(user.pk, now=now)
    else:
        spots.switch(user.pk, False)
    if changed:
        note(profile, "switched_on" if on else "switched_off", actor=actor, now=now)
    return changed
