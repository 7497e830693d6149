"""Offices and property managers: a declared segment, sites with several series, one monthly statement (KH-REQ-18).

Behind the policy number ``flag_business_orders``, off at the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.identity.models import User
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Job
from mahalla.kit import spans
from mahalla.kit.errors import Denied, Refused
from mahalla.kit.market import active
from mahalla.markets.khidma.models import ClientProfile, Receipt, Series


def require_open(user: User, *, now: datetime) -> None:
    """Raises ``Refused`` while business orders are switched off, ``Denied`` for a household."""
    if not policy.get("flag_business_orders", now=now):
        raise Refused("business_orders_off", _("Business orders are not open yet."))
    if not ClientProfile.objects.filter(user=user).exclude(declared="").exists():
        raise Denied("not_a_business", _("Tell us first, in your profile, what business you are."))


@dataclass(frozen=True, slots=True)
class Site:
    address: Address
    series: list[Series]


def sites(user: User, *, now: datetime) -> list[Site]:
    """The account's addresses with the series that run there."""
    require_open(user, now=now)
    running: dict[int, list[Series]] = {}
    for series in Series.objects.filter(client=user, stopped_at=None).order_by("pk"):
        running.setdefault(series.address_id, []).append(series)
    saved = Address.objects.filter(user=user, removed_at=None)
    return [Site(address, running.get(address.pk, [])) for address in saved]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One document of the month. ``amount_minor`` as the account pays it: a credit note lowers the sum."""

    number: int
    kind: str
    issued_at: datetime
    job: Job
    site: str
    series_id: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one account owes and paid for one month, over all its sites."""

    month: date
    currency: str
    lines: list[StatementLine]
    by_site: dict[str, int] = field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def statement(user: User, *, month: date, now: datetime) -> Statement:
    """The account's documents of the calendar month (market zone) that ``month`` lies in: one statement for all sites."""
    require_open(user, now=now)
    first = month.replace(day=1)
    following = (
        first.replace(year=first.year + 1, month=1)
        if first.month == 12
        else first.replace(month=first.month + 1)
    )
    where = spans.zone(active().timezone)
    issued = Receipt.objects.filter(
        job__client=user,
        issued_at__gte=spans.instant(first, 0, where),
        issued_at__lt=spans.instant(following, 0, where),
    )
    rows = issued.select_related("job__request__occurrence", "job__worker").order_by("number")
    lines = [_line(receipt) for receipt in rows]
    by_site: dict[str, int] = {}
    for line in lines:
        by_site[line.site] = by_site.get(line.site, 0) + line.amount_minor
    return Statement(first, active().currency, lines, by_site)


def _line(receipt: Receipt) -> StatementLine:
    request = receipt.job.request
    occurrence: Any = getattr(request, "occurrence", None)
    # a credit note says how much comes back; on a statement that is money off
    sign = -1 if receipt.kind == Receipt.Kind.CREDIT_NOTE and receipt.total_minor > 0 else 1
    return StatementLine(
        number=receipt.number,
        kind=receipt.kind,
        issued_at=receipt.issued_at,
        job=receipt.job,
        site=str(request.place.get("label", "")),
        series_id=occurrence.series_id if occurrence else None,
        amount_minor=sign * receipt.total_minor,
    )
