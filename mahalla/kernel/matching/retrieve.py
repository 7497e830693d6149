"""The nearest workers of a category, out of any number, in one indexed query (docs/decisions/0004).

PostgreSQL sorts by distance on the Mercator plane, which near one place is the order on the ground but for a hair.
The hair is what the code below the query is for: distances are taken again on the sphere, and the answer stands only
when nobody who was not fetched can be nearer than the last who was. So nobody is lost, at any latitude.
"""

from __future__ import annotations

from math import inf, pi
from typing import NamedTuple

import numpy as np
from django.db import connection

from mahalla.kernel.matching.spots import point
from mahalla.kernel.places import geo

#: half of the plane's side, and a little
WORLD_M = geo.EARTH_M * pi + 1

SQL = """
    SELECT worker_id, lat, lng, radius_m, at <-> point(%(x)s, %(y)s) AS plane_m
    FROM matching_spot
    WHERE {half} AND at <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s)) {reach}
    ORDER BY at <-> point(%(x)s, %(y)s)
    LIMIT %(fetch)s
"""
#: more than is needed goes through here; the exact radius is judged on the sphere
IN_REACH = "AND at <-> point(%(x)s, %(y)s) <= radius_m * %(stretch)s"


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
    values, sql = _question(half, category_id, lat, lng, radius_m)
    fetch = limit + limit // 8 + 16
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, {**values, "fetch": fetch})
            rows = cursor.fetchall()
        if not rows:
            return []
        ids, lats, lngs, reach, plane = (np.array(column) for column in zip(*rows, strict=True))
        distance = geo.distance_m(lat, lng, lats.astype(float), lngs.astype(float))
        if radius_m is not None:
            inside = distance <= np.minimum(reach, radius_m)
            ids, distance = ids[inside], distance[inside]
        order = np.lexsort((ids, distance))[:limit]
        if len(rows) < fetch or (len(order) == limit and _settled(lat, distance[order[-1]], plane[-1])):
            return [Near(int(ids[i]), float(distance[i])) for i in order]
        fetch *= 4


def _settled(lat: float, last_m: float, seen_plane_m: float) -> bool:
    """Whether all that lies within ``last_m`` on the ground was seen within ``seen_plane_m`` on the plane."""
    return bool(seen_plane_m >= last_m * geo.stretch(lat, last_m))


def _question(
    half: str, category_id: int, lat: float, lng: float, radius_m: float | None
) -> tuple[dict[str, float], str]:
    """The query's values and text: a box around all that can be in the radius, within the category's own plane."""
    x, y = point(category_id, lat, lng)
    middle = x - geo.mercator(lat, lng)[0]
    stretch = 1.0 if radius_m is None else geo.stretch(lat, radius_m)
    around = inf if radius_m is None else radius_m * stretch
    values = {
        "x": x,
        "y": y,
        "stretch": stretch,
        "west": max(x - around, middle - WORLD_M),
        "east": min(x + around, middle + WORLD_M),
        "south": max(y - around, -WORLD_M),
        "north": min(y + around, WORLD_M),
    }
    return values, SQL.format(half=half, reach="" if radius_m is None else IN_REACH)


def supply(category_id: int, lat: float, lng: float, *, radius_m: float) -> int:
    """How many live workers of the category stand within ``radius_m``, whatever their own radius."""
    values, _sql = _question("live", category_id, lat, lng, radius_m)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lat, lng FROM matching_spot WHERE live"
            " AND at <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))",
            values,
        )
        rows = np.array(cursor.fetchall(), dtype=float).reshape(-1, 2)
    return int(np.count_nonzero(geo.distance_m(lat, lng, rows[:, 0], rows[:, 1]) <= radius_m))
