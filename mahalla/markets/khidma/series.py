"""Recurring tasks (KH-REQ-12): planned on the wall clock, posted a week ahead, offered first to the previous Tasker.

``post_due`` runs every hour and only promises; each day is then posted in a transaction of its own, where the unique
``Occurrence`` decides that a day is posted once. What keeps a day from being posted stands in ``series.data["trouble"]``
and is tried again every hour until the day is too near.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from mahalla.kernel import policy
from mahalla.kernel.events import outbox
from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import spans
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.flow import Phase
from mahalla.markets.khidma import saved, steps, wizard
from mahalla.markets.khidma.models import Occurrence, Series

COUNT_MAX = 520
PLAN_AHEAD = timedelta(days=366 * 10)
STEP: Mapping[str, relativedelta] = {
    Series.Every.WEEKLY: relativedelta(weeks=1),
    Series.Every.EVERY_2_WEEKS: relativedelta(weeks=2),
    Series.Every.MONTHLY: relativedelta(months=1),
}


# --- the plan -------------------------------------------------------------------------------------------------------


def days_of(series: Series, *, upto: date) -> Iterator[date]:
    """The planned days up to and with ``upto``, skipped ones too. A month without that day has its last day instead."""
    last = min(upto, series.until or upto)
    for n in range(series.count or COUNT_MAX * 20):
        day = series.first_day + STEP[series.every] * n
        if day > last:
            return
        yield day


def window_of(series: Series, day: date) -> tuple[datetime, datetime]:
    """The instants of the wall times on that day: 09:00 stays 09:00 whatever the clocks do (KH-CAL-05)."""
    where = spans.zone(series.zone)
    start, end = (
        spans.instant(day, clock.hour * 60 + clock.minute, where)
        for clock in (series.from_time, series.to_time)
    )
    return start, end


@dataclass(frozen=True, slots=True)
class Planned:
    """One coming day. ``state``: ``planned``, ``skipped`` or ``posted`` (then ``request`` says more)."""

    day: date
    start: datetime
    end: datetime
    state: str
    request: Request | None


def coming(series: Series, *, now: datetime, most: int = 6) -> list[Planned]:
    """The next days of a series that is not stopped, for its page."""
    today = now.astimezone(spans.zone(series.zone)).date()
    posted = {o.day: o.request for o in series.occurrences.filter(day__gte=today).select_related("request")}
    found: list[Planned] = []
    for day in days_of(series, upto=today + PLAN_AHEAD):
        if day < today or (series.stopped_at and day not in posted):
            continue
        if len(found) == most:
            break
        state = "posted" if day in posted else "skipped" if day in series.skipped else "planned"
        found.append(Planned(day, *window_of(series, day), state, posted.get(day)))
    return found


# --- the client's verbs ---------------------------------------------------------------------------------------------


@transaction.atomic
def start(
    draft: Request,
    *,
    every: str,
    actor: Actor,
    now: datetime,
    until: date | None = None,
    count: int | None = None,
) -> Series:
    """Make a complete Draft of the wizard a series, from its day on; the Draft itself is used up.

    The series ends with ``until`` or after ``count`` days (skipped ones count), or runs until it is stopped.
    """
    draft = engine.step(engine.lock(draft), "save", actor=actor, now=now)
    local = draft.data.get("window")
    if not local:
        raise Invalid({"window": _("A repeated task needs a day and a time.")})
    open_steps = [
        name for name in wizard.steps_of(draft) if name not in {*draft.data["done"], wizard.PREVIEW}
    ]
    if open_steps:
        raise Invalid({name: _("This step is still open.") for name in open_steps})
    made = create(
        draft.client,
        data={**saved.contents(draft), "first_worker_id": draft.data.get("first_worker_id")},
        every=every,
        first_day=date.fromisoformat(local["date"]),
        from_time=time.fromisoformat(local["from"]),
        to_time=time.fromisoformat(local["to"]),
        until=until,
        count=count,
        now=now,
    )
    draft.delete()
    return made


@transaction.atomic
def create(
    client: User,
    *,
    data: Mapping[str, Any],
    every: str,
    first_day: date,
    from_time: time,
    to_time: time,
    now: datetime,
    until: date | None = None,
    count: int | None = None,
) -> Series:
    """A series of tasks with these contents (``saved.contents``). Days within the horizon are posted at once."""
    series = Series(
        client=client,
        every=every,
        first_day=first_day,
        from_time=from_time,
        to_time=to_time,
        until=until,
        count=count,
        created_at=now,
        data=dict(data),
    )
    series.address = _address(client, data)
    district = series.address.district
    series.zone = district.city.timezone if district else steps.zone_of(Request())
    _check(series, now)
    series.save()
    _promise_due(series, now=now)
    return series


def series_of(client: User) -> list[Series]:
    """The client's series, running ones first."""
    found = Series.objects.filter(client=client).select_related("address")
    return sorted(found, key=lambda s: (s.stopped_at is not None, s.first_day, s.pk))


def series_for(viewer: User, pk: int) -> Series:
    found = Series.objects.filter(client=viewer, pk=pk).select_related("address").first()
    if found is None:
        raise NotFound("series_not_found")
    return found


@transaction.atomic
def skip(series: Series, day: date, *, actor: Actor, now: datetime) -> Series:
    """Leave one day out; the series lives on. A day that is posted already is cancelled while nobody has accepted it.

    Raises ``Refused`` ``already_booked`` when somebody has: then the task itself is cancelled, by its own rules.
    """
    series = _locked(series, actor)
    if day not in days_of(series, upto=day):
        raise Invalid({"day": _("The series has no task on that day.")})
    occurrence = series.occurrences.select_related("request").filter(day=day).first()
    if occurrence is not None and occurrence.request is not None:
        if occurrence.request.phase == Phase.AGREED:
            raise Refused(
                "already_booked", _("This day is booked with a Tasker. Cancel that task itself, on its page.")
            )
        if occurrence.request.phase == Phase.OPEN:
            engine.apply(occurrence.request, "cancel", actor=actor, now=now)
    if day not in series.skipped:
        series.skipped = sorted([*series.skipped, day])
        series.save(update_fields=["skipped"])
    return series


@transaction.atomic
def change(series: Series, *, actor: Actor, now: datetime, **fields: Any) -> Series:
    """Change what is not posted yet: ``every``, ``first_day``, ``from_time``, ``to_time``, ``until``, ``count``,
    ``address_id``, or contents (``text``, ``details``, ``method_id``, ``pricing_model``).

    ``count`` counts from ``first_day``. Posted tasks stay as they are; they are edited on their own pages.
    """
    series = _locked(series, actor)
    own = {"every", "first_day", "from_time", "to_time", "until", "count"}
    contents = {"text", "details", "method_id", "pricing_model"}
    unknown = set(fields) - own - contents - {"address_id"}
    if unknown:
        raise Invalid({name: _("This field is not known.") for name in sorted(unknown)})
    for name in own & set(fields):
        setattr(series, name, fields[name])
    data = {**series.data, **{name: fields[name] for name in contents & set(fields)}}
    if "address_id" in fields:
        data["place"] = {"address_id": fields["address_id"]}
    data.pop("trouble", None)
    series.data = data
    series.address = _address(series.client, data)
    _check(series, now)
    series.save()
    _promise_due(series, now=now)
    return series


@transaction.atomic
def stop(series: Series, *, actor: Actor, now: datetime) -> Series:
    """No further tasks; those that are posted stay."""
    series = _locked(series, actor)
    series.stopped_at = series.stopped_at or now
    series.save(update_fields=["stopped_at"])
    return series


def _locked(series: Series, actor: Actor) -> Series:
    found = Series.objects.select_for_update(no_key=True).filter(pk=series.pk).first()
    if found is None or actor.user_id != found.client_id:
        raise NotFound("series_not_found")
    return found


def _address(client: User, data: Mapping[str, Any]) -> Address:
    wanted = data["place"].get("address_id")
    own = Address.objects.filter(user=client, removed_at=None).select_related("district__city")
    found = own.filter(pk=wanted).first() if wanted else own.filter(is_default=True).first()
    if found is None:
        raise Invalid({"address": _("A repeated task needs one of your saved addresses.")})
    return found


def _check(series: Series, now: datetime) -> None:
    faults: dict[str, Any] = {}
    if series.every not in Series.Every.values:
        faults["every"] = _("Choose every week, every two weeks or every month.")
    if series.to_time <= series.from_time:
        faults["to"] = _("Choose an end after the start.")
    if series.until and series.until < series.first_day:
        faults["until"] = _("The last day is not before the first.")
    if series.count is not None and not 1 <= series.count <= COUNT_MAX:
        faults["count"] = _("Choose between 1 and %(most)d times.") % {"most": COUNT_MAX}
    if series.count is not None and series.until:
        faults["count"] = _("Choose an end date or a number of times, not both.")
    if faults:
        raise Invalid(faults)
    ahead = next((day for day in days_of(series, upto=date.max) if window_of(series, day)[1] > now), None)
    if ahead is None:
        raise Invalid({"date": _("This series would be over already. Choose a later day.")})
    _fit(series, ahead, now)


def _fit(series: Series, day: date, now: datetime) -> None:
    """Judge the contents as the wizard would, without keeping anything."""
    trial = Request(client=series.client, created_at=now, data={})
    for name, values in _values(series, day).items():
        steps.fill(trial, name, values, now=max(now, window_of(series, day)[0] - timedelta(days=7)))


def _values(series: Series, day: date) -> dict[str, dict[str, Any]]:
    values = saved.values_of(series.client, {**series.data, "place": {}})
    values["address"] = {"address_id": series.address_id}
    values["window"] = {"date": day, "from": series.from_time, "to": series.to_time}
    return {step.name: values[step.name] for step in steps.STEPS if step.name in values}


# --- posting --------------------------------------------------------------------------------------------------------


def post_due(*, now: datetime) -> int:
    """Promise every day within the horizon that is not posted yet; how many promises that made. Runs every hour."""
    live = Series.objects.filter(stopped_at=None).filter(
        Q(until=None) | Q(until__gte=now.date() - timedelta(days=1))
    )
    return sum(_promise_due(series, now=now) for series in live.iterator())


def _promise_due(series: Series, *, now: datetime) -> int:
    """One promise a day and hour: what could not be posted is tried again in the next hour."""
    return sum(
        outbox.enqueue(
            "khidma.post_occurrence",
            key=f"khidma:series:{series.pk}:{day}:{now:%Y-%m-%dT%H}",
            payload={"series": series.pk, "day": day.isoformat()},
            now=now,
        )
        for day in due_days(series, now=now)
    )


def due_days(series: Series, *, now: datetime) -> list[date]:
    """The days that ought to be posted by now, at most a week ahead, and are not."""
    today = now.astimezone(spans.zone(series.zone)).date()
    horizon = today + timedelta(days=policy.get("recurrence_horizon_days", now=now))
    near = [
        day
        for day in days_of(series, upto=horizon)
        if day >= today and day not in series.skipped and window_of(series, day)[1] > now
    ]
    if not near:
        return []
    done = set(series.occurrences.filter(day__in=near).values_list("day", flat=True))
    return [day for day in near if day not in done]


@outbox.handler("khidma.post_occurrence")
def keep_promise(payload: dict[str, Any], now: datetime) -> None:
    """Post one day, or note for the client what is in the way."""
    series = Series.objects.select_for_update(no_key=True).get(pk=payload["series"])
    day = date.fromisoformat(payload["day"])
    if series.stopped_at is not None or day not in due_days(series, now=now):
        return
    try:
        with transaction.atomic():
            post_day(series, day, now=now)
    except Refused as refusal:
        _trouble(series, day, refusal, now)
    else:
        series.data = {name: value for name, value in series.data.items() if name != "trouble"}
        series.posted_through = max(series.posted_through or day, day)
        series.save(update_fields=["data", "posted_through"])


def post_day(series: Series, day: date, *, now: datetime) -> Request | None:
    """The day's task, live; None when it was posted before. Raises what keeps it from being posted."""
    try:
        with transaction.atomic():
            occurrence = Occurrence.objects.create(series=series, day=day)
    except IntegrityError:
        return None
    if series.address.removed_at is not None:
        raise Invalid({"address": _("The address of this series is gone. Choose another one.")})
    request = wizard.compose(
        series.client,
        _values(series, day),
        now=now,
        origin="series",
        actor=SYSTEM,
        photos=series.data.get("photos", ()),
    )
    first = previous_worker(series) or series.data.get("first_worker_id")
    if first:
        steps.mark(request, first_worker_id=first)
        request.save(update_fields=["data"])
    occurrence.request = request
    occurrence.save(update_fields=["request"])
    return wizard.post(request, actor=SYSTEM, now=now)


def previous_worker(series: Series) -> int | None:
    """Who did the last day of the series that somebody did or will do (KH-REQ-12)."""
    done = Job.objects.filter(request__occurrence__series=series).exclude(phase=Phase.CLOSED)
    last = done.order_by("-request__occurrence__day", "-pk")
    return last.values_list("worker_id", flat=True).first()


def _trouble(series: Series, day: date, refusal: Refused, now: datetime) -> None:
    with override(series.client.language):
        text = str(refusal)
    trouble = {"day": day.isoformat(), "code": refusal.code, "text": text, "at": now.isoformat()}
    series.data = {**series.data, "trouble": trouble}
    series.save(update_fields=["data"])
    notices.notify(
        name="series_stuck",
        user_id=series.client_id,
        params={"day": day.isoformat()},
        link=f"/series/{series.pk}/",
        now=now,
        key=f"khidma:series_stuck:{series.pk}:{day}:{refusal.code}",
    )
