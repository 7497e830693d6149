"""The nearest workers of a category, out of any number, in one indexed query (docs/decisions/0004).

PostgreSQL sorts by distance on the Mercator plane, which near one place is the order on the ground but for a hair.
The hair is what the code around the query is for: distances are taken again on the sphere, and the answer stands
only when nobody who was not fetched can be nearer than the last who was. So nobody is lost, at any latitude.
"""

from __future__ import annotations

from collections.abc import Collection
from math import pi, sqrt
from typing import NamedTuple

import numpy as np
from django.db import connection

from mahalla.kernel.matching.models import Spot
from mahalla.kernel.matching.spots import CATEGORY_SHIFT_M, point
from mahalla.kernel.places import geo

#: half of the plane's side
WORLD_M = geo.EARTH_M * pi
#: farther apart than any two spots of one category, nearer than any two of different ones
OWN_PLANE_M = 2 * sqrt(2) * WORLD_M
assert OWN_PLANE_M < CATEGORY_SHIFT_M - 2 * WORLD_M

#: Nothing but the order and the limit. A filter on place here would let the planner, who knows nothing of how points
#: lie, read and sort a whole city; as it stands there is one plan worth having, and it reads ``fetch`` entries.
SQL = """
    SELECT worker_id, lat, lng, radius_m, at <-> point(%s, %s) AS plane_m
    FROM matching_spot WHERE {half} ORDER BY at <-> point(%s, %s) LIMIT %s
"""


class Near(NamedTuple):
    worker_id: int
    distance_m: float


def nearest(
    category_id: int,
    lat: float,
    lng: float,
    *,
    limit: int,
    radius_m: float | None,
    live_only: bool = True,
) -> list[Near]:
    """Up to ``limit`` workers as ``(worker_id, distance_m)``, nearest first, no one nearer left out.

    A worker counts within ``radius_m`` and within the worker's own radius; ``radius_m=None`` is work without a place,
    where neither does. ``live_only=False`` adds those who are not eligible or switched off.
    """
    found = _nearest("live", category_id, lat, lng, limit, radius_m)
    if not live_only:
        found += _nearest("NOT live", category_id, lat, lng, limit, radius_m)
        found.sort(key=lambda near: (near.distance_m, near.worker_id))
    return found[:limit]


def _nearest(
    half: str, category_id: int, lat: float, lng: float, limit: int, radius_m: float | None
) -> list[Near]:
    x, y = point(category_id, lat, lng)
    reach_plane_m = OWN_PLANE_M
    if radius_m is not None:
        reach_plane_m = min(OWN_PLANE_M, radius_m * geo.stretch(lat, radius_m))
    fetch = limit + limit // 8 + 16
    while True:
        with connection.cursor() as cursor:
            cursor.execute(SQL.format(half=half), (x, y, x, y, fetch))
            rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 5)
        near = rows[rows[:, 4] <= reach_plane_m]
        ids, distance = near[:, 0].astype(np.int64), geo.distance_m(lat, lng, near[:, 1], near[:, 2])
        if radius_m is not None:
            inside = distance <= np.minimum(near[:, 3], radius_m)
            ids, distance = ids[inside], distance[inside]
        order = np.lexsort((ids, distance))[:limit]
        seen_all = len(rows) < fetch or len(near) < len(rows)
        if seen_all or (len(order) == limit and _settled(lat, distance[order[-1]], rows[-1, 4])):
            return [Near(int(ids[i]), float(distance[i])) for i in order]
        fetch *= 4


def _settled(lat: float, last_m: float, seen_plane_m: float) -> bool:
    """Whether all that lies within ``last_m`` on the ground was seen within ``seen_plane_m`` on the plane."""
    return bool(seen_plane_m >= last_m * geo.stretch(lat, last_m))


def reached(
    worker_ids: Collection[int], category_id: int, lat: float, lng: float, *, radius_m: float | None
) -> dict[int, float]:
    """Those of these workers whom ``nearest`` would find here with no limit, with their distance in metres."""
    rows = Spot.objects.filter(category_id=category_id, worker_id__in=list(worker_ids), live=True)
    found = {}
    for worker_id, at_lat, at_lng, own_m in rows.values_list("worker_id", "lat", "lng", "radius_m"):
        distance = geo.distance_m(lat, lng, at_lat, at_lng)
        if radius_m is None or distance <= min(own_m, radius_m):
            found[worker_id] = distance
    return found


def supply(category_id: int, lat: float, lng: float, *, radius_m: float) -> int:
    """How many live workers of the category stand within ``radius_m``, whatever their own radius."""
    x, y = point(category_id, lat, lng)
    side = min(WORLD_M, radius_m * geo.stretch(lat, radius_m))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lat, lng FROM matching_spot WHERE live AND at <@ box(point(%s, %s), point(%s, %s))",
            (x - side, y - side, x + side, y + side),
        )
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 2)
    return int(np.count_nonzero(geo.distance_m(lat, lng, rows[:, 0], rows[:, 1]) <= radius_m))
