"""How the house looks outside: name, mark and accent of the market, or of a white-label brand of it.

A market registers its ``Brand`` once; ``chosen_by`` lets it pick another per request (a partner's domain).
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from mahalla.kit import market

#: accents drawn in ``app.css`` for light and dark; ``(light, dark)`` for the browser's own bars
ACCENTS = {
    "palm": ("#0b6b53", "#4fc7a2"),
    "lapis": ("#2c4fb0", "#9db4ff"),
    "clay": ("#a8431f", "#f3a17d"),
    "rose": ("#a3195b", "#f49ac0"),
    "ocean": ("#0a6487", "#79c6e6"),
}
BACKGROUND = ("#fbf9f5", "#14120f")
#: what an accent is read on in each theme: page, cards
GROUNDS = {"light": ("#fbf9f5", "#ffffff"), "dark": ("#14120f", "#1d1a17")}
OWN = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Brand:
    """``accent`` is one of ``ACCENTS`` or a colour of one's own (``#0b6b53``, made readable).

    ``mark`` is one of ``pictures.MARKS``; ``logo_url`` replaces the drawn mark.
    """

    name: Any
    accent: str = "palm"
    mark: str = "arch"
    tagline: Any = ""
    logo_url: str = ""

    def __post_init__(self) -> None:
        if self.accent not in ACCENTS and not OWN.fullmatch(self.accent):
            raise ValueError(f"no accent {self.accent!r}; there are {', '.join(ACCENTS)} and #rrggbb")

    @property
    def colour(self) -> str:
        """The accent on a light page, for icons and the browser's own bars."""
        return palette(self.accent)["light"]["accent"] if self.own_colour else ACCENTS[self.accent][0]

    @property
    def own_colour(self) -> str:
        """The six digits of a colour that is none of ours, else nothing."""
        return self.accent[1:] if OWN.fullmatch(self.accent) else ""

    @property
    def accent_name(self) -> str:
        return "own" if self.own_colour else self.accent


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2, 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def palette(colour: str) -> dict[str, dict[str, str]]:
    """The accent tokens made of one colour: its hue kept, its lightness moved until text on it and in it can be read."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, strength = colorsys.rgb_to_hls(red, green, blue)

    def tone(lightness: float, most: float = 1.0) -> str:
        return "#" + "".join(
            f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, lightness, min(strength, most))
        )

    soft = {"light": tone(0.93, 0.6), "dark": tone(0.13, 0.5)}
    on = {"light": "#ffffff", "dark": tone(0.07, 0.6)}
    steps = [n / 200 for n in range(201)]
    lights = [max(0.0, light - n) for n in steps]
    darks = [min(1.0, max(light, 0.55) + n) for n in steps]
    made = {}
    for theme, tones in (("light", lights), ("dark", darks)):
        grounds = (*GROUNDS[theme], soft[theme], on[theme])
        accent = next(t for t in tones if all(contrast(tone(t), ground) >= 4.6 for ground in grounds))
        strong = max(0.0, accent - 0.08) if theme == "light" else min(1.0, accent + 0.12)
        made[theme] = {
            "accent": tone(accent),
            "accent-strong": tone(strong),
            "accent-soft": soft[theme],
            "on-accent": on[theme],
        }
    return made


def sheet(colour: str) -> str:
    """The tokens of ``palette`` as CSS in the layer of the tokens."""
    light, dark = (
        "".join(f"--{name}: {value}; " for name, value in tokens.items())
        for tokens in palette(colour).values()
    )
    own = '[data-accent="own"]'
    return f"@layer tokens {{ {own} {{ {light}}} @media (prefers-color-scheme: dark) {{ {own} {{ {dark}}} }} }}\n"


_brands: dict[str, Brand] = {}
_choosers: list[Callable[[HttpRequest], Brand | None]] = []


def register(market_name: str, brand: Brand) -> Brand:
    _brands[market_name] = brand
    return brand


def chosen_by(chooser: Callable[[HttpRequest], Brand | None]) -> Callable[[HttpRequest], Brand | None]:
    """Ask ``chooser`` first for each request (a partner's own domain); ``None`` means the market's brand."""
    if chooser not in _choosers:
        _choosers.append(chooser)
    return chooser


def of(request: HttpRequest | None = None) -> Brand:
    """The brand this page wears."""
    for chooser in _choosers if request is not None else ():
        found = chooser(request)  # type: ignore[arg-type]
        if found is not None:
            return found
    active = market.active()
    return _brands.get(active.name) or Brand(active.title)
