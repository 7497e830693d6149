"""The main job's ten steps by the API alone, to the last halala; and what each side sees on the way."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.notices.models import OutboxMessage
from mahalla.kit import clock
from tests.api.app import BASE, App
from tests.kernel.media_samples import image
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
LINA, SARA = "+966501000001", "+966501000002"


class Day:
    """The clock of the test, and the worker that keeps up with it."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        clock.set_clock(start)

    def to(self, instant: datetime) -> None:
        run_until(instant, start=self.now)
        self.now = instant
        clock.set_clock(instant)

    def leap(self, instant: datetime) -> None:
        """Months in which nothing of this story happens."""
        self.now = instant
        clock.set_clock(instant)


@pytest.fixture
def day(khidma):
    yield Day(b.at(1, "09:00", month=12, year=2025))
    clock.set_clock(None)


def signed_in(day: Day, phone: str, **more: str) -> App:
    app = App()
    app.post("/sessions/codes", {"phone": phone})
    run_until(day.now, start=day.now)
    text = OutboxMessage.objects.filter(to=phone).order_by("-pk")[0].text
    made = app.post("/sessions", {"phone": phone, "code": re.findall(r"\d{6}", text)[0], **more})
    app.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {made['token']}"
    app.client.headers = None
    return app


def sent(app: App, purpose: str) -> int:
    picture = SimpleUploadedFile("p.jpg", image(), content_type="image/jpeg")
    answer = app.client.post(f"{BASE}/files", {"file": picture, "purpose": purpose})
    assert answer.status_code == 201, answer.content
    return answer.json()["id"]


def become_a_tasker(day: Day, admin: App) -> App:
    """Sara, from her phone number to the approval; the newcomer's weeks are over when the story begins."""
    sara = signed_in(day, SARA, terms="1", role="tasker", name="Sara")
    assert {row["state"] for row in sara.post("/tasker")["checklist"]} >= {"missing"}
    home = {"lat": b.HOME[0] + 5 / 111.195, "lng": b.HOME[1]}
    sara.did("PATCH", "/tasker", {"bio": "I work with care.", "languages": ["ar"], "radius_km": 20, **home})
    papers = {part: sent(sara, "document") for part in ("front", "back", "selfie")}
    check = {"number": "1098765432", "documents": papers, "expires_on": "2031-01-01", "consent": True}
    sara.post("/tasker/checks", {"kind": "national_id", **check})
    record = {"certificate": sent(sara, "document")}
    sara.post("/tasker/checks", {"kind": "background_check", "documents": record, "consent": True})
    rate = {"hourly_minor": 3000, "minimum_min": 120, "travel_fee_minor": 500}
    sara.put("/tasker/rates/cleaning", rate)
    week = [{"weekday": n, "start_min": 420, "end_min": 1320} for n in range(7)]
    sara.put("/tasker/calendar/week", {"hours": week})
    sara.put(
        "/tasker/payout-method", {"kind": "bank", "account": "SA0380000000608010167519", "holder": "Sara"}
    )
    sara.post("/tasker/contract", {"version": "1"})
    sara.post("/tasker/review-requests")
    for waiting in admin.get("/ops/checks"):
        admin.post(f"/ops/checks/{waiting['id']}/approval")
    (newcomer,) = admin.get("/ops/taskers/waiting")
    admin.post(f"/ops/taskers/{newcomer['user_id']}/approval")
    sara.put("/tasker/switch", {"on": True})
    assert {row["state"] for row in sara.get("/tasker")["checklist"]} == {"done"}
    return sara


def post_the_task(lina: App) -> dict:
    """The wizard, step by step, then the preview and the posting."""
    lina.post("/addresses", {"label": "Home", "lines": "12 Olaya Street", "floor": 2, "elevator": False,
                             "lat": b.HOME[0], "lng": b.HOME[1]})  # fmt: skip
    token = lina.post("/payment-methods/test-tokens", {"number": b.GOOD_CARD, "expiry": "2030-12"})
    card = lina.post("/payment-methods", token)
    task = lina.post("/tasks")
    at = f"/tasks/{task['id']}"
    (home,) = lina.get("/addresses")
    lina.put(f"{at}/steps/category", {"category": "cleaning"})
    details = {"items": 5, "floor": 2, "elevator": False, "parking": "none"}
    lina.put(f"{at}/steps/details", {"text": "The whole flat", "details": details})
    assert lina.get(at)["next_step"] == "photos"
    lina.put(f"{at}/steps/photos")
    lina.put(f"{at}/steps/address", {"address_id": home["id"]})
    lina.put(f"{at}/steps/window", {"date": "2026-03-02", "from": "14:00", "to": "18:00"})
    lina.put(f"{at}/steps/choice")
    lina.put(f"{at}/steps/payment", {"method_id": card["id"]})
    preview = lina.post(f"{at}/previews")
    assert (preview["low_minor"], preview["high_minor"], preview["minutes"]) == (9900, 13860, 198)
    posted = lina.post(f"{at}/posting")
    assert posted["status"] == "matching"
    return posted


@pytest.mark.spec("KH-API-08", "KH-FLOW-01", "KH-SEC-03")
def test_the_main_job_by_the_api_alone(day):
    b.city()
    b.category()
    admin, agent = App(b.person("Huda", "admin")), App(b.person("Noor", "support_agent"))
    become_a_tasker(day, admin)

    day.leap(b.at(1, "19:00"))
    sara = signed_in(day, SARA)
    sara_id = sara.get("/account")["id"]
    lina = signed_in(day, LINA, terms="1", role="client", name="Lina Al-Harbi")
    day.to(b.at(1, "20:00"))
    task = post_the_task(lina)
    at = f"/tasks/{task['id']}"

    (card,) = sara.get("/feed")["items"]
    assert (card["task_id"], card["distance_m"], card["earnings_minor"]) == (task["id"], 5000, 10400)
    assert "Olaya Street" not in str(card)

    # 3–4: found, ranked with every reason, chosen
    nearby = sara.get(at)
    assert (nearby["place"]["exact"], nearby["place"]["lines"], nearby["place"]["distance_m"]) == (
        False,
        None,
        5000,
    )
    assert nearby["client"]["name"] == "Lina"
    day.to(b.at(1, "20:05"))
    (first,) = lina.get(f"{at}/recommendations")["items"]
    assert (first["tasker"]["id"], first["place"], first["price"]["total_minor"]) == (sara_id, 1, 12480)
    assert sum(f["contribution"] for f in first["factors"]) == pytest.approx(first["score"], abs=1e-4)
    assert {f["name"] for f in first["factors"]} == {
        "distance", "accept", "complete", "rating", "price", "activity"
    }  # fmt: skip
    assert lina.post(f"{at}/selection", {"worker_id": sara_id})["status"] == "offered"
    early = sara.refused(409, "illegal_state", "POST", f"{at}/timer", {})
    assert early["state"] == "offered"

    # 5: accepted, secured, confirmed
    day.to(b.at(1, "20:10"))
    (offer,) = sara.get("/offers")["items"]
    assert (offer["earnings_minor"], offer["answer_until"]) == (10400, "2026-03-01T17:35:00Z")
    sara.post(f"/offers/{offer['id']}/acceptance", {"version": 1, "start_at": "2026-03-02T14:30:00+03:00"})
    day.to(b.at(1, "20:11"))
    confirmed = lina.get(at)
    assert (confirmed["status"], confirmed["job"]["held_minor"]) == ("confirmed", 14976)
    mine = sara.get(at)
    assert (mine["place"]["lines"], mine["client"]["name"]) == ("12 Olaya Street", "Lina Al-Harbi")
    assert mine["job"]["agreed"]["total_minor"] == 10400  # the Tasker's own lines
    sara.post(f"/threads/{mine['thread_id']}/messages", {"text": "I come at half past two."})
    assert lina.get("/threads")["items"][0]["unread"] == 1

    # 6: on the way, seen by Lina alone and only then
    day.to(b.at(2, "14:10"))
    sara.post(f"{at}/departure", {"lat": 24.75, "lng": 46.6753, "accuracy_m": 12})
    day.to(b.at(2, "14:18"))
    sara.post(f"{at}/positions", {"lat": 24.73, "lng": 46.6753})
    assert lina.get(at)["position"]["lat"] == 24.73
    assert sara.get(at)["position"] is None
    day.to(b.at(2, "14:28"))
    assert sara.post(f"{at}/arrival", {"lat": 24.71396, "lng": 46.6753})["job"]["progress"] == "arrived"
    assert lina.get(at)["position"] is None
    day.to(b.at(2, "14:30"))
    assert sara.post(f"{at}/timer")["status"] == "in_progress"

    # 7: two and a half hours
    day.to(b.at(2, "17:00"))
    sara.post(f"{at}/work-photos", {"asset_id": sent(sara, "evidence")})
    done = sara.post(f"{at}/submission")
    assert (done["status"], done["job"]["billed_min"], done["job"]["final"]["total_minor"]) == (
        "completed",
        150,
        8000,
    )
    after = sara.get(at)["place"]
    assert (after["exact"], after["lines"], after["district"]) == (False, None, "Al Olaya")
    bill = lina.get(at)["job"]
    assert (bill["final"]["total_minor"], bill["review_until"]) == (9600, "2026-03-03T14:00:00Z")
    assert bill["final"]["worker_minor"] == 8000

    # 8–9: half an hour disputed, decided, paid on T+2
    day.to(b.at(2, "18:00"))
    disputed = lina.post(f"{at}/disputes", {"kind": "hours", "minutes": 120, "text": "I count two hours."})
    assert disputed["status"] == "disputed"
    day.to(b.at(3, "09:00"))
    assert ledger.balance(f"escrow/job:{disputed['job']['id']}").credit_minor == 1800
    (case,) = agent.get("/cases/queue")
    assert (case["claimed_minor"], case["charge_minor"]) == (1800, 9600)
    agent.post(f"/cases/{case['id']}/taking")
    agent.post(f"/cases/{case['id']}/decision", {"refund_minor": 1800, "reason": "The timer and the photos"})
    day.to(b.at(3, "09:10"))
    decided = lina.get(at)
    assert (decided["status"], decided["job"]["refund_kind"]) == ("refunded", "partial")
    (charge,) = lina.get("/payments")["items"]
    assert (charge["captured_minor"], charge["refunded_minor"]) == (9600, 1800)
    assert lina.get(f"/cases/{case['id']}")["decision"]["refund_minor"] == 1800
    assert sara.get(at)["place"]["exact"] is False  # after the work the district, not the street
    assert ledger.balance("revenue/fees").credit_minor == 1300
    day.to(b.at(5, "12:00"))
    (payout,) = sara.get("/tasker/earnings")["payouts"]
    assert (payout["amount_minor"], payout["state"]) == (6500, "completed")

    # 10: four stars and a tip
    lina.post(f"{at}/reviews", {"stars": 4, "tags": [], "text": "Quick"})
    lina.post(f"{at}/tips", {"amount_minor": 1000})
    day.to(b.at(5, "12:10"))
    assert sara.get("/tasker/earnings")["by_state"].get("pending") == 1000
    page = lina.get(f"/taskers/{sara_id}")
    assert (page["rating"], page["reviews"], page["completed"]) == (4.0, 1, 1)
    documents = [(row["kind"], row["total_minor"]) for row in lina.get(f"{at}/receipts")]
    assert documents[0] == ("receipt", 9600)
    assert ("tip", 1000) in documents
    assert set(ledger.trial_balance().values()) == {0}
