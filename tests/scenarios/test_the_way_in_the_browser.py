"""The way to a task on two phones: the client's map follows the Tasker, and forgets her at the door."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job, Ping
from mahalla.kit import clock
from tests.api.app import App
from tests.chromium import CHROMIUM
from tests.khidma import builders as b
from tests.scenarios.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
KM = 1 / 111.195
SOON = 15_000


def north(km: float) -> tuple[float, float]:
    return b.HOME[0] + km * KM, b.HOME[1]


@pytest.fixture
def town(chromium: Any, pages: str, khidma: Any) -> Iterator[tuple[Person, Person, Job]]:
    clock.set_clock(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.confirmed(lina, sara)
    clock.set_clock(b.at(2, "14:10"))
    run_until(b.at(2, "14:10"), start=b.EVENING)
    phones = [
        Person(chromium, pages, name=user.name, phone=str(user.phone), language="en", story="the-way")
        for user in (lina, sara)
    ]
    for phone in phones:
        phone.sign_in()
    yield phones[0], phones[1], job
    for phone in phones:
        phone.close()


def words(phone: Person) -> str:
    return str(phone.page.inner_text("main")).replace("\u00a0", " ").replace("\u202f", " ")


def wait_for(phone: Person, text: str) -> float:
    """Seconds until the open page says so by itself."""
    began = time.monotonic()
    phone.page.wait_for_function(
        "text => document.querySelector('main').innerText.replace(/[\\u00a0\\u202f]/g, ' ').includes(text)",
        arg=text,
        timeout=SOON,
    )
    return time.monotonic() - began


@pytest.mark.spec("KH-FLOW-16", "KH-UX-06")
def test_the_map_follows_until_the_door(town: tuple[Person, Person, Job], settings: Any) -> None:
    """Within 15 s of each move, with no tile server at all ("3.2 km, 9 min"); after "arrived" page and API know nothing."""
    assert settings.MAHALLA_MAP_TILES == ""
    lina, sara, job = town
    task = f"/tasks/{job.request_id}/"
    app = App(job.client)
    lina.go(task)
    assert lina.page.locator("#way").count() == 0 and app.get(f"/tasks/{job.request_id}")["position"] is None
    sara.stand_at(*north(6.4))
    sara.go(f"/jobs/{job.pk}/")
    sara.tap("form[action$='/step/set_off/'] button.js-only")
    assert wait_for(lina, "6.4 km") < 15
    assert "about 18 min" in words(lina)
    lina.page.evaluate("window.sameDocument = true")
    sara.stand_at(*north(3.2))
    assert wait_for(lina, "3.2 km") < 15
    assert "about 9 min" in words(lina)
    assert lina.page.locator("#way svg .map-way").count() == 1
    assert lina.page.evaluate("window.sameDocument") is True
    lina.look("01-on-the-way")
    sara.look("02-sharing-her-place")
    shown = app.get(f"/tasks/{job.request_id}")
    assert round(shown["position"]["lat"], 4) == round(north(3.2)[0], 4) and shown["eta_min"] == 9
    arrive(lina, sara, job, app)


def arrive(lina: Person, sara: Person, job: Job, app: App) -> None:
    sara.stand_at(*north(0.04))
    sara.tap("form[action$='/step/arrive/'] button.js-only")
    lina.page.wait_for_function("() => !document.querySelector('#way')", timeout=SOON)
    wait_for(lina, "is at your place")
    assert " km" not in words(lina)
    lina.go(f"/tasks/{job.request_id}/way/")
    assert lina.page.locator("svg").count() == 0
    gone = app.get(f"/tasks/{job.request_id}")
    assert (gone["position"], gone["eta_min"]) == (None, None)
    kept = Ping.objects.filter(job=job).count()
    sara.stand_at(*north(1.0))
    sara.page.wait_for_timeout(6000)
    assert Ping.objects.filter(job=job).count() == kept  # nobody is followed longer than needed
