"""What work comes to: hours by the timer, the final price by the terms frozen at acceptance, and what may be disputed.

Pure arithmetic over a job's frozen ``terms`` and its timer; nothing here writes. ``terms`` holds, in minor units where
money: ``pricing_model`` hourly|fixed, ``rate_minor``, ``fixed_minor``, ``minimum_min``, ``travel_minor``, ``fee_pct``,
``tax_pct`` (on the fee), ``withholding_pct`` (on earnings), ``cover_minor``, ``currency``, ``method_kind``,
``hold_minor``, ``work_place``, ``risk_class``, ``details``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.work.models import Job
from mahalla.kit.errors import Invalid, Refused
from mahalla.kit.money import round_half_up, split
from mahalla.kit.quote import Line, Quote

TASKER_CANCEL_REASONS = ("sick", "double_booked", "too_far", "task_differs", "other", "unsafe")
DISPUTE_KINDS = ("hours", "not_as_expected", "no_show", "partial", "damage", "cancellation_fee")
WORKER, PLATFORM, TAX = "worker", "platform", "tax"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a Tasker submits: worked minutes, billed minutes (rounded up, at least the minimum), and the price."""

    worked_min: int
    billed_min: int
    share_pct: int
    quote: Quote
    partial: bool = False
    reason: str = ""


def price(terms: Mapping[str, Any], *, minutes: int, share_pct: int = 100) -> Quote:
    """The price of ``minutes`` (hourly) or of ``share_pct`` of a fixed price under these terms (KH-PRICE-01, -15, -16).

    30.00 × 3 h + 5.00 = 95.00; fee 20 % = 19.00; total 114.00.
    """
    if terms["pricing_model"] == "fixed":
        labour = round_half_up(Fraction(terms["fixed_minor"] * share_pct, 100))
        meta: dict[str, Any] = {"fixed_minor": terms["fixed_minor"], "share_pct": share_pct}
    else:
        labour = round_half_up(Fraction(terms["rate_minor"] * minutes, 60))
        meta = {"rate_minor": terms["rate_minor"], "minutes": minutes}
    return _with_fees(terms, labour, terms.get("travel_minor", 0), meta)


def _with_fees(terms: Mapping[str, Any], labour: int, travel: int, meta: dict[str, Any]) -> Quote:
    fee_pct = Fraction(str(terms["fee_pct"]))
    fee = round_half_up(Fraction(labour + travel) * fee_pct / 100)
    tax_pct = Fraction(str(terms.get("tax_pct", 0)))
    lines = [Line("labour", labour, WORKER, meta=meta)]
    if travel:
        lines.append(Line("travel", travel, WORKER))
    lines.append(Line("service_fee", fee, PLATFORM, meta={"pct": str(terms["fee_pct"])}))
    if tax_pct:
        lines.append(Line("tax", round_half_up(fee * tax_pct / 100), TAX, meta={"pct": str(tax_pct)}))
    if terms.get("cover_minor"):
        lines.append(Line("cover", terms["cover_minor"], PLATFORM))
    return Quote(tuple(lines), terms["currency"])


def capped(quote: Quote, most_minor: int) -> Quote:
    """The same lines scaled down to ``most_minor``: without approval, billing stops there (KH-FLOW-25)."""
    if quote.total_minor <= most_minor:
        return quote
    parts = split(most_minor, [line.amount_minor for line in quote.lines])
    lines = (
        Line(line.kind, part, line.payee, meta={**line.meta, "capped_from": line.amount_minor})
        for line, part in zip(quote.lines, parts, strict=True)
    )
    return Quote(tuple(lines), quote.currency)


def hold_minor(quote: Quote, buffer_pct: int) -> int:
    """What is pre-authorised: the estimate and a buffer (KH-PAY-04): 114.00 → 136.80."""
    return round_half_up(Fraction(quote.total_minor * (100 + buffer_pct), 100))


def withholding_minor(terms: Mapping[str, Any], quote: Quote) -> int:
    """What is kept back from the Tasker's earnings for the tax office: 5 % of 80.00 → 4.00 (KH-PRICE-15)."""
    return round_half_up(quote.for_payee(WORKER) * Fraction(str(terms.get("withholding_pct", 0))) / 100)


def worked_minutes(job: Job, *, now: datetime) -> int:
    """Whole minutes of all running intervals (KH-FLOW-19): 09:00–10:20 and 10:40–11:45 is 2 h 25 min."""
    total = timedelta(0)
    for entry in job.timer.all():
        total += (entry.stopped_at or now) - entry.started_at
    return int(total.total_seconds() // 60)


def rounded_minutes(minutes: int, step: int) -> int:
    """Up to the next quarter hour."""
    return -(-minutes // step) * step


def judge(job: Job, data: Mapping[str, Any], *, now: datetime, rounding: int) -> Bill:
    """What the Tasker submits, against the timer and what the client approved. Raises ``Refused`` or ``Invalid``."""
    terms = job.terms
    partial = bool(data.get("partial"))
    reason = str(data.get("reason", "")).strip()
    if partial and not reason:
        raise Invalid({"reason": _("Say why the work was not finished.")})
    worked = worked_minutes(job, now=now)
    if terms["pricing_model"] == "fixed":
        share = _share(data) if partial else 100
        return Bill(
            worked, 0, share, _within_hold(job, price(terms, minutes=0, share_pct=share)), partial, reason
        )
    timed = rounded_minutes(worked, rounding)
    wanted = int(data.get("minutes") or timed)
    if wanted % rounding or wanted < 0:
        raise Invalid({"minutes": _("Hours count in quarters.")})
    approved = timed + int(job.data.get("extra_approved_min", 0))
    if wanted > approved:
        raise Refused(
            "extra_needs_approval",
            _("That is more than the timer shows. Ask the client to approve the extra time."),
            extra_min=wanted - timed,
        )
    billed = max(wanted, terms["minimum_min"])
    return Bill(worked, billed, 100, _within_hold(job, price(terms, minutes=billed)), partial, reason)


def _share(data: Mapping[str, Any]) -> int:
    share = int(data.get("share_pct") or 0)
    if not 5 <= share < 100 or share % 5:
        raise Invalid({"share_pct": _("Choose how much is done, in steps of 5%.")})
    return share


def _within_hold(job: Job, quote: Quote) -> Quote:
    most = job.terms.get("hold_minor")
    return quote if job.terms.get("method_kind") == "cash" or not most else capped(quote, most)


def cancellation_fee_minor(job: Job, *, now: datetime, policy: Callable[[str], Any]) -> int:
    """What the client owes for cancelling now (KH-FLOW-13), wholly the Tasker's.

    24 h or more before the start nothing; later one hour of the rate, or 25 % of a fixed price; once the Tasker is on
    the way the minimum hours and the travel fee, or 50 %.
    """
    terms = job.terms
    fixed = terms["pricing_model"] == "fixed"
    if job.progress:
        return _fixed_part(terms, policy("cancel_enroute_fixed_pct")) if fixed else absence_fee_minor(job)
    if job.start_at - now >= timedelta(hours=policy("cancel_free_hours")):
        return 0
    if fixed:
        return _fixed_part(terms, policy("cancel_late_fixed_pct"))
    return int(terms["rate_minor"] * policy("cancel_late_hours_rate"))


def absence_fee_minor(job: Job) -> int:
    """Minimum hours and travel fee: 30.00 × 2 h + 5.00 = 65.00 (KH-FLOW-23)."""
    terms = job.terms
    if terms["pricing_model"] == "fixed":
        return _fixed_part(terms, 50)
    return round_half_up(Fraction(terms["rate_minor"] * terms["minimum_min"], 60)) + int(
        terms.get("travel_minor", 0)
    )


def _fixed_part(terms: Mapping[str, Any], pct: int) -> int:
    return round_half_up(Fraction(terms["fixed_minor"] * pct, 100))


def final_quote(job: Job) -> Quote:
    return Quote.from_json(job.final)


def worker_amount_minor(job: Job) -> int:
    """The Tasker's amount of the final price (labour and travel), before any tip."""
    return final_quote(job).for_payee(WORKER) if job.final else 0


# --- disputes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client disputes of a charge, in minor units as the client paid it."""

    kind: str
    claimed_minor: int
    charge_minor: int
    text: str
    data: dict[str, Any]


def dispute_in_time(job: Job, kind: str, *, now: datetime, policy: Callable[[str], Any]) -> None:
    """``hours`` and ``partial`` until the review window ends, ``damage`` 14 days, others 7 (KH-CASE-01)."""
    if kind not in DISPUTE_KINDS:
        raise Invalid({"kind": _("Choose what is wrong.")})
    since = job.submitted_at or job.state_since
    if kind in {"hours", "partial"}:
        in_time = job.state == "completed" and job.confirmed_at is None
    else:
        days = policy("damage_limit_days" if kind == "damage" else "dispute_limit_days")
        in_time = now <= since + timedelta(days=days)
    if not in_time:
        raise Refused(
            "dispute_too_late", _("The time to dispute this is over. Write to support if it is serious.")
        )


def claim(job: Job, data: Mapping[str, Any]) -> Claim:
    """What is disputed. For ``hours`` the client names hours: 2.5 h charged, 2.0 h counted → 18.00 of 96.00."""
    if not job.final:
        raise Refused("nothing_charged", _("Nothing was charged for this task."))
    kind, charged = str(data.get("kind")), final_quote(job)
    text = str(data.get("text", "")).strip()
    if not text:
        raise Invalid({"text": _("Tell us what happened.")})
    if kind == "hours":
        amount = charged.total_minor - _price_of_hours(job, int(data.get("minutes") or 0)).total_minor
    else:
        amount = int(data.get("amount_minor") or charged.total_minor)
    if not 0 < amount <= charged.total_minor:
        raise Invalid({"amount": _("Dispute at most what was charged.")})
    kept = {"minutes": data.get("minutes")} if kind == "hours" else {}
    return Claim(kind, amount, charged.total_minor, text, kept)


def _price_of_hours(job: Job, minutes: int) -> Quote:
    if job.terms["pricing_model"] != "hourly" or minutes <= 0:
        raise Invalid({"minutes": _("Say how many hours you count.")})
    return price(job.terms, minutes=minutes)


def parts(quote: Quote, amount_minor: int) -> dict[str, int]:
    """``amount_minor`` of a charge by payee, in proportion (KH-PAY-11): 18.00 of 96.00 is 15.00 worker + 3.00 platform."""
    payees = [payee for payee in quote.payees if quote.for_payee(payee)]
    shares = split(amount_minor, [quote.for_payee(payee) for payee in payees])
    return dict(zip(payees, shares, strict=True))
