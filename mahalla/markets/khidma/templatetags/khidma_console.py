"""``{% load khidma_console %}``: looking words up in the console's tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def get(words: Mapping[str, Any], key: str) -> Any:
    """The word for ``key``; the key itself where there is none."""
    return words.get(key, key)


@register.filter
def yesno_or_value(value: Any) -> Any:
    """``yes`` and ``no`` for what is true or false, else the value."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value
