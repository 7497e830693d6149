"""A client's past tasks, searched and filtered (KH-REQ-09)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import spans
from mahalla.kit.errors import Invalid
from mahalla.kit.market import active

PAGE = 20
PAGE_MAX = 100
#: the words of ``Request.status`` that are over, or wait only for a last word
PAST = (
    "completed",
    "reviewed",
    "disputed",
    "refunded",
    "expired",
    "cancelled_client",
    "cancelled_tasker",
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; everything empty finds all past tasks. Days are local, both included; amounts minor units."""

    text: str = ""
    state: str = ""
    category: str = ""
    since: date | None = None
    until: date | None = None
    worker_id: int | None = None
    address: str = ""
    min_minor: int | None = None
    max_minor: int | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Filters:
        """From a query string. ``Invalid`` names the field that cannot be read."""
        readers: dict[str, Any] = {"since": date.fromisoformat, "until": date.fromisoformat}
        readers |= dict.fromkeys(("worker_id", "min_minor", "max_minor"), int)
        found: dict[str, Any] = {}
        for field in fields(cls):
            value = str(data.get(field.name) or "").strip()
            if not value:
                continue
            try:
                found[field.name] = readers.get(field.name, str)(value)
            except ValueError:
                raise Invalid({field.name: _("This cannot be read.")}) from None
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Past:
    """One task of the history. ``on`` is when the work was (or was wanted), ``amount_minor`` what it came to."""

    request: Request
    job: Job | None
    on: datetime | None
    amount_minor: int | None
    review: reviews.ShownReview | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Past]
    #: opaque; empty at the end
    next: str


def past(
    client: User, *, now: datetime, filters: Filters | None = None, after: str = "", limit: int = PAGE
) -> Page:
    """The client's past tasks, the newest first, with the reviews given."""
    found = _filtered(_of(client), filters or Filters())
    if after:
        created_at, pk = _open_cursor(after)
        found = found.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))
    limit = min(max(limit, 1), PAGE_MAX)
    rows = list(
        found.select_related("category__parent", "district").order_by("-created_at", "-pk")[: limit + 1]
    )
    more = len(rows) > limit
    rows = rows[:limit]
    jobs = Job.objects.select_related("worker").in_bulk([r.last_job for r in rows if r.last_job])
    given = {review.job_id: review for review in reviews.given_by(client, now=now, job_ids=jobs)}
    out = [
        Past(
            request=row,
            job=jobs.get(row.last_job),
            on=row.on,
            amount_minor=row.amount,
            review=given.get(row.last_job),
        )
        for row in rows
    ]
    return Page(out, _cursor(rows[-1]) if more else "")


def _of(client: User) -> QuerySet[Any]:
    """The client's posted tasks with the last job, the day of the work and the amount beside them."""
    jobs = Job.objects.filter(request=OuterRef("pk")).order_by("-pk")
    final, agreed = (Cast(KeyTextTransform("total_minor", f), BigIntegerField()) for f in ("final", "quote"))
    came_to = Case(
        When(final__has_key="total_minor", then=final),
        When(state__startswith="cancelled", then=Value(0)),  # nothing was charged
        default=agreed,
    )
    amount = jobs.annotate(total=came_to).values("total")[:1]
    return Request.objects.filter(client=client, posted_at__isnull=False).annotate(
        last_job=Subquery(jobs.values("pk")[:1]),
        on=Coalesce(Subquery(jobs.values("start_at")[:1]), F("window_start"), output_field=DateTimeField()),
        amount=Subquery(amount),
    )


def _filtered(found: QuerySet[Any], f: Filters) -> QuerySet[Any]:
    found = found.filter(status=f.state) if f.state else found.filter(status__in=PAST)
    if f.text:
        words = Q(text__icontains=f.text) | Q(category__code__icontains=f.text)
        words |= Q(category__names__icontains=f.text)
        words |= Q(pk__in=Job.objects.filter(worker__name__icontains=f.text).values("request_id"))
        found = found.filter(words)
    if f.category:
        found = found.filter(Q(category__code=f.category) | Q(category__parent__code=f.category))
    where = spans.zone(active().timezone)
    if f.since:
        found = found.filter(on__gte=spans.instant(f.since, 0, where))
    if f.until:
        found = found.filter(on__lt=spans.instant(f.until + timedelta(days=1), 0, where))
    if f.worker_id is not None:
        mine = Job.objects.filter(worker_id=f.worker_id).values("request_id")
        found = found.filter(pk__in=mine)
    if f.address:
        label = Q(place__label__icontains=f.address) | Q(place__lines__icontains=f.address)
        found = found.filter(label | Q(place__building__icontains=f.address))
    if f.min_minor is not None:
        found = found.filter(amount__gte=f.min_minor)
    if f.max_minor is not None:
        found = found.filter(amount__lte=f.max_minor)
    return found


def _cursor(row: Request) -> str:
    raw = json.dumps([row.created_at.isoformat(), row.pk])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _open_cursor(text: str) -> tuple[datetime, int]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return datetime.fromisoformat(raw[0]), int(raw[1])
    except (binascii.Error, ValueError, TypeError, IndexError, KeyError):
        raise Invalid({"after": _("This page link is not valid any more. Start again.")}) from None
