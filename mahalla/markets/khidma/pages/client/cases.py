"""A dispute's page, and reporting bad behaviour (KH-CASE-02, KH-CASE-07)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.cases import operations, queries
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import Actor
from mahalla.kit.errors import NotFound, Refused
from mahalla.markets.khidma.pages.client.after import KINDS, stored
from mahalla.markets.khidma.pages.client.objects import tasker_for
from mahalla.markets.khidma.pages.common import (
    answer,
    as_client,
    client_page,
    now_of,
    once,
    person,
    show_refusal,
)
from mahalla.markets.khidma.visibility import first_name
from mahalla.web.doors import sign_in_first

REPORTS = {
    "behaviour": _("Rude or improper"),
    "harassment": _("Harassment"),
    "violence": _("Violence or a threat"),
}


class SayForm(forms.Form):
    text = forms.CharField(
        label=_("Message"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


def party(request: HttpRequest, view: queries.View) -> Actor:
    """Who speaks: the client who opened it, or the Tasker against whom it is."""
    job = Job.objects.filter(pk=view.case.job_id).first() if view.case.job_id else None
    role = "tasker" if job is not None and job.worker_id == person(request).pk else "client"
    return Actor(person(request).pk, role)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own case: both sides read it here; staff have their console."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    view = queries.view_for(person(request), pk)
    if view.side == "staff":
        raise NotFound("case_not_found")
    form = SayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with once(request) as fresh:
                if fresh:
                    _say(request, view, form.cleaned_data["text"])
        except Refused as refusal:
            show_refusal(form, refusal, {"evidence": "text"})
        else:
            return redirect("case", pk=pk)
    number = view.case.job_id or 0
    job = Job.objects.filter(pk=number).select_related("request__category").first()
    context = {
        "v": view,
        "case": view.case,
        "job": job,
        "kind": KINDS.get(view.case.kind, REPORTS.get(view.case.kind, "")),
    }
    return answer(request, "khidma/client/case.html", form, **context)


def _say(request: HttpRequest, view: queries.View, text: str) -> None:
    """Photos are evidence; words alone are a message."""
    actor, now = party(request, view), now_of(request)
    assets = stored(request, "photos", "dispute")
    if assets or view.state == "awaiting_evidence":
        operations.add_evidence(view.case, actor=actor, now=now, assets=assets, text=text)
    else:
        operations.add_message(view.case, text=text, actor=actor, now=now)


@client_page
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    view = queries.view_for(person(request), pk)
    if view.side != "opener":
        raise NotFound("case_not_found")
    operations.withdraw(view.case, actor=as_client(request), now=now_of(request))
    messages.success(request, _("The dispute is withdrawn."))
    return redirect("case", pk=pk)


@client_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Disputes and reports of one's own."""
    rows = [
        (case, KINDS.get(case.kind, REPORTS.get(case.kind, "")))
        for case in queries.cases_of(person(request))[:50]
    ]
    return render(request, "khidma/client/cases.html", {"rows": rows})


# --- reports --------------------------------------------------------------------------------------------------------


class ReportForm(forms.Form):
    kind = forms.ChoiceField(label=_("What was it?"), choices=list(REPORTS.items()), widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("What happened?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Report a Tasker, from the task, the chat or the profile; the Tasker does not learn who did."""
    user, now = person(request), now_of(request)
    tasker = tasker_for(user, pk)
    job = Job.objects.filter(client=user, worker_id=pk).order_by("-pk").first()
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with once(request) as fresh:
                if fresh:
                    operations.open_case(
                        kind=form.cleaned_data["kind"],
                        subject=job.reference if job else f"user:{pk}",
                        opened_by_id=user.pk,
                        against_id=pk,
                        text=form.cleaned_data["text"],
                        assets=stored(request, "photos", "dispute"),
                        actor=as_client(request),
                        now=now,
                    )
        except Refused as refusal:
            show_refusal(form, refusal, {"photos": "text"})
        else:
            messages.success(
                request, _("Thank you. Our safety team looks at it now; nobody learns that it was you.")
            )
            return redirect("cases")
    context: dict[str, Any] = {"name": first_name(tasker.user), "worker_id": pk}
    return answer(request, "khidma/client/report.html", form, **context)
