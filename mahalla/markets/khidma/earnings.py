"""What a Tasker earned: by task, day and kind of work, what was paid and what is to come (KH-STAT-09, KH-STAT-10).

Settled work is read from the ledger, work that is not settled yet from its bill; so the figures are those of the
accounts as soon as there are any. Amounts are minor units, the Tasker's own: the platform's fee is in none of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from mahalla.kernel import policy
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.ledger.queries import Movement
from mahalla.kernel.payments import accounts
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.work.models import Job
from mahalla.kit.market import active
from mahalla.kit.money import Money
from mahalla.kit.quote import Quote
from mahalla.kit.text import pick
from mahalla.markets.khidma import billing, money

PARTS = ("labour", "travel", "fee", "tips", "incentives", "withheld", "refunded")


@dataclass(frozen=True, slots=True)
class Earning:
    """One task. ``fee_minor`` is a cancellation or no-show fee; ``withheld`` and ``refunded`` are positive and go off.

    ``settled`` is False while the client may still dispute, or does. ``minutes`` were worked.
    """

    job_id: int
    request_id: int
    category_code: str
    category_names: Mapping[str, str]
    day: date
    minutes: int
    settled: bool
    cash: bool
    labour_minor: int = 0
    travel_minor: int = 0
    fee_minor: int = 0
    tips_minor: int = 0
    incentives_minor: int = 0
    withheld_minor: int = 0
    refunded_minor: int = 0

    @property
    def net_minor(self) -> int:
        plus = (
            self.labour_minor + self.travel_minor + self.fee_minor + self.tips_minor + self.incentives_minor
        )
        return plus - self.withheld_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class Sum:
    """Several earnings together, under ``label`` (a category's or task's name, or a day) and ``key``."""

    key: str
    label: str
    tasks: int
    minutes: int
    parts: Mapping[str, int]
    net_minor: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``total`` = ``paid`` + ``pending``. Paid is what left for the Tasker's account, and cash in hand; ``week`` and
    ``month`` are the running ones by the day of the work."""

    currency: str
    total_minor: int
    week_minor: int
    month_minor: int
    pending_minor: int
    paid_minor: int
    minutes: int
    tasks: int


def dashboard(worker: User, *, now: datetime) -> Dashboard:
    """Total, week, month, pending, paid and hours (KH-STAT-09): tasks of 80.00 and 95.00 show 175.00."""
    rows = earnings_of(worker, now=now)
    today = now.astimezone(_zone()).date()
    total = sum(row.net_minor for row in rows)
    by_hand = sum(row.net_minor for row in rows if row.cash)
    paid = payments.payouts_for(worker.pk).by_state.get("completed", 0) + by_hand
    return Dashboard(
        currency=active().currency,
        total_minor=total,
        week_minor=_since(rows, _week_of(today, now=now)),
        month_minor=_since(rows, today.replace(day=1)),
        pending_minor=total - paid,
        paid_minor=paid,
        minutes=sum(row.minutes for row in rows),
        tasks=len(rows),
    )


def _since(rows: Iterable[Earning], first: date) -> int:
    return sum(row.net_minor for row in rows if row.day >= first)


def _week_of(today: date, *, now: datetime) -> date:
    """The first day of the week as the region counts it: Sunday in Saudi Arabia."""
    try:
        first = Locale(active().languages[0][0], str(policy.get("region", now=now))).first_week_day
    except UnknownLocaleError:
        first = 0
    return today - timedelta(days=(today.weekday() - first) % 7)


def _zone() -> ZoneInfo:
    return ZoneInfo(active().timezone)


# --- one task -------------------------------------------------------------------------------------------------------


def earnings_of(
    worker: User, *, now: datetime, since: date | None = None, until: date | None = None
) -> list[Earning]:
    """Every task that was billed, newest first; ``since`` and ``until`` are local days, both included. Three queries."""
    jobs = list(_jobs(worker, since, until))
    accounts_of = [accounts.payable(worker.pk), money.WITHHELD, accounts.cash_debt(worker.pk)]
    by_reference: dict[str, list[Movement]] = {}
    for movement in ledger.moved(accounts_of, [job.reference for job in jobs]):
        by_reference.setdefault(movement.reference, []).append(movement)
    return [_earning(job, by_reference.get(job.reference, [])) for job in jobs]


def _jobs(worker: User, since: date | None, until: date | None) -> QuerySet[Job]:
    rows = Job.objects.filter(worker=worker, final__has_key="lines").annotate(
        earned_at=Coalesce("submitted_at", "closed_at", "state_since")
    )
    if since is not None:
        rows = rows.filter(earned_at__gte=datetime.combine(since, time(), _zone()))
    if until is not None:
        rows = rows.filter(earned_at__lt=datetime.combine(until + timedelta(days=1), time(), _zone()))
    return rows.select_related("request__category").order_by("-earned_at", "-pk")


def _earning(job: Job, moved: Sequence[Movement]) -> Earning:
    quote, category = Quote.from_json(job.final), job.request.category
    assert category is not None
    cash = money.is_cash(job)
    worked = quote.for_payee(billing.WORKER)
    withheld, refunded, settled = _kept_back(job, quote, moved, cash=cash)

    def line(kind: str) -> int:
        return sum(ln.amount_minor for ln in quote.lines if ln.payee == billing.WORKER and ln.kind == kind)

    travel, fee = line("travel"), line("cancellation_fee")
    tips = sum(job.data.get("tips", [])) if cash else _of(moved, "payable/", {"capture"})
    return Earning(
        job_id=job.pk,
        request_id=job.request_id,
        category_code=category.code,
        category_names=category.names,
        day=job.earned_at.astimezone(_zone()).date(),  # type: ignore[attr-defined]
        minutes=int(job.data.get("worked_min") or 0),
        settled=settled,
        cash=cash,
        labour_minor=worked - travel - fee,
        travel_minor=travel,
        fee_minor=fee,
        tips_minor=tips,
        incentives_minor=_of(moved, "payable/", {"incentive"}),
        withheld_minor=withheld,
        refunded_minor=refunded,
    )


def _kept_back(job: Job, quote: Quote, moved: Sequence[Movement], *, cash: bool) -> tuple[int, int, bool]:
    """(withheld, refunded, settled). Before the release the bill's own withholding stands for what will be kept."""
    if cash:
        refunded = -_of(moved, "cash_debt/", {"cash_refund"})
        return 0, refunded, job.state != "disputed" and job.confirmed_at is not None
    released = [m for m in moved if m.code == "release_worker"]
    settled = bool(released or job.data.get("refund_kind")) and job.state != "disputed"
    if not settled:
        owed = _of(moved, "payable/", {"cancellation_fee"})
        return (0 if owed else billing.withholding_minor(job.terms, quote)), 0, bool(owed)
    withheld = _of(moved, "revenue/", {"release_withholding"})
    kept = _of(moved, "payable/", {"release_worker", "dispute_hold", "refund_share"})
    return withheld, quote.for_payee(billing.WORKER) - withheld - kept, True


def _of(moved: Iterable[Movement], family: str, codes: set[str]) -> int:
    return sum(m.amount_minor for m in moved if m.path.startswith(family) and m.code in codes)


# --- together -------------------------------------------------------------------------------------------------------


def breakdown(
    worker: User, by: str, *, now: datetime, since: date | None = None, until: date | None = None
) -> list[Sum]:
    """By ``task``, ``date`` or ``category``, with labour, travel, tips, incentives and withholding (KH-STAT-10)."""
    rows = earnings_of(worker, now=now, since=since, until=until)
    return summed(rows, by)


def summed(rows: Iterable[Earning], by: str) -> list[Sum]:
    """Groups in the order in which they first appear, days and tasks newest first; categories by what they brought."""
    keys: dict[str, Callable[[Earning], tuple[str, str]]] = {
        "task": lambda row: (str(row.job_id), f"{pick(row.category_names)} {row.day.isoformat()}"),
        "date": lambda row: (row.day.isoformat(), row.day.isoformat()),
        "category": lambda row: (row.category_code, pick(row.category_names)),
    }
    groups: dict[tuple[str, str], list[Earning]] = {}
    for row in rows:
        groups.setdefault(keys[by](row), []).append(row)
    sums = [_sum(key, label, members) for (key, label), members in groups.items()]
    return sorted(sums, key=lambda s: (-s.net_minor, s.key)) if by == "category" else sums


def _sum(key: str, label: str, rows: Sequence[Earning]) -> Sum:
    return Sum(
        key=key,
        label=label,
        tasks=len(rows),
        minutes=sum(row.minutes for row in rows),
        parts={part: sum(getattr(row, f"{part}_minor") for row in rows) for part in PARTS},
        net_minor=sum(row.net_minor for row in rows),
    )


def export_csv(worker: User, *, now: datetime, since: date | None = None, until: date | None = None) -> str:
    """One line a task, as a spreadsheet reads it; amounts in the currency's major unit (KH-STAT-10)."""
    out = io.StringIO()
    writer = csv.writer(out)
    titles = {
        "labour": _("Labour"),
        "travel": _("Travel"),
        "fee": _("Cancellation fee"),
        "tips": _("Tips"),
        "incentives": _("Incentives"),
        "withheld": _("Withheld"),
        "refunded": _("Refunded"),
    }
    head = [_("Task"), _("Date"), _("Category"), _("Hours"), *titles.values(), _("Net"), _("Currency")]
    writer.writerow(head)
    currency = active().currency
    for row in earnings_of(worker, now=now, since=since, until=until):
        amounts = [*(getattr(row, f"{part}_minor") for part in titles), row.net_minor]
        writer.writerow(_cells(row, amounts, currency))
    return out.getvalue()


def _cells(row: Earning, amounts: Sequence[int], currency: str) -> list[Any]:
    hours = f"{row.minutes // 60}:{row.minutes % 60:02d}"
    figures = [str(Money(amount, currency).major) for amount in amounts]
    return [row.request_id, row.day.isoformat(), pick(row.category_names), hours, *figures, currency]
