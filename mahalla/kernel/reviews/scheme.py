"""How a market reviews: the sides it has, what each side is asked, and what becomes of the answers.

A market puts ``review_sides`` into its hooks: a function that gives ``{side: Side}``. Without it there is one side,
``of_worker``, with 1–5 stars, words and tags, one reply and nothing blind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mahalla.kit.market import UnknownMarket, hook


@dataclass(frozen=True, slots=True)
class Side:
    """``attributes`` (all required) and ``optional_attributes`` take 1–5 each and replace the stars, if there are any.

    ``blind``: neither side sees the other's before both are in or the window is over. ``public`` False: only the
    matching reads it. ``reply_edit`` None: a reply stands as it was written.
    """

    attributes: tuple[str, ...] = ()
    optional_attributes: tuple[str, ...] = ()
    text_max: int = 2000
    private_feedback: bool = True
    reply: bool = True
    reply_edit: timedelta | None = timedelta(hours=24)
    blind: bool = False
    public: bool = True

    @property
    def asks_stars(self) -> bool:
        return not self.attributes


DEFAULT: Mapping[str, Side] = {"of_worker": Side()}


def sides() -> Mapping[str, Side]:
    try:
        declared: Mapping[str, Side] = hook("review_sides", lambda: DEFAULT)()
    except UnknownMarket:
        return DEFAULT
    return declared


def side(name: str) -> Side:
    """Raises ``KeyError`` for a side that the market does not have: a fault of the caller."""
    return sides()[name]
