"""Who is near: the index against trying everybody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import retrieve, spots
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.places import geo
from mahalla.kit.errors import Invalid

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RIYADH = (24.7136, 46.6753)


@pytest.fixture
def mounting(db: None) -> int:
    return Category.objects.create(code="mounting", names={"en": "Mounting"}, pricing_models=["hourly"]).pk


@pytest.fixture
def cleaning(db: None) -> int:
    return Category.objects.create(code="cleaning", names={"en": "Cleaning"}, pricing_models=["hourly"]).pk


def workers(count: int) -> list[int]:
    made = User.objects.bulk_create(User(phone=f"+96651{n:07}") for n in range(count))
    return [user.pk for user in made]


def stand(worker: int, category: int, lat: float, lng: float, **change: Any) -> None:
    given = {"category_ids": [category], "lat": lat, "lng": lng, "live": True, "radius_m": 10_000, **change}
    spots.refresh(worker, **given)


def near(category: int, **change: Any) -> list[retrieve.Near]:
    return retrieve.nearest(category, *RIYADH, **{"limit": 10, "radius_m": 10_000, **change})


def test_the_nearest_come_first_with_their_distance(mounting: int) -> None:
    omar, sara, huda = workers(3)
    stand(omar, mounting, RIYADH[0] + 0.02, RIYADH[1])
    stand(sara, mounting, RIYADH[0], RIYADH[1] + 0.01)
    stand(huda, mounting, *RIYADH)
    found = near(mounting)
    assert [worker for worker, _ in found] == [huda, sara, omar]
    assert found[2].distance_m == pytest.approx(2224, abs=1)
    assert near(mounting, limit=1) == found[:1]


def test_only_who_works_in_the_category_is_live_and_reaches_so_far(mounting: int, cleaning: int) -> None:
    at_4_km = (RIYADH[0] + 0.036, RIYADH[1])
    fits, elsewhere, resting, short = workers(4)
    stand(fits, mounting, *at_4_km)
    stand(elsewhere, cleaning, *RIYADH)
    stand(resting, mounting, *RIYADH, live=False)
    stand(short, mounting, *at_4_km, radius_m=3_900)
    assert [worker for worker, _ in near(mounting)] == [fits]
    assert [worker for worker, _ in near(mounting, live_only=False)] == [resting, fits]
    assert near(mounting, radius_m=3_900) == []
    asked = retrieve.reached([fits, elsewhere, resting, short], mounting, *RIYADH, radius_m=10_000)
    assert asked == dict(near(mounting))
    assert retrieve.reached([fits], mounting, *RIYADH, radius_m=3_900) == {}
    assert set(retrieve.reached([short], mounting, *RIYADH, radius_m=None)) == {short}
    assert retrieve.supply(mounting, *RIYADH, radius_m=10_000) == 2
    assert retrieve.supply(mounting, *RIYADH, radius_m=1_000) == 0


def test_switching_off_takes_a_worker_out_at_once(mounting: int, cleaning: int) -> None:
    omar, sara = workers(2)
    stand(omar, mounting, *RIYADH, category_ids=[mounting, cleaning])
    stand(sara, mounting, *RIYADH)
    assert spots.switch(omar, False) == 2
    assert spots.switch(omar, False) == 0
    assert [worker for worker, _ in near(mounting)] == [sara]
    spots.switch(omar, True)
    assert [worker for worker, _ in near(cleaning)] == [omar]


def test_refreshing_moves_adds_and_drops(mounting: int, cleaning: int) -> None:
    (omar,) = workers(1)
    stand(omar, mounting, *RIYADH)
    stand(omar, cleaning, 21.5, 39.2)
    assert list(Spot.objects.values_list("worker_id", "category_id", "lat")) == [(omar, cleaning, 21.5)]
    assert Spot.objects.get().at == pytest.approx(spots.point(cleaning, 21.5, 39.2))
    assert near(cleaning) == []
    with pytest.raises(Invalid):
        stand(omar, cleaning, 91, 0)
    spots.remove(omar)
    assert not Spot.objects.exists()


def test_an_erased_worker_is_off_the_map(mounting: int) -> None:
    omar, sara = workers(2)
    for worker in (omar, sara):
        stand(worker, mounting, *RIYADH)
    assert privacy.export(User.objects.get(pk=omar), now=NOW)["spots"][0]["category__code"] == "mounting"
    privacy.run_erasers(omar, NOW)
    assert [worker for worker, _ in near(mounting)] == [sara]


def test_work_without_a_place_lists_a_worker_300_km_away(mounting: int, cleaning: int) -> None:
    omar, sara = workers(2)
    stand(omar, mounting, RIYADH[0] + 2.7, RIYADH[1])
    stand(sara, cleaning, *RIYADH)
    assert near(mounting) == []
    ((worker, distance_m),) = near(mounting, radius_m=None)
    assert (worker, round(distance_m / 1000)) == (omar, 300)


def test_nobody_gets_anybody_of_an_empty_category(mounting: int) -> None:
    assert near(mounting) == []
    assert near(mounting, radius_m=None, live_only=False) == []


@pytest.mark.parametrize("middle", [(0.0, 0.0), RIYADH, (-33.45, -70.66), (64.1, -21.9), (78.2, 15.6)])
@pytest.mark.parametrize("radius_m", [5_000, 50_000])
def test_the_index_finds_exactly_whom_trying_everybody_finds(
    mounting: int, cleaning: int, middle: tuple[float, float], radius_m: int
) -> None:
    dice = np.random.default_rng(7)
    people = workers(900)
    reach = radius_m / geo.DEGREE_M
    lat = middle[0] + dice.uniform(-1.3, 1.3, 900) * reach
    lng = middle[1] + dice.uniform(-1.3, 1.3, 900) * reach / np.cos(np.radians(middle[0]))
    own = dice.integers(radius_m // 3, radius_m * 2, 900)
    category = np.where(dice.random(900) < 0.8, mounting, cleaning)
    Spot.objects.bulk_create(
        Spot(
            worker_id=people[i], category_id=int(category[i]), lat=lat[i], lng=lng[i], live=True,
            at=spots.point(int(category[i]), float(lat[i]), float(lng[i])), radius_m=int(own[i]),
        )
        for i in range(900)
    )  # fmt: skip
    distance = geo.distance_m(*middle, lat, lng)
    inside = (category == mounting) & (distance <= np.minimum(own, radius_m))
    everybody = [people[i] for i in np.argsort(distance, kind="stable") if inside[i]]
    for limit in (1, 10, 100, 900):
        found = retrieve.nearest(mounting, *middle, limit=limit, radius_m=radius_m)
        assert [worker for worker, _ in found] == everybody[:limit]


def test_a_common_question_costs_one_query_on_the_index(mounting: int) -> None:
    for number, worker in enumerate(workers(60)):
        stand(worker, mounting, RIYADH[0] + number * 0.0005, RIYADH[1])
    with CaptureQueriesContext(connection) as captured:
        assert len(near(mounting, limit=20)) == 20
    assert len(captured) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using spot_at_live" in plan and "Order By" in plan
