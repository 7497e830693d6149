"""``{% load khidma %}``: what only this market's pages say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.payments.models import PaymentMethod
from mahalla.kit.text import pick
from mahalla.web import pictures, scenes

register = template.Library()


@register.filter
def first_name(person: Any) -> str:
    """What people are called by here: never the full name."""
    name = person if isinstance(person, str) else getattr(person, "name", "")
    return name.split()[0] if name.strip() else ""


@register.filter
def method_name(method: PaymentMethod | None) -> str:
    """``Visa ·· 4242``, its own name, or ``Cash``."""
    if method is None:
        return ""
    if method.label:
        return method.label
    if method.kind == PaymentMethod.Kind.CASH:
        return _("Cash")
    brand = _("Wallet") if method.kind == PaymentMethod.Kind.WALLET else method.brand.capitalize()
    return f"{brand} ·· {method.last4}"


@register.filter
def tag_name(code: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """A review tag in the reader's language; the code where it is gone."""
    return pick(names.get(code) or {}) or code


@register.simple_tag
def kind_picture(category: Category) -> SafeString:
    """The drawing of a kind of work: its own, else its group's, else its icon in a scene; never a bare letter."""
    parent = category.parent.code if category.parent_id and category.parent else ""
    for code in (category.code, parent):
        if any(part in scenes.CATEGORIES for part in [code, *code.split("_")]):
            return mark_safe(pictures.drawing(f"category:{code}"))
    if category.icon:
        tint = pictures.pick_of(category.code, list(scenes.TINTS))
        return mark_safe(scenes.icon_scene(f"{static('web/icons.svg')}#{category.icon}", tint))
    return mark_safe(pictures.drawing(f"category:{category.code}"))
