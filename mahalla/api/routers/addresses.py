"""The own saved addresses (KH-PROFILE-01, KH-PROFILE-03)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Body, Id, Line, Word
from mahalla.kernel.places import operations, queries
from mahalla.kernel.places.models import Address as Row
from mahalla.kit.text import pick

router = Router(tags=["Addresses"])
Parking = Literal["none", "limited", "no_parking"]


class Address(Schema):
    id: int
    label: str
    lines: str
    building: str
    floor: int | None
    elevator: bool | None
    parking: str
    note: str
    lat: float
    lng: float
    district: str
    city: str
    is_default: bool


class NewAddress(Body):
    label: Word = Field(examples=["Home"])
    lines: Line = Field(examples=["12 Olaya Street"])
    building: Word = ""
    floor: int | None = Field(None, ge=-10, le=200, examples=[2])
    elevator: bool | None = None
    parking: Parking = "none"
    note: Line = ""
    lat: float = Field(ge=-85, le=85, examples=[24.7136])
    lng: float = Field(ge=-180, le=180, examples=[46.6753])
    is_default: bool = False


class ChangeAddress(Body):
    label: Word | None = Field(None, examples=["Home"])
    lines: Line | None = None
    building: Word | None = None
    floor: int | None = Field(None, ge=-10, le=200)
    elevator: bool | None = None
    parking: Parking | None = None
    note: Line | None = None
    lat: float | None = Field(None, ge=-85, le=85)
    lng: float | None = Field(None, ge=-180, le=180)


def shown(row: Row) -> dict[str, Any]:
    """Only ever shown to its owner."""
    fields = {name: getattr(row, name) for name in (*operations.FIELDS, "is_default")}
    district = row.district
    return {
        **fields,
        "id": row.pk,
        "district": pick(district.names) if district else "",
        "city": pick(district.city.names) if district else "",
    }


@router.get("", response=list[Address], summary="My addresses")
def list_addresses(request: HttpRequest) -> object:
    """The default first."""
    return [shown(row) for row in queries.addresses_for(me(request))]


@router.post("", response={201: Address}, summary="Save an address")
def add_address(request: HttpRequest, body: NewAddress) -> object:
    """The first one becomes the default."""
    return shown(operations.add(me(request), now=instant(request), **body.dict()))


@router.patch("/{address_id}", response=Address, summary="Change an address")
def change_address(request: HttpRequest, address_id: Id, body: ChangeAddress) -> object:
    """What is left out stays. Work that is posted keeps the address as it was."""
    row = queries.address_for(me(request), address_id)
    return shown(operations.edit(row, now=instant(request), **body.dict(exclude_unset=True)))


@router.put("/{address_id}/default", response=Address, summary="Make it the default")
def set_default_address(request: HttpRequest, address_id: Id) -> object:
    """Preselected from now on."""
    row = queries.address_for(me(request), address_id)
    return shown(operations.set_default(row, now=instant(request)))


class Heir(Schema):
    new_default: Id | None = Field(
        None, description="The default from now on, where the default itself is removed"
    )


@router.delete("/{address_id}", response={204: None}, summary="Remove an address")
def remove_address(request: HttpRequest, address_id: Id, heir: Annotated[Heir, Query()]) -> None:
    """Removing the default asks for `new_default` while others are left (`default_needed`)."""
    viewer = me(request)
    row = queries.address_for(viewer, address_id)
    new = queries.address_for(viewer, heir.new_default) if heir.new_default else None
    operations.remove(row, now=instant(request), new_default=new)
