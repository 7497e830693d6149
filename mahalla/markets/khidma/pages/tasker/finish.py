"""What a job needs a form for: hours, photos, more time, cancelling, stopping for safety, a report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.flow import engine
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker import money, words
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    files,
    keep,
    need,
    now_of,
    person,
    posted,
    tasker_page,
    told,
)
from mahalla.markets.khidma.pages.tasker.job import stage_of
from mahalla.markets.khidma.pages.tasker.stage import Stage
from mahalla.web import units

form_page = require_http_methods(["GET", "HEAD", "POST"])
QUARTER = 15
#: how much above the timer may be asked for at once
MORE_MIN = 120


class HoursForm(forms.Form):
    """Hours in quarters, each with what it brings; for a fixed price only whether everything is done."""

    minutes = forms.TypedChoiceField(label=_lazy("Hours"), coerce=int, required=False, empty_value=None)
    partial = forms.BooleanField(label=_lazy("The work is not finished"), required=False)
    share_pct = forms.TypedChoiceField(
        label=_lazy("How much is done?"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[(pct, f"{pct}%") for pct in range(95, 0, -5)],
        initial=50,
    )
    reason = forms.CharField(
        label=_lazy("Why is it not finished?"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, stage: Stage, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not stage.hourly:
            del self.fields["minutes"]
            return
        del self.fields["share_pct"]
        currency = stage.job.terms["currency"]
        most = stage.timed_min + max(MORE_MIN, stage.extra_approved_min)
        least = QUARTER if stage.timed_min else 0
        self.fields["minutes"].choices = [  # type: ignore[attr-defined]
            (n, f"{units.minutes(n)} · {money.shown(money.of_minutes(stage.job, n), currency)}")
            for n in range(least, most + 1, QUARTER)
        ]
        self.fields["minutes"].initial = stage.timed_min + stage.extra_approved_min


@tasker_page
@form_page
def hours(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit the hours (KH-FLOW-20, -24). More than the timer shows leads to asking the client."""
    s = stage_of(request, pk)
    if s.job.state != "in_progress":
        return redirect("work-job", pk)
    form = HoursForm(s, posted(request))
    short_min = 0
    if request.method == "POST" and form.is_valid():
        try:
            with attempt(request, form) as fresh:
                if fresh:
                    _submit(request, s, form.cleaned_data)
        except _MoreThanTimed as more:
            short_min = more.minutes
        else:
            if form.is_valid():
                return redirect("work-job", pk)
    status = 409 if short_min else 422 if form.errors else 200
    context = {"form": form, "s": s, "short_min": short_min}
    return render(request, "khidma/tasker/hours.html", context, status=status)


class _MoreThanTimed(Exception):
    def __init__(self, minutes: int) -> None:
        super().__init__(minutes)
        self.minutes = minutes


def _submit(request: HttpRequest, s: Stage, data: dict[str, Any]) -> None:
    told_ = {name: value for name, value in data.items() if value not in (None, "", False)}
    try:
        engine.apply(s.job, "submit", actor=as_tasker(request), now=now_of(request), data=told_)
    except Refused as refusal:
        if refusal.code == "extra_needs_approval":
            raise _MoreThanTimed(int(refusal.detail["extra_min"]) - s.extra_approved_min) from None
        raise


@tasker_page
@form_page
def extra(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for more time; the client says yes or no on their page (KH-FLOW-25)."""
    s = stage_of(request, pk)
    if s.job.state != "in_progress":
        return redirect("work-job", pk)
    form = ExtraForm(s, posted(request))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                asked = {"minutes": form.cleaned_data["minutes"]}
                engine.apply(s.job, "ask_extra", actor=as_tasker(request), now=now_of(request), data=asked)
        if form.is_valid():
            return redirect("work-job", pk)
    return answer(request, "khidma/tasker/extra.html", form, s=s)


class ExtraForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label=_lazy("How much more time?"), coerce=int, widget=forms.RadioSelect, initial=30
    )

    def __init__(self, stage: Stage, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minutes"].choices = [  # type: ignore[attr-defined]
            (n, units.minutes(n)) for n in (15, 30, 45, 60, 90, 120, 180, 240)
        ]


@tasker_page
@require_POST
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """Pictures before and after belong to the proof (KH-FLOW-21)."""
    s = stage_of(request, pk)
    kind = "before" if request.POST.get("kind") == "before" else "after"
    with told(request, _("The photo is saved.")) as fresh:
        if fresh:
            need(request, "photo", _("Take a picture or choose one."))
            for file in files(request, "photo"):
                data = {"asset": keep(request, file, "evidence", field="photo"), "kind": kind}
                engine.apply(s.job, "add_photo", actor=as_tasker(request), now=now_of(request), data=data)
    wanted = "work-hours" if request.POST.get("to") == "hours" else "work-job"
    return back(request, wanted, pk)


# --- endings --------------------------------------------------------------------------------------------------------


class CancelForm(forms.Form):
    reason = forms.ChoiceField(
        label=_lazy("Why can you not come?"),
        choices=list(words.CANCEL_REASONS.items()),
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_lazy("Tell us more"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


@tasker_page
@form_page
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give agreed work back, with a reason; safety counts for nothing against the Tasker (KH-FLOW-14, -15)."""
    s = stage_of(request, pk)
    if s.job.state == "in_progress":
        return redirect("work-unsafe", pk)
    if s.job.state not in {"accepted", "confirmed"}:
        return redirect("work-job", pk)
    form = CancelForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                engine.apply(
                    s.job,
                    "tasker_cancel",
                    actor=as_tasker(request),
                    now=now_of(request),
                    data=form.cleaned_data,
                )
        if form.is_valid():
            return redirect("work-job", pk)
    return answer(request, "khidma/tasker/cancel.html", form, s=s)


class UnsafeForm(forms.Form):
    text = forms.CharField(
        label=_lazy("What happened? You need not write now."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@tasker_page
@form_page
def unsafe(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop at once: the worked time stays payable and an incident opens (KH-FLOW-15)."""
    s = stage_of(request, pk)
    if s.job.state in {"accepted", "confirmed"}:
        return redirect("work-cancel", pk)
    if s.job.state != "in_progress":
        return redirect("work-job", pk)
    form = UnsafeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                engine.apply(
                    s.job,
                    "stop_unsafe",
                    actor=as_tasker(request),
                    now=now_of(request),
                    data=form.cleaned_data,
                )
        if form.is_valid():
            return redirect("work-job", pk)
    return answer(request, "khidma/tasker/unsafe.html", form, s=s)


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        label=_lazy("What was it?"), choices=list(words.REPORTS.items()), widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_lazy("What happened?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_lazy("The client does not see who reported."),
    )


@tasker_page
@form_page
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Unsafe or improper behaviour of the client; while working it offers to stop as unsafe (KH-CASE-08)."""
    s = stage_of(request, pk)
    form = ReportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                _report(request, s, form.cleaned_data)
        if form.is_valid():
            return redirect("work-job", pk)
    return answer(request, "khidma/tasker/report.html", form, s=s)


def _report(request: HttpRequest, s: Stage, data: dict[str, Any]) -> None:
    assets = [keep(request, file, "dispute", field="text").pk for file in files(request, "photos")]
    cases.open_case(
        kind=data["kind"],
        subject=s.job.reference,
        opened_by_id=person(request).pk,
        against_id=s.job.client_id,
        text=data["text"],
        assets=assets,
        actor=as_tasker(request),
        now=now_of(request),
    )
    messages.success(request, _("Thank you. Our safety team reads this and answers you."))
