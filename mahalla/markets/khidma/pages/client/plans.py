"""What comes again: templates, copies of earlier tasks, and series (KH-REQ-10, -12, -13)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.catalog.models import Category
from mahalla.kit.errors import Invalid, Refused
from mahalla.markets.khidma import saved, series, wizard
from mahalla.markets.khidma.models import Series
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.objects import draft_for, series_for, task_for
from mahalla.markets.khidma.pages.client.wizard import step_url
from mahalla.markets.khidma.pages.common import (
    answer,
    as_client,
    client_page,
    now_of,
    once,
    person,
    show_refusal,
)

# --- templates and copies -------------------------------------------------------------------------------------------


@client_page
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    rows = saved.templates_of(person(request))
    names = {c.code: c for c in Category.objects.filter(code__in=[row.data.get("category") for row in rows])}
    context = {"rows": [(row, names.get(row.data.get("category", ""))) for row in rows]}
    return render(request, "khidma/client/templates.html", context)


@client_page
@require_POST
def save_template(request: HttpRequest, pk: int) -> HttpResponse:
    task_for(person(request), pk)
    try:
        saved.save_template(person(request), pk, name=request.POST.get("name", ""), now=now_of(request))
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("task", pk=pk)
    messages.success(request, _("Saved as a template."))
    return redirect("templates")


@client_page
@require_POST
def use_template(request: HttpRequest, pk: int) -> HttpResponse:
    with once(request) as fresh:
        if fresh:
            photos = bool(request.POST.get("photos"))
            task = saved.start_from_template(person(request), pk, now=now_of(request), photos=photos)
            return redirect(step_url(task, wizard.resume_step(task)))
    return redirect("home")


@client_page
@require_POST
def remove_template(request: HttpRequest, pk: int) -> HttpResponse:
    saved.remove_template(person(request), pk)
    return redirect("templates")


@client_page
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """The same again, at another time."""
    return _copy(request, lambda: saved.duplicate(person(request), pk, now=now_of(request)))


@client_page
@require_POST
def book_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same again with the same Tasker (KH-REQ-14)."""
    return _copy(request, lambda: saved.book_again(person(request), pk, now=now_of(request)))


def _copy(request: HttpRequest, make: Any) -> HttpResponse:
    with once(request) as fresh:
        if fresh:
            task = make()
            return redirect(step_url(task, wizard.resume_step(task)))
    return redirect("home")


# --- series ---------------------------------------------------------------------------------------------------------


class RepeatForm(forms.Form):
    """How often, and until when; both ends are free to stay open."""

    every = forms.ChoiceField(
        label=_("How often?"), choices=list(words.EVERY.items()), widget=forms.RadioSelect
    )
    until = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    count = forms.IntegerField(label=_("Or how many times"), required=False, min_value=1, max_value=520)


class ChangeForm(RepeatForm):
    from_time = forms.TimeField(
        label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    to_time = forms.TimeField(
        label=_("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def repeat(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a finished draft come again."""
    user = person(request)
    task = draft_for(user, pk)
    form = RepeatForm(request.POST if request.method == "POST" else None, initial={"every": "weekly"})
    if request.method == "POST" and form.is_valid():
        try:
            made = series.start(task, actor=as_client(request), now=now_of(request), **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("It is planned. Each task goes online a week ahead."))
            return redirect("series", pk=made.pk)
    return answer(request, "khidma/client/repeat.html", form, task=task)


@client_page
@require_safe
def all_series(request: HttpRequest) -> HttpResponse:
    rows = list(
        Series.objects.filter(client=person(request)).select_related("address").order_by("stopped_at", "-pk")
    )
    names = {c.code: c for c in Category.objects.filter(code__in=[row.data.get("category") for row in rows])}
    shown = [(row, names.get(row.data.get("category", "")), words.EVERY[row.every]) for row in rows]
    return render(request, "khidma/client/all_series.html", {"rows": shown})


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def one_series(request: HttpRequest, pk: int) -> HttpResponse:
    """The coming days, and everything that may change of them."""
    user, now = person(request), now_of(request)
    found = series_for(user, pk)
    initial = {name: getattr(found, name) for name in ("every", "until", "count", "from_time", "to_time")}
    form = ChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            series.change(found, actor=as_client(request), now=now, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal, {"to": "to_time"})
        else:
            messages.success(request, _("Changed from the next open day on."))
            return redirect("series", pk=pk)
    context = {
        "series": found,
        "every": words.EVERY[found.every],
        "category": Category.objects.filter(code=found.data.get("category", "")).first(),
        "days": series.coming(found, now=now),
        "trouble": found.data.get("trouble"),
    }
    return answer(request, "khidma/client/series.html", form, **context)


@client_page
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave one day out; the series goes on."""
    found = series_for(person(request), pk)
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        return redirect("series", pk=pk)
    series.skip(found, day, actor=as_client(request), now=now_of(request))
    return redirect("series", pk=pk)


@client_page
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    series.stop(series_for(person(request), pk), actor=as_client(request), now=now_of(request))
    messages.success(request, _("The series is stopped. Tasks that are posted already stay."))
    return redirect("series", pk=pk)
