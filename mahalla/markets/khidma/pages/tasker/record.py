"""What a Tasker earned, how clients rated it, and how to be asked more often (KH-STAT-09, -10, KH-REV-04, KH-PROFILE-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.catalog.models import ReviewTag
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import runs
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.matching.rank import Explanation
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.reviews import queries as review_queries
from mahalla.kernel.reviews import scheme
from mahalla.kernel.work.models import Offer
from mahalla.kit.text import pick
from mahalla.markets.khidma import earnings, taskers
from mahalla.markets.khidma.pages.tasker.door import back, now_of, person, tasker_page, told
from mahalla.web import units

BY = {"task": _lazy("Tasks"), "date": _lazy("Days"), "category": _lazy("Kinds of work")}
#: a factor of the ranking: what it is called, and what lifts it
FACTORS: dict[str, tuple[Any, Any, str]] = {
    "distance": (_lazy("Near the client"), _lazy("Set your starting point where you really are."), "pin"),
    "accept": (_lazy("You say yes"), _lazy("Keep your hours true, so that offers fit you."), "check"),
    "complete": (_lazy("You finish"), _lazy("Do not cancel agreed work."), "checks"),
    "rating": (_lazy("Reviews"), _lazy("Come on time and be friendly; good work brings stars."), "star"),
    "price": (_lazy("Price"), _lazy("A price near the middle is chosen more often."), "tag"),
    "activity": (_lazy("Active lately"), _lazy("Answer offers, also with no. Two weeks count."), "bolt"),
}
REASONS: dict[str, Any] = {
    "low_rating": _lazy("Low reviews push you down at present."),
    "low_completion": _lazy("Cancelled work pushes you down at present."),
    "shown_often": _lazy("You were shown very often today, so others come first for a while."),
    "sanction": _lazy("A decision of our team pushes you down at present."),
}
PARTS: dict[str, Any] = {
    "labour": _lazy("Work"),
    "travel": _lazy("Travel"),
    "fee": _lazy("Cancellation fee"),
    "tips": _lazy("Tips"),
    "incentives": _lazy("Newcomer's bonus"),
    "withheld": _lazy("Tax kept back"),
    "refunded": _lazy("Given back to clients"),
}
OFF = ("withheld", "refunded")
RUNS_LOOKED_AT = 10
LAST_REVIEWS = 30


@tasker_page
@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """Total, week, month, pending and paid; below by task, day or kind of work."""
    user, now = person(request), now_of(request)
    by = request.GET.get("by", "task")
    by = by if by in BY else "task"
    since, until = _day(request, "since"), _day(request, "until")
    rows = earnings.breakdown(user, by, now=now, since=since, until=until)
    shown = [(row, _titled(row, by), amounts_of(row)) for row in rows]
    context = {
        "money": earnings.dashboard(user, now=now),
        "rows": shown,
        "by": by,
        "tabs": BY.items(),
        "since": since,
        "until": until,
    }
    return render(request, "khidma/tasker/earnings.html", context)


def _titled(row: earnings.Sum, by: str) -> str:
    """Days as people say them, with the weekday."""
    if by == "category":
        return row.label
    if by == "date":
        return str(format_date(date.fromisoformat(row.key), "EEE d MMM y", locale=units.locale()))
    name, _sep, day = row.label.rpartition(" ")
    return f"{name} · {format_date(date.fromisoformat(day), 'd MMM', locale=units.locale())}"


def amounts_of(row: earnings.Sum) -> list[tuple[Any, int]]:
    """What made the sum: the parts that are not nothing, those kept back with their sign."""
    signed = {part: -minor if part in OFF else minor for part, minor in row.parts.items()}
    return [(PARTS[part], minor) for part, minor in signed.items() if minor]


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None


@tasker_page
@require_safe
def money_csv(request: HttpRequest) -> HttpResponse:
    """For a spreadsheet, or the tax office."""
    since, until = _day(request, "since"), _day(request, "until")
    text = earnings.export_csv(person(request), now=now_of(request), since=since, until=until)
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="earnings.csv"'
    return response


# --- reviews --------------------------------------------------------------------------------------------------------


@tasker_page
@require_safe
def reviews_page(request: HttpRequest) -> HttpResponse:
    """The newest reviews, each with its one public answer (KH-REV-04)."""
    user, now = person(request), now_of(request)
    found = review_queries.recent(user.pk, now=now, side=taskers.SIDE, limit=LAST_REVIEWS)
    names = {tag.code: pick(tag.names) for tag in ReviewTag.objects.all()}
    limit = scheme.side(taskers.SIDE).reply_edit
    rows = [
        {
            "review": review,
            "tags": [names.get(tag, tag) for tag in review.tags],
            "may_edit": bool(review.replied_at and limit and now < review.replied_at + limit),
        }
        for review in found
    ]
    counts = review_queries.tag_counts(user.pk, now=now)
    context = {
        "rating": review_queries.rating_of(user.pk, now=now),
        "stars": review_queries.breakdown(user.pk, now=now),
        "tags": [(names.get(tag, tag), count) for tag, count in counts],
        "rows": rows,
    }
    return render(request, "khidma/tasker/reviews.html", context)


@tasker_page
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer once; mend it for a day."""
    user, now = person(request), now_of(request)
    review = review_queries.review_for(user, pk, now=now)
    with told(request) as fresh:
        if fresh:
            text = request.POST.get("text", "")
            deed = reviews.edit_reply if hasattr(review, "reply") else reviews.reply
            deed(review, author=user, text=text, now=now)
            messages.success(request, _("Your answer stands under the review."))
    return back(request, "work-reviews")


# --- statistics -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of the last ranking with this Tasker: how good it was (0–100), and what lifts it."""

    name: Any
    advice: Any
    icon: str
    pct: int


@tasker_page
@require_safe
def stats(request: HttpRequest) -> HttpResponse:
    """Own figures, and what clients' lists made of them: how to rise (KH-PROFILE-10)."""
    user, now = person(request), now_of(request)
    why = last_explanation(user)
    factors = [
        Factor(*FACTORS[share.name], round(share.value * 100))
        for share in (why.factors if why else ())
        if share.name in FACTORS
    ]
    context = {
        "stats": taskers.statistics_of(user, now=now),
        "why": why,
        "factors": factors,
        "lowest": min(factors, key=lambda f: f.pct, default=None),
        "reasons": [REASONS[r] for r in (why.reasons if why else ()) if r in REASONS],
        "advice": [Factor(*parts, 0) for parts in FACTORS.values()],
    }
    return render(request, "khidma/tasker/stats.html", context)


def last_explanation(worker: User) -> Explanation | None:
    """The latest list in which this Tasker stood: of the tasks last offered, or where shown in front."""
    asked = Offer.objects.filter(worker=worker).order_by("-pk").values_list("request_id", flat=True)
    found = RankingRun.objects.filter(request_id__in=list(asked[:RUNS_LOOKED_AT]))
    for run in found.order_by("-created_at", "-pk")[:RUNS_LOOKED_AT]:
        try:
            return runs.ranking_of(run).explain(worker.pk)
        except LookupError:
            continue
    return None
