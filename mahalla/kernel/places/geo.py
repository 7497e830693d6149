"""Distances and the map's plane. Degrees in, metres out; every function takes scalars or numpy arrays.

The earth is a sphere of 6,371 km here: at most 0.5 % from the ellipsoid, and the figure that specifications use.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

EARTH_M = 6_371_000.0
LAT_MAX = 85.0
#: length of one degree of latitude
DEGREE_M = math.pi * EARTH_M / 180

Floats = NDArray[np.float64]


@overload
def distance_m(a_lat: float, a_lng: float, b_lat: float, b_lng: float) -> float: ...
@overload
def distance_m(a_lat: Any, a_lng: Any, b_lat: Any, b_lng: Any) -> Any: ...
def distance_m(a_lat: Any, a_lng: Any, b_lat: Any, b_lng: Any) -> Any:
    """Great-circle (haversine) distance in metres; arrays broadcast against scalars."""
    if all(isinstance(value, (int, float)) for value in (a_lat, a_lng, b_lat, b_lng)):
        phi_a, phi_b = math.radians(a_lat), math.radians(b_lat)
        half_lat, half_lng = (phi_b - phi_a) / 2, math.radians(b_lng - a_lng) / 2
        h = math.sin(half_lat) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lng) ** 2
        return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))
    lat_a, lat_b = np.radians(a_lat), np.radians(b_lat)
    lat_half, lng_half = (lat_b - lat_a) / 2, (np.radians(b_lng) - np.radians(a_lng)) / 2
    hav = np.sin(lat_half) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(lng_half) ** 2
    return 2 * EARTH_M * np.arcsin(np.minimum(1.0, np.sqrt(hav)))


@overload
def mercator(lat: float, lng: float) -> tuple[float, float]: ...
@overload
def mercator(lat: Floats, lng: Floats) -> tuple[Floats, Floats]: ...
def mercator(lat: Any, lng: Any) -> tuple[Any, Any]:
    """Spherical Mercator (x, y) in metres at the equator; a metre on the ground is ``stretch(lat)`` metres there."""
    if isinstance(lat, (int, float)):
        return EARTH_M * math.radians(lng), EARTH_M * math.asinh(math.tan(math.radians(lat)))
    return EARTH_M * np.radians(lng), EARTH_M * np.arcsinh(np.tan(np.radians(lat)))


def stretch(lat: float, within_m: float = 0.0) -> float:
    """The most that Mercator stretches a length anywhere within ``within_m`` of this latitude.

    Two points ``d`` apart on the ground, both that near, are at most ``d * stretch`` apart on the plane: the
    great circle between them lies there too, and the straight line on the plane is no longer than its image.
    """
    farthest = min(abs(lat) + within_m / DEGREE_M, 89.0)
    return 1 / math.cos(math.radians(farthest))


class Box(NamedTuple):
    south: float
    west: float
    north: float
    east: float


def bounding(lat: float, lng: float, radius_m: float) -> Box:
    """A box of degrees that holds every point within ``radius_m`` (not across the 180th meridian)."""
    up = radius_m / DEGREE_M
    reach = math.cos(math.radians(min(abs(lat) + up, 89.0)))
    side = min(up / reach, 180.0)
    return Box(max(lat - up, -90.0), max(lng - side, -180.0), min(lat + up, 90.0), min(lng + side, 180.0))
