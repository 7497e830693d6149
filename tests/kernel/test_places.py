"""Saved addresses and distances: Amal keeps three, Badr is the outsider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.places import geo, operations, queries
from mahalla.kernel.places.models import Address, City, District
from mahalla.kit.errors import Invalid, NotFound, Refused

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOME = {"label": "Home", "lines": "12 Garden Street", "lat": 24.7136, "lng": 46.6753}
points = st.tuples(st.floats(-85, 85), st.floats(-180, 180))


@pytest.fixture
def amal(db: None) -> User:
    return User.objects.create_user(phone="+966500000001", name="Amal")


@pytest.fixture
def badr(db: None) -> User:
    return User.objects.create_user(phone="+966500000002", name="Badr")


@pytest.fixture
def riyadh(db: None) -> City:
    city = City.objects.create(
        code="riyadh", names={"en": "Riyadh", "ar": "الرياض"}, timezone="Asia/Riyadh", currency="SAR",
        lat=24.7136, lng=46.6753,
    )  # fmt: skip
    for code, lat, lng in (("olaya", 24.6950, 46.6850), ("malaz", 24.6660, 46.7290)):
        District.objects.create(city=city, code=code, names={"en": code.title()}, lat=lat, lng=lng)
    return city


def three(user: User) -> list[Address]:
    return [
        operations.add(user, now=NOW, **{**HOME, "label": label})
        for label in ("Home", "Office", "Rental flat")
    ]


def test_the_first_address_becomes_the_default(amal: User) -> None:
    first = operations.add(amal, now=NOW, **HOME)
    second = operations.add(amal, now=NOW, **{**HOME, "label": "Office"})
    assert (first.is_default, second.is_default) == (True, False)


@pytest.mark.spec("KH-PROFILE-03")
def test_three_addresses_are_listed_and_removing_the_default_asks_for_a_new_one(amal: User) -> None:
    home, office, _rental = three(amal)
    assert [a.label for a in queries.addresses_for(amal)] == ["Home", "Office", "Rental flat"]
    with pytest.raises(Refused) as refusal:
        operations.remove(home, now=NOW)
    assert (refusal.value.code, refusal.value.field) == ("default_needed", "new_default")
    operations.remove(home, now=NOW, new_default=office)
    assert [(a.label, a.is_default) for a in queries.addresses_for(amal)] == [
        ("Office", True),
        ("Rental flat", False),
    ]


def test_the_only_address_may_go_and_the_next_one_is_the_default_again(amal: User) -> None:
    operations.remove(operations.add(amal, now=NOW, **HOME), now=NOW)
    assert not queries.addresses_for(amal).exists()
    assert operations.add(amal, now=NOW, **HOME).is_default


def test_an_address_fully_described_is_kept_as_given_and_edited(amal: User, riyadh: City) -> None:
    given_ = {
        **HOME,
        "building": "B",
        "floor": "3",
        "elevator": False,
        "parking": "limited",
        "note": "Blue door",
    }
    address = operations.add(amal, now=NOW, **given_)
    assert (address.floor, address.elevator, address.parking) == (3, False, "limited")
    assert address.district is not None and address.district.code == "olaya"
    kept = operations.snapshot(address)
    edited = operations.edit(address, now=NOW, lines="1 Palm Road", lat=24.6660, lng=46.7290)
    assert edited.district is not None and edited.district.code == "malaz"
    assert (kept["lines"], kept["district"], kept["city"], kept["timezone"]) == (
        "12 Garden Street", "olaya", "riyadh", "Asia/Riyadh",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": " "}, "label"),
        ({"lines": ""}, "lines"),
        ({"lat": None}, "lat"),
        ({"lat": 91}, "lat"),
        ({"lng": "far"}, "lng"),
        ({"lng": float("nan")}, "lng"),
        ({"lng": 180.5}, "lng"),
        ({"floor": "2.5"}, "floor"),
        ({"floor": 1000}, "floor"),
        ({"parking": "somewhere"}, "parking"),
        ({"elevator": "perhaps"}, "elevator"),
        ({"note": "x" * 401}, "note"),
        ({"user_id": 7}, "user_id"),
        ({"is_default": True, "removed_at": NOW}, "removed_at"),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_field(amal: User, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        operations.add(amal, now=NOW, **{**HOME, **change})
    assert list(refusal.value.fields) == [field]
    assert str(refusal.value.fields[field]).endswith(".")
    assert not Address.objects.exists()


def test_all_faults_are_told_at_once(amal: User) -> None:
    with pytest.raises(Invalid) as refusal:
        operations.add(amal, now=NOW)
    assert set(refusal.value.fields) == {"label", "lines", "lat", "lng"}


def test_badr_sees_and_gets_nothing_of_amal(amal: User, badr: User) -> None:
    home = three(amal)[0]
    own = operations.add(badr, now=NOW, **HOME)
    assert list(queries.addresses_for(badr)) == [own]
    with pytest.raises(NotFound):
        queries.address_for(badr, home.pk)
    with pytest.raises(NotFound):
        operations.remove(home, now=NOW, new_default=own)


def test_the_database_holds_one_default_and_no_removed_one(amal: User) -> None:
    home, office, _ = three(amal)
    for change in ({"is_default": True}, {"lat": 99.0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Address.objects.filter(pk=office.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Address.objects.filter(pk=home.pk).update(removed_at=NOW)
    operations.set_default(office, now=NOW)
    assert queries.default_address(amal) == office
    with pytest.raises(NotFound):
        operations.remove(home, now=NOW)
        operations.set_default(home, now=NOW)


def test_erasure_leaves_no_address_readable(amal: User, badr: User, riyadh: City) -> None:
    three(amal)
    own = operations.add(badr, now=NOW, **HOME)
    assert [kept["label"] for kept in privacy.export(amal, now=NOW)["addresses"]] == [
        "Home", "Office", "Rental flat",
    ]  # fmt: skip
    privacy.run_erasers(amal.pk, NOW)
    assert not queries.addresses_for(amal).exists()
    assert set(Address.objects.filter(user=amal).values_list("label", "lines", "lat", "lng", "district")) == {
        ("", "", 0.0, 0.0, None)
    }
    own.refresh_from_db()
    assert own.label == "Home"


def test_a_point_far_away_is_in_no_district(riyadh: City) -> None:
    assert queries.district_of(24.70, 46.69) is not None
    assert queries.district_of(21.5, 39.2) is None
    assert queries.city_of(24.9, 46.5) == riyadh
    assert queries.city_of(21.5, 39.2) is None


def test_distances_are_great_circles_on_6371_km() -> None:
    assert geo.distance_m(28.65, 77.17, 28.658, 77.17) == pytest.approx(890, abs=1)
    assert geo.distance_m(28.65, 77.17, 28.659, 77.17) == pytest.approx(1000.8, abs=0.05)
    assert geo.distance_m(0, 0, 0, 180) == pytest.approx(np.pi * 6_371_000)


@given(points, points)
def test_arrays_and_scalars_agree_and_the_plane_never_shortens(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    ground = geo.distance_m(*a, *b)
    assert geo.distance_m(*a, np.array([b[0]]), np.array([b[1]]))[0] == pytest.approx(ground, abs=1e-3)
    assert geo.distance_m(*b, *a) == pytest.approx(ground, abs=1e-3)
    x, y = geo.mercator(np.array([a[0]]), np.array([a[1]]))
    assert (x[0], y[0]) == pytest.approx(geo.mercator(*a), abs=1e-3)


@given(st.floats(-70, 70), st.floats(-170, 170), st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
def test_the_plane_stretches_by_no_more_than_is_said(lat: float, lng: float, up: float, aside: float) -> None:
    ground = geo.distance_m(lat, lng, lat + up, lng + aside)
    (x, y), (u, v) = geo.mercator(lat, lng), geo.mercator(lat + up, lng + aside)
    assert float(np.hypot(u - x, v - y)) <= ground * geo.stretch(lat, ground) * (1 + 1e-9) + 1e-6
    south, west, north, east = geo.bounding(lat, lng, ground)
    assert south - 1e-9 <= lat + up <= north + 1e-9
    assert west - 1e-9 <= lng + aside <= east + 1e-9
