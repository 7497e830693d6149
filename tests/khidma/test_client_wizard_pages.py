"""The wizard as a phone sees it: eight questions, kept after each, and the task is live."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mahalla.kernel.work.models import Request
from mahalla.markets.khidma.models import Series
from mahalla.web.pictures import demo_photo
from tests.khidma import builders as b
from tests.khidma import client_town as town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]
DETAILS = {"text": "Two rooms", "d_items": "5", "d_floor": "2", "d_parking": "none"}
WINDOW = {"date": "2026-03-02", "start": "14:00", "to": "18:00"}


@pytest.fixture(autouse=True)
def evening(khidma: Any) -> None:
    town.go_to(b.EVENING)
    b.category()


def begin(web: Any) -> int:
    made = web.post("/tasks/new/", {"category": "cleaning"})
    found = re.fullmatch(r"/tasks/new/(\d+)/details/", made.url)
    assert found
    return int(found[1])


def test_from_the_first_tap_to_a_live_task() -> None:
    lina = b.client("Lina")
    b.tasker("Sara")
    web = town.browser(lina)
    pk = begin(web)
    address, method = lina.addresses.get().pk, lina.payment_methods.get().pk
    photo = SimpleUploadedFile("room.jpg", demo_photo("room"), "image/jpeg")
    way = [
        ("details", DETAILS, "photos"),
        ("photos", {"photos": photo}, "address"),
        ("address", {"where": str(address)}, "window"),
        ("window", WINDOW, "choice"),
        ("choice", {"who": "me", "auto": "on"}, "payment"),
        ("payment", {"method": str(method)}, "preview"),
    ]
    for step, data, after in way:
        assert web.get(f"/tasks/new/{pk}/{step}/").status_code == 200
        answer = web.post(f"/tasks/new/{pk}/{step}/", data)
        assert answer.status_code == 302, (step, answer.content.decode())
        assert answer.url == f"/tasks/new/{pk}/{after}/"
    page = web.get(f"/tasks/new/{pk}/preview/").content.decode()
    assert "99.00" in page
    assert "138.60" in page
    assert web.post(f"/tasks/new/{pk}/preview/").url == f"/tasks/{pk}/"
    task = Request.objects.get(pk=pk)
    assert task.state == "matching"
    assert task.photos.count() == 1
    assert "Choose Sara" in web.get(f"/tasks/{pk}/").content.decode()
    assert web.get(f"/tasks/new/{pk}/details/").url == f"/tasks/{pk}/"


@pytest.mark.spec("KH-REQ-01")
def test_a_draft_goes_on_where_it_was_left() -> None:
    web = town.browser(b.client("Lina"))
    pk = begin(web)
    web.post(f"/tasks/new/{pk}/details/", DETAILS)
    web.post(f"/tasks/new/{pk}/photos/", {})
    assert web.get(f"/tasks/new/{pk}/").url == f"/tasks/new/{pk}/address/"
    assert f"/tasks/new/{pk}/" in web.get("/").content.decode()
    kept = web.get(f"/tasks/new/{pk}/details/").content.decode()
    assert "Two rooms" in kept
    assert 'value="5"' in kept


def test_mistakes_stand_beside_their_field_and_nothing_typed_is_lost() -> None:
    web = town.browser(b.client("Lina"))
    pk = begin(web)
    wrong = web.post(f"/tasks/new/{pk}/details/", DETAILS | {"d_items": "0", "text": "Keep this"})
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Keep this" in page
    assert 'id="id_d_items_error"' in page
    late = web.post(f"/tasks/new/{pk}/window/", WINDOW | {"start": "17:30", "to": "18:00"})
    assert late.status_code == 422
    assert "shorter than the work" in late.content.decode()
    assert 'value="17:30" selected' in late.content.decode()
    empty = web.post(f"/tasks/new/{pk}/address/", {"where": "new", "label": "Villa"})
    assert empty.status_code == 422
    assert "Write the full address." in empty.content.decode()
    assert "Villa" in empty.content.decode()


def test_the_price_follows_while_one_types_and_nothing_is_saved() -> None:
    web = town.browser(b.client("Lina"))
    pk = begin(web)
    few = web.post(f"/tasks/new/{pk}/price/", DETAILS).content.decode()
    many = web.post(f"/tasks/new/{pk}/price/", DETAILS | {"d_items": "12"}).content.decode()
    assert "99.00" in few
    assert "99.00" not in many
    assert Request.objects.get(pk=pk).details == {}


def test_a_new_address_by_district_needs_no_map() -> None:
    lina = b.client("Lina")
    web = town.browser(lina)
    pk = begin(web)
    district = b.city().districts.get()
    fields = {"where": "new", "label": "Villa", "lines": "7 Palm Street", "district": str(district.pk)}
    assert web.post(f"/tasks/new/{pk}/address/", fields).status_code == 302
    task = Request.objects.get(pk=pk)
    assert (task.place["label"], task.lat) == ("Villa", district.lat)
    assert lina.addresses.count() == 2


def test_cash_is_a_way_to_pay_from_the_start_and_a_card_can_be_added_on_the_way() -> None:
    lina = b.client("Lina")
    web = town.browser(lina)
    pk = begin(web)
    web.post(f"/tasks/new/{pk}/payment/", {"method": "cash"})
    assert Request.objects.get(pk=pk).method_kind == "cash"
    back = f"/tasks/new/{pk}/payment/"
    card = {"number": "5555 5555 5555 4444", "expiry": "08/30", "next": back, "idempotency_key": "c"}
    assert web.post(f"/payments/methods/new/?next={back}", card).url == back
    web.post("/payments/methods/new/", card)
    assert lina.payment_methods.filter(last4="4444").count() == 1
    real = web.post("/payments/methods/new/", card | {"number": "4111111111111111", "idempotency_key": "d"})
    assert real.status_code == 422
    assert "never a real one" in real.content.decode()


def test_what_is_missing_is_named_with_the_way_to_mend_it() -> None:
    web = town.browser(b.client("Lina"))
    pk = begin(web)
    web.post(f"/tasks/new/{pk}/details/", DETAILS)
    page = web.post(f"/tasks/new/{pk}/preview/")
    assert page.status_code == 422
    for step in ("address", "window", "payment"):
        assert f"/tasks/new/{pk}/{step}/?from=preview" in page.content.decode()


def test_a_finished_draft_can_come_every_week() -> None:
    lina = b.client("Lina")
    web = town.browser(lina)
    pk = begin(web)
    for step, data in (
        ("details", DETAILS),
        ("photos", {}),
        ("address", {"where": str(lina.addresses.get().pk)}),
        ("window", WINDOW | {"date": "2026-03-09"}),
        ("choice", {"who": "me"}),
        ("payment", {"method": str(lina.payment_methods.get().pk)}),
    ):
        web.post(f"/tasks/new/{pk}/{step}/", data)
    made = web.post(f"/tasks/new/{pk}/repeat/", {"every": "weekly", "count": "4"})
    assert made.status_code == 302
    series = Series.objects.get(client=lina)
    page = web.get(made.url).content.decode()
    assert page.count("Monday") == 4
    day = re.findall(r'name="day" value="([^"]+)"', page)[-1]
    web.post(f"/series/{series.pk}/skip/", {"day": day})
    assert "Skipped" in web.get(made.url).content.decode()
    outsider = town.browser(b.client("Nosy"))
    assert outsider.get(made.url).status_code == 404
    assert outsider.post(f"/series/{series.pk}/stop/").status_code == 404
    web.post(f"/series/{series.pk}/stop/")
    assert Series.objects.get().stopped_at is not None


def test_an_edit_keeps_the_offer_and_is_refused_after_acceptance() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    web = town.browser(lina)
    path = f"/tasks/{offer.request_id}/edit/"
    form = {**WINDOW, **DETAILS, "d_items": "8", "address": str(lina.addresses.get().pk)}
    assert web.get(path).status_code == 200
    assert web.post(path, form).status_code == 302
    offer.refresh_from_db()
    assert offer.version == 2
    assert Request.objects.get().details["items"] == 8


@pytest.mark.parametrize("code", ["ar", "en"])
def test_every_page_reads_in_its_direction(code: str) -> None:
    lina = b.client("Lina", language=code)
    page = town.browser(lina).get("/tasks/new/").content.decode()
    assert f'lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}"' in page
