"""``{% load mahalla %}``: icons, money, times, names, avatars, fields and maps for every page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import get_currency_symbol
from django import template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mahalla.kernel.flow.engine import flow_of
from mahalla.kernel.flow.models import Stateful
from mahalla.kit import clock, market, text
from mahalla.web import maps, pictures, units

register = template.Library()

#: drawn for one reading direction; mirrored in the other
DIRECTIONAL = {"back", "forward", "next", "send", "logout", "truck", "list", "menu", "route", "trend", "chat"}
SIZES = {"s": "icon--s", "m": "", "l": "icon--l"}


@register.simple_tag
def icon(name: str, size: str = "m", label: str = "", css: str = "") -> SafeString:
    """One drawing of the sprite. With ``label`` it speaks; without, it is decoration and hidden from readers."""
    flip = "icon--flip" if name in DIRECTIONAL else ""
    classes = " ".join(part for part in ("icon", SIZES.get(size, ""), flip, css) if part)
    speaks = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"/></svg>', classes, speaks, static("web/icons.svg"), name
    )


@register.filter
def money(minor: int | None, currency: str = "") -> str:
    """Minor units as an amount in the reader's language; without a currency, the market's."""
    if minor is None or minor == "":  # type: ignore[comparison-overlap]
        return "–"
    from mahalla.kit.money import Money
    from mahalla.kit.money import format as format_money

    amount = format_money(Money(int(minor), currency or market.active().currency), units.language())
    return format_html("<bdi>{}</bdi>", amount)


@register.filter
def currency_sign(currency: str) -> str:
    """``SAR``, ``ر.س.``: what stands beside a field for an amount, in the reader's language."""
    return str(get_currency_symbol(currency, locale=units.locale()))


def _zone(tz: str) -> ZoneInfo:
    return ZoneInfo(tz or market.active().timezone)


@register.filter
def localtime(instant: datetime | None, tz: str = "") -> str:
    """``14 March, 14:30`` on the wall clock of ``tz`` (default: the market's), with the year when it is another."""
    if instant is None:
        return ""
    local = instant.astimezone(_zone(tz))
    other_year = local.year != clock.now().astimezone(local.tzinfo).year
    written = str(format_date(local.date(), "d MMMM y" if other_year else "d MMMM", locale=units.locale()))
    return written + _(", ") + clocktime(instant, tz)


@register.filter
def daytime(instant: datetime | None, tz: str = "") -> str:
    """``Today, 14:30``, ``Tomorrow, 09:00``, ``Tue 17 March, 14:30``: as people say when."""
    if instant is None:
        return ""
    local, today = instant.astimezone(_zone(tz)), clock.now().astimezone(_zone(tz)).date()
    days = (local.date() - today).days
    if abs(days) <= 1:
        return _near(days) + _(", ") + clocktime(instant, tz)
    pattern = "EEE d MMMM" if local.year == today.year else "EEE d MMMM y"
    written = str(format_date(local.date(), pattern, locale=units.locale()))
    return written + _(", ") + clocktime(instant, tz)


def _near(days: int) -> str:
    return {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}[days]


@register.filter
def clocktime(instant: datetime | None, tz: str = "") -> str:
    """``14:30`` on the wall clock of ``tz``."""
    return (
        ""
        if instant is None
        else str(format_time(instant.astimezone(_zone(tz)), "HH:mm", locale=units.locale()))
    )


@register.filter
def day(instant: datetime | None, tz: str = "") -> str:
    """``Tuesday 17 March`` on the calendar of ``tz``."""
    if instant is None:
        return ""
    return str(format_date(instant.astimezone(_zone(tz)).date(), "EEEE d MMMM", locale=units.locale()))


@register.filter
def ago(instant: datetime | None) -> str:
    """``3 minutes ago``, in the reader's language."""
    if instant is None:
        return ""
    return str(format_timedelta(instant - clock.now(), add_direction=True, locale=units.locale()))


@register.filter
def distance(metres: float | None) -> str:
    """``450 m`` or ``3.2 km``."""
    return "" if metres is None else units.distance(metres)


@register.filter
def minutes(count: int | None) -> str:
    """``9 min`` or ``1 hr 20 min``."""
    return "" if count is None else units.minutes(count)


@register.filter
def state_name(subject: Stateful) -> Any:
    """The state of anything that has a flow, in the flow's own words."""
    return flow_of(subject).state(subject.state).label or subject.state


@register.filter
def pick(names: Mapping[str, str] | None) -> str:
    """The name in the reader's language."""
    return text.pick(names or {})


@register.simple_tag
def avatar(person: Any, size: str = "m", photo: str = "") -> SafeString:
    """The person's picture (``photo``, or ``person.avatar_url``), else the initials on a colour of their own.

    ``person`` is a user, anything with ``name`` and ``pk``, or a plain name. The name always stands beside it, so
    the picture itself says nothing to screen readers.
    """
    name = person if isinstance(person, str) else (getattr(person, "name", "") or str(person or ""))
    source = photo or getattr(person, "avatar_url", "")
    classes = "avatar" + (f" avatar--{size}" if size != "m" else "")
    if source:
        return format_html(
            '<img class="{}" src="{}" alt="" loading="lazy" width="96" height="96">', classes, source
        )
    tone = pictures.pick_of(str(getattr(person, "pk", "") or name), range(6))
    tint = f" avatar--{tone}" if tone else ""
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span>', classes + tint, pictures.initials(name)
    )


@register.simple_tag
def picture(name: str, seed: str = "") -> SafeString:
    """One of our own drawings: a category (``category:cleaning``), an empty state (``empty:inbox``), ``hero``."""
    return mark_safe(pictures.drawing(name, seed))


@register.simple_tag(name="map")
def map_block(
    points: Iterable[Mapping[str, Any]], caption: str = "", note: str = "", pick: str = ""
) -> SafeString:
    """Points on a map: a drawing by us, replaced by tiles in the browser where a tile server is configured.

    Each point is ``{"lat", "lng", "kind": "place"|"worker"|"alert", "label"}``; ``caption`` and ``note`` stand below
    ("3.2 km", "about 9 min") and say all that is needed without a map. ``pick`` names two fields
    (``#id_lat,#id_lng``) that a tap on the tile map fills.
    """
    return mark_safe(
        render_to_string(
            "web/components/map.html",
            maps.block(list(points)) | {"caption": caption, "note": note, "pick": pick},
        )
    )


@register.simple_tag
def once() -> SafeString:
    """A hidden key: the same form sent twice is done once."""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', uuid.uuid4())


@register.simple_tag
def field(bound: BoundField, **options: Any) -> SafeString:
    """A form field with label, hint and error. Options: ``prefix``, ``suffix``, ``hint``, ``label``, ``look`` (one of
    ``stepper``, ``segmented``, ``choices``, ``tiles``, ``chips``, ``switch``, ``code``, ``phone``, ``voice``,
    ``stars``, ``photos``), ``icons`` (value → icon name), ``optional`` (say so), and any HTML attribute (``inputmode="…"``).
    """
    from mahalla.web.fields import render

    return mark_safe(render(bound, options))
