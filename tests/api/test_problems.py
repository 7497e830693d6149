"""Every refusal has the same form, in the reader's words, and gives nothing away."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from mahalla.api import problems
from mahalla.kernel.identity import operations as identity
from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def test_who_is_not_signed_in_is_asked_to(khidma):
    answer = App().call("GET", "/account")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "sign_in"


def test_a_token_that_does_not_count_is_nobody_even_beside_a_session(khidma):
    browser = Client()
    browser.force_login(b.client())
    assert browser.get("/api/v1/account").status_code == 200
    answer = browser.get("/api/v1/account", headers={"Authorization": "Bearer mh_forged"})
    assert answer.status_code == 401


def test_a_browser_sends_the_csrf_token_with_what_changes(khidma):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(b.client())
    change = {"data": {"name": "Lina K."}, "content_type": "application/json"}
    answer = browser.patch("/api/v1/account", **change)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    browser.cookies["mahalla_khidma_csrf"] = "a" * 32
    answer = browser.patch("/api/v1/account", **change, headers={"X-CSRFToken": "a" * 32})
    assert (answer.status_code, answer.json()["name"]) == (200, "Lina K.")


def test_a_problem_says_what_and_where_in_the_readers_language(khidma):
    lina = b.client(language="ar")
    problem = App(lina).refused(422, "invalid", "PATCH", "/account", {"language": "tlh"})
    assert problem["type"] == "urn:mahalla:problem:invalid"
    assert problem["status"] == 422
    assert list(problem["errors"]) == ["language"]
    answer = App(lina, language="en").call("GET", "/account")
    assert answer["Content-Language"] == "ar"  # their own choice goes before the app's
    assert App(language="ar").call("GET", "/account")["Content-Language"] == "ar"


def test_the_schema_and_the_rules_refuse_alike(khidma):
    app = App(b.client())
    by_schema = app.refused(422, "invalid", "PATCH", "/account", {"name": 7, "shoe": 43})
    by_rule = app.refused(422, "invalid", "PATCH", "/account", {"name": "two\nlines"})
    assert set(by_schema["errors"]) == {"name", "shoe"}
    assert set(by_schema) == set(by_rule)


def test_what_cannot_be_read_or_is_nowhere(khidma):
    app = App(b.client())
    answer = app.client.patch("/api/v1/account", data="{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    app.refused(404, "not_found", "GET", "/there/is/nothing")
    problem = app.call("PUT", "/account", {})
    assert (problem.status_code, problem.json()["code"]) == (405, "method_not_allowed")
    assert problem["Allow"]


def test_a_fault_of_ours_shows_nothing_of_the_inside(khidma, monkeypatch, caplog):
    def broken(*args, **kw):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(identity, "update_profile", broken)
    problem = App(b.client()).refused(500, "internal", "PATCH", "/account", {"name": "X"})
    assert "hunter2" not in json.dumps(problem)
    assert "api call failed" in caplog.text


@pytest.mark.spec("KH-SEC-05")
def test_the_sixth_code_in_an_hour_is_too_many(khidma):
    app = App()
    start = clock.now()
    for minute in range(5):
        with clock.travel(start + minute * (b.at(1, "10:02") - b.at(1, "10:00"))):
            app.post("/sessions/codes", {"phone": "+966501112233"})
    with clock.travel(start + 5 * (b.at(1, "10:02") - b.at(1, "10:00"))):
        answer = app.call("POST", "/sessions/codes", {"phone": "+966501112233"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_codes")
    assert int(answer["Retry-After"]) > 60


def test_a_person_who_calls_too_often_waits_for_the_next_minute(khidma):
    lina, omar = App(b.client()), App(b.client("Omar"))
    with clock.travel(b.at(1, "10:00")):
        from mahalla.api import limits

        for _call in range(limits.CALLS_PER_MIN):
            limits.count(f"user:{lina.user.pk}", now=clock.now())
        answer = lina.call("GET", "/account")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_calls")
        assert answer["Retry-After"] == "60"
        assert omar.call("GET", "/account").status_code in {200, 401}
    with clock.travel(b.at(1, "10:01")):
        assert lina.call("GET", "/account").status_code != 429


def test_the_words_of_a_problem_are_words(khidma):
    response = problems.problem(409, "x", "no", {"at": b.EVENING, "many": [1, {"a": None}], "status": 1})
    assert json.loads(response.content)["at"] == b.EVENING.isoformat()
    assert json.loads(response.content)["status"] == 409
