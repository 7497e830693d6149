"""The Tasker's pages over HTTP: from the offer to the submitted hours without a dead end, and nothing for outsiders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.work.models import Job, Offer, Ping, Request
from mahalla.kit import clock
from mahalla.kit.market import Market
from tests.khidma import builders as b
from tests.khidma.tasker_town import THERE, at, browser, picture, press, text_of, working

pytestmark = pytest.mark.django_db
STREET = "12 Olaya Street"


@pytest.fixture(autouse=True)
def market(khidma: Market) -> Iterator[None]:
    with clock.travel(b.EVENING):
        yield


@pytest.mark.spec("KH-UX-04")
@pytest.mark.spec("KH-FLOW-17")
def test_a_tasker_walks_from_the_offer_to_the_submitted_hours() -> None:
    lina, sara = b.client("Lina Harbi"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    own = browser(sara)

    home = own.get("/work/")
    assert "1 offer waits for you" in text_of(home)
    page = own.get(f"/offers/{offer.pk}/")
    assert "104.00" in text_of(page)
    assert STREET not in text_of(page)
    assert "Harbi" not in text_of(page)
    start = b.at(2, "14:30").isoformat()
    page = press(own, page, "", start_at=start)
    job = Job.objects.get(offer=offer)
    assert page.redirect_chain[-1][0] == f"/jobs/{job.pk}/"
    assert "Navigate" not in text_of(page)
    assert STREET not in text_of(page)

    at(b.at(1, "20:11"))
    page = own.get(f"/jobs/{job.pk}/")
    assert STREET in text_of(page)
    assert "destination=24.713600%2C46.675300" in text_of(page)
    assert "You can set off from" in text_of(page)

    at(b.at(2, "14:10"))
    page = press(own, own.get(f"/jobs/{job.pk}/"), "/step/set_off/", lat="24.75", lng="46.6753")
    assert own.post(f"/jobs/{job.pk}/position/", {"lat": "24.74", "lng": "46.6753"}).status_code == 204
    assert Ping.objects.filter(job=job).count() == 2
    at(b.at(2, "14:28"))
    page = press(own, page, "/step/arrive/", **THERE)
    assert own.post(f"/jobs/{job.pk}/position/", {"lat": "24.74", "lng": "46.6753"}).status_code == 409
    at(b.at(2, "14:30"))
    page = press(own, page, "/step/start_timer/", **THERE)
    at(b.at(2, "15:30"))
    page = press(own, own.get(f"/jobs/{job.pk}/"), "/step/pause/")
    page = press(own, page, "/step/resume/")
    page = press(own, page, "/photos/", photo=picture(), kind="after")
    at(b.at(2, "17:00"))
    page = press(own, page, "/finish/")
    assert "SAR 80.00" in text_of(page).replace("\xa0", " ")
    page = press(own, page, "", minutes="150")
    job.refresh_from_db()
    assert (job.state, job.final["total_minor"], job.evidence.count()) == ("completed", 9600, 1)
    assert "Sent. Well done!" in text_of(page)
    assert "80.00" in text_of(page)
    assert STREET not in text_of(page)
    assert "Al Olaya" in text_of(page)


@pytest.mark.spec("KH-FLOW-06")
def test_two_offers_are_listed_by_expiry_and_declining_one_leaves_the_other() -> None:
    sara = b.tasker("Sara")
    later = b.offered(b.client("Omar"), sara, window_start=b.at(4, "10:00"), window_end=b.at(4, "14:00"))
    sooner = b.offered(b.client("Lina"), sara)
    own = browser(sara)
    page = own.get("/offers/")
    shown = text_of(page)
    assert shown.index(f'href="/offers/{sooner.pk}/"') < shown.index(f'href="/offers/{later.pk}/"')
    for fact in ("104.00", "Al Olaya", "5 km", "left to answer"):
        assert fact in shown
    page = press(own, page, f"/offers/{sooner.pk}/decline/", reason="price")
    assert Offer.objects.get(pk=sooner.pk).state == "declined"
    assert f'href="/offers/{later.pk}/"' in text_of(page)
    assert f'href="/offers/{sooner.pk}/"' not in text_of(page)
    assert "You said no." in text_of(own.get(f"/offers/{sooner.pk}/"))


def test_a_changed_task_is_looked_at_again_before_it_is_accepted() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    own = browser(sara)
    page = own.get(f"/offers/{offer.pk}/")
    fields = {"fields": {"details": {"items": 7, "floor": 2, "elevator": False, "parking": "none"}}}
    engine.apply(offer.request, "edit", actor=b.client_of(lina), now=clock.now(), data=fields)
    page = press(own, page, "")
    assert "The client changed this task" in text_of(page)
    assert Offer.objects.get(pk=offer.pk).state == "pending"
    page = press(own, page, "")
    assert Offer.objects.get(pk=offer.pk).state == "accepted"


def test_answering_late_says_so() -> None:
    sara = b.tasker("Sara")
    offer = b.offered(b.client("Lina"), sara)
    own = browser(sara)
    page = own.get(f"/offers/{offer.pk}/")
    at(b.at(1, "20:31"))
    page = press(own, page, "")
    assert "The time to answer is over." in text_of(page)


def test_more_than_the_timer_asks_the_client() -> None:
    job = working()
    own = browser(job.worker)
    at(b.at(2, "17:00"))
    page = press(own, own.get(f"/jobs/{job.pk}/"), "/finish/")
    answer = own.post(f"/jobs/{job.pk}/hours/", {"minutes": "180"})
    assert answer.status_code == 409
    assert "30 min more than the timer shows" in text_of(answer).replace("\xa0", " ")
    page = press(own, answer, "/extra/")
    assert "Waiting for the client's yes" in text_of(page)
    job.refresh_from_db()
    assert (job.state, job.data["extra_asked_min"]) == ("in_progress", 30)


def test_risky_work_ends_with_a_photo() -> None:
    job = working()
    job.refresh_from_db()
    Job.objects.filter(pk=job.pk).update(terms={**job.terms, "risk_class": "high"})
    own = browser(job.worker)
    page = press(own, own.get(f"/jobs/{job.pk}/"), "/finish/")
    assert "First a photo of the finished work" in text_of(page)
    answer = own.post(f"/jobs/{job.pk}/hours/", {"minutes": "120"})
    assert answer.status_code == 422
    page = press(own, answer, "/photos/", photo=picture(), kind="after")
    page = press(own, page, "", minutes="0")
    job.refresh_from_db()
    assert job.state == "completed"


def test_nobody_opens_the_door() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    at(b.at(2, "14:20"))
    for event in ("set_off", "arrive"):
        engine.apply(job, event, actor=b.tasker_of(sara), now=clock.now(), data=THERE)
    own = browser(sara)
    assert "The client is not there" in text_of(own.get(f"/jobs/{job.pk}/"))
    page = press(own, own.get(f"/jobs/{job.pk}/absent/"), "/step/log_contact/")
    at(b.at(2, "14:40"))
    page = press(own, own.get(f"/jobs/{job.pk}/absent/"), "/step/client_absent/")
    job.refresh_from_db()
    assert (job.state, job.ended_reason) == ("cancelled_client", "no_show")
    assert "65.00" in text_of(page)


@pytest.mark.spec("KH-CASE-08")
def test_a_report_from_the_work_offers_to_stop_as_unsafe() -> None:
    job = working()
    own = browser(job.worker)
    page = own.get(f"/jobs/{job.pk}/report/")
    assert f'href="/jobs/{job.pk}/unsafe/"' in text_of(page)
    page = press(own, own.get(f"/jobs/{job.pk}/unsafe/"), "", text="He shouted and blocked the door")
    job.refresh_from_db()
    assert (job.state, job.ended_reason) == ("cancelled_tasker", "unsafe")
    assert Case.objects.filter(job_id=job.pk).count() == 1
    assert "this does not count against you" in text_of(page)


def test_giving_work_back_needs_a_reason() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara)
    own = browser(sara)
    assert own.post(f"/jobs/{job.pk}/cancel/", {"text": "I am sorry"}).status_code == 422
    page = press(own, own.get(f"/jobs/{job.pk}/cancel/"), "", reason="sick")
    job.refresh_from_db()
    assert job.state == "cancelled_tasker"
    assert "You cancelled" in text_of(page)
    assert Request.objects.get(pk=job.request_id).state == "matching"


def test_pressing_twice_on_a_bad_line_is_pressing_once() -> None:
    job = working()
    own = browser(job.worker)
    page = own.get(f"/jobs/{job.pk}/extra/")
    press(own, page, "", minutes="30")
    press(own, page, "", minutes="60")
    job.refresh_from_db()
    assert job.data["extra_asked_min"] == 30
