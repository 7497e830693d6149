"""The run of one job: where it stands, the one next step, and everything within reach (KH-FLOW-16..20, -23)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.flow import engine
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.errors import NotFound, Refused
from mahalla.kit.text import pick
from mahalla.markets.khidma import insurance, presence
from mahalla.markets.khidma.pages.tasker.door import as_tasker, back, now_of, person, tasker_page, told
from mahalla.markets.khidma.pages.tasker.stage import Stage, job_for

#: the steps that are one press; each carries the phone's position where it gave one
STEPS = ("set_off", "arrive", "start_timer", "pause", "resume", "log_contact", "client_absent")
POSITION = ("lat", "lng", "accuracy_m")


def stage_of(request: HttpRequest, pk: int) -> Stage:
    return Stage(job_for(person(request), pk), person(request), now_of(request))


@tasker_page
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    s = stage_of(request, pk)
    context = {
        "s": s,
        "inputs": inputs_of(s.job),
        "cover": insurance.shown(s.job.terms.get("insurance")),
        "task_photos": list(s.job.request.photos.select_related("asset")),
    }
    return render(request, "khidma/tasker/job.html", context)


@tasker_page
@require_safe
def now(request: HttpRequest, pk: int) -> HttpResponse:
    """The live parts alone, the bar with the one big button apart: fetched again at each of the task's events."""
    name = "_job_bar" if request.GET.get("bar") else "_job_now"
    return render(request, f"khidma/tasker/{name}.html", {"s": stage_of(request, pk)})


@tasker_page
@require_POST
def step(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    """One press. What cannot be done now is said on the same page, which shows the next thing to do."""
    if event not in STEPS:
        raise NotFound
    job = job_for(person(request), pk)
    with told(request) as fresh:
        if fresh:
            data = {name: request.POST[name] for name in POSITION if request.POST.get(name)}
            engine.apply(job, event, actor=as_tasker(request), now=now_of(request), data=data)
    return back(request, "work-job", pk)


@tasker_page
@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the clock, then count the hours: nobody is billed for filling in a form."""
    s = stage_of(request, pk)
    if s.job.state != "in_progress":
        return back(request, "work-job", pk)
    with told(request) as fresh:
        if fresh and s.running is not None:
            engine.apply(s.job, "pause", actor=as_tasker(request), now=now_of(request))
    return back(request, "work-hours", pk)


@tasker_page
@require_POST
def position(request: HttpRequest, pk: int) -> HttpResponse:
    """A position on the way, sent every 15 s and when it changes; 409 tells the page to stop sending (KH-FLOW-16)."""
    user = person(request)
    job = job_for(user, pk)
    try:
        presence.ping(job, worker_id=user.pk, data=request.POST, now=now_of(request))
    except Refused as refusal:
        return JsonResponse({"code": refusal.code}, status=refusal.status)
    return HttpResponse(status=204)


@tasker_page
@require_safe
def absent(request: HttpRequest, pk: int) -> HttpResponse:
    """The client is not there: try to reach them, wait, then end it and be paid the minimum (KH-FLOW-23)."""
    s = stage_of(request, pk)
    if s.word != "arrived":
        return redirect("work-job", pk)
    return render(request, "khidma/tasker/absent.html", {"s": s})


def inputs_of(work: Job | Offer) -> list[tuple[str, str]]:
    return inputs_of_request(work.request)


def inputs_of_request(request: Request) -> list[tuple[str, str]]:
    """The structured details as label and words, without what says nothing."""
    specs = request.category.inputs if request.category else []
    rows = []
    for spec in specs:
        value = request.details.get(spec["name"])
        if value in (None, "", False, [], 0):
            continue
        rows.append((pick(spec.get("names") or {}), _words_of(spec, value)))
    return rows


def _words_of(spec: dict[str, Any], value: Any) -> str:
    if value is True:
        return _("Yes")
    named = {choice["code"]: pick(choice.get("names") or {}) for choice in spec.get("choices", [])}
    values = value if isinstance(value, list) else [value]
    return _(", ").join(str(named.get(one, one)) for one in values)
