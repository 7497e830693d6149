"""The task's page: one thing to do next, and everything else within reach (KH-FLOW-03, KH-FLOW-16, KH-UX-06)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.chat import queries as chat
from mahalla.kernel.flow import engine
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import NotFound
from mahalla.kit.text import pick
from mahalla.markets.khidma import insurance
from mahalla.markets.khidma.pages.client import choosing
from mahalla.markets.khidma.pages.client.objects import task_for, work_of
from mahalla.markets.khidma.pages.client.stage import stage_of
from mahalla.markets.khidma.pages.common import as_client, client_page, go, now_of, person


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Notices lead both sides here: the client stays, the Tasker goes on to the work's own page."""
    if request.user.is_authenticated:
        user = person(request)
        works = Job.objects.filter(request_id=pk, worker=user).order_by("-pk")
        work = works.first() if user.has_role("tasker") else None
        if work is not None and work.client_id != user.pk:
            try:
                return redirect(reverse("work-job", args=[work.pk]))
            except NoReverseMatch:
                raise NotFound from None
    return client_show(request, pk)


@client_page
@require_safe
def client_show(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_for(person(request), pk)
    if task.state == "draft":
        return redirect("task-resume", pk=pk)
    return render(request, "khidma/client/task.html", context_of(request, task, whole=True))


@client_page
@require_safe
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone: fetched again at each of the task's events."""
    task = task_for(person(request), pk)
    return render(request, "khidma/client/_task_now.html", context_of(request, task, whole=False))


@client_page
@require_safe
def way(request: HttpRequest, pk: int) -> HttpResponse:
    """The map of the way alone; asked every 5 seconds while somebody is on the way."""
    return render(
        request,
        "khidma/client/_way.html",
        {"s": stage_of(task_for(person(request), pk), now=now_of(request))},
    )


def context_of(request: HttpRequest, task: Request, *, whole: bool) -> dict[str, Any]:
    s = stage_of(task, now=now_of(request))
    context: dict[str, Any] = {"task": task, "s": s, "inputs": inputs_of(task)}
    if task.state == "matching":
        context |= choosing.listing(request, task, now=s.now, first=whole)
    if s.job is not None:
        seen = chat.glance(person(request), subject=task.stream, kind="task")
        thread, unread = seen or (None, 0)
        context["thread"] = thread
        context["unread"] = unread
    if whole:
        context["cover"] = insurance.shown(
            s.job.terms.get("insurance") if s.job else task.quote.get("insurance")
        )
        context["photos"] = list(task.photos.select_related("asset"))
    return context


def inputs_of(task: Request) -> list[tuple[str, str]]:
    """The structured details as label and words, without what says nothing."""
    specs = task.category.inputs if task.category else []
    rows = []
    for spec in specs:
        value = task.details.get(spec["name"])
        if value in (None, "", False):
            continue
        if spec["kind"] == "boolean":
            value = _("Yes")
        elif spec["kind"] == "choice":
            value = next((pick(c["names"]) for c in spec["choices"] if c["code"] == value), value)
        rows.append((pick(spec["names"]), str(value)))
    return rows


# --- one button each ------------------------------------------------------------------------------------------------


def _step(event: str, said: Any = "") -> Callable[..., HttpResponse]:
    """A button that moves the agreed work by one event and comes back to the task."""

    @client_page
    @require_POST
    def press(request: HttpRequest, pk: int) -> HttpResponse:
        job = work_of(task_for(person(request), pk))
        engine.apply(job, event, actor=as_client(request), now=now_of(request))
        if said:
            messages.success(request, str(said))
        return go(request, "task", pk=pk)

    return press


confirm = _step("confirm", _("Thank you. The payment goes through now."))
approve_extra = _step("approve_extra", _("The extra time is approved."))
ask_stop = _step("ask_stop", _("We asked the Tasker to stop."))
report_no_show = _step("report_no_show", _("You pay nothing for this. We look for somebody else."))
