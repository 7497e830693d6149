"""The Tasker's time: the week, time kept free, and what is taken (KH-CAL-01..03)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from babel.dates import get_day_names
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Offer
from mahalla.kit import spans
from mahalla.kit.errors import Invalid
from mahalla.markets.khidma import hours
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    now_of,
    person,
    posted,
    profile_of,
    tasker_page,
    told,
)
from mahalla.web import units

#: Sunday first, as the week begins here; 0 is Monday
DAYS = (6, 0, 1, 2, 3, 4, 5)
DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class Day:
    weekday: int
    name: str
    #: "09:00" to "17:00"; one empty range on a free day
    ranges: Sequence[tuple[str, str]]
    works: bool


def days_of(week: Sequence[tuple[int, int, int]]) -> list[Day]:
    names = get_day_names("wide", locale=units.locale())
    days = []
    for weekday in DAYS:
        own = [(_clock(start), _clock(end)) for day, start, end in week if day == weekday]
        days.append(Day(weekday, str(names[weekday]), own or [("", "")], bool(own)))
    return days


def days_typed(data: Any) -> list[Day]:
    """What was typed, as it was typed, while something is to be mended."""
    names = get_day_names("wide", locale=units.locale())
    days = []
    for weekday in DAYS:
        pairs = zip(data.getlist(f"from_{weekday}"), data.getlist(f"to_{weekday}"), strict=False)
        days.append(
            Day(weekday, str(names[weekday]), list(pairs) or [("", "")], bool(data.get(f"day_{weekday}")))
        )
    return days


def _clock(minute: int) -> str:
    """Midnight at the end of a day is 00:00, which is how a clock field writes it."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def typed_week(data: Any) -> list[tuple[int, int, int]]:
    """The ranges of a posted week. Raises ``Invalid`` for a time that cannot be read or stands alone."""
    week = []
    for weekday in DAYS:
        if not data.get(f"day_{weekday}"):
            continue
        pairs = zip(data.getlist(f"from_{weekday}"), data.getlist(f"to_{weekday}"), strict=False)
        for start, end in pairs:
            if start or end:
                week.append((weekday, _minute(start), _minute(end) or DAY_MIN))
        if not any(day == weekday for day, _start, _end in week):
            raise Invalid({"ranges": _("Say from when to when you work on each day that is on.")})
    return week


def _minute(text: str) -> int:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise Invalid({"ranges": _("Each time needs a beginning and an end.")}) from None
    return at.hour * 60 + at.minute


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The week, saved as a whole."""
    form = forms.Form(posted(request))
    user = person(request)
    if request.method == "POST":
        form.is_valid()
        with attempt(request, form) as fresh:
            if fresh:
                wanted = typed_week(request.POST)
                hours.set_week(user, wanted, actor=as_tasker(request), now=now_of(request))
        if form.is_valid():
            messages.success(request, _("Your hours are saved."))
            return redirect("work-calendar")
    days = days_typed(request.POST) if request.method == "POST" else days_of(schedule.week_of(user.pk))
    return answer(request, "khidma/tasker/calendar.html", form, **_context(request, days))


def _context(request: HttpRequest, days: list[Day]) -> dict[str, Any]:
    user, now = person(request), now_of(request)
    blocks = [
        {"block": block, "at": block.start_at, "end": block.end_at}
        for block in schedule.blocks_of(user.pk, now=now)
    ]
    return {
        "days": days,
        "blocks": blocks,
        "taken": taken_of(user.pk, now=now),
        "block_form": BlockForm(),
        "on": user.pk in schedule.switched_on([user.pk]),
    }


def taken_of(worker_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Accepted work of the next seven days, with its way to the job's page."""
    rows = [
        row
        for row in schedule.busy_of(worker_id, start=now, end=now + timedelta(days=7))
        if row.kind == "work"
    ]
    offer_ids = [int(row.reference.split(":")[1]) for row in rows if row.reference.startswith("offer:")]
    offers = Offer.objects.filter(pk__in=offer_ids, job__isnull=False)
    found = {o.pk: o for o in offers.select_related("job", "request__category")}
    out = []
    for row in rows:
        offer = found.get(int(row.reference.split(":")[1])) if row.reference.startswith("offer:") else None
        if offer is not None:
            end = row.during.upper - timedelta(minutes=row.buffer_min)
            out.append(
                {"job": offer.job, "category": offer.request.category, "start": row.during.lower, "end": end}
            )
    return out


# --- keeping time free ----------------------------------------------------------------------------------------------


class BlockForm(forms.Form):
    day = forms.DateField(label=_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    start = forms.TimeField(label=_lazy("From"), widget=forms.TimeInput(attrs={"type": "time"}))
    end = forms.TimeField(label=_lazy("Until"), widget=forms.TimeInput(attrs={"type": "time"}))
    repeats_until = forms.DateField(
        label=_lazy("Every week until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    note = forms.CharField(label=_lazy("What for?"), required=False, max_length=200)


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def block(request: HttpRequest) -> HttpResponse:
    """Keep a time free, once or every week; accepted work is never blocked over (KH-CAL-03)."""
    form = BlockForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form, {"end_at": "end", "start_at": "start"}) as fresh:
            if fresh:
                _block(request, form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("This time is yours."))
            return redirect("work-calendar")
    return answer(request, "khidma/tasker/block.html", form)


def _block(request: HttpRequest, data: dict[str, Any]) -> None:
    where = spans.zone(hours.zone_of(profile_of(request)))
    start = datetime.combine(data["day"], data["start"], where)
    end = datetime.combine(data["day"], data["end"], where)
    if data["end"] == time(0):
        end += timedelta(days=1)
    if end <= start:
        raise Invalid({"end": _("The end comes after the beginning.")})
    hours.block(
        person(request),
        start=start,
        end=end,
        note=data["note"],
        repeats_until=data["repeats_until"],
        actor=as_tasker(request),
        now=now_of(request),
    )


@tasker_page
@require_POST
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    with told(request, _("You can be booked then again.")) as fresh:
        if fresh:
            hours.unblock(person(request), pk, actor=as_tasker(request), now=now_of(request))
    return back(request, "work-calendar")
