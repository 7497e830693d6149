"""All tasks of a client: searched, filtered, and with what was said about them (KH-REQ-09, KH-REV-09)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from mahalla.kernel.catalog.models import Category, ReviewTag
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.market import active
from mahalla.kit.money import exponent
from mahalla.markets.khidma import history
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.stage import photo_of
from mahalla.markets.khidma.pages.common import client_page, now_of, person
from mahalla.markets.khidma.visibility import first_name


@dataclass(frozen=True, slots=True)
class Card:
    """One row of a list. ``at`` is when it happens, ``total_minor`` what it comes to, as far as that is known."""

    task: Request
    job: Job | None
    pill: words.Pill
    worker_name: str
    photo: str
    at: datetime | None
    total_minor: int | None


def cards(tasks: Iterable[Request]) -> list[Card]:
    """Rows for these tasks in a fixed number of queries."""
    rows = list(tasks)
    ids = [task.pk for task in rows]
    people = "worker__tasker__photo"
    jobs = {
        j.request_id: j for j in Job.objects.filter(request_id__in=ids).select_related(people).order_by("pk")
    }
    pending = Offer.objects.filter(request_id__in=ids, state="pending").select_related(people)
    offers = {o.request_id: o for o in pending}
    return [_card(task, jobs.get(task.pk), offers.get(task.pk)) for task in rows]


def _card(task: Request, job: Job | None, offer: Offer | None) -> Card:
    if task.state != "booked":
        job = None
    worker = job.worker if job else offer.worker if offer else None
    quote: dict[str, Any] = (job.final or job.quote) if job else offer.quote if offer else {}
    return Card(
        task,
        job,
        words.pill(task, job),
        first_name(worker) if worker else "",
        photo_of(worker) if worker else "",
        job.start_at if job else task.window_start,
        quote.get("total_minor"),
    )


class Search(forms.Form):
    """What ``history.Filters`` takes; amounts in whole units, as people say them."""

    text = forms.CharField(label=_("Search"), required=False, max_length=80)
    state = forms.ChoiceField(label=_("State"), required=False)
    category = forms.ChoiceField(label=_("Kind of work"), required=False)
    worker_id = forms.TypedChoiceField(label=_("Tasker"), required=False, coerce=int, empty_value=None)
    address = forms.CharField(label=_("Address"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    least = forms.IntegerField(label=_("At least"), required=False, min_value=0)
    most = forms.IntegerField(label=_("At most"), required=False, min_value=0)

    def __init__(self, *args: Any, client: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = ("", _("Everything"))
        used = Category.objects.filter(pk__in=Request.objects.filter(client=client).values("category"))
        people = User.objects.filter(pk__in=Job.objects.filter(client=client).values("worker")).only(
            "pk", "name"
        )
        states = [(code, words.PILLS[code].label) for code in history.PAST]
        for name, choices in (
            ("state", states),
            ("category", [(c.code, str(c)) for c in used]),
            ("worker_id", [(u.pk, first_name(u)) for u in people]),
        ):
            self.fields[name].choices = [everything, *choices]  # type: ignore[attr-defined]

    def filters(self) -> history.Filters:
        data: dict[str, Any] = dict(self.cleaned_data)
        least, most = data.pop("least"), data.pop("most")
        one = 10 ** exponent(active().currency)
        amounts: dict[str, Any] = {
            "min_minor": least * one if least is not None else None,
            "max_minor": most * one if most is not None else None,
        }
        return history.Filters(**data, **amounts)


@client_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is open: drafts and live tasks."""
    own = Request.objects.filter(client=person(request)).select_related("category")
    to_confirm = own.filter(status="completed", jobs__state="completed", jobs__confirmed_at=None)
    live = (own.filter(status__in=words.ACTIVE) | to_confirm).distinct()
    context = {
        "drafts": list(own.filter(state="draft", category__isnull=False).order_by("-pk")[:10]),
        "cards": cards(live.order_by("-posted_at", "-pk")[:50]),
        "tab": "open",
    }
    return render(request, "khidma/client/tasks.html", context)


@client_page
@require_safe
def past(request: HttpRequest) -> HttpResponse:
    """What was: searched by text, state, category, dates, Tasker, address and amount, with the reviews given."""
    user, now = person(request), now_of(request)
    form = Search(request.GET or None, client=user)
    filters = form.filters() if form.is_bound and form.is_valid() else None
    page = history.past(user, now=now, filters=filters, after=request.GET.get("after", ""))
    kept = request.GET.copy()
    kept.pop("after", None)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, words.pill(row.request, row.job)) for row in page.rows],
        "tag_names": dict(ReviewTag.objects.values_list("code", "names")),
        "tab": "past",
        "kept": kept.urlencode(),
        "narrowed": any(kept.values()),
    }
    only_list = request.headers.get("HX-Target") == "past-list"
    template = "khidma/client/_past_list.html" if only_list else "khidma/client/past.html"
    return render(request, template, context)
