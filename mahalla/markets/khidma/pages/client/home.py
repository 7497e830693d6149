"""The first page: for guests what this is, for clients what comes next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Request
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.tasks import cards
from mahalla.markets.khidma.pages.common import client_page, person

QUICK, AGAIN = 8, 4


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Guests get the landing, clients their tasks, Taskers their own first page."""
    if not isinstance(request.user, User):
        return render(request, "khidma/client/landing.html", {"branches": catalog.tree()[:QUICK]})
    if request.actor.role == "tasker":  # type: ignore[attr-defined]
        try:
            return redirect(reverse("work-home"))
        except NoReverseMatch:
            pass
    user = request.user
    own = Request.objects.filter(client=user).select_related("category")
    waiting = own.filter(status="completed", jobs__state="completed", jobs__confirmed_at=None)
    active = own.filter(status__in=words.ACTIVE) | waiting
    context = {
        "draft": own.filter(state="draft", category__isnull=False).order_by("-pk").first(),
        "cards": cards(active.order_by("-posted_at", "-pk").distinct()[:10]),
        "branches": catalog.tree()[:QUICK],
        "again": _known_workers(user),
    }
    return render(request, "khidma/client/home.html", context)


def _known_workers(user: User) -> list[Job]:
    """The last finished work with each of a few people, newest first."""
    done = Job.objects.filter(client=user, submitted_at__isnull=False, worker__status="active")
    rows = done.select_related("worker__tasker__photo", "request__category").order_by("-pk")[:20]
    by_worker: dict[int, Job] = {}
    for job in rows:
        by_worker.setdefault(job.worker_id, job)
    return list(by_worker.values())[:AGAIN]


@client_page
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Everything of one's own behind one tab."""
    return render(request, "khidma/client/me.html", {"person": person(request)})
