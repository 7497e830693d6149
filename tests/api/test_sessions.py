"""An app signs in with a code alone, sees its sessions and ends them."""

from __future__ import annotations

import re

import pytest

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices.models import OutboxMessage
from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def code_for(phone: str) -> str:
    run_until(clock.now(), start=clock.now())
    message = OutboxMessage.objects.filter(to=phone).order_by("-pk").first()
    found = re.search(r"\d{6}", message.text)
    return found[0]


def test_a_new_number_registers_and_a_known_one_signs_in(khidma):
    app, phone = App(), "+966501112233"
    app.post("/sessions/codes", {"phone": phone})
    made = app.did(
        "POST", "/sessions", {"phone": phone, "code": code_for(phone), "terms": "1", "role": "client"}
    )
    assert made["registered"] and made["token"].startswith("mh_")

    with clock.travel(clock.now() + (b.at(1, "10:05") - b.at(1, "10:00"))):
        app.post("/sessions/codes", {"phone": phone})
        again = app.did("POST", "/sessions", {"phone": phone, "code": code_for(phone), "client": "Pixel"})
        assert (again["registered"], again["user_id"]) == (False, made["user_id"])

        lina = App()
        lina.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {again['token']}"
        assert [row["current"] for row in lina.get("/sessions")] == [True, False]
        lina.did("DELETE", "/sessions/others")
        assert len(lina.get("/sessions")) == 1
        lina.did("DELETE", "/sessions/current")
        assert lina.call("GET", "/account").status_code == 401


def test_a_number_without_an_account_gets_a_proof_and_registers_with_it(khidma):
    app, phone = App(), "+966501112244"
    app.post("/sessions/codes", {"phone": phone})
    seen = app.post("/sessions", {"phone": phone, "code": code_for(phone)})
    assert seen["proof"] and not seen["token"]
    made = app.post(
        "/sessions/registrations", {"proof": seen["proof"], "terms": seen["terms"], "role": "tasker"}
    )
    assert made["token"]
    app.refused(409, "proof_wrong", "POST", "/sessions/registrations", {"proof": seen["proof"], "terms": "1"})


def test_a_wrong_code_is_counted_although_the_answer_is_no(khidma):
    app, phone = App(), "+966501112255"
    app.post("/sessions/codes", {"phone": phone})
    for _try in range(5):
        app.refused(409, "code_wrong", "POST", "/sessions", {"phone": phone, "code": "not it"})
    app.refused(429, "too_many_tries", "POST", "/sessions", {"phone": phone, "code": code_for(phone)})


def test_nobody_ends_the_session_of_another(khidma):
    lina, omar = App(b.client()), App(b.client("Omar"))
    (row,) = lina.get("/sessions")
    omar.refused(404, "not_found", "DELETE", f"/sessions/app/{row['id']}")
    assert lina.get("/sessions")
