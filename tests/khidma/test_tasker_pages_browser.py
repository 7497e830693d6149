"""The Taskers' pages in a real browser: accessible, no wider than a cheap phone, and the position sent on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Ping
from mahalla.kit import clock
from mahalla.kit.market import Market
from tests.chromium import CHROMIUM, WCAG
from tests.khidma import builders as b
from tests.khidma.tasker_town import THERE, at, browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(autouse=True)
def market(khidma: Market) -> Iterator[None]:
    with clock.travel(b.EVENING):
        yield


def phone_of(chromium: Any, live_server: Any, user: User, *, width: int = 360, **options: Any) -> Any:
    """A page with this person signed in."""
    signed = browser(user).cookies[settings.SESSION_COOKIE_NAME].value
    context = chromium.new_context(
        viewport={"width": width, "height": 760}, service_workers="block", **options
    )
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": signed, "url": live_server.url}
    context.add_cookies([cookie])
    return context.new_page()


def look(page: Any, url: str) -> None:
    """No serious finding, and nothing that must be scrolled sideways."""
    from axe_playwright_python.sync_playwright import Axe

    answer = page.goto(url)
    assert answer.status == 200, url
    page.wait_for_timeout(250)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, url
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == [], url


@pytest.mark.parametrize(("language", "width"), [("ar", 360), ("en", 1280)])
def test_the_pages_are_for_everybody(chromium: Any, live_server: Any, language: str, width: int) -> None:
    sara = b.tasker("سارة القحطاني" if language == "ar" else "Sara Qahtani")
    sara.language = language
    sara.save(update_fields=["language"])
    new = b.person("Huda", language=language)
    page = phone_of(chromium, live_server, new, width=width)
    page.goto(f"{live_server.url}/work/")
    page.locator("main form button").click()
    for path in (
        "work/",
        "work/checks/",
        "work/checks/national_id/",
        "work/rates/cleaning/",
        "work/contract/",
    ):
        look(page, f"{live_server.url}/{path}")
    page.context.close()

    page = phone_of(chromium, live_server, sara, width=width)
    open_task = b.posted(b.client("Huda"), window_start=b.at(9, "10:00"), window_end=b.at(9, "14:00"))
    offer = b.offered(b.client("Omar"), sara, window_start=b.at(5, "10:00"), window_end=b.at(5, "14:00"))
    job = b.accepted(b.client("Lina Harbi"), sara, start=b.at(2, "14:30"), text="Please bring a mop.")
    at(b.EVENING + timedelta(minutes=1))
    still = ("work/", "work/me/", "work/profile/", "work/skills/", "work/photos/", "work/rates/", "work/calendar/",
             "work/calendar/block/", "work/payouts/", "work/payouts/method/", "feed/", "offers/", "earnings/",
             "work/reviews/", "work/statistics/", f"offers/{offer.pk}/", f"jobs/{job.pk}/", f"jobs/{job.pk}/cancel/",
             f"feed/{open_task.pk}/")  # fmt: skip
    for path in still:
        look(page, f"{live_server.url}/{path}")
    at(b.at(2, "14:10"))
    worker = b.tasker_of(sara)
    for event in ("set_off", "arrive", "start_timer"):
        engine.apply(job, event, actor=worker, now=clock.now(), data=THERE)
        look(page, f"{live_server.url}/jobs/{job.pk}/")
    look(page, f"{live_server.url}/jobs/{job.pk}/extra/")
    look(page, f"{live_server.url}/jobs/{job.pk}/report/")
    look(page, f"{live_server.url}/jobs/{job.pk}/unsafe/")
    at(b.at(2, "16:50"))
    look(page, f"{live_server.url}/jobs/{job.pk}/hours/")
    engine.apply(job, "submit", actor=worker, now=clock.now())
    look(page, f"{live_server.url}/jobs/{job.pk}/")
    look(page, f"{live_server.url}/jobs/{job.pk}/chat/")
    look(page, f"{live_server.url}/earnings/")
    page.context.close()


def test_the_position_is_sent_on_the_way_and_no_longer(chromium: Any, live_server: Any) -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    at(b.at(2, "14:10"))
    place = {"latitude": 24.74, "longitude": 46.6753}
    page = phone_of(chromium, live_server, sara, geolocation=place, permissions=["geolocation"])
    page.goto(f"{live_server.url}/jobs/{job.pk}/")
    page.get_by_role("button", name="I'm on my way").click()
    page.get_by_text("Your place was sent.").wait_for()
    assert Ping.objects.filter(job=job).count() >= 2
    assert Job.objects.get(pk=job.pk).progress == "en_route"
    page.context.set_geolocation({"latitude": 24.71396, "longitude": 46.6753})
    page.get_by_role("button", name="I have arrived").click()
    page.get_by_role("button", name="Start the timer").wait_for()
    assert page.locator("[data-way]").count() == 0
    assert Ping.objects.filter(job=job).count() >= 3
    page.context.close()
