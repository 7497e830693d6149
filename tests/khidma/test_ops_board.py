"""The live board, the queue, and what operations do with one task."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit import clock
from mahalla.markets.khidma import board
from tests.khidma import builders as b
from tests.khidma.ops_town import Desk, browser

pytestmark = pytest.mark.django_db


def row_of(page: str, pk: int) -> str:
    found = re.search(rf'<tr data-row id="task-{pk}".*?</tr>', page, re.DOTALL)
    return re.sub(r"\s+", " ", found.group()) if found else ""


def stamp(page: str) -> str:
    return re.search(r"seen=([0-9a-f]+)", page).group(1)


@pytest.mark.spec("KH-ADMIN-01")
def test_a_task_accepted_elsewhere_changes_its_row_within_five_seconds(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    desk = Desk("Abeer", b.EVENING + timedelta(minutes=3))
    page = desk.page("board/")
    row = row_of(page, offer.request_id)
    for word in (
        "Waiting for the Tasker",
        "3 minutes ago",
        "Cleaning",
        "Riyadh",
        "Lina",
        "Sara",
        "in 12 minutes",
    ):
        assert word in row, word
    # the part listens to the stream and, without one, asks every five seconds
    assert 'data-live="ops"' in page and 'hx-trigger="live, every 5s"' in page
    unchanged = desk.get("board/rows/", seen=stamp(page))
    assert unchanged.status_code == 204 and unchanged.content == b""
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=desk.now)
    assert "ops" in Event.objects.filter(noun="job", name="agree").latest("pk").topics
    changed = desk.get("board/rows/", seen=stamp(page))
    assert changed.status_code == 200
    assert "Accepted" in row_of(changed.content.decode(), offer.request_id)


def test_the_board_narrows_and_draws_a_map(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    first = b.posted(lina)
    second = b.posted(b.client("Omar"), category=b.category("moving"))
    job = b.accepted(b.client("Hala"), sara)
    desk = Desk("Abeer", b.EVENING + timedelta(minutes=1))

    def shown(**asked):
        return set(map(int, re.findall(r'id="task-(\d+)"', desk.page("board/rows/", **asked))))

    assert shown() == {first.pk, second.pk, job.request_id}
    assert shown(category="moving") == {second.pk}
    assert shown(state="accepted") == {job.request_id}
    assert shown(q="lina") == shown(q=f"#{first.pk}") == {first.pk}
    assert shown(city="jeddah") == set()
    assert "map-pin" in desk.page("board/rows/", view="map")
    desk.now = b.EVENING + timedelta(minutes=16)  # the choice window is over and no worker ran
    assert first.pk in shown(late="1")


def test_the_board_takes_the_same_queries_for_any_number_of_tasks(khidma, django_assert_num_queries):
    lina = b.client("Lina")
    for _n in range(3):
        b.posted(lina)
    with django_assert_num_queries(4):
        assert len(board.active_tasks(now=b.EVENING)) == 3
    for _n in range(4):
        b.posted(lina)
    with django_assert_num_queries(4):
        assert len(board.active_tasks(now=b.EVENING)) == 7


def test_what_is_confirmed_by_the_client_leaves_the_board(khidma):
    job = b.accepted(b.client("Lina"), b.tasker("Sara"))
    Request.objects.filter(pk=job.request_id).update(status="completed", state="booked", phase="agreed")
    Job.objects.filter(pk=job.pk).update(state="completed", phase="done")
    assert [row.request.pk for row in board.active_tasks(now=b.EVENING)] == [job.request_id]
    Job.objects.filter(pk=job.pk).update(confirmed_at=b.EVENING)
    assert board.active_tasks(now=b.EVENING) == []


@pytest.mark.spec("KH-ADMIN-02")
def test_at_minute_fifteen_the_task_enters_the_queue_and_leaves_it_with_acceptance(khidma):
    lina, sara, nadir = b.client("Lina"), b.tasker("Sara"), b.tasker("Nadir", km=2)
    request = b.posted(lina)
    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    refused = Offer.objects.get(request=request)
    engine.apply(
        refused, "decline", actor=b.tasker_of(sara), now=b.EVENING + timedelta(minutes=5),
        data={"reason": "Too far for me"},
    )  # fmt: skip
    engine.apply(
        request, "select", actor=b.client_of(lina), now=b.EVENING + timedelta(minutes=6),
        data={"worker_id": nadir.pk},
    )  # fmt: skip
    desk = Desk("Abeer", b.EVENING + timedelta(minutes=14, seconds=59))
    assert f"wait-{request.pk}" not in desk.page("unaccepted/")
    desk.now = b.EVENING + timedelta(minutes=15)
    page = desk.page("unaccepted/")
    assert f"wait-{request.pk}" in page
    for word in ("Sara", "declined", "Too far for me", "Nadir", "waiting for an answer"):
        assert word in page, word
    offer = Offer.objects.get(request=request, worker=nadir)
    engine.apply(offer, "accept", actor=b.tasker_of(nadir), now=desk.now)
    assert f"wait-{request.pk}" not in desk.page("unaccepted/rows/")


@pytest.mark.spec("KH-ADMIN-03")
def test_assigning_makes_an_offer_of_operations_in_the_admins_name(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    request = b.posted(lina)
    desk = Desk("Abeer", b.EVENING + timedelta(minutes=20))
    page = desk.page(f"tasks/{request.pk}/")
    for word in (
        "Ranked candidates",
        "Sara",
        "Distance",
        "Acceptance",
        "Completion",
        "Rating",
        "Price",
        "Activity",
    ):
        assert word in page, word
    desk.post(f"tasks/{request.pk}/assign/", worker=sara.pk, reason=" ")
    assert not Offer.objects.exists()  # without a reason nothing happens
    answer = desk.post(f"tasks/{request.pk}/assign/", worker=sara.pk, reason="Nobody answered")
    assert answer.status_code == 302
    offer = Offer.objects.get(request=request)
    assert (offer.source, offer.state, offer.made_by_id) == ("ops", "pending", desk.user.pk)
    event = Event.objects.get(noun="request", name="assign")
    assert (event.actor_id, event.role, event.on_behalf_of_id) == (desk.user.pk, "ops_admin", lina.pk)
    assert event.reason == "Nobody answered"
    page = desk.page(f"tasks/{request.pk}/")
    assert "operations" in page and "Abeer" in page and "Nobody answered" in page
    # acceptance stays the Tasker's, or is noted with the spoken consent and a reason
    desk.post(f"offers/{offer.pk}/accept/", reason="Called at 20:22")
    assert Offer.objects.get(pk=offer.pk).state == "pending"
    desk.post(f"offers/{offer.pk}/accept/", reason="Called at 20:22", spoken_consent="1")
    assert Offer.objects.get(pk=offer.pk).state == "accepted"
    noted = Event.objects.get(noun="offer", name="accept")
    assert (noted.role, noted.on_behalf_of_id, noted.reason) == ("ops_admin", sara.pk, "Called at 20:22")


def test_a_tasker_who_passes_no_filter_is_not_assigned(khidma):
    lina, far = b.client("Lina"), b.tasker("Far", km=80)
    request = b.posted(lina)
    desk = Desk("Abeer")
    desk.post(f"tasks/{request.pk}/assign/", worker=far.pk, reason="Try")
    assert not Offer.objects.exists()
    assert "no longer available" in desk.page(f"tasks/{request.pk}/")


@pytest.mark.spec("KH-ADMIN-04", "KH-FLOW-28")
def test_cancelling_for_the_client_names_who_did_it_and_for_whom(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    run_until(b.at(2, "13:00"), start=b.EVENING)  # an hour and a half before the start: a fee would be due
    desk = Desk("Abeer", b.at(2, "13:00"))
    page = desk.page(f"tasks/{job.request_id}/")
    assert "Waive the fee" in page and "30.00" in page
    desk.post(f"tasks/{job.request_id}/cancel/", reason="The client's child is ill", waive_fee="1")
    run_until(b.at(2, "13:01"), start=b.at(2, "13:00"))
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.final) == ("cancelled_client", {})
    hold = Hold.objects.get(reference=job.reference)
    assert (hold.state, hold.captured_minor) == ("voided", 0)  # 0.00 is charged
    event = Event.objects.get(noun="job", name="cancel")
    assert (event.actor_id, event.role, event.on_behalf_of_id) == (desk.user.pk, "ops_admin", lina.pk)
    assert (event.reason, event.payload["waive_fee"]) == ("The client's child is ill", True)
    page = desk.page(f"tasks/{job.request_id}/")
    assert "Abeer" in page and "on behalf of Lina" in page
    assert Notice.objects.filter(user=lina, name__startswith="task_cancelled").exists()


def test_cancelling_without_waiver_charges_the_fee_and_an_open_task_costs_nothing(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    run_until(b.at(2, "13:00"), start=b.EVENING)
    desk = Desk("Abeer", b.at(2, "13:00"))
    desk.post(f"tasks/{job.request_id}/cancel/", reason="Asked by phone", waive_fee="0")
    assert Job.objects.get(pk=job.pk).final["total_minor"] == 30_00
    request = b.posted(b.client("Omar"))
    desk = Desk("Abeer")
    desk.post(f"tasks/{request.pk}/cancel/", reason="Asked by phone")
    assert Request.objects.get(pk=request.pk).state == "cancelled_client"


def test_only_the_steps_of_the_table_are_offered(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    desk = Desk("Abeer")
    page = desk.page(f"tasks/{offer.request_id}/")
    assert "Assign…" not in page  # one live offer: first it is taken back
    assert "Take the offer back" in page and "The Tasker said yes" in page
    desk.post(f"offers/{offer.pk}/withdraw/", reason="He called, he cannot")
    assert "Assign…" in desk.page(f"tasks/{offer.request_id}/")
    engine.apply(Request.objects.get(pk=offer.request_id), "cancel", actor=b.client_of(lina), now=b.EVENING)
    page = desk.page(f"tasks/{offer.request_id}/")
    assert "Assign…" not in page and "Cancel for the client" not in page


@pytest.mark.spec("KH-FLOW-29")
def test_banning_a_tasker_with_two_confirmed_tasks_frees_both(khidma):
    lina, omar, sara = b.client("Lina"), b.client("Omar"), b.tasker("Sara")
    week = {"window_start": b.at(4, "14:00"), "window_end": b.at(4, "18:00")}
    jobs = [b.accepted(lina, sara), b.accepted(omar, sara, **week)]
    run_until(b.EVENING, start=b.EVENING)
    assert {Job.objects.get(pk=job.pk).state for job in jobs} == {"confirmed"}
    desk = Desk("Adel", b.EVENING + timedelta(hours=1))
    desk.post(f"people/{sara.pk}/sanctions/", level="ban", reason="Forged certificate")
    run_until(desk.now, start=b.EVENING)
    for job in jobs:
        assert Request.objects.get(pk=job.request_id).status == "matching"
        assert Job.objects.get(pk=job.pk).ended_reason == "account_action"
        assert Hold.objects.get(reference=job.reference).state == "voided"


@pytest.mark.spec("KH-ADMIN-05")
def test_a_banned_persons_next_request_is_refused(khidma):
    lina = b.client("Lina")
    phone = browser(lina)
    with clock.travel(b.EVENING):
        assert phone.get("/account/").status_code == 200
    desk = Desk("Adel")
    desk.post(f"people/{lina.pk}/sanctions/", level="ban", reason="")
    assert User.objects.get(pk=lina.pk).status == "active"  # a reason is mandatory
    desk.post(f"people/{lina.pk}/sanctions/", level="ban", reason="Stolen cards")
    with clock.travel(b.EVENING):
        assert phone.get("/account/").status_code == 403
    omar = b.client("Omar")
    desk.post(
        f"people/{omar.pk}/sanctions/", level="suspension", reason="Shouted", ends_at="2026-03-08T20:00"
    )
    omar.refresh_from_db()
    assert (omar.status, omar.suspended_until) == ("suspended", b.at(8, "20:00"))
    assert "Shouted" in desk.page(f"people/{omar.pk}/")


@pytest.mark.spec("KH-ADMIN-06", "KH-ADMIN-07")
def test_a_persons_page_tells_of_cancellations_and_flags_and_is_written_down(khidma):
    from mahalla.kernel.trust import operations as trust
    from mahalla.kit.actors import SYSTEM

    lina = b.client("Lina")
    b.posted(lina)
    for day in (-40, 1, 2, 3):  # one of them long before the 30 days
        then = b.EVENING + timedelta(days=day)
        request = b.posted(lina)
        engine.apply(request, "cancel", actor=b.client_of(lina), now=then)
    trust.raise_flag("cancels", key="c", user_id=lina.pk, score=70, evidence={}, actor=SYSTEM, now=b.EVENING)
    desk = Desk("Adel", b.EVENING + timedelta(days=5))
    for _again in range(2):
        page = re.sub(r"\s+", " ", desk.page(f"people/{lina.pk}/"))
    assert "<small>Cancellations in 30 days</small><b>3</b>" in page
    assert "1 open flag" in page and "<small>Tasks</small><b>5</b>" in page
    looks = Event.objects.filter(name="staff.viewed", noun="user", subject_id=lina.pk, actor_id=desk.user.pk)
    assert looks.count() == 2 and looks[0].role == "admin"
    assert "Looks at personal data" in desk.page("audit/", looks="only")
    assert f"user:{lina.pk}" in desk.page("audit/", looks="only")
