"""The Tasker's own pages: who gets in, what is whose, how much they ask of the database, and the way to the first offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mahalla.kernel.catalog.models import Skill
from mahalla.kernel.flow import engine
from mahalla.kernel.media.models import Asset
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Job
from mahalla.kit import clock
from mahalla.kit.market import Market
from mahalla.markets.khidma import supply
from mahalla.markets.khidma.models import Interest, Rate, TaskerProfile, TaskerSkill, TaskerStats
from mahalla.markets.khidma.pages.urls_tasker import urlpatterns
from tests.khidma import builders as b
from tests.khidma.tasker_town import at, browser, picture, press, text_of, working

pytestmark = pytest.mark.django_db
STREET = "12 Olaya Street"
PAGES = [p for p in urlpatterns if p.name not in {"work-start", "work-switch", "work-review", "work-contract-accept",
         "work-portfolio-add"} and "<" not in str(p.pattern)]  # fmt: skip


@pytest.fixture(autouse=True)
def market(khidma: Market) -> Iterator[None]:
    with clock.travel(b.EVENING):
        yield


@pytest.mark.parametrize("path", [str(p.pattern) for p in PAGES])
def test_each_page_is_for_taskers_and_not_for_guests_or_clients(path: str) -> None:
    assert browser(b.tasker("Sara")).get(f"/{path}").status_code == 200
    guest = browser(None).get(f"/{path}")
    assert guest.status_code == 403
    assert f"/sign-in/?next=/{path}" in text_of(guest)
    client = browser(b.client("Lina")).get(f"/{path}")
    assert client.status_code == 403
    assert "Start as a Tasker" in text_of(client)


#: what only its own Tasker may find, with a stand-in for each number in the address
OWN = [str(p.pattern) for p in urlpatterns if "<int:pk>" in str(p.pattern)]


@pytest.mark.parametrize("pattern", OWN)
def test_another_tasker_finds_nothing(pattern: str) -> None:
    job = working()
    noura = b.tasker("Noura", km=40.0)
    TaskerProfile.objects.filter(user=noura).update(radius_km=10)
    pk = {"offers": job.offer_id, "feed": job.request_id}.get(pattern.split("/")[0], job.pk)
    path = "/" + pattern.replace("<int:pk>", str(pk)).replace("<slug:event>", "pause")
    own = browser(noura)
    answers = {own.get(path).status_code, own.post(path, {"text": "x"}).status_code} - {405}
    if pattern == "feed/<int:pk>/interest/":
        assert not Interest.objects.exists()
    elif "portfolio" in pattern or "photos/<int" in pattern or "block" in pattern or "reviews" in pattern:
        assert answers <= {404, 302}
    else:
        assert answers == {404}, path
    assert Job.objects.get(pk=job.pk).state == "in_progress"


@pytest.mark.spec("KH-SEC-03")
def test_after_completion_the_district_and_not_the_street() -> None:
    job = working()
    own = browser(job.worker)
    assert STREET in text_of(own.get(f"/jobs/{job.pk}/"))
    assert "Lina Harbi" in text_of(own.get(f"/jobs/{job.pk}/"))
    at(b.at(2, "17:00"))
    engine.apply(job, "submit", actor=b.tasker_of(job.worker), now=clock.now())
    for path in (f"/jobs/{job.pk}/", f"/jobs/{job.pk}/now/", f"/jobs/{job.pk}/chat/", "/work/"):
        page = text_of(own.get(path))
        assert STREET not in page
        assert "Harbi" not in page
        assert job.client.phone not in page
    assert "Al Olaya" in text_of(own.get(f"/jobs/{job.pk}/"))


@pytest.mark.spec("KH-REQ-17")
def test_the_feed_shows_no_street_and_takes_interest() -> None:
    sara = b.tasker("Sara")
    task = b.posted(b.client("Lina Harbi"), text="Please bring your own mop")
    own = browser(sara)
    page = own.get("/feed/")
    for fact in ("Cleaning", "Al Olaya", "5 km", "104.00", "New", "Floor 2, no lift"):
        assert fact in text_of(page)
    page = own.get(f"/feed/{task.pk}/")
    for hidden in (STREET, "Harbi", str(b.HOME[0] + 0.0001)):
        assert hidden not in text_of(page)
    press(own, page, f"/feed/{task.pk}/interest/")
    assert Interest.objects.filter(request=task, worker=sara).exists()
    listed = text_of(browser(task.client).get(f"/tasks/{task.pk}/taskers/"))
    assert "interested" in listed.lower()
    assert "Sara" in listed
    task.refresh_from_db()
    assert task.state == "matching"
    page = own.get("/feed/")
    assert "You are interested" in text_of(page)
    press(own, page, f"/feed/{task.pk}/interest/")
    assert not Interest.objects.exists()


def many(sara: Any) -> Job:
    """Work in every list: three tasks to find, two offers, one job on the way."""
    for day, name in ((7, "Huda"), (8, "Reem"), (9, "Nasser")):
        b.posted(b.client(name), window_start=b.at(day, "10:00"), window_end=b.at(day, "14:00"))
    for day, name in ((5, "Omar"), (6, "Salem")):
        b.offered(b.client(name), sara, window_start=b.at(day, "10:00"), window_end=b.at(day, "14:00"))
    return b.accepted(b.client("Lina"), sara, start=b.at(2, "14:30"))


@pytest.mark.parametrize("path", ["/feed/", "/offers/", "/jobs/{job}/", "/jobs/{job}/now/", "/feed/part/"])
def test_the_busy_pages_ask_little_of_the_database(path: str) -> None:
    sara = b.tasker("Sara")
    job = many(sara)
    at(b.at(1, "20:11"))
    own = browser(sara)
    own.get("/feed/")
    with CaptureQueriesContext(connection) as asked:
        assert own.get(path.format(job=job.pk)).status_code == 200
    said = [q["sql"] for q in asked if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(said) <= 12, "\n".join(sql[:160] for sql in said)


# --- the way to the first offer -------------------------------------------------------------------------------------


def test_from_nothing_to_asking_for_the_approval() -> None:
    b.city()
    b.category()
    huda = b.person("Huda Saleh")
    own = browser(huda)
    page = press(own, own.get("/work/"), "/work/start/")
    assert "Next: National ID" in text_of(page)
    assert "Tips for your first tasks" in text_of(page)

    page = own.get("/work/checks/national_id/")
    photos = {"front": picture("document"), "back": picture("document")}
    answer = own.post("/work/checks/national_id/", {"number": "123", "expires_on": "2030-01-01", **photos})
    assert answer.status_code == 422
    assert "Take this picture." in text_of(answer)
    assert 'value="123"' in text_of(answer)
    assert text_of(answer).count("We have it") == 2
    sent = {"number": "1098765432", "expires_on": "2030-01-01", "selfie": picture("avatar")}
    press(own, answer, "", **sent)
    assert Verification.objects.get(user=huda, kind="national_id").state == "submitted"
    assert Asset.objects.filter(owner=huda, purpose="document", encrypted=True).count() == 3

    page = own.get("/work/checks/background_check/")
    answer = own.post("/work/checks/background_check/", {"certificate": picture("document")})
    assert answer.status_code == 422
    page = press(own, answer, "", consent="on")
    assert text_of(page).count("We check it") == 2

    fields = {"name": "Huda Saleh", "bio": "I clean with care.", "languages": ["ar"], "radius_km": "15"}
    answer = own.post("/work/profile/", fields)
    assert answer.status_code == 422
    assert "Choose your district" in text_of(answer)
    assert "I clean with care." in text_of(answer)
    district = TaskerProfile._meta.get_field("district").related_model.objects.get(code="olaya")
    press(own, answer, "", **fields, district=str(district.pk), accepts_pets="on")

    answer = own.post("/work/rates/cleaning/", {"hourly": "a lot", "minimum_min": "120"})
    assert answer.status_code == 422
    page = own.get("/work/rates/cleaning/")
    assert "25.00" in text_of(page)
    assert "35.00" in text_of(page)
    page = press(own, page, "", hourly="٤٠", minimum_min="120", travel="5")
    rate = Rate.objects.get(worker=huda)
    assert (rate.hourly_minor, rate.minimum_min, rate.travel_fee_minor) == (4000, 120, 500)
    assert "30.00" in text_of(page)

    iban = {"kind": "bank", "account": "SA0380000000608010167519", "holder": "Somebody Else"}
    answer = own.post("/work/payouts/method/", iban)
    assert answer.status_code == 422
    assert iban["account"] in text_of(answer)
    press(own, answer, "", **iban | {"holder": "Huda Saleh"})
    press(own, own.get("/work/contract/"), "/work/contract/accept/")
    page = own.get("/work/")
    assert "Everything is there" in text_of(page)
    press(own, page, "/work/review/")
    assert TaskerProfile.objects.get(user=huda).review_requested_at is not None
    assert [s.state for s in supply.checklist(huda, now=clock.now()) if s.code == "approval"] == ["pending"]


@pytest.mark.spec("KH-UX-05")
def test_tips_until_the_fifth_task() -> None:
    sara = b.tasker("Sara")
    own = browser(sara)
    assert "Tips for your first tasks" in text_of(own.get("/work/"))
    TaskerStats.objects.filter(worker=sara).update(completed=6)
    assert "Tips for your first tasks" not in text_of(own.get("/work/"))


def test_a_rejection_says_why_and_can_be_contested() -> None:
    sara, amal = b.tasker("Sara"), b.person("Amal", "admin")
    Verification.objects.filter(user=sara, kind="background_check").delete()
    own = browser(sara)
    page = own.get("/work/checks/background_check/")
    press(own, page, "", consent="on", certificate=picture("document"))
    check = Verification.objects.get(user=sara, kind="background_check")
    trust.reject(check, reason="The stamp is missing.", actor=b.staff_of(amal, "admin"), now=clock.now())
    page = own.get("/work/checks/")
    assert "The stamp is missing." in text_of(page)
    press(own, page, "/contest/", text="It is on the second page.")
    check.refresh_from_db()
    assert (check.state, check.contest) == ("submitted", "It is on the second page.")


def test_the_week_is_saved_as_a_whole_and_mistakes_keep_it() -> None:
    sara = b.tasker("Sara")
    own = browser(sara)
    monday = {"day_0": "on", "from_0": ["08:00", "14:00"], "to_0": ["12:00", "20:00"]}
    week = monday | {"day_6": "on", "from_6": ["20:00"], "to_6": ["00:00"]}
    press(own, own.get("/work/calendar/"), "", **week)
    assert schedule.week_of(sara.pk) == [(0, 480, 720), (0, 840, 1200), (6, 1200, 1440)]
    wrong = week | {"from_0": ["08:00", "11:00"]}
    answer = own.post("/work/calendar/", wrong)
    assert answer.status_code == 422
    assert "overlap" in text_of(answer)
    assert 'value="11:00"' in text_of(answer)


def test_blocks_and_the_switch() -> None:
    sara = b.tasker("Sara")
    job = b.accepted(b.client("Lina"), sara, start=b.at(2, "14:30"))
    own = browser(sara)
    answer = own.post("/work/calendar/block/", {"day": "2026-03-02", "start": "15:00", "end": "16:00"})
    assert answer.status_code == 409 or "accepted work" in text_of(answer)
    page = press(own, own.get("/work/calendar/block/"), "", day="2026-03-03", start="10:00", end="12:00")
    assert "10:00" in text_of(page)
    assert f"/jobs/{job.pk}/" in text_of(page)
    page = press(own, own.get("/work/"), "/work/switch/")
    assert "You are off" in text_of(page)
    assert schedule.switched_on([sara.pk]) == set()
    assert f"/jobs/{job.pk}/" in text_of(page)


def test_skills_and_photos_of_work() -> None:
    Skill.objects.create(code="drilling", names={"en": "Drilling"})
    sara = b.tasker("Sara")
    own = browser(sara)
    answer = own.post("/work/skills/", {"skill": ["drilling"], "years_drilling": "many"})
    assert answer.status_code == 422
    press(own, answer, "", skill=["drilling"], years_drilling="4", text_drilling="Walls")
    assert TaskerSkill.objects.get(profile__user=sara).years == 4
    page = press(own, own.get("/work/photos/"), "/work/photos/add/", photo=picture(), caption="A shelf")
    photo = TaskerProfile.objects.get(user=sara).portfolio.get()
    assert "A shelf" in text_of(page)
    press(own, page, f"/work/photos/{photo.pk}/remove/")
    assert not TaskerProfile.objects.get(user=sara).portfolio.exists()


# --- what came of it ------------------------------------------------------------------------------------------------


def test_earnings_payouts_reviews_and_statistics() -> None:
    job = working()
    sara = job.worker
    own = browser(sara)
    at(b.at(2, "17:00"))
    engine.apply(job, "submit", actor=b.tasker_of(sara), now=clock.now())
    at(b.at(2, "18:00"))
    engine.apply(
        Job.objects.get(pk=job.pk),
        "review",
        actor=b.client_of(job.client),
        now=clock.now(),
        data={"stars": 4, "tags": [], "text": "Very good"},
    )
    at(b.at(2, "18:05"))
    for path in ("/earnings/?by=task", "/earnings/?by=date", "/earnings/?by=category", "/work/payouts/"):
        assert "80.00" in text_of(own.get(path)), path
    assert "80.00" in own.get("/earnings.csv").content.decode()
    page = own.get("/work/reviews/")
    assert "Very good" in text_of(page)
    page = press(own, page, "/reply/", text="Thank you!")
    assert "Thank you!" in text_of(page)
    page = press(own, page, "/reply/", text="Thank you, Lina!")
    assert "Thank you, Lina!" in text_of(page)
    stats = text_of(own.get("/work/statistics/"))
    assert "100%" in stats
    assert "What helps most now" in stats


def test_talking_with_the_client() -> None:
    job = working()
    own = browser(job.worker)
    page = own.get(f"/jobs/{job.pk}/chat/")
    page = press(own, page, f"/jobs/{job.pk}/chat/", text="Where may I park?")
    assert "Where may I park?" in text_of(page)
    page = press(own, page, f"/jobs/{job.pk}/chat/", text="", photo=picture("chat"))
    assert "/thumb/" in text_of(page)
    assert own.post(f"/jobs/{job.pk}/chat/", {"text": ""}).status_code == 422
