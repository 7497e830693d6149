# ruff: noqa: E501 - a line of path data is one line
"""A map drawn by ourselves: points, a way and rings of distance, as one SVG, for pages without a tile server."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mahalla.web.units import distance

WIDTH, HEIGHT, MARGIN = 420, 280, 58
#: kept free for the caption below
FOOT = 56
RINGS_M = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
EARTH_M = 6_371_008.8
Point = Mapping[str, Any]


def block(points: Sequence[Point]) -> dict[str, Any]:
    """What the map's template needs: the drawing, the points for a tile map, and the tiles' address (or nothing)."""
    return {"drawing": sketch(points), "data": json.dumps(points), "tiles": settings.MAHALLA_MAP_TILES}


def _flat(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Metres east and south of the middle: true enough over the tens of kilometres that a page shows."""
    lat = sum(float(p["lat"]) for p in points) / len(points)
    lng = sum(float(p["lng"]) for p in points) / len(points)
    metre = math.radians(1) * EARTH_M
    return [
        ((float(p["lng"]) - lng) * metre * math.cos(math.radians(lat)), (lat - float(p["lat"])) * metre)
        for p in points
    ]


def sketch(points: Sequence[Point]) -> SafeString:
    """The drawing. The first point of kind ``place`` is the middle of the rings; a ``worker`` has a way to it."""
    if not points:
        return SafeString("")
    flat = _flat(points)
    reach_x = max(abs(x) for x, _y in flat) or 200
    reach_y = max(abs(y) for _x, y in flat) or 200
    middle_y = (HEIGHT - FOOT) / 2
    scale = min((WIDTH / 2 - MARGIN) / reach_x, (middle_y - MARGIN * 0.8) / reach_y, 0.4)
    spots = [(round(WIDTH / 2 + x * scale), round(middle_y + y * scale)) for x, y in flat]
    home = next((i for i, p in enumerate(points) if p.get("kind", "place") == "place"), 0)
    names = _(", ").join(str(p.get("label") or "") for p in points if p.get("label"))
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><rect class="map-land" width="100%" height="100%"/>{}{}{}{}</svg>',
        WIDTH, HEIGHT, _("Map: %(places)s") % {"places": names}, _streets(), _rings(spots[home], scale),
        _ways(points, spots, home), _pins(points, spots),
    )  # fmt: skip


def _streets() -> SafeString:
    """Blocks of an unnamed town, so that the eye reads a map; they claim nothing about real streets."""
    rows = [(-10, 60), (60, 54), (124, 72), (206, 46), (262, 70)]
    columns = [(-20, 92), (82, 66), (158, 98), (266, 58), (334, 94), (438, 60)]
    cells = [(x + (y % 3) * 4, y, w, h) for y, h in rows for x, w in columns]
    return format_html(
        '<g transform="rotate(-9 210 140) translate(-20 -26)">{}</g>',
        format_html_join("", '<rect class="map-block" x="{}" y="{}" width="{}" height="{}" rx="9"/>', cells),
    )


def _rings(middle: tuple[int, int], scale: float) -> SafeString:
    fitting = [m for m in RINGS_M if 40 <= m * scale <= min(middle[1] - 18, WIDTH / 2)][:2]
    return format_html_join(
        "",
        '<circle class="map-ring" cx="{0}" cy="{1}" r="{2}"/><text class="map-text" x="{0}" y="{3}" text-anchor="middle">{4}</text>',
        [
            (middle[0], middle[1], round(m * scale), round(middle[1] - m * scale - 5), distance(m))
            for m in fitting
        ],
    )


def _ways(points: Sequence[Point], spots: Sequence[tuple[int, int]], home: int) -> SafeString:
    """A bent line from each worker to the place."""
    lines = []
    for point, (x, y) in zip(points, spots, strict=True):
        if point.get("kind") == "worker":
            hx, hy = spots[home]
            bend_x, bend_y = (x + hx) / 2 - (hy - y) * 0.16, (y + hy) / 2 + (hx - x) * 0.16
            lines.append((f"M{x} {y}Q{bend_x:.0f} {bend_y:.0f} {hx} {hy}",))
    return format_html_join("", '<path class="map-way" d="{}"/>', lines)


def _pins(points: Sequence[Point], spots: Sequence[tuple[int, int]]) -> SafeString:
    drawn = []
    for point, (x, y) in zip(points, spots, strict=True):
        kind, label = str(point.get("kind", "place")), str(point.get("label") or "")
        if kind == "worker":
            shape = format_html('<circle class="map-halo" cx="{0}" cy="{1}" r="20"/><circle class="map-pin" cx="{0}" cy="{1}" r="9"/>', x, y)  # fmt: skip
        else:
            shape = format_html('<path class="map-pin map-pin--{}" d="M{} {}c-10-12-15-19-15-27a15 15 0 0 1 30 0c0 8-5 15-15 27z"/><circle cx="{}" cy="{}" r="5" fill="#fff"/>', kind, x, y, x, y - 27)  # fmt: skip
        drawn.append((shape, x, y - 26 if kind == "worker" else y + 18, label))
    return format_html_join("", '{}<text class="map-label" x="{}" y="{}">{}</text>', drawn)
