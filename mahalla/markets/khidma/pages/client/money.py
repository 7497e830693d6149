"""A quote as lines that a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mahalla.kit.money import Money, parse
from mahalla.kit.money import format as format_money
from mahalla.kit.quote import Quote
from mahalla.markets.khidma.pages.client.words import LINES
from mahalla.web.units import language
from mahalla.web.units import minutes as minutes_text


@dataclass(frozen=True, slots=True)
class ShownLine:
    label: Any
    note: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines that add up to the total, all in the client's currency."""

    lines: tuple[ShownLine, ...]
    total_minor: int
    currency: str


def shown(quote: Mapping[str, Any] | None) -> Shown | None:
    """A stored quote for people; None where there is none."""
    if not quote or "lines" not in quote:
        return None
    made = Quote.from_json(dict(quote))
    lines = tuple(
        ShownLine(
            LINES.get(line.kind, line.label or line.kind), _note(line.meta, made.currency), line.amount_minor
        )
        for line in made.lines
    )
    return Shown(lines, made.total_minor, made.currency)


def _note(meta: Mapping[str, Any], currency: str) -> str:
    if "rate_minor" in meta:
        rate = format_money(Money(int(meta["rate_minor"]), currency), language())
        sum_of = f"{minutes_text(int(meta['minutes']))} × {rate}"
        return f"{sum_of} · {_capped(meta, currency)}" if "capped_from" in meta else sum_of
    if meta.get("share_pct", 100) != 100:
        return _("%(pct)d%% done") % {"pct": meta["share_pct"]}
    if "pct" in meta:
        return f"{meta['pct']}%"
    return ""


def _capped(meta: Mapping[str, Any], currency: str) -> str:
    """Why the amount is less than the sum beside it: billing stops at what was secured (KH-FLOW-25)."""
    whole = format_money(Money(int(meta["capped_from"]), currency), language())
    return _("%(amount)s, capped at what was secured") % {"amount": whole}


def minor_of(text: str, currency: str) -> int:
    """What somebody typed as an amount, in minor units; raises ``NotAnAmount``."""
    return parse(text, currency, language()).minor
