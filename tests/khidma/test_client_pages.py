"""The clients' pages: who gets in, what each state shows, and nobody else's things."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.markets.khidma.models import Favourite
from mahalla.markets.khidma.pages.urls_client import urlpatterns
from tests.khidma import builders as b
from tests.khidma import client_town as town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]
PUBLIC = {"", "me/"}
NO_ARGUMENT = [str(p.pattern) for p in urlpatterns if "<" not in str(p.pattern)]


@pytest.fixture(autouse=True)
def evening(khidma: Any) -> None:
    town.go_to(b.EVENING)


@pytest.mark.parametrize("path", [p for p in NO_ARGUMENT if p])
def test_each_page_is_for_clients_and_not_for_guests(path: str) -> None:
    lina = b.client("Lina")
    b.category()
    assert town.browser(lina).get(f"/{path}").status_code == 200
    guest = town.browser(None).get(f"/{path}")
    assert guest.status_code == 403
    assert f"/sign-in/?next=/{path}" in guest.content.decode()


def test_a_tasker_alone_is_invited_to_be_a_client_too() -> None:
    sara = b.tasker("Sara")
    page = town.browser(sara).get("/tasks/")
    assert page.status_code == 403
    assert "Start as a client" in page.content.decode()


def test_guests_get_the_landing_and_clients_their_tasks() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    assert "Become a Tasker" in town.browser(None).get("/").content.decode()
    job = town.confirmed(lina, sara)
    page = town.browser(lina).get("/").content.decode()
    assert f"/tasks/{job.request_id}/" in page
    assert "Confirmed" in page
    assert "Sara" in page


# --- the states -----------------------------------------------------------------------------------------------------


def page_of(user: Any, task: Request | int, path: str = "") -> str:
    pk = task if isinstance(task, int) else task.pk
    response = town.browser(user).get(f"/tasks/{pk}/{path}")
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_of_taskers_says_price_distance_start_and_why() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    task = b.posted(lina)
    page = page_of(lina, task)
    assert "Choose Sara" in page
    assert "124.80" in page.replace("\xa0", " ")
    assert "from Tomorrow, 14:00" in page
    assert "ID checked" in page
    assert "Near you" in page
    assert str(sara.phone) not in page


@pytest.mark.spec("KH-MATCH-16")
def test_sorting_reorders_the_view_and_leaves_the_automatic_order() -> None:
    from mahalla.markets.khidma import ranking

    lina = b.client("Lina")
    b.tasker("Near", km=1, rate=3500)
    b.tasker("Cheap", km=9, rate=2400)
    task = b.posted(lina)
    before = ranking.next_auto(task, now=b.EVENING)
    page = page_of(lina, task, "?sort=price")
    assert page.index("Choose Cheap") < page.index("Choose Near")
    page = page_of(lina, task, "?sort=distance")
    assert page.index("Choose Near") < page.index("Choose Cheap")
    assert ranking.next_auto(task, now=b.EVENING) == before
    for shown in ("km", "from Tomorrow", "SAR", "ID checked"):
        assert shown in page


def test_choosing_asks_and_taking_back_returns_to_the_list() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    task, web = b.posted(lina), town.browser(lina)
    assert (
        web.post(f"/tasks/{task.pk}/select/", {"worker": sara.pk, "idempotency_key": "k1"}).status_code == 302
    )
    assert "Sara has been asked" in page_of(lina, task)
    again = web.post(f"/tasks/{task.pk}/select/", {"worker": sara.pk, "idempotency_key": "k1"})
    assert again.status_code == 302
    assert Offer.objects.count() == 1
    web.post(f"/tasks/{task.pk}/take-back/")
    assert "Choose Sara" in page_of(lina, task)


def test_on_the_way_there_is_a_map_and_the_distance_stands_without_it() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.en_route(lina, sara)
    page = page_of(lina, job.request_id)
    assert "Sara is on the way" in page
    assert "2.9 km" in page.replace("\xa0", " ")
    assert "about 8 min" in page.replace("\xa0", " ")
    engine.apply(job, "arrive", actor=b.tasker_of(sara), now=b.at(2, "14:28"), data={})
    page = page_of(lina, job.request_id)
    assert "is at your place" in page
    assert not re.search(r"\d[\s\xa0]*km\b", page)


def test_work_shows_the_timer_and_extra_time_asks_for_a_yes() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.working(lina, sara)
    assert "x-elapsed from=" in page_of(lina, job.request_id)
    engine.apply(job, "ask_extra", actor=b.tasker_of(sara), now=b.at(2, "15:30"), data={"minutes": 30})
    page = page_of(lina, job.request_id)
    assert "Sara needs 30 min more" in page.replace("\xa0", " ")
    assert "18.00" in page
    town.browser(lina).post(f"/tasks/{job.request_id}/extra/")
    assert Job.objects.get(pk=job.pk).data["extra_approved_min"] == 30


def test_hours_are_looked_at_and_confirmed() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    page = page_of(lina, job.request_id)
    for text in ("Sara has finished", "14:30–17:00", "96.00", "All good, confirm"):
        assert text in page
    town.browser(lina).post(f"/tasks/{job.request_id}/confirm/")
    run_until(b.at(2, "17:01"), start=b.at(2, "17:00"))
    assert Hold.objects.get(reference=job.reference).captured_minor == 9600
    assert "How was Sara?" in page_of(lina, job.request_id)
    assert "96.00" in page_of(lina, job.request_id, "receipt/")


def test_the_cancellation_fee_is_shown_before_it_is_meant() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.confirmed(lina, sara)
    town.go_to(b.at(2, "11:30"))
    page = page_of(lina, job.request_id, "cancel/")
    assert "30.00" in page
    town.browser(lina).post(f"/tasks/{job.request_id}/cancel/")
    assert Job.objects.get(pk=job.pk).state == "cancelled_client"
    assert "30.00" in page_of(lina, job.request_id)


def test_a_failed_card_leads_to_another_way_and_3ds_to_the_bank() -> None:
    lina, sara = b.client("Lina", card=b.BAD_CARD), b.tasker("Sara")
    job = b.accepted(lina, sara)
    run_until(b.EVENING, start=b.EVENING)
    page = page_of(lina, job.request_id)
    assert "The payment did not work" in page
    secure = b.add_card(lina, b.SECURE_CARD)
    web = town.browser(lina)
    assert "3184" in page_of(lina, job.request_id, "pay/")
    web.post(f"/tasks/{job.request_id}/pay/", {"method": secure.pk})
    run_until(b.EVENING, start=b.EVENING)
    found = re.search(r'href="(/sandbox/approve/[^"]+)"', page_of(lina, job.request_id))
    assert found
    assert town.browser(b.client("Other")).get(found[1]).status_code == 404
    assert "Approve the payment?" in web.get(found[1]).content.decode()
    web.post(found[1], {"answer": "yes"})
    run_until(b.EVENING, start=b.EVENING)
    assert Job.objects.get(pk=job.pk).state == "confirmed"


# --- after the work -------------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-CASE-01")
def test_a_dispute_names_its_amount_while_one_answers() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    web = town.browser(lina)
    answers = {"kind": "hours", "minutes": "120"}
    shown = web.post(f"/tasks/{job.request_id}/dispute/amount/", answers).content.decode()
    assert "18.00" in shown
    assert "of SAR 96.00" in re.sub(r"<[^>]+>", "", shown).replace("\xa0", " ")
    empty = web.post(f"/tasks/{job.request_id}/dispute/", answers)
    assert empty.status_code == 422
    assert 'value="120" selected' in empty.content.decode()
    sent = web.post(f"/tasks/{job.request_id}/dispute/", answers | {"text": "She left at 16:30"})
    assert sent.status_code == 302
    case = web.get(sent.url).content.decode()
    assert "18.00" in case
    assert "She left at 16:30" in case
    assert "Decided by" in case
    assert "We are looking into it" in page_of(lina, job.request_id)


def test_a_review_with_a_mistake_keeps_what_was_typed() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    web = town.browser(lina)
    wrong = web.post(f"/tasks/{job.request_id}/review/", {"text": "Spotless"})
    assert wrong.status_code == 422
    assert "Spotless" in wrong.content.decode()
    web.post(
        f"/tasks/{job.request_id}/review/", {"stars": "4", "text": "Spotless", "private_feedback": "late"}
    )
    page = page_of(lina, job.request_id)
    assert "Spotless" in page
    assert "late" not in re.sub(r"<[^>]+>", "", page).split("Spotless")[1][:80]


def test_pressing_tip_twice_tips_once() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    web = town.browser(lina)
    for _again in range(2):
        web.post(f"/tasks/{job.request_id}/tip/", {"amount": "10", "idempotency_key": "one"})
    assert Job.objects.get(pk=job.pk).data["tips"] == [1000]
    too_much = web.post(f"/tasks/{job.request_id}/tip/", {"amount": "9999", "idempotency_key": "two"})
    assert too_much.status_code == 422
    assert "9999" in too_much.content.decode()


@pytest.mark.spec("KH-PROFILE-11")
def test_before_the_end_there_is_nothing_to_review_and_nobody_to_tip() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.en_route(lina, sara)
    for page in ("review", "tip"):
        early = town.browser(lina).get(f"/tasks/{job.request_id}/{page}/")
        assert early.status_code == 409
        assert "opens when the work is done" in early.content.decode()


def test_marking_a_favourite_twice_keeps_one() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    web = town.browser(lina)
    for _again in range(2):
        web.post(f"/taskers/{sara.pk}/like/", {"on": "1"})
    assert Favourite.objects.count() == 1
    page = web.get("/favourites/").content.decode()
    assert "Sara" in page
    assert "Ask Sara" in page
    web.post(f"/taskers/{sara.pk}/like/", {"on": "0"})
    assert not Favourite.objects.exists()


def test_a_profile_tells_the_work_and_not_the_phone() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara", km=3.2)
    task = b.posted(lina)
    page = town.browser(lina).get(f"/taskers/{sara.pk}/?task={task.pk}").content.decode().replace("\xa0", " ")
    assert "3.2 km" in page
    assert "30.00" in page
    assert str(sara.phone) not in page
    assert str(sara.tasker.lat) not in page


def test_talking() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.confirmed(lina, sara)
    web = town.browser(lina)
    path = f"/tasks/{job.request_id}/chat/"
    for _again in range(2):
        assert web.post(path, {"text": "The door code is 12", "idempotency_key": "m1"}).status_code == 302
    page = web.get(path).content.decode()
    assert page.count("The door code is 12") == 1
    assert web.post(path, {"text": ""}).status_code == 422


# --- money and places -----------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-PAY-02")
def test_the_card_of_a_confirmed_task_cannot_be_removed() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    town.confirmed(lina, sara)
    card, web = lina.payment_methods.get(), town.browser(lina)
    refused = web.post(f"/payments/methods/{card.pk}/remove/")
    assert refused.status_code == 409
    assert "not settled yet" in refused.content.decode()
    spare = b.add_card(lina, "5555555555554444")
    web.post(f"/payments/methods/{spare.pk}/", {"label": "Family", "expiry": "09/31", "holder": "Lina"})
    page = web.get("/payments/methods/").content.decode()
    assert "Family" in page
    assert "09/31" in page
    web.post(f"/payments/methods/{spare.pk}/remove/")
    assert "Family" not in web.get("/payments/methods/").content.decode()


@pytest.mark.spec("KH-PAY-03")
def test_the_default_method_is_preselected() -> None:
    lina = b.client("Lina")
    web, draft = town.browser(lina), b.draft(lina, method_id=None)
    web.post("/payments/methods/new/?kind=wallet", {"phone": "+966 50 123 4567"})
    wallet = lina.payment_methods.get(kind="wallet")
    web.post(f"/payments/methods/{wallet.pk}/default/")
    page = web.get(f"/tasks/new/{draft.pk}/payment/").content.decode()
    assert re.search(rf'value="{wallet.pk}"[^>]* checked', page)


@pytest.mark.spec("KH-PROFILE-03")
def test_three_addresses_and_the_default_asks_for_an_heir() -> None:
    lina = b.client("Lina")
    web = town.browser(lina)
    district = b.city().districts.get().pk
    for label in ("Office", "Flat to let"):
        web.post("/addresses/new/", {"label": label, "lines": "King Road 1", "district": district})
    page = web.get("/addresses/").content.decode()
    assert all(label in page for label in ("Home", "Office", "Flat to let"))
    home, office = lina.addresses.get(label="Home"), lina.addresses.get(label="Office")
    asked = web.post(f"/addresses/{home.pk}/remove/", follow=True).content.decode()
    assert "Choose which of your other addresses becomes the default" in asked
    web.post(f"/addresses/{home.pk}/remove/", {"new_default": office.pk})
    office.refresh_from_db()
    assert office.is_default
    wrong = web.post(f"/addresses/{office.pk}/", {"label": "", "lines": "Still here"})
    assert wrong.status_code == 422
    assert "Still here" in wrong.content.decode()


def test_payments_show_what_was_charged_and_what_comes_back() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    web = town.browser(lina)
    web.post(f"/tasks/{job.request_id}/confirm/")
    run_until(b.at(2, "17:01"), start=b.at(2, "17:00"))
    page = web.get("/payments/?month=2026-03").content.decode()
    assert "96.00" in page
    assert "16.00" in page
    assert "Nothing here" in web.get("/payments/?month=2026-01").content.decode()
    document = job.receipts.get()
    pdf = web.get(f"/receipts/{document.number}/?language=ar")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert town.browser(b.client("Nosy")).get(f"/receipts/{document.number}/").status_code == 404


# --- live -----------------------------------------------------------------------------------------------------------


def test_a_task_is_heard_by_its_people_alone() -> None:
    from mahalla.web import topics

    lina, sara, nosy = b.client("Lina"), b.tasker("Sara"), b.client("Nosy")
    other, ops = b.tasker("Other"), b.person("Ops", "ops_admin")
    offer = b.offered(lina, sara)
    topic = f"request:{offer.request_id}"
    assert [topics.may_hear(user, topic) for user in (lina, sara, ops, other, nosy)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    engine.apply(offer, "decline", actor=b.tasker_of(sara), now=b.EVENING, data={})
    assert not topics.may_hear(sara, topic)


def test_the_live_part_stands_alone() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.confirmed(lina, sara)
    part = page_of(lina, job.request_id, "status/")
    assert part.lstrip().startswith('<div id="now"')
    assert f'data-live="request:{job.request_id} user:me"' in part
    assert "<html" not in part


def test_notices_lead_the_tasker_to_the_own_page() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.confirmed(lina, sara)
    answer = town.browser(sara).get(f"/tasks/{job.request_id}/")
    assert answer.status_code in {302, 404}
    assert lina.addresses.get().lines not in answer.content.decode()


# --- others ---------------------------------------------------------------------------------------------------------


def test_an_outsider_finds_nothing_anywhere() -> None:
    """Every address with a number of Lina's, by another client: 404, whatever the method."""
    lina, sara, outsider = b.client("Lina"), b.tasker("Sara"), b.client("Nosy")
    job = town.submitted(lina, sara)
    draft = b.draft(lina)
    web, own = town.browser(outsider), town.browser(lina)
    own.post(f"/tasks/{job.request_id}/template/", {"name": "Weekly"})
    own.post(f"/tasks/{job.request_id}/dispute/", {"kind": "hours", "minutes": "120", "text": "Two hours"})
    template, case = lina.templates.get().pk, lina.cases_opened.get().pk
    method, address = lina.payment_methods.get().pk, lina.addresses.get().pk
    numbers = {
        "tasks/new/<int:pk>": draft.pk,
        "tasks/<int:pk>": job.request_id,
        "templates/<int:pk>": template,
        "series/<int:pk>": 1,
        "addresses/<int:pk>": address,
        "payments/methods/<int:pk>": method,
        "cases/<int:pk>": case,
    }
    tried = 0
    for pattern in (str(p.pattern) for p in urlpatterns):
        start = next((key for key in numbers if pattern.startswith(key)), None)
        if start is None:
            continue
        path = "/" + pattern.replace("<int:pk>", str(numbers[start]), 1)
        path = path.replace("<slug:name>", "details").replace("<int:photo>", "1")
        answers = {
            web.get(path).status_code,
            web.post(path, {"worker": sara.pk, "day": "2026-03-09"}).status_code,
        }
        assert answers <= {404, 405}, path
        assert 404 in answers, path
        tried += 1
    assert tried > 35
    assert lina.payment_methods.filter(removed_at=None).exists()


def test_no_page_of_a_client_tells_the_taskers_phone_or_home() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    for path in ("", "chat/", "receipt/", "review/", "dispute/", "cancel/"):
        page = town.browser(lina).get(f"/tasks/{job.request_id}/{path}").content.decode()
        assert sara.phone[4:] not in page
        assert str(sara.tasker.lat) not in page


# --- weight ---------------------------------------------------------------------------------------------------------


def test_pages_ask_the_database_little(django_assert_max_num_queries: Any) -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    web = town.browser(lina)
    for path, most in ((f"/tasks/{job.request_id}/", 12), ("/tasks/", 10), ("/tasks/past/", 12), ("/", 12)):
        web.get(path)
        with django_assert_max_num_queries(most):
            web.get(path)


def test_the_list_of_taskers_costs_the_same_for_many(django_assert_max_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    lina = b.client("Lina")
    b.tasker("One")
    task, web = b.posted(lina), town.browser(lina)
    web.get(f"/tasks/{task.pk}/")
    with CaptureQueriesContext(connection) as few:
        web.get(f"/tasks/{task.pk}/")
    for n in range(6):
        b.tasker(f"More {n}", km=n + 1)
    with django_assert_max_num_queries(len(few)):
        page = web.get(f"/tasks/{task.pk}/")
    assert page.content.decode().count("Choose More") == 6
