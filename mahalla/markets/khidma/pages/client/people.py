"""Taskers as clients see them, and one's favourites among them (KH-PROFILE-08, KH-PROFILE-11)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.catalog.models import ReviewTag
from mahalla.kernel.work.models import Request
from mahalla.markets.khidma import ranking, saved, taskers
from mahalla.markets.khidma.models import Favourite
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.money import shown
from mahalla.markets.khidma.pages.client.objects import task_for
from mahalla.markets.khidma.pages.client.stage import photo_of
from mahalla.markets.khidma.pages.common import back_to, client_page, now_of, person
from mahalla.markets.khidma.visibility import first_name


@client_page
@require_safe
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """A Tasker; with ``?task=`` also the price and the start for that task of one's own."""
    viewer, now = person(request), now_of(request)
    task = task_for(viewer, int(request.GET["task"])) if request.GET.get("task", "").isdigit() else None
    shown_profile = taskers.profile_for(viewer, pk, now=now, request=task)
    names = dict(ReviewTag.objects.values_list("code", "names"))
    context = {
        "profile": shown_profile,
        "card": shown_profile.card,
        "worker_id": pk,
        "name": shown_profile.card.name.split(" ")[0],
        "tags": [(names.get(code, {}), count) for code, count in shown_profile.tags[:6]],
        "badges": [(words.BADGES.get(b.code, b.label), b.checked_at) for b in shown_profile.card.badges],
        "task": task,
        "may_ask": saved.knows(viewer.pk, pk),
        "liked": Favourite.objects.filter(client=viewer, worker_id=pk).exists(),
    }
    if task is not None and task.state == "matching":
        context |= _for_task(task, pk, now)
    return render(request, "khidma/client/tasker.html", context)


def _for_task(task: Request, worker_id: int, now: Any) -> dict[str, Any]:
    found = ranking.pool(task, now=now, only=worker_id)
    if worker_id not in found.ids:
        return {"gone": True}
    return {
        "quote": shown(found.quotes[worker_id].to_json()),
        "start": found.start[worker_id],
        "minimum_min": found.terms[worker_id]["minimum_min"],
    }


@client_page
@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    """The Taskers that a client likes, with when they are free next, and a button to ask them."""
    cards = saved.favourites(person(request), now=now_of(request))
    rows = [(card, first_name(card.worker), photo_of(card.worker)) for card in cards]
    return render(request, "khidma/client/favourites.html", {"rows": rows})


@client_page
@require_POST
def like(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark, or unmark when ``on`` is 0; marking twice keeps one entry."""
    viewer, liked = person(request), request.POST.get("on") != "0"
    if liked:
        saved.add_favourite(viewer, pk, now=now_of(request))
    else:
        saved.remove_favourite(viewer, pk)
    if getattr(request, "htmx", False):
        return render(request, "khidma/client/_like.html", {"worker_id": pk, "liked": liked})
    return back_to(request, reverse("tasker", args=[pk]))


@client_page
@require_POST
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Book somebody known: a new draft whose first offer goes to that Tasker (KH-REQ-14)."""
    from mahalla.markets.khidma.pages.client import wizard

    return redirect(wizard.start_with(request, pk))
