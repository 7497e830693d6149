"""Measures as people of a language write them."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from babel.units import format_unit
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


def language() -> str:
    return (get_language() or "en").split("-")[0]


def locale() -> Locale:
    """Babel's locale of the reader's language, English where Babel has none."""
    try:
        return Locale.parse(language())
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def distance(metres: float) -> str:
    """``450 m`` (to 50 m) or ``3.2 km``; nobody needs more, and more would tell where somebody is."""
    if metres < 950:
        return str(format_unit(max(50, round(metres / 50) * 50), "meter", length="short", locale=locale()))
    km = round(metres / 1000, 1) if metres < 10_000 else round(metres / 1000)
    return str(format_unit(km, "kilometer", length="short", locale=locale()))


def minutes(count: int) -> str:
    """``9 min`` or ``1 hr 20 min``. Words of the catalogue: CLDR's short forms are bare letters in Arabic."""
    hours, rest = divmod(max(0, count), 60)
    said = {
        "hours": ngettext("%(n)d hr", "%(n)d hr", hours) % {"n": hours},
        "minutes": ngettext("%(n)d min", "%(n)d min", rest) % {"n": rest},
    }
    if hours and rest:
        return _("%(hours)s %(minutes)s") % said
    return said["hours"] if hours else said["minutes"]
