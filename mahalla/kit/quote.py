"""A price as lines that add up: what the client pays, and who gets each part of it.

Every amount is the **client's**: positive is paid by the client, negative (a discount, a credit, a promotion) is taken
off what the client pays. ``payee`` says whose money the line becomes ("worker", "platform", "tax" …): the sum of a
payee's lines is what that payee gets from this quote. Each line is rounded once, before it comes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mahalla.kit.money import Money, exponent


class NotAdding(ValueError):
    """A stored quote whose lines do not add up to its total: it was altered after it was frozen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``amount_minor`` from the client's side: positive adds to the price, negative lowers it.

    ``kind`` is for programs ("labour", "service_fee", "discount"), ``label`` for people (given in a language
    when the quote is frozen), ``meta`` holds JSON values that explain the figure (hours, rate, percent).
    """

    kind: str
    amount_minor: int
    payee: str
    label: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise TypeError(f"minor units are an int, not {type(self.amount_minor).__name__}")
        if not self.kind or not self.payee:
            raise ValueError("a line says what it is for and who gets it")


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines in one ``currency``. The total is what the client pays and is never negative."""

    lines: tuple[Line, ...]
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        object.__setattr__(self, "lines", tuple(self.lines))
        if self.total_minor < 0:
            raise ValueError("discounts and credits exceed the price: cap them before they become a line")

    @property
    def total_minor(self) -> int:
        """What the client pays."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def payees(self) -> tuple[str, ...]:
        """Everyone named, in the order of the lines."""
        return tuple(dict.fromkeys(line.payee for line in self.lines))

    def for_payee(self, payee: str) -> int:
        """What ``payee`` gets of the client's money, in minor units (negative if it carries a discount)."""
        return sum(line.amount_minor for line in self.lines if line.payee == payee)

    def of_kind(self, *kinds: str) -> int:
        """The sum of the lines of these kinds, as the client pays them."""
        return sum(line.amount_minor for line in self.lines if line.kind in kinds)

    def plus(self, lines: Iterable[Line]) -> Quote:
        """Another quote, with these lines after its own."""
        return Quote((*self.lines, *lines), self.currency)

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "total_minor": self.total_minor,
            "lines": [
                {
                    "kind": line.kind,
                    "amount_minor": line.amount_minor,
                    "payee": line.payee,
                    "label": str(line.label),
                    "meta": dict(line.meta),
                }
                for line in self.lines
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quote:
        """A frozen quote back from its row. Raises ``NotAdding`` when the lines no longer give the stored total."""
        quote = cls(tuple(Line(**line) for line in data["lines"]), data["currency"])
        if quote.total_minor != data["total_minor"]:
            raise NotAdding(f"lines give {quote.total_minor}, the quote says {data['total_minor']}")
        return quote
