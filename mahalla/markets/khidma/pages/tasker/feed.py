"""Tasks nearby, and looking at one before anybody is chosen (KH-REQ-15..17)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit import spans
from mahalla.kit.errors import NotFound
from mahalla.kit.market import active
from mahalla.kit.text import pick
from mahalla.markets.khidma import feed, pricing, supply, visibility
from mahalla.markets.khidma.facts import Facts, facts_of
from mahalla.markets.khidma.models import Interest
from mahalla.markets.khidma.pages.tasker import money, words
from mahalla.markets.khidma.pages.tasker.door import back, now_of, person, profile_of, tasker_page, told
from mahalla.markets.khidma.pages.tasker.job import inputs_of_request
from mahalla.web import units
from mahalla.web.templatetags.mahalla import clocktime, daytime


@tasker_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The best first; what was posted since the last look is marked new."""
    page = _page(request)
    if any(item.is_new for item in page) and not request.GET.get("cursor"):
        feed.mark_seen(person(request), now=now_of(request))
    return render(request, "khidma/tasker/feed.html", _context(request, page))


@tasker_page
@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The list alone: the next page of it, or the whole again when something happened."""
    page = _page(request)
    more = bool(request.GET.get("cursor"))
    template = "khidma/tasker/_feed_cards.html" if more else "khidma/tasker/_feed.html"
    return render(request, template, _context(request, page))


def _page(request: HttpRequest) -> feed.FeedPage:
    return feed.feed_for(person(request), now=now_of(request), cursor=request.GET.get("cursor", ""))


def _context(request: HttpRequest, page: feed.FeedPage) -> dict[str, Any]:
    cards = {"cards": words.with_badges(page), "next_cursor": page.next_cursor}
    return cards | _empty(request, page)


def _empty(request: HttpRequest, page: feed.FeedPage) -> dict[str, Any]:
    """Why there is nothing, where there is nothing: not approved yet, switched off, or simply no work."""
    if page or request.GET.get("cursor"):
        return {}
    user = person(request)
    return {
        "eligible": user.pk in supply.eligible([user.pk], now=now_of(request)),
        "on": user.pk in schedule.switched_on([user.pk]),
        "radius_km": profile_of(request).radius_km,
    }


@tasker_page
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One task of the feed: what, how long, roughly where, what it brings. No street, no full name (KH-REQ-16)."""
    user, now, profile = person(request), now_of(request), profile_of(request)
    seen = visibility.task_for(user, pk)
    if seen.relation == "tasker" and seen.job is not None:
        return redirect("work-job", seen.job.pk)
    if seen.relation == "asked":
        return redirect("offer", Offer.objects.get(request_id=pk, worker=user, state="pending").pk)
    if seen.relation != "feed":
        raise NotFound("task_not_found")
    task = seen.request
    terms = pricing.terms_with(task, [user.pk], now=now).get(user.pk)
    if terms is None:
        raise NotFound("task_not_found")
    quote = pricing.quote_of(terms)
    kept = quote.for_payee("worker") - pricing.earnings_minor(quote, terms)
    facts = facts_of(task, lat=profile.lat, lng=profile.lng)
    context = {
        "task": task,
        "facts": facts,
        "badges": words.badges(facts, words.skill_names([facts])),
        "where": where_of(facts),
        "window": window_of(facts),
        "inputs": inputs_of_request(task),
        "photos": list(task.photos.select_related("asset")),
        "price_minor": quote.total_minor,
        "earned": money.of_quote(quote, withholding_minor=kept),
        "liked": Interest.objects.filter(request=task, worker=user).exists(),
        "points": points_of(task),
    }
    return render(request, "khidma/tasker/feed_task.html", context)


def window_of(facts: Facts) -> str:
    """When the client wants it; the day once where it is one day."""
    start, end = facts.window_start, facts.window_end
    if start is None or end is None:
        return ""
    where = spans.zone(active().timezone)
    one_day = start.astimezone(where).date() == end.astimezone(where).date()
    return f"{daytime(start)} – {clocktime(end) if one_day else daytime(end)}"


def where_of(facts: Facts) -> str:
    """In words, for a map's caption or without any map."""
    far = units.distance(facts.distance_m) if facts.distance_m is not None else ""
    return " · ".join(part for part in (facts.district, far) if part)


def points_of(task: Request) -> list[dict[str, Any]]:
    """The middle of the district, never the address."""
    district = task.district
    if district is None:
        return []
    return [{"lat": district.lat, "lng": district.lng, "kind": "place", "label": pick(district.names)}]


@tasker_page
@require_POST
def interest(request: HttpRequest, pk: int) -> HttpResponse:
    """ "I would like this one", and taking that back (KH-REQ-17)."""
    user = person(request)
    on = request.POST.get("on") != "0"
    done = _("The client sees that you would like this task. You are not booked yet.")
    with told(request, done if on else _("Taken back.")) as fresh:
        if fresh and on:
            feed.interested(user, pk, now=now_of(request))
        elif fresh:
            feed.not_interested(user, pk, now=now_of(request))
    return back(request, "feed") if request.POST.get("to") == "feed" else back(request, "feed-task", pk)
