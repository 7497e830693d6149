"""The inbox: offers that wait for an answer, what they pay, and the answer (KH-FLOW-06..08)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit import spans
from mahalla.kit.errors import NotFound
from mahalla.kit.market import active
from mahalla.kit.spans import Span
from mahalla.markets.khidma import inbox, insurance
from mahalla.markets.khidma.inbox import OfferItem
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker import money, words
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    now_of,
    person,
    tasker_page,
    told,
)
from mahalla.markets.khidma.pages.tasker.feed import points_of, where_of, window_of
from mahalla.markets.khidma.pages.tasker.job import inputs_of
from mahalla.web.templatetags.mahalla import daytime

STEP = timedelta(minutes=30)
STARTS_MOST = 24


@tasker_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All that wait, the next to expire first."""
    return render(request, "khidma/tasker/offers.html", _waiting(request))


@tasker_page
@require_safe
def part(request: HttpRequest) -> HttpResponse:
    return render(request, "khidma/tasker/_offers.html", _waiting(request))


def _waiting(request: HttpRequest) -> dict[str, Any]:
    return {"cards": words.with_badges(inbox.offers_for(person(request), now=now_of(request)))}


def _own(request: HttpRequest, pk: int) -> Offer:
    found = Offer.objects.filter(worker=person(request), pk=pk).first()
    if found is None:
        raise NotFound("offer_not_found")
    return found


class AcceptForm(forms.Form):
    """``version`` is the one that was read: a changed task cannot be accepted unread (C16)."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    start_at = forms.ChoiceField(label=_lazy("When will you start?"), required=False)

    def __init__(self, starts: list[datetime], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start_at"].choices = [(at.isoformat(), daytime(at)) for at in starts]  # type: ignore[attr-defined]


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One offer with everything that decides it; posting accepts."""
    offer, now = _own(request, pk), now_of(request)
    if offer.state == "accepted":
        return redirect("work-job", Job.objects.values_list("pk", flat=True).get(offer=offer))
    try:
        item = inbox.offer_for(person(request), pk, now=now)
    except NotFound:
        return render(request, "khidma/tasker/offer_over.html", {"offer": offer})
    starts = starts_of(item, now=now)
    data = request.POST if request.method == "POST" else None
    form = AcceptForm(starts, data, initial={"version": offer.version})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["version"] != offer.version:
            messages.warning(request, _("The client changed the task. Look at it again, then answer."))
            return redirect("offer", pk)
        with attempt(request, form) as fresh:
            if fresh:
                chosen = {name: value for name, value in form.cleaned_data.items() if value}
                engine.apply(offer, "accept", actor=as_tasker(request), now=now, data=chosen)
        if form.is_valid():
            return redirect("offer", pk)
    kept = item.quote.for_payee("worker") - item.earnings_minor
    context = {
        "item": item,
        "inputs": inputs_of(item.offer),
        "starts": starts,
        "earned": money.of_quote(item.quote, withholding_minor=kept),
        "points": points_of(item.offer.request),
        "where": where_of(item.facts),
        "window": window_of(item.facts),
        "badges": words.badges(item.facts, words.skill_names([item.facts])),
        "declines": words.DECLINE_REASONS.items(),
        "cover": insurance.shown(insurance.cover_for(item.offer.request, now=now)),
        "changed": offer.version > 1,
    }
    return answer(request, "khidma/tasker/offer.html", form, **context)


def starts_of(item: OfferItem, *, now: datetime) -> list[datetime]:
    """The starts inside the client's window that the calendar leaves free, every half hour (KH-FLOW-08)."""
    request = item.offer.request
    assert request.window_start is not None and request.window_end is not None
    remote = request.category is not None and request.category.work_place == "remote"
    buffer_min = 0 if remote else int(policy.get("travel_buffer_min", now=now))
    first = max(request.window_start, now)
    window = Span(first, request.window_end)
    length = timedelta(minutes=request.estimate_min)
    wished = [Span(at, at + length) for at in _half_hours(window, length)]
    asked = [(window, request.estimate_min, buffer_min)]
    asked += [(span, request.estimate_min, buffer_min) for span in wished]
    found = schedule.fits_each(item.offer.worker_id, asked, any_switch=True)
    fitting = {at for at in found[:1] if at is not None}
    fitting |= {span.start for span, at in zip(wished, found[1:], strict=True) if at == span.start}
    return sorted(fitting)[:STARTS_MOST]


def _half_hours(window: Span, length: timedelta) -> list[datetime]:
    """Full and half hours of the wall clock at which the work still ends inside the window."""
    where = spans.zone(active().timezone)
    local = window.start.astimezone(where)
    at = local.replace(minute=30 if local.minute < 30 else 0, second=0, microsecond=0)
    if local.minute >= 30:
        at += timedelta(hours=1)
    out: list[datetime] = []
    while at + length <= window.end and len(out) < 200:
        out.append(at.astimezone(window.start.tzinfo))
        at += STEP
    return out


@tasker_page
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """No, with a reason or without; declining one leaves the others."""
    offer = _own(request, pk)
    reason = request.POST.get("reason", "")
    with told(request, _("You said no. The other offers stay.")) as fresh:
        if fresh:
            data = {"reason": reason if reason in words.DECLINE_REASONS else ""}
            engine.apply(offer, "decline", actor=as_tasker(request), now=now_of(request), data=data)
    return back(request, "offers")
