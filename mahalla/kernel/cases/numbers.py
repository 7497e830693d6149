"""The numbers that people quote on the phone: ``DSP-2026-00001``."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection

from mahalla.kit.market import active


def next_code(series: str, now: datetime) -> str:
    """The next number of a series in the market's local year. Taken back with its transaction, so there are no gaps.

    Openings of one series wait for each other from here to their commit: cases are rare, and it comes last.
    """
    year = now.astimezone(ZoneInfo(active().timezone)).year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_casenumber (series, year, last) VALUES (%s, %s, 1)"
            " ON CONFLICT (series, year) DO UPDATE SET last = cases_casenumber.last + 1 RETURNING last",
            [series, year],
        )
        (last,) = cursor.fetchone()
    return f"{series}-{year}-{last:05d}"
