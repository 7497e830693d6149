"""Keeping the spots: one row per worker and category, moved and switched as workers do.

The market decides who is eligible and calls ``refresh`` when a profile, a check or a place changes, and ``switch``
when only availability does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from mahalla.kernel.identity.models import User
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.places import geo
from mahalla.kernel.places.operations import check_point

#: metres between one category's plane and the next; the whole world is 40,030,174 m wide
CATEGORY_SHIFT_M = 100_000_000.0


def point(category_id: int, lat: float, lng: float) -> tuple[float, float]:
    """Where this place lies on the category's own plane."""
    x, y = geo.mercator(lat, lng)
    return x + category_id * CATEGORY_SHIFT_M, y


@transaction.atomic
def refresh(
    worker_id: int, *, category_ids: Collection[int], lat: float, lng: float, live: bool, radius_m: int
) -> None:
    """Make the worker's spots these and no others. Rows that already say so are not written."""
    lat, lng = check_point(lat, lng)
    wanted = sorted(set(category_ids))
    points = [point(category, lat, lng) for category in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM matching_spot WHERE worker_id = %s AND NOT category_id = ANY(%s)",
            (worker_id, wanted),
        )
        cursor.execute(
            """
            INSERT INTO matching_spot AS old (worker_id, category_id, at, lat, lng, live, radius_m)
            SELECT %s, c, point(x, y), %s, %s, %s, %s
            FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS new (c, x, y)
            ON CONFLICT (worker_id, category_id) DO UPDATE
            SET at = excluded.at, lat = excluded.lat, lng = excluded.lng,
                live = excluded.live, radius_m = excluded.radius_m
            WHERE (old.lat, old.lng, old.live, old.radius_m)
                IS DISTINCT FROM (excluded.lat, excluded.lng, excluded.live, excluded.radius_m)
            """,
            (worker_id, lat, lng, live, radius_m, wanted, [x for x, _ in points], [y for _, y in points]),
        )


def switch(worker_id: int, live: bool) -> int:
    """Put all of the worker's spots on or off the lists; how many changed."""
    return Spot.objects.filter(worker_id=worker_id, live=not live).update(live=live)


def remove(worker_id: int) -> None:
    Spot.objects.filter(worker_id=worker_id).delete()


def own_data(user: User) -> list[dict[str, Any]]:
    """A worker's share of the export: where they stand, and how far they go."""
    rows = Spot.objects.filter(worker_id=user.pk)
    return [dict(row) for row in rows.values("category__code", "lat", "lng", "radius_m", "live")]


def erase(user_id: int, now: datetime) -> None:
    """Off the map for good. Past rankings keep a number that names nobody any more."""
    remove(user_id)
