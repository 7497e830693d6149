"""The way to the client without a map, and a listener that was away while its task went on."""

from __future__ import annotations

from typing import Any

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from tests.khidma import builders as b
from tests.khidma import client_town as town
from tests.web.test_stream import Listener, port, signed_in  # noqa: F401 - port is the fixture

NORTH = b.HOME[0] + 3.2 / 111.195


@pytest.mark.spec("KH-UX-06")
@pytest.mark.django_db
def test_with_the_map_off_the_tracker_still_says_how_far_and_how_long(khidma: Any, settings: Any) -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.confirmed(lina, sara)
    b.step(job, "set_off", b.tasker_of(sara), town.go_to(b.at(2, "14:10")), lat=NORTH, lng=b.HOME[1])

    def tracker(tiles: str) -> str:
        settings.MAHALLA_MAP_TILES = tiles
        page = town.browser(lina).get(f"/tasks/{job.request_id}/").content.decode()
        part = page[page.index('id="way"') :]
        return part[: part.index("</footer>")].replace("\xa0", " ")

    without, drawn = tracker(""), tracker("https://tiles.example/{z}/{x}/{y}.png")
    for page in (without, drawn):
        assert "3.2 km" in page
        assert "about 9 min" in page
    assert "data-map" not in without
    assert "data-map" in drawn
    for kind in ("place", "worker"):  # where the task is, and the Tasker on the way
        assert f"&quot;{kind}&quot;" in drawn


@pytest.mark.spec("KH-OPS-03")
@pytest.mark.django_db(transaction=True)
def test_a_stopped_listener_catches_up_with_its_task_without_a_gap(khidma: Any, port: int) -> None:  # noqa: F811
    town.go_to(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.confirmed(lina, sara)
    stream = job.request.stream
    listening = Listener(port, signed_in(lina), topics=stream)
    worker, here = b.tasker_of(sara), {"lat": b.HOME[0], "lng": b.HOME[1]}
    with listening:
        engine.apply(job, "set_off", actor=worker, now=b.at(2, "14:10"), data=here)
        listening.until(lambda: "set_off" in names(listening))
    for event, at in (("arrive", "14:28"), ("start_timer", "14:30"), ("pause", "15:00"), ("resume", "15:10")):
        engine.apply(job, event, actor=worker, now=b.at(2, at), data=here)  # nobody listens
    with listening:
        engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
        listening.until(lambda: "submit" in names(listening))
    assert not listening.reset
    told = [message["id"] for message in listening.messages]
    kept = Event.objects.filter(stream=stream, pk__gte=told[0], topics__contains=[stream]).order_by("pk")
    seen = list(dict.fromkeys(told))  # at least once: a repeated one is known by its id
    assert seen == list(kept.values_list("pk", flat=True))
    assert list(dict.fromkeys(names(listening)))[:6] == [
        "set_off", "arrive", "start_timer", "pause", "resume", "submit",
    ]  # fmt: skip


def names(listening: Listener) -> list[str]:
    return [message["name"].rpartition(".")[2] for message in listening.messages]
