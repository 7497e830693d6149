"""The list of Taskers by the API: ranked, explained, and sorted otherwise without another ranking."""

from __future__ import annotations

import pytest

from mahalla.kernel.matching.models import Showing
from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(khidma):
    with clock.travel(b.EVENING):
        lina = b.client()
        b.tasker("Near", km=1, rate=4000)
        b.tasker("Cheap", km=9, rate=2500)
        yield App(lina), b.posted(lina)


def names(found):
    return [item["tasker"]["name"] for item in found["items"]]


def test_each_place_is_the_sum_of_its_factors(task):
    app, request = task
    found = app.get(f"/tasks/{request.pk}/recommendations")
    assert found["version"] == "khidma-1"
    assert names(found) == ["Near", "Cheap"]
    for item in found["items"]:
        assert sum(f["weight"] for f in item["factors"]) == pytest.approx(1)
        assert sum(f["contribution"] for f in item["factors"]) == pytest.approx(item["score"], abs=1e-4)


def test_sorting_reorders_the_view_and_leaves_the_places(task):
    app, request = task
    found = app.get(f"/tasks/{request.pk}/recommendations", sort="price")
    assert names(found) == ["Cheap", "Near"]
    assert [item["place"] for item in found["items"]] == [2, 1]
    app.refused(422, "invalid", "GET", f"/tasks/{request.pk}/recommendations", sort="beauty")


def test_who_was_shown_first_is_counted(task):
    app, request = task
    app.get(f"/tasks/{request.pk}/recommendations")
    assert Showing.objects.filter(run__request_id=request.pk, run__purpose="list").count() == 2


def test_after_the_agreement_there_is_nobody_to_recommend(task):
    app, request = task
    near = app.get(f"/tasks/{request.pk}/recommendations")["items"][0]["tasker"]["id"]
    app.post(f"/tasks/{request.pk}/cancellation")
    problem = app.refused(409, "illegal_state", "GET", f"/tasks/{request.pk}/recommendations")
    assert problem["state"] == "cancelled_client"
    app.refused(409, "illegal_state", "POST", f"/tasks/{request.pk}/selection", {"worker_id": near})
