"""Signing in and the account, through the pages: what a person sees, and what an outsider does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.util import find_spec
from threading import Barrier
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client, RequestFactory

from mahalla.kernel.identity import operations
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.policies import require_terms
from mahalla.kit import clock, market
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Refused
from mahalla.web.middleware import Surface
from tests.kernel.identity_town import (
    HALA,
    NADIR,
    NOON,
    OMAR,
    Phones,
    inbox,
    person,
    publish_terms,
    town,
)

__all__ = ["inbox", "town"]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        find_spec("mahalla.web.templatetags") is None, reason="the design system is not there"
    ),
]


LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)


@pytest.fixture(autouse=True)
def noon(inbox: Phones):
    with clock.travel(NOON):
        yield


def browser(**headers: str) -> Client:
    return Client(REMOTE_ADDR="203.0.113.7", **headers)


def sign_in(client: Client, phone: str, inbox: Phones) -> None:
    assert client.post("/sign-in/", {"phone": phone}).status_code == 302
    done = client.post("/sign-in/code/", {"code": inbox.code(phone)})
    assert done.status_code == 302, done.content


def signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_newcomer_joins_with_number_code_name_and_terms(inbox: Phones) -> None:
    client = browser(HTTP_ACCEPT_LANGUAGE="ar-SA,ar;q=0.9,en;q=0.5")
    page = client.get("/sign-in/?next=/account/terms/")
    assert b'type="tel"' in page.content and b"autofocus" in page.content
    to_code = client.post("/sign-in/", {"phone": "٠٥٠١٢٣٤٥٦٧", "next": "/account/terms/"})
    assert to_code["Location"] == "/sign-in/code/"
    assert b"one-time-code" in client.get("/sign-in/code/").content
    to_welcome = client.post("/sign-in/code/", {"code": inbox.code(HALA)})
    assert to_welcome["Location"] == "/sign-in/welcome/" and not User.objects.exists()
    page = client.get("/sign-in/welcome/")
    assert b'value="client"' in page.content and b'value="banker"' not in page.content

    unsure = client.post("/sign-in/welcome/", {"name": "Hala", "role": "worker", "version": "v1"})
    assert unsure.status_code == 422 and not User.objects.exists()
    done = client.post(
        "/sign-in/welcome/", {"name": "Hala", "role": "worker", "version": "v1", "terms": "on"}
    )
    assert done["Location"] == "/account/terms/"
    hala = User.objects.get(phone=HALA)
    assert (hala.name, hala.language, hala.has_role("worker")) == ("Hala", "ar", True)
    assert signed_in(client)


def test_a_known_person_is_in_after_the_code(inbox: Phones) -> None:
    person(HALA)
    client = browser()
    sign_in(client, HALA, inbox)
    assert signed_in(client)
    client.post("/sign-out/")
    left = client.get("/account/")
    assert left.status_code == 403 and "/sign-in/?next=/account/" in left.content.decode()
    assert client.post("/account/", {"name": "x"})["Location"].startswith("/sign-in/?next=")


@pytest.mark.spec("KH-SEC-05")
def test_the_sixth_code_request_in_an_hour_answers_429(inbox: Phones) -> None:
    for minute in range(5):
        with clock.travel(NOON + timedelta(minutes=minute)):
            assert browser().post("/sign-in/", {"phone": HALA}).status_code == 302
    with clock.travel(NOON + timedelta(minutes=59)):
        sixth = browser().post("/sign-in/", {"phone": HALA})
    assert sixth.status_code == 429 and sixth["Retry-After"] == "60"
    assert len(inbox.messages) == 5


def test_pages_answer_alike_for_known_and_unknown_numbers(inbox: Phones) -> None:
    person(HALA)
    seen = []
    for phone in (HALA, OMAR):
        client = browser()
        first = client.post("/sign-in/", {"phone": phone})
        page = client.get("/sign-in/code/")
        wrong = client.post("/sign-in/code/", {"code": "000"})
        body = wrong.content.decode().replace(phone, "…")
        seen.append((first.status_code, first["Location"], page.status_code, wrong.status_code, len(body)))
    assert seen[0] == seen[1]


def test_a_wrong_code_says_so_and_the_sixth_try_answers_429(inbox: Phones) -> None:
    client = browser()
    client.post("/sign-in/", {"phone": HALA})
    for nth in range(5):
        answer = client.post("/sign-in/code/", {"code": inbox.wrong(HALA, nth)})
        assert answer.status_code == 409
    # a fresh browser does not bring fresh tries
    other = browser()
    with clock.travel(NOON + timedelta(seconds=60)):
        other.post("/sign-in/", {"phone": HALA})
        assert other.post("/sign-in/code/", {"code": inbox.code(HALA)}).status_code == 429


def test_steps_cannot_be_skipped(inbox: Phones) -> None:
    client = browser()
    for step in ("code", "welcome", "password"):
        assert client.get(f"/sign-in/{step}/")["Location"] == "/sign-in/"
    client.post("/sign-in/", {"phone": HALA})
    joined = client.post("/sign-in/welcome/", {"name": "x", "role": "client", "version": "v1", "terms": "on"})
    assert joined["Location"] == "/sign-in/" and not User.objects.exists()


def test_nobody_is_led_off_this_site(inbox: Phones) -> None:
    person(HALA)
    client = browser()
    client.post("/sign-in/", {"phone": HALA, "next": "https://evil.example/"})
    assert client.post("/sign-in/code/", {"code": inbox.code(HALA)})["Location"] == "/"


def test_staff_are_in_only_after_the_password(inbox: Phones) -> None:
    User.objects.create_superuser(OMAR, "seven wise owls")
    client = browser()
    client.post("/sign-in/", {"phone": OMAR})
    to_password = client.post("/sign-in/code/", {"code": inbox.code(OMAR)})
    assert to_password["Location"] == "/sign-in/password/" and not signed_in(client)
    assert client.post("/sign-in/password/", {"password": "owls"}).status_code == 422
    assert not signed_in(client)
    client.post("/sign-in/password/", {"password": "seven wise owls"})
    assert signed_in(client)
    assert not client.login(username=OMAR, password="seven wise owls")


def test_the_console_has_no_door_of_its_own(inbox: Phones) -> None:
    person(NADIR)
    client = browser()
    assert client.get("/console/login/?next=/console/")["Location"] == "/sign-in/?next=%2Fconsole%2F"
    sign_in(client, NADIR, inbox)
    assert client.get("/console/login/").status_code == 403


def test_sessions_are_listed_and_ended_by_their_owner_only(inbox: Phones) -> None:
    hala = person(HALA)
    person(NADIR)
    laptop, phone, outsider = browser(HTTP_USER_AGENT=LAPTOP), browser(HTTP_USER_AGENT=PHONE), browser()
    sign_in(laptop, HALA, inbox)
    with clock.travel(NOON + timedelta(minutes=2)):
        sign_in(phone, HALA, inbox)
        sign_in(outsider, NADIR, inbox)
    page = laptop.get("/account/").content.decode()
    assert "Firefox · Linux" in page and "Chrome · Android" in page and "This device" in page
    other = UserSession.objects.get(user=hala, user_agent=PHONE)
    assert outsider.post(f"/account/sessions/web/{other.pk}/end/").status_code == 404
    assert signed_in(phone)
    laptop.post(f"/account/sessions/web/{other.pk}/end/")
    assert not signed_in(phone) and signed_in(laptop) and signed_in(outsider)


def test_signing_out_everywhere_ends_every_browser(inbox: Phones) -> None:
    person(HALA)
    here, there = browser(), browser()
    sign_in(here, HALA, inbox)
    with clock.travel(NOON + timedelta(minutes=2)):
        sign_in(there, HALA, inbox)
    here.post("/account/sessions/end/")
    assert not signed_in(here) and not signed_in(there)


def test_a_banned_person_is_shown_out_at_once(inbox: Phones) -> None:
    nadir = person(NADIR)
    client = browser()
    sign_in(client, NADIR, inbox)
    User.objects.filter(pk=nadir.pk).update(status="banned")  # a session that the ban did not find
    answer = client.get("/account/")
    assert answer.status_code == 403 and b"closed" in answer.content
    assert "_auth_user_id" not in client.session
    operations.reinstate(nadir, actor=SYSTEM, now=NOON)
    again = browser()
    with clock.travel(NOON + timedelta(minutes=2)):
        sign_in(again, NADIR, inbox)
        operations.ban(nadir, reason="fraud", actor=SYSTEM, now=NOON)
        assert not signed_in(again)
        again.post("/sign-in/", {"phone": NADIR})
    with clock.travel(NOON + timedelta(minutes=4)):
        again.post("/sign-in/", {"phone": NADIR})
        assert again.post("/sign-in/code/", {"code": inbox.code(NADIR)}).status_code == 403


def test_the_number_is_changed_on_the_account_page(inbox: Phones) -> None:
    hala = person(HALA)
    client = browser()
    sign_in(client, HALA, inbox)
    assert client.post("/account/phone/", {"phone": HALA}).status_code == 422
    assert client.post("/account/phone/", {"phone": OMAR})["Location"] == "/account/phone/code/"
    assert client.post("/account/phone/code/", {"code": inbox.wrong(OMAR)}).status_code == 409
    assert client.post("/account/phone/code/", {"code": inbox.code(OMAR)})["Location"] == "/account/"
    hala.refresh_from_db()
    assert hala.phone == OMAR and signed_in(client)


def test_the_chosen_language_governs_pages_before_and_after_signing_in(inbox: Phones) -> None:
    hala = person(HALA)
    client = browser()
    assert client.get("/sign-in/")["Content-Language"] == "en"
    assert client.post("/language/", {"language": "ar", "next": "/sign-in/"})["Location"] == "/sign-in/"
    assert client.get("/sign-in/")["Content-Language"] == "ar"
    sign_in(client, HALA, inbox)
    assert client.get("/account/")["Content-Language"] == "en"  # the account's own language
    client.post("/language/", {"language": "ar"})
    hala.refresh_from_db()
    assert hala.language == "ar" and client.get("/account/")["Content-Language"] == "ar"
    client.post("/language/", {"language": "tlh"})
    hala.refresh_from_db()
    assert hala.language == "ar"
    assert browser(HTTP_ACCEPT_LANGUAGE="fr,ar-EG;q=0.8").get("/sign-in/")["Content-Language"] == "ar"


def test_new_terms_are_accepted_on_their_page(inbox: Phones) -> None:
    hala = person(HALA)
    client = browser()
    sign_in(client, HALA, inbox)
    publish_terms("v2")
    with market.activate("town"):
        old = client.post("/account/terms/", {"version": "v1", "terms": "on"})
        assert old.status_code == 409
        page = client.get("/account/terms/?next=" + quote("/account/"))
        assert b'value="v2"' in page.content
        done = client.post("/account/terms/", {"version": "v2", "terms": "on", "next": "/account/"})
    assert done["Location"] == "/account/" and hala.consents.filter(version="v2").count() == 2


def test_a_person_takes_a_second_role_but_never_staffs(inbox: Phones) -> None:
    hala = person(HALA)
    client = browser()
    sign_in(client, HALA, inbox)
    client.post("/account/role/", {"role": "worker", "next": "/account/"})
    assert User.objects.get(pk=hala.pk).has_role("worker") and client.session["acting_role"] == "worker"
    assert client.post("/account/role/", {"role": "banker"}).status_code == 403
    assert not User.objects.get(pk=hala.pk).is_staff


def test_data_can_be_taken_along_and_the_account_left(inbox: Phones) -> None:
    hala = person(HALA, name="Hala")
    client = browser()
    sign_in(client, HALA, inbox)
    assert client.get("/account/data/").json()["identity"]["name"] == "Hala"
    assert client.get("/account/leave/").status_code == 200
    assert b"31 March" in client.post("/account/leave/", {"choice": "delete"}).content
    hala.refresh_from_db()
    assert hala.status == "deactivated" and not signed_in(client)
    with clock.travel(NOON + timedelta(days=3)):
        sign_in(client, HALA, inbox)
        assert signed_in(client)


def test_a_fragment_that_asked_gets_its_refusal_as_a_fragment(inbox: Phones) -> None:
    person(NADIR)
    client = browser()
    sign_in(client, NADIR, inbox)
    answer = client.post("/account/sessions/web/999/end/", headers={"HX-Request": "true"})
    assert answer.status_code == 404 and answer["HX-Retarget"] == "[data-toasts]"
    assert b"<html" not in answer.content


def test_outdated_terms_lead_to_their_page_and_back(town: market.Market) -> None:
    hala = person(HALA)
    request = RequestFactory().post("/tasks/", HTTP_REFERER="http://testserver/tasks/new/?step=4")
    request.user, request.session = hala, {}
    publish_terms("v2")
    with market.activate("town"), pytest.raises(Refused) as refused:
        require_terms(hala)
    asked = Surface(lambda request: HttpResponse()).process_exception(request, refused.value)
    assert asked and asked["Location"] == "/account/terms/?next=%2Ftasks%2Fnew%2F%3Fstep%3D4"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_the_same_code_from_two_browsers_at_once_opens_one_session(inbox: Phones) -> None:
    hala = person(HALA)
    first, second = browser(), browser()
    first.post("/sign-in/", {"phone": HALA})
    session = second.session
    session["sign_in"] = dict(first.session["sign_in"])
    session.save()
    second.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    start, code = Barrier(2), inbox.code(HALA)

    def enter(client: Client) -> int:
        try:
            connection.ensure_connection()
            start.wait(10)
            return client.post("/sign-in/code/", {"code": code}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(enter, (first, second)))
    assert statuses == [302, 409]
    assert UserSession.objects.filter(user=hala).count() == 1
