"""A Tasker's part of a quote, as lines that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mahalla.kernel.work.models import Job
from mahalla.kit.money import Money, NotAnAmount, parse
from mahalla.kit.money import format as format_money
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing
from mahalla.markets.khidma.pages.tasker.words import LINES
from mahalla.web import units


@dataclass(frozen=True, slots=True)
class Line:
    """``note`` says how the amount came about ("2 hr × SAR 30.00")."""

    label: Any
    note: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What the Tasker gets: lines that add up to the total. The client's fee is no part of it (KH-PRICE-10)."""

    lines: tuple[Line, ...]
    total_minor: int
    currency: str


def of_quote(quote: Quote, *, withholding_minor: int = 0, more: Mapping[str, int] | None = None) -> Earned:
    """The worker's lines of a quote, with tips and bonus (``more``), less what is kept back for tax."""
    lines = [
        Line(LINES.get(line.kind, line.label), _note(line.meta, quote.currency), line.amount_minor)
        for line in quote.lines
        if line.payee == billing.WORKER
    ]
    lines += [Line(LINES[kind], "", amount) for kind, amount in (more or {}).items() if amount]
    if withholding_minor:
        lines.append(Line(LINES["withholding"], "", -withholding_minor))
    return Earned(tuple(lines), sum(line.amount_minor for line in lines), quote.currency)


def of_job(job: Job) -> Earned | None:
    """What the work came to, or what was agreed while it is not done; None where nothing was earned."""
    raw = job.final or ({} if job.closed_at else job.quote)
    if not raw:
        return None
    quote = Quote.from_json(raw)
    more = {"incentive": int(job.data.get("incentive_minor") or 0), "tip": sum(job.data.get("tips", []))}
    kept = billing.withholding_minor(job.terms, quote) if job.terms else 0
    return of_quote(quote, withholding_minor=kept, more=more)


def of_minutes(job: Job, minutes: int) -> int:
    """What so many minutes bring the Tasker, the minimum counted in, bounded by what is secured."""
    billed = max(minutes, int(job.terms["minimum_min"]))
    quote = billing.price(job.terms, minutes=billed)
    most = job.terms.get("hold_minor")
    if most and job.terms.get("method_kind") != "cash":
        quote = billing.capped(quote, most)
    return quote.for_payee(billing.WORKER) - billing.withholding_minor(job.terms, quote)


def minor_of(text: str, currency: str) -> int | None:
    """What somebody typed as an amount, in minor units; None where it is none."""
    try:
        return parse(text, currency, units.language()).minor
    except NotAnAmount:
        return None


def shown(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency), units.language())


def _note(meta: Mapping[str, Any], currency: str) -> str:
    if "rate_minor" in meta:
        sum_of = f"{units.minutes(int(meta['minutes']))} × {shown(int(meta['rate_minor']), currency)}"
        return f"{sum_of} · {_capped(meta, currency)}" if "capped_from" in meta else sum_of
    share = int(meta.get("share_pct", 100))
    return f"{share}%" if share != 100 else ""


def _capped(meta: Mapping[str, Any], currency: str) -> str:
    """Why the amount is less than the sum beside it: billing stops at what was secured (KH-FLOW-25)."""
    return _("%(amount)s, capped at what was secured") % {"amount": shown(int(meta["capped_from"]), currency)}
