"""Money: integers of minor units, one way to round, and shares that add up to the whole.

No float comes in: every function refuses one. Minor units follow ISO 4217 (JOD has 3 decimals, JPY none).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from babel import Locale
from babel.numbers import (
    NumberFormatError,
    format_currency,
    get_currency_precision,
    get_currency_symbol,
    list_currencies,
    parse_decimal,
)
from django.utils.translation import gettext_lazy as _

from mahalla.kit.errors import Invalid

Exact = int | Fraction | Decimal

#: Babel carries CLDR's digits, which are those that people write. Where ISO 4217 (which payment providers count in)
#: has more of them, ISO's stand here.
_ISO_DIGITS = {
    "AFN": 2, "ALL": 2, "IQD": 3, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2, "MGA": 2, "MMK": 2,
    "RSD": 2, "SLL": 2, "SOS": 2, "SYP": 2, "YER": 2,
}  # fmt: skip

_EASTERN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_BIDI_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
_FIGURE = re.compile(r"[+-]?[0-9.,'’]{1,20}")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f \t"))


class NotAnAmount(Invalid):
    """A text that is no amount of this currency; the sentence says what to write instead."""

    def __init__(self, currency: str, field: str = "amount") -> None:
        digits = exponent(currency)
        sentence = _(
            "Write an amount in %(currency)s with at most %(digits)d decimals, for example %(example)s."
        )
        example = f"{Decimal(12345).scaleb(-digits):f}"
        super().__init__(
            {field: sentence % {"currency": currency, "digits": digits, "example": example}},
            code="not_an_amount",
        )


class OtherCurrency(ValueError):
    """Two currencies met in one sum: a programmer's mistake, never a user's."""


@cache
def exponent(currency: str) -> int:
    """Decimals of the ISO 4217 code: how many digits of its amounts are minor units. Raises ValueError if unknown."""
    if currency not in list_currencies():
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code")
    return _ISO_DIGITS.get(currency, get_currency_precision(currency))


def round_half_up(value: Exact) -> int:
    """The nearest integer; a half goes away from zero, so that a refund rounds as its charge did. Refuses floats."""
    exact = Fraction(_exact(value))
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return magnitude if exact >= 0 else -magnitude


def split(total_minor: int, weights: Sequence[Exact]) -> list[int]:
    """Shares of ``total_minor`` in proportion to ``weights`` that add up to it exactly.

    Largest remainder: each share is its proportion rounded down, and the units left over go to the largest
    fractions, the earlier weight first. Raises ValueError for a negative total or weight, or weights without a sum.
    """
    _whole(total_minor)
    parts = [Fraction(_exact(weight)) for weight in weights]
    whole = sum(parts, Fraction(0))
    if total_minor < 0 or any(part < 0 for part in parts):
        raise ValueError("a negative amount or weight cannot be split")
    if whole == 0:
        raise ValueError("the weights add up to nothing")
    ideal = [total_minor * part / whole for part in parts]
    shares = [share.numerator // share.denominator for share in ideal]
    by_remainder = sorted(range(len(parts)), key=lambda i: (shares[i] - ideal[i], i))
    for i in by_remainder[: total_minor - sum(shares)]:
        shares[i] += 1
    return shares


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` units of ``currency``. Whose money it is, is said by whoever holds it."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        _whole(self.minor)
        exponent(self.currency)

    @classmethod
    def of(cls, major: Exact, currency: str) -> Money:
        """From major units, rounded half-up to the currency's minor unit: ``of(Decimal("33.333"), "SAR")`` is 33.33."""
        return cls(round_half_up(Fraction(_exact(major)) * 10 ** exponent(currency)), currency)

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def share(self, part: Exact) -> Money:
        """That part of it (``Fraction(20, 100)`` is 20 %), rounded half-up once."""
        return Money(round_half_up(self.minor * Fraction(_exact(part))), self.currency)

    def split(self, weights: Sequence[Exact]) -> list[Money]:
        return [Money(minor, self.currency) for minor in split(self.minor, weights)]

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise OtherCurrency(f"{self.currency} and {other.currency} do not add up")
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)


def format(money: Money, language: str) -> str:
    """For people, as the language writes it (``SAR 40.00``, ``40.00 ر.س.``), never losing a minor unit."""
    kept, written = exponent(money.currency), get_currency_precision(money.currency)
    digits = written if kept <= written or money.minor % 10 ** (kept - written) == 0 else kept
    locale = _locale(language)
    pattern = locale.currency_formats["standard"].pattern
    if get_currency_symbol(money.currency, locale=locale)[-1].isalpha():
        pattern = pattern.replace("¤#", "¤\u00a0#")
    decimals = builtins.format(abs(money.major), f".{digits}f")
    return format_currency(
        Decimal(decimals).copy_sign(money.minor or 1),
        money.currency,
        format=_with_decimals(pattern, digits),
        locale=locale,
        currency_digits=False,
    )


def parse(text: str, currency: str, language: str = "en") -> Money:
    """What a person typed: western or eastern digits, the language's separators, the currency's name or none.

    Nothing is rounded: more decimals than the currency has, and anything else that is no amount, raise ``NotAnAmount``.
    """
    locale = _locale(language)
    symbols = locale.number_symbols["latn"]
    bare = text.translate(_BIDI_MARKS)
    for name in (get_currency_symbol(currency, locale=locale).translate(_BIDI_MARKS), currency):
        bare = bare.replace(name, "")
    bare = bare.translate(_EASTERN_DIGITS).replace("٫", symbols["decimal"]).replace("٬", symbols["group"])
    bare = bare.translate(_SPACES).replace("\u2212", "-")
    if not _FIGURE.fullmatch(bare):
        raise NotAnAmount(currency)
    grouped_by_space = not symbols["group"].translate(_SPACES)
    try:
        major = parse_decimal(bare, locale=locale, strict=not grouped_by_space)
    except NumberFormatError:
        raise NotAnAmount(currency) from None
    minor = Fraction(major) * 10 ** exponent(currency)
    if minor.denominator != 1:
        raise NotAnAmount(currency)
    return Money(minor.numerator, currency)


def _locale(language: str) -> Locale:
    return Locale.parse(language.replace("_", "-"), sep="-")


def _with_decimals(pattern: str, digits: int) -> str:
    """The locale's pattern with exactly ``digits`` decimals: ``¤#,##0.00`` with 3 is ``¤#,##0.000``."""
    return pattern.replace("0.00", "0." + "0" * digits if digits else "0")


def _exact(value: Exact) -> Exact:
    if isinstance(value, bool) or not isinstance(value, int | Fraction | Decimal):
        raise TypeError(f"money is counted in int, Fraction or Decimal, not {type(value).__name__}")
    return value


def _whole(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"minor units are an int, not {type(value).__name__}")
    return value
