"""Reads: whose addresses, and in which district a point lies."""

from __future__ import annotations

from django.db.models import QuerySet

from mahalla.kernel.identity.models import User
from mahalla.kernel.places import geo
from mahalla.kernel.places.models import Address, City, District
from mahalla.kit.errors import NotFound

#: beyond this a point belongs to no known district, and to no known city
DISTRICT_REACH_M = 15_000
CITY_REACH_M = 60_000


def cities() -> QuerySet[City]:
    return City.objects.filter(enabled=True)


def addresses_for(viewer: User) -> QuerySet[Address]:
    """The viewer's own addresses, the default first (KH-PROFILE-03). Nobody sees another's here."""
    return Address.objects.filter(user_id=viewer.pk, removed_at=None).select_related("district__city")


def address_for(viewer: User, pk: int) -> Address:
    """One of the viewer's own addresses, else ``NotFound``."""
    found = addresses_for(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFound("address_not_found")
    return found


def default_address(viewer: User) -> Address | None:
    return addresses_for(viewer).filter(is_default=True).first()


def district_of(lat: float, lng: float, *, city: City | None = None) -> District | None:
    """The district whose centre is nearest, at most 15 km away."""
    box = geo.bounding(lat, lng, DISTRICT_REACH_M)
    near = District.objects.filter(
        lat__range=(box.south, box.north), lng__range=(box.west, box.east), city__enabled=True
    ).select_related("city")
    if city is not None:
        near = near.filter(city=city)
    found = min(near, key=lambda d: geo.distance_m(lat, lng, d.lat, d.lng), default=None)
    if found is None or geo.distance_m(lat, lng, found.lat, found.lng) > DISTRICT_REACH_M:
        return None
    return found


def city_of(lat: float, lng: float) -> City | None:
    """The city of the nearest district, else the city whose centre is nearest, at most 60 km away."""
    district = district_of(lat, lng)
    if district is not None:
        return district.city
    found = min(cities(), key=lambda c: geo.distance_m(lat, lng, c.lat, c.lng), default=None)
    if found is None or geo.distance_m(lat, lng, found.lat, found.lng) > CITY_REACH_M:
        return None
    return found
