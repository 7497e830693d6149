"""What this app keeps of a person: their share of the export, and of the erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.identity.models import User
from mahalla.kernel.places import queries
from mahalla.kernel.places.models import Address
from mahalla.kernel.places.operations import FIELDS


def own_data(user: User) -> list[dict[str, Any]]:
    """The saved addresses."""
    return [{name: getattr(address, name) for name in FIELDS} for address in queries.addresses_for(user)]


def erase(user_id: int, now: datetime) -> None:
    """No address stays readable. The rows do, emptied, for what still points at them."""
    Address.objects.filter(user_id=user_id).update(
        label="", lines="", building="", floor=None, elevator=None, parking=Address.Parking.NONE, note="",
        lat=0.0, lng=0.0, district=None, is_default=False, removed_at=now,
    )  # fmt: skip
