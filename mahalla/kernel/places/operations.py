"""What a person does with saved addresses (KH-PROFILE-01, -02, -03)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.places import geo, queries
from mahalla.kernel.places.models import Address
from mahalla.kit.errors import Invalid, NotFound, Refused

FIELDS = ("label", "lines", "building", "floor", "elevator", "parking", "note", "lat", "lng")
LENGTHS = {"label": 60, "lines": 400, "building": 80, "note": 400}
FLOOR_MIN, FLOOR_MAX = -10, 200


class DefaultNeeded(Refused):
    """The default address may not go while no other is named in its place."""

    def __init__(self) -> None:
        super().__init__(
            "default_needed",
            _("Choose which of your other addresses becomes the default, then remove this one."),
            field="new_default",
        )


@transaction.atomic
def add(user: User, *, now: datetime, is_default: bool = False, **fields: Any) -> Address:
    """Save an address; the first one becomes the default. Raises ``Invalid`` with a sentence per field."""
    values = _checked(fields, whole=True)
    _lock(user.pk)
    first = not queries.addresses_for(user).filter(is_default=True).exists()
    if is_default:
        _clear_default(user.pk)
    values["district"] = queries.district_of(values["lat"], values["lng"])
    return Address.objects.create(user=user, created_at=now, is_default=is_default or first, **values)


@transaction.atomic
def edit(address: Address, *, now: datetime, **fields: Any) -> Address:
    """Change some fields. Work already posted keeps the snapshot it was posted with."""
    values = _checked(fields, whole=False)
    current = _current(address)
    for name, value in values.items():
        setattr(current, name, value)
    if {"lat", "lng"} & set(values):
        current.district = queries.district_of(current.lat, current.lng)
    current.save()
    return current


@transaction.atomic
def set_default(address: Address, *, now: datetime) -> Address:
    current = _current(address)
    _clear_default(current.user_id)
    current.is_default = True
    current.save(update_fields=["is_default"])
    return current


@transaction.atomic
def remove(address: Address, *, now: datetime, new_default: Address | None = None) -> None:
    """Remove an address; removing the default asks for a new one while others are left (``DefaultNeeded``)."""
    current = _current(address)
    others = Address.objects.filter(user_id=current.user_id, removed_at=None).exclude(pk=current.pk)
    was_default = current.is_default
    if was_default and others.exists():
        if new_default is None:
            raise DefaultNeeded
        if not others.filter(pk=new_default.pk).exists():
            raise NotFound("address_not_found")
    current.is_default, current.removed_at = False, now
    current.save(update_fields=["is_default", "removed_at"])
    if was_default and new_default is not None:
        set_default(new_default, now=now)


def snapshot(address: Address) -> dict[str, Any]:
    """What posted work keeps of an address: JSON, complete, independent of later edits (KH-PROFILE-02)."""
    district = address.district
    kept: dict[str, Any] = {name: getattr(address, name) for name in FIELDS}
    kept["address_id"] = address.pk
    kept["district"] = district.code if district else ""
    kept["district_names"] = dict(district.names) if district else {}
    kept["city"] = district.city.code if district else ""
    kept["city_names"] = dict(district.city.names) if district else {}
    kept["timezone"] = district.city.timezone if district else ""
    return kept


def check_point(lat: Any, lng: Any) -> tuple[float, float]:
    """Coordinates as floats; ``Invalid`` names the field that is no place on the map."""
    faults: dict[str, Any] = {}
    values = {}
    for name, value, limit in (("lat", lat, geo.LAT_MAX), ("lng", lng, 180.0)):
        number = _number(value)
        if number is None:
            faults[name] = _("Set the point on the map.")
        elif not -limit <= number <= limit:
            faults[name] = (
                _("Latitude runs from -85 to 85 degrees.")
                if name == "lat"
                else _("Longitude runs from -180 to 180 degrees.")
            )
        else:
            values[name] = number
    if faults:
        raise Invalid(faults)
    return values["lat"], values["lng"]


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _checked(fields: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    faults: dict[str, Any] = {name: _("This field is not known.") for name in fields if name not in FIELDS}
    values: dict[str, Any] = {}
    for name, length in LENGTHS.items():
        if name not in fields and not (whole and name in {"label", "lines"}):
            continue
        text = str(fields.get(name) or "").strip()
        if not text and name in {"label", "lines"}:
            faults[name] = (
                _("Give the address a label, such as Home.")
                if name == "label"
                else _("Write the full address.")
            )
        elif len(text) > length:
            faults[name] = _("Use at most %(count)d characters.") % {"count": length}
        values[name] = text
    _check_building(fields, values, faults)
    if whole or "lat" in fields or "lng" in fields:
        try:
            values["lat"], values["lng"] = check_point(fields.get("lat"), fields.get("lng"))
        except Invalid as refusal:
            faults.update(refusal.fields)
    if faults:
        raise Invalid(faults)
    return values


def _check_building(fields: Mapping[str, Any], values: dict[str, Any], faults: dict[str, Any]) -> None:
    if "floor" in fields:
        floor = _number(fields["floor"]) if fields["floor"] not in (None, "") else None
        if fields["floor"] in (None, ""):
            values["floor"] = None
        elif floor is None or floor != int(floor) or not FLOOR_MIN <= floor <= FLOOR_MAX:
            faults["floor"] = _("The floor is a whole number; the ground floor is 0.")
        else:
            values["floor"] = int(floor)
    if "elevator" in fields:
        if fields["elevator"] not in (True, False, None):
            faults["elevator"] = _("Say whether there is an elevator.")
        else:
            values["elevator"] = fields["elevator"]
    if "parking" in fields:
        if fields["parking"] not in Address.Parking.values:
            faults["parking"] = _("Choose none, limited or no parking.")
        else:
            values["parking"] = fields["parking"]


def _lock(user_id: int) -> None:
    """One person's addresses change one at a time, so that a default is never set twice."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)


def _current(address: Address) -> Address:
    _lock(address.user_id)
    found = Address.objects.select_related("district__city").filter(pk=address.pk, removed_at=None).first()
    if found is None:
        raise NotFound("address_not_found")
    return found


def _clear_default(user_id: int) -> None:
    Address.objects.filter(user_id=user_id, is_default=True).update(is_default=False)
