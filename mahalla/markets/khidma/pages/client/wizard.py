"""From a need to a live task, one question a screen; every step is saved and can be returned to (KH-REQ-01)."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.queries import methods_for
from mahalla.kernel.work.models import Request
from mahalla.kit import spans
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.markets.khidma import insurance, photos, pricing, saved, steps, wizard
from mahalla.markets.khidma.pages.client import wizard_forms as f
from mahalla.markets.khidma.pages.client.objects import draft_for, tasker_for
from mahalla.markets.khidma.pages.client.task import inputs_of
from mahalla.markets.khidma.pages.common import as_client, client_page, now_of, once, person, show_refusal
from mahalla.markets.khidma.visibility import first_name


def step_url(task: Request, step: str) -> str:
    return reverse("task-step", args=[task.pk, step])


# --- beginning ------------------------------------------------------------------------------------------------------


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """What do you need? A tap on a kind of work makes the draft."""
    if request.method == "POST":
        with once(request) as fresh:
            if fresh:
                code = request.POST.get("category", "")
                task = wizard.start(person(request), now=now_of(request), category=code)
                return redirect(step_url(task, wizard.resume_step(task)))
        return redirect("home")
    return render(request, "khidma/client/wizard/category.html", _kinds(request) | {"number": 1, "of": 8})


def _kinds(request: HttpRequest) -> dict[str, Any]:
    branches = catalog.tree()
    group = request.GET.get("group", "")
    chosen = [branch for branch in branches if branch.category.code == group and branch.children]
    return {"branches": chosen or branches, "group": group if chosen else ""}


def start_with(request: HttpRequest, worker_id: int) -> str:
    """A draft that goes first to somebody known: like the last task together, else empty."""
    client, now = person(request), now_of(request)
    tasker_for(client, worker_id)
    last = client.client_jobs.filter(worker_id=worker_id, submitted_at__isnull=False).order_by("-pk").first()
    if last is not None:
        task = saved.book_again(client, last.request_id, now=now)
    else:
        task = wizard.start(client, now=now, first_worker_id=worker_id)
    return step_url(task, wizard.resume_step(task))


@client_page
@require_safe
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the draft was left."""
    task = draft_for(person(request), pk)
    return redirect(step_url(task, wizard.resume_step(task)))


@client_page
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away: cancelled, like any task before somebody accepted it."""
    from mahalla.kernel.flow import engine

    task = draft_for(person(request), pk)
    engine.apply(task, "cancel", actor=as_client(request), now=now_of(request))
    return redirect("home")


# --- the steps ------------------------------------------------------------------------------------------------------


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One step: shown, or checked, saved and on to the next."""
    try:
        task = draft_for(person(request), pk)
    except Refused as refusal:
        if refusal.code == "already_posted":
            return redirect("task", pk=pk)
        raise
    if name not in wizard.steps_of(task):
        raise NotFound
    if task.category is None and name != "category":
        return redirect(step_url(task, "category"))
    if name == wizard.PREVIEW:
        return _review(request, task)
    if name == "category":
        return _category(request, task)
    form = form_of(request, task, name)
    if request.method == "POST" and _save(request, task, name, form):
        return redirect(_after(request, task, name))
    return _page(request, task, name, form)


def _category(request: HttpRequest, task: Request) -> HttpResponse:
    if request.method == "POST":
        fields = {"category": request.POST.get("category", "")}
        task = wizard.save_step(task, "category", fields, actor=as_client(request), now=now_of(request))
        return redirect(step_url(task, wizard.resume_step(task)))
    context = _kinds(request) | _place(task, "category") | {"task": task}
    return render(request, "khidma/client/wizard/category.html", context)


def form_of(request: HttpRequest, task: Request, name: str) -> f.StepForm:
    """The step's form, with what was typed or what is saved."""
    data = request.POST if request.method == "POST" else None
    now: datetime = now_of(request)
    if name == "details":
        return f.DetailsForm(data, task=task, initial=f.DetailsForm.initial_of(task))
    if name == "address":
        addresses, chosen = wizard.address_choices(task)
        return f.AddressStep(data, saved=addresses, initial={"where": str(chosen or f.NEW)})
    if name == "window":
        today = now.astimezone(spans.zone(steps.zone_of(task))).date()
        return f.WindowForm(data, today=today, initial=f.WindowForm.initial_of(task, now=now))
    if name == "choice":
        return f.ChoiceForm(data, task=task, initial=f.ChoiceForm.initial_of(task))
    if name == "payment":
        methods = list(methods_for(task.client_id))
        default = next((m.pk for m in methods if m.is_default), None)
        return f.PaymentStep(
            data, methods=methods, task=task, initial={"method": str(task.method_id or default or "")}
        )
    return f.StepForm(data)


def _save(request: HttpRequest, task: Request, name: str, form: f.StepForm) -> bool:
    """Whether the step was taken; else its sentences stand beside their fields and nothing was saved."""
    if not form.is_valid():
        return False
    now, actor = now_of(request), as_client(request)
    try:
        if name == "photos":
            for file in request.FILES.getlist("photos"):
                photos.attach(task, file, actor=actor, now=now)
        fields = form.fields_of_step()
        if name == "payment":
            fields = {"method_id": _method(request, form.cleaned_data["method"])}
        if "pricing_model" in form.cleaned_data:
            model = {"pricing_model": form.cleaned_data["pricing_model"]}
            wizard.save_step(task, "category", model, actor=actor, now=now)
        wizard.save_step(task, name, fields, actor=actor, now=now)
    except Refused as refusal:
        show_refusal(form, refusal, form.aliases)
        return False
    return True


def _method(request: HttpRequest, value: str) -> str:
    """Cash is a method that is made when it is first chosen."""
    if value != f.CASH:
        return value
    return str(payments.add_method(person(request).pk, kind=f.CASH, now=now_of(request)).pk)


def _after(request: HttpRequest, task: Request, name: str) -> str:
    """The step after this one; back to the review when one came from there."""
    fresh = draft_for(person(request), task.pk)
    if request.POST.get("back") == wizard.PREVIEW and wizard.resume_step(fresh) == wizard.PREVIEW:
        return step_url(fresh, wizard.PREVIEW)
    order = wizard.steps_of(fresh)
    return step_url(fresh, order[order.index(name) + 1])


def _page(request: HttpRequest, task: Request, name: str, form: f.StepForm) -> HttpResponse:
    context = _place(task, name) | {"task": task, "form": form, "range": _range(task, now_of(request))}
    context["from_review"] = wizard.PREVIEW in (request.GET.get("from"), request.POST.get("back"))
    if name == "photos":
        context["photos"] = list(task.photos.select_related("asset"))
    if name == "choice" and task.data.get("first_worker_id"):
        known = User.objects.filter(pk=task.data["first_worker_id"]).first()
        context["first"] = first_name(known) if known else ""
    status = 422 if form.errors else 200
    return render(request, f"khidma/client/wizard/{name}.html", context, status=status)


def _place(task: Request, name: str) -> dict[str, Any]:
    """Where in the wizard: number, of how many, and what is before."""
    order = wizard.steps_of(task)
    at = order.index(name)
    back = step_url(task, order[at - 1]) if at else reverse("home")
    return {"number": at + 1, "of": len(order), "back_url": back, "step": name}


# --- photos, price --------------------------------------------------------------------------------------------------


@client_page
@require_POST
def remove_photo(request: HttpRequest, pk: int, photo: int) -> HttpResponse:
    task = draft_for(person(request), pk)
    photos.remove(task, photo, actor=as_client(request), now=now_of(request))
    return redirect(step_url(task, "photos"))


@client_page
@require_POST
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """The estimate with what is typed right now; nothing is saved, and what does not fit yet changes nothing."""
    task = draft_for(person(request), pk)
    trial, now = copy.copy(task), now_of(request)
    form = f.DetailsForm(request.POST, task=trial)
    if form.is_valid():
        try:
            if "pricing_model" in form.cleaned_data:
                trial.pricing_model = form.cleaned_data["pricing_model"]
            steps.fill(trial, "details", form.fields_of_step(), now=now)
        except Invalid:
            trial = task
    return render(request, "khidma/client/wizard/_price.html", {"range": _range(trial, now)})


def _range(task: Request, now: datetime) -> dict[str, Any] | None:
    """From–to of the estimate, once there is something to estimate (KH-PRICE-08)."""
    if task.category is None or not task.pricing_model:
        return None
    found = pricing.preview(copy.copy(task), now=now)
    return found if found["high_minor"] else None


# --- the last look --------------------------------------------------------------------------------------------------


def _review(request: HttpRequest, task: Request) -> HttpResponse:
    """Everything once more, the price with its parts, and Post."""
    user, now = person(request), now_of(request)
    form = f.ReviewForm(request.POST if request.method == "POST" else None, needs_name=not user.name.strip())
    missing: list[tuple[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        try:
            if "name" in form.cleaned_data:
                identity.update_profile(user, now=now, name=form.cleaned_data["name"])
            wizard.post(draft_for(user, task.pk), actor=as_client(request), now=now)
        except Invalid as refusal:
            missing = [(_step_of(name), sentence) for name, sentence in refusal.fields.items()]
        else:
            messages.success(request, _("Your task is live."))
            return redirect("task", pk=task.pk)
    preview = wizard.preview(task, now=now)
    method = methods_for(user.pk).filter(pk=task.method_id or 0).first()
    context = _place(task, wizard.PREVIEW) | {
        "task": task,
        "form": form,
        "range": preview if preview.get("high_minor") else None,
        "preview": preview,
        "cover": insurance.shown(preview.get("insurance")),
        "inputs": inputs_of(task),
        "photos": list(task.photos.select_related("asset")),
        "method": f._label(method) if method and method.kind != f.CASH else _("Cash") if method else "",
        "missing": missing,
        "open": wizard.resume_step(task) if wizard.resume_step(task) != wizard.PREVIEW else "",
    }
    status = 422 if missing or form.errors else 200
    return render(request, "khidma/client/wizard/review.html", context, status=status)


def _step_of(field: str) -> str:
    """Where a missing thing is mended."""
    own = {
        "method": "payment",
        "window": "window",
        "address": "address",
        "category": "category",
        "name": "preview",
    }
    return own.get(field, "details")
