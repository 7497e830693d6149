"""The Tasker's first page: what is missing until the first offer, then today's work and the switch (KH-UX-04, -05)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Job, TimerEntry
from mahalla.kit.text import pick
from mahalla.markets.khidma import earnings, hours, inbox, onboarding, segments, supply, taskers, tips
from mahalla.markets.khidma.pages.tasker import words
from mahalla.markets.khidma.pages.tasker.door import (
    TASKER,
    as_tasker,
    back,
    now_of,
    person,
    profile_of,
    tasker_page,
    told,
)
from mahalla.markets.khidma.pages.tasker.stage import word_of
from mahalla.web.middleware import ROLE_KEY

#: the pages of one's own: address, icon, name
ME = (
    ("work-profile", "user", _lazy("Profile and service area")),
    ("work-rates", "tag", _lazy("Categories and prices")),
    ("work-calendar", "calendar", _lazy("Calendar")),
    ("work-skills", "verified", _lazy("My skills")),
    ("work-portfolio", "image", _lazy("Photos of my work")),
    ("work-reviews", "star", _lazy("Reviews")),
    ("work-stats", "chart", _lazy("Statistics and how to rise")),
    ("work-payouts", "wallet", _lazy("Payouts")),
    ("work-checks", "shield", _lazy("Checks")),
    ("work-contract", "file", _lazy("Contractor agreement")),
)
LIVE = ("accepted", "confirmed", "in_progress")
AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of agreed work in a list: when, what, where roughly, and what is to be done next."""

    job: Job
    word: str
    district: str

    @property
    def pill(self) -> words.Pill:
        return words.pill(self.word)

    @property
    def next(self) -> Any:
        return words.NEXT.get(self.word, "")

    @property
    def now(self) -> bool:
        """Whether this one is being worked on."""
        return self.word in {"en_route", "arrived", "in_progress", "paused"}


def rows_of(worker: User, *, now: datetime) -> list[Row]:
    """The agreed work ahead, what is being done now first. Two queries."""
    jobs = list(
        Job.objects.filter(worker=worker, state__in=LIVE, start_at__lt=now + AHEAD)
        .select_related("request__category", "request__district")
        .order_by("start_at")
    )
    running = set(
        TimerEntry.objects.filter(job__in=jobs, stopped_at__isnull=True).values_list("job_id", flat=True)
    )
    rows = [Row(job, word_of(job, runs=job.pk in running), _district(job)) for job in jobs]
    return sorted(rows, key=lambda row: (not row.now, row.job.start_at))


def _district(job: Job) -> str:
    return pick(job.request.district.names) if job.request.district else ""


@tasker_page
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "khidma/tasker/home.html", _context(request))


@tasker_page
@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The live part alone."""
    return render(request, "khidma/tasker/_home.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    user, now = person(request), now_of(request)
    steps = supply.checklist(user, now=now)
    ready = all(step.state == "done" for step in steps if step.needed)
    context: dict[str, Any] = {
        "ready": ready,
        "tips": tips.tips_for(user, now=now),
        "profile": profile_of(request),
    }
    if not ready:
        return context | _onboarding(steps)
    offers = inbox.offers_for(user, now=now)
    rows = rows_of(user, now=now)
    return context | {
        "on": user.pk in schedule.switched_on([user.pk]),
        "hours_missing": any(s.code == "hours" and s.state != "done" for s in steps),
        "offers": offers,
        "rows": rows,
        "money": earnings.dashboard(user, now=now),
    }


def _onboarding(steps: list[supply.Step]) -> dict[str, Any]:
    """What the checklist says, and the one thing to do next."""
    own = [step for step in steps if step.code != "approval"]
    approval = next(step for step in steps if step.code == "approval")
    todo = [step for step in own if step.needed and step.state in {"missing", "rejected"}]
    needed = [step for step in steps if step.needed]
    return {
        "steps": own,
        "approval": approval,
        "next": todo[0] if todo else None,
        "may_ask": not todo and approval.state in {"missing", "rejected"},
        "done": sum(step.state in {"done", "pending"} for step in needed),
        "all": len(needed),
    }


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Become a Tasker (KH-ID-03); from now on this session acts as one."""
    if not isinstance(request.user, User):
        return render(request, "khidma/tasker/guest.html", status=403)
    with told(request) as fresh:
        if fresh:
            onboarding.start(request.user, now=now_of(request))
            request.user.forget_roles()
            request.session[ROLE_KEY] = TASKER
    return redirect("work-home")


@tasker_page
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """On or off at once; what is agreed stays (KH-CAL-02)."""
    on = request.POST.get("on") == "1"
    with told(request) as fresh:
        if fresh:
            hours.switch(person(request), on, actor=as_tasker(request), now=now_of(request))
    return back(request, "work-home")


@tasker_page
@require_POST
def ask_review(request: HttpRequest) -> HttpResponse:
    """Hand in the finished profile for the manual approval."""
    with told(request, _("Thank you. We look at it and write to you, mostly within a day.")) as fresh:
        if fresh:
            onboarding.request_review(person(request), actor=as_tasker(request), now=now_of(request))
    return back(request, "work-home")


@tasker_page
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Everything of one's own, by name: profile, prices, calendar, money, reviews, rules."""
    user, now = person(request), now_of(request)
    context = {
        "profile": profile_of(request),
        "rating": reviews.rating_of(user.pk, now=now),
        "segment": segments.LABELS[segments.segment_of(user.pk, now=now)],
        "links": ME,
        "approved": profile_of(request).approved_at is not None,
    }
    return render(request, "khidma/tasker/me.html", context)


@tasker_page
@require_safe
def seen(request: HttpRequest) -> HttpResponse:
    """The own public profile (KH-PROFILE-08): what is in it, and nothing that is not."""
    user = person(request)
    context = {
        "seen": taskers.profile_for(user, user.pk, now=now_of(request)),
        "profile": profile_of(request),
    }
    return render(request, "khidma/tasker/seen.html", context)


@tasker_page
@require_safe
def contract(request: HttpRequest) -> HttpResponse:
    """The contractor agreement, in plain words, and the one button."""
    context = {
        "version": supply.CONTRACT_VERSION,
        "accepted": supply.has_contract(profile_of(request)),
        "profile": profile_of(request),
    }
    return render(request, "khidma/tasker/contract.html", context)


@tasker_page
@require_POST
def accept_contract(request: HttpRequest) -> HttpResponse:
    version = request.POST.get("version", "")
    with told(request, _("Agreed. You find the agreement under Me at any time.")) as fresh:
        if fresh:
            onboarding.accept_contract(
                person(request), version=version, actor=as_tasker(request), now=now_of(request)
            )
    return back(request, "work-home")
