"""Days and instants as staff write them in forms: wall time of the market."""

from __future__ import annotations

from datetime import datetime, time

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from mahalla.kit.errors import Invalid
from mahalla.kit.market import active
from mahalla.kit.spans import zone


def day_of(text: str) -> datetime | None:
    """The beginning of a written day, or nothing where none can be read."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(day, time(0), zone(active().timezone)) if day else None


def instant_of(text: str, *, field: str) -> datetime | None:
    """A written wall time (``2026-03-01T14:00``) or day; nothing for an empty one. Raises ``Invalid``."""
    if not text.strip():
        return None
    try:
        found = parse_datetime(text) or day_of(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid({field: _("Write the date as year-month-day.")})
    return found if found.tzinfo else found.replace(tzinfo=zone(active().timezone))
