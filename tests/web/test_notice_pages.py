"""The list of notices, its badge and switches; and the place where a newcomer finds the sign-in code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from mahalla.kernel.events import outbox
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import operations, queries
from mahalla.kernel.notices.models import Notice, Preference, QuietHours
from mahalla.kit import clock
from mahalla.kit.market import activate
from tests.kernel.notices_market import NOON, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hamlet() -> Iterator[None]:
    with activate("hamlet"), clock.travel(NOON):
        yield


@pytest.fixture
def omar() -> User:
    return person("Omar", "+966500000002")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def tell(user: User, key: str = "k", link: str = "/offers/7/") -> Notice:
    params = {"who": "Sara", "where": "Riyadh"}
    return operations.notify(name="offer", user_id=user.pk, params=params, link=link, now=NOON, key=key)


def test_the_list_shows_the_own_notices_and_a_badge(omar: User) -> None:
    lena = person("Lena", "+966500000009")
    tell(omar)
    page = browser(omar).get("/notices/").content.decode()
    assert "Sara offers you work in Riyadh" in page
    assert "1 unread" in page
    assert "Sara offers" not in browser(lena).get("/notices/").content.decode()
    guest = Client(headers={"accept-language": "en"}).get("/notices/")
    assert guest.status_code == 403 and "/sign-in/?next=/notices/" in guest.content.decode()


def test_following_a_notice_marks_it_read_and_leads_on(omar: User) -> None:
    notice = tell(omar)
    lena = browser(person("Lena", "+966500000009"))
    assert lena.get(f"/notices/{notice.pk}/").status_code == 404
    assert queries.unread_count(omar) == 1
    assert browser(omar).get(f"/notices/{notice.pk}/").url == "/offers/7/"
    assert queries.unread_count(omar) == 0


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""]
)
def test_a_notice_leads_nowhere_else(omar: User, link: str) -> None:
    assert browser(omar).get(f"/notices/{tell(omar, link=link).pk}/").url == "/notices/"


def test_everything_can_be_marked_read_and_older_ones_found(omar: User) -> None:
    for number in range(31):
        tell(omar, key=str(number))
    first = browser(omar).get("/notices/")
    older = first.context["more"]
    assert len(browser(omar).get(f"/notices/?before={older}").context["found"]) == 1
    assert browser(omar).post("/notices/read/").url == "/notices/"
    assert queries.unread_count(omar) == 0


def test_the_live_part_comes_alone(omar: User) -> None:
    part = (
        browser(omar)
        .get("/notices/", headers={"HX-Request": "true", "HX-Target": "notices"})
        .content.decode()
    )
    assert "<html" not in part
    assert 'data-live="user:me"' in part


def test_switches_are_saved_and_shown(omar: User) -> None:
    client = browser(omar)
    form = {
        f"{group}.{channel}": "on"
        for group in ("offers", "tasks")
        for channel in ("push", "sms", "in_app", "email")
    }
    answer = client.post("/notices/preferences/", form | {"start": "22:00", "end": "07:00"})
    assert answer.url == "/notices/preferences/"
    off = set(Preference.objects.filter(user=omar, on=False).values_list("group", flat=True))
    assert off == {"marketing"}
    assert QuietHours.objects.get(user=omar).start.hour == 22
    assert 'value="22:00"' in client.get("/notices/preferences/").content.decode()


@pytest.mark.parametrize("hours", [{"start": "22:00"}, {"start": "late", "end": "07:00"}])
def test_half_quiet_hours_are_explained(omar: User, hours: dict[str, str]) -> None:
    answer = browser(omar).post("/notices/preferences/", hours)
    assert answer.status_code == 422
    assert "quiet-error" in answer.content.decode()


def test_a_newcomer_finds_the_code_in_the_outbox(omar: User) -> None:
    operations.send_text("+966500000002", "Your code is 482913", NOON)
    operations.send_text("+966500000003", "Your code is 111222", NOON)
    outbox.run_due(NOON + timedelta(seconds=1))
    page = Client().get("/dev/outbox/").content.decode()
    assert page.index("111222") < page.index("482913")
    assert 'data-copy="482913"' in page
    narrowed = Client().get("/dev/outbox/", {"to": "+966500000002"}).content.decode()
    assert "482913" in narrowed
    assert "111222" not in narrowed


def test_production_has_no_outbox_page(settings: Any) -> None:
    settings.MAHALLA_ENVIRONMENT = "production"
    assert Client().get("/dev/outbox/").status_code == 404
