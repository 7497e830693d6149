"""Changing a task that nobody accepted yet, and calling one off, its price first (KH-REQ-08, KH-FLOW-12, -13)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.places.queries import addresses_for
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import spans
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import billing, steps
from mahalla.markets.khidma.pages.client import wizard_forms as f
from mahalla.markets.khidma.pages.client.objects import job_of, task_for
from mahalla.markets.khidma.pages.common import as_client, client_page, now_of, person, show_refusal
from mahalla.markets.khidma.visibility import first_name

OPEN = ("matching", "offered")


class EditForm(f.WindowForm, f.DetailsForm):  # type: ignore[misc]
    """Details, time and place on one page: what may still change before somebody accepts."""

    address = forms.ChoiceField(label=_("Address"), required=False)

    def __init__(self, *args: Any, task: Request, now: datetime, **kwargs: Any) -> None:
        today = now.astimezone(spans.zone(steps.zone_of(task))).date()
        super().__init__(*args, today=today, task=task, **kwargs)
        own = [(str(a.pk), a.label) for a in addresses_for(task.client)]
        kept = str(task.place.get("address_id", ""))
        known = kept in dict(own)
        self.fields["address"].choices = own if known else [("", task.place.get("label", "–")), *own]  # type: ignore[attr-defined]
        if not task.place:
            del self.fields["address"]
        details = (
            {name: f.DETAIL + name for name in (s["name"] for s in task.category.inputs)}
            if task.category
            else {}
        )
        self.aliases = {"window": "to", "from": "start", "address_id": "address", **details}
        self.kept = kept

    def changes(self) -> dict[str, Any]:
        """Flat fields of the steps, as the flow's ``edit`` takes them."""
        fields = {**f.DetailsForm.fields_of_step(self), **f.WindowForm.fields_of_step(self)}
        wanted = self.cleaned_data.get("address")
        if wanted and wanted != self.kept:
            fields["address_id"] = wanted
        if "pricing_model" in self.cleaned_data:
            fields["pricing_model"] = self.cleaned_data["pricing_model"]
        return fields


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change it; a Tasker who was asked sees the new version with a fresh deadline."""
    task, now = task_for(person(request), pk), now_of(request)
    if task.state not in OPEN:
        # the flow refuses it in its own words: accepted, over
        engine.apply(task, "edit", actor=as_client(request), now=now, data={"fields": {}})
    initial = {
        **f.DetailsForm.initial_of(task),
        **f.WindowForm.initial_of(task, now=now),
        "address": str(task.place.get("address_id", "")),
    }
    form = EditForm(request.POST if request.method == "POST" else None, task=task, now=now, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            engine.apply(task, "edit", actor=as_client(request), now=now, data={"fields": form.changes()})
        except Refused as refusal:
            show_refusal(form, refusal, form.aliases)
        else:
            messages.success(request, _("Changed."))
            return redirect("task", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "khidma/client/edit.html", {"task": task, "form": form}, status=status)


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """What it costs, then whether it is meant."""
    task, now = task_for(person(request), pk), now_of(request)
    job = job_of(task)
    if request.method == "POST":
        subject: Request | Job = job if job is not None and task.state == "booked" else task
        seen = request.POST.get("fee", "")
        data = {"fee_seen_minor": int(seen)} if seen.isdecimal() else {}
        try:
            engine.apply(subject, "cancel", actor=as_client(request), now=now, data=data)
        except Refused as refusal:
            if refusal.code != "fee_changed":
                raise
            messages.error(request, str(refusal.message))
            return redirect("task-cancel", pk=pk)
        messages.success(request, _("The task is cancelled."))
        return redirect("task", pk=pk)
    context: dict[str, Any] = {"task": task, "job": job, "fee_minor": 0}
    if job is not None:
        job.request = task
        numbers = partial(policy.get, now=now)
        context["fee_minor"] = billing.cancellation_fee_minor(job, now=now, policy=numbers)
        context["worker_name"] = first_name(job.worker)
        context["free_hours"] = policy.get("cancel_free_hours", now=now)
        context["cash"] = job.terms.get("method_kind") == "cash"
    return render(request, "khidma/client/cancel.html", context)
