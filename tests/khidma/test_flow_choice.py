"""From posting to acceptance: who is chosen, who answers, what runs out."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from mahalla.kernel.cases.models import Case
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.errors import Refused
from mahalla.kit.flow import IllegalMove
from mahalla.markets.khidma import ranking
from mahalla.markets.khidma.models import Rate, TaskerStats
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
MIN = timedelta(minutes=1)


@pytest.mark.spec("KH-FLOW-01")
def test_any_other_move_is_refused_with_the_current_state(khidma) -> None:
    offer = b.offered(b.client(), b.tasker())
    with pytest.raises(IllegalMove) as refused:
        engine.apply(offer.request, "start_timer", actor=b.tasker_of(offer.worker), now=b.EVENING)
    assert refused.value.status == 409
    assert refused.value.detail["state"] == "offered"
    assert b.fresh(offer.request).state == "offered"


@pytest.mark.spec("KH-FLOW-02")
def test_every_transition_writes_one_event_in_order(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    main = ["post", "start_matching", "select", "make", "accept", "agree", "agree", "confirm_payment"]
    main += ["set_off", "arrive", "start_timer", "submit"]
    rows = Event.objects.filter(stream=job.request.stream, noun__in=("request", "offer", "job")).order_by(
        "pk"
    )
    names = [row.name for row in rows if row.name != "create"]
    assert names == main
    states = [row.to_state for row in rows if row.from_state != row.to_state]
    assert states == [
        "draft", "posted", "matching", "offered", "pending", "accepted", "booked", "accepted",
        "confirmed", "in_progress", "completed",
    ]  # fmt: skip
    submitted = rows.get(name="submit")
    assert (submitted.actor_id, submitted.role, submitted.at) == (job.worker_id, "tasker", b.at(2, "17:00"))


@pytest.mark.spec("KH-FLOW-04")
def test_a_second_choice_asks_to_take_the_first_back(khidma) -> None:
    lina = b.client()
    sara, omar = b.tasker("Sara"), b.tasker("Omar")
    offer = b.offered(lina, sara)
    with pytest.raises(Refused) as refused:
        engine.apply(
            offer.request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": omar.pk}
        )
    assert refused.value.code == "offer_pending"
    assert Offer.objects.filter(request=offer.request).count() == 1
    b.step(offer, "withdraw", b.client_of(lina), b.EVENING)
    b.step(offer.request, "select", b.client_of(lina), b.EVENING, worker_id=omar.pk)
    assert Offer.objects.get(request=offer.request, state="pending").worker == omar


@pytest.mark.spec("KH-FLOW-05")
def test_without_a_choice_the_first_then_the_second_is_asked(khidma) -> None:
    lina = b.client()
    near, far = b.tasker("Near", km=1), b.tasker("Far", km=9)
    request = b.posted(lina)
    run_until(b.EVENING + 15 * MIN - timedelta(seconds=1), start=b.EVENING)
    assert not Offer.objects.filter(request=request).exists()
    run_until(b.EVENING + 15 * MIN, start=b.EVENING + 14 * MIN)
    first = Offer.objects.get(request=request)
    assert (first.worker, first.source, first.state) == (near, "auto", "pending")
    b.step(first, "decline", b.tasker_of(near), b.EVENING + 16 * MIN)
    second = Offer.objects.get(request=request, state="pending")
    assert (second.worker, second.source) == (far, "auto")


def test_after_five_automatic_offers_operations_are_asked(khidma) -> None:
    lina = b.client()
    taskers = [b.tasker(f"Tasker {n}", km=n + 1) for n in range(6)]
    request = b.posted(lina)
    now = b.EVENING + 15 * MIN
    run_until(now, start=b.EVENING)
    for _ in range(5):
        offer = Offer.objects.get(request=request, state="pending")
        b.step(offer, "decline", b.tasker_of(offer.worker), now)
    request = b.fresh(request)
    assert (request.state, request.data["needs_ops"]) == ("matching", True)
    assert Offer.objects.filter(request=request, source="auto").count() == 5
    assert not Offer.objects.filter(request=request, worker=taskers[5]).exists()
    assert Notice.objects.filter(user=lina, name="needs_ops").count() == 1


@pytest.mark.spec("KH-FLOW-07")
def test_an_unanswered_offer_expires_after_30_minutes(khidma) -> None:
    sara = b.tasker()
    offer = b.offered(b.client(), sara)
    run_until(b.EVENING + 30 * MIN, start=b.EVENING)
    offer = b.fresh(offer)
    assert offer.state == "expired"
    assert b.fresh(offer.request).state == "matching"
    with pytest.raises(Refused) as refused:
        engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING + 31 * MIN)
    assert refused.value.status == 409
    assert TaskerStats.objects.get(worker=sara).expired == 1
    assert sara.pk not in ranking.pool(offer.request, now=b.EVENING + 31 * MIN).ids


def test_an_offer_for_a_later_day_has_four_hours(khidma) -> None:
    offer = b.offered(b.client(), b.tasker(), window_start=b.at(9, "14:00"), window_end=b.at(9, "18:00"))
    run_until(b.EVENING + 239 * MIN, start=b.EVENING)
    assert b.fresh(offer).state == "pending"
    run_until(b.EVENING + 240 * MIN, start=b.EVENING + 239 * MIN)
    assert b.fresh(offer).state == "expired"


def test_the_deadline_counts_also_before_anybody_fired_it(khidma) -> None:
    sara = b.tasker()
    offer = b.offered(b.client(), sara)
    with pytest.raises(Refused) as refused:
        engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING + 30 * MIN)
    assert refused.value.code == "offer_expired"


@pytest.mark.spec("KH-FLOW-08")
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_parallel_acceptances_leave_one(khidma) -> None:
    sara = b.tasker()
    window = {"window_start": b.at(2, "10:00"), "window_end": b.at(2, "13:30")}
    offers = [b.offered(b.client(name), sara, **window) for name in ("Lina", "Huda")]
    other = b.offered(b.client("Maha"), sara, **window)
    barrier, answers = threading.Barrier(2), []

    def accept(offer: Offer) -> None:
        try:
            barrier.wait()
            engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING)
            answers.append("accepted")
        except Refused as refused:
            answers.append(str(refused.status))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept, args=(offer,)) for offer in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["409", "accepted"]
    assert Job.objects.get().start_at == b.at(2, "10:00")
    run_until(b.EVENING, start=b.EVENING)
    assert b.fresh(other).state == "withdrawn"
    stats = TaskerStats.objects.get(worker=sara)
    assert (stats.accepted, stats.declined, stats.expired) == (1, 0, 0)


@pytest.mark.spec("KH-FLOW-09")
def test_a_declined_card_then_another_confirms_and_without_one_the_slot_is_freed(khidma) -> None:
    lina, sara = b.client(card=b.BAD_CARD), b.tasker()
    job = b.accepted(lina, sara)
    run_until(b.EVENING, start=b.EVENING)
    assert b.fresh(job).state == "accepted"
    assert Notice.objects.filter(user=lina, name="payment_failed").count() == 1
    wallet = b.add_card(lina, b.GOOD_CARD)
    job = b.step(job, "change_method", b.client_of(lina), b.EVENING + 12 * MIN, method_id=wallet.pk)
    assert job.state == "confirmed"

    huda = b.client("Huda", card=b.BAD_CARD)
    lost = b.accepted(huda, b.tasker("Omar"))
    run_until(b.EVENING + 30 * MIN, start=b.EVENING)
    lost = b.fresh(lost)
    assert (lost.state, lost.request.state) == ("lapsed", "matching")
    assert TaskerStats.objects.get(worker=lost.worker).cancelled == 0
    assert lost.worker_id in ranking.pool(lost.request, now=b.EVENING + 31 * MIN).ids


@pytest.mark.spec("KH-FLOW-10")
def test_an_instant_tasker_is_accepted_in_one_request(khidma) -> None:
    sara = b.tasker(instant=True)
    lina = b.client()
    request = b.posted(lina)
    request = engine.apply(
        request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk}
    )
    assert Job.objects.get(request=request).state == "accepted"
    names = list(Event.objects.filter(stream=request.stream).values_list("name", flat=True))
    assert names.index("select") < names.index("make") < names.index("accept")

    new = b.tasker("New", instant=True, approved_days_ago=3)
    first, second = (
        b.posted(b.client("A")),
        b.posted(b.client("B"), window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00")),
    )
    for one in (first, second):
        engine.apply(one, "select", actor=b.client_of(one.client), now=b.EVENING, data={"worker_id": new.pk})
    assert Offer.objects.get(request=first).state == "accepted"
    assert Offer.objects.get(request=second).state == "pending"


@pytest.mark.spec("KH-FLOW-11")
def test_a_task_nobody_accepts_expires_uncharged(khidma) -> None:
    lina = b.client()
    request = b.posted(lina, details={"items": 5, "floor": 0})
    assert request.estimate_min == 180
    run_until(b.at(2, "13:59"), start=b.EVENING)
    assert b.fresh(request).state == "matching"
    run_until(b.at(2, "14:00"), start=b.at(2, "13:59"))
    assert b.fresh(request).state == "expired"
    assert not Hold.objects.exists()
    assert Notice.objects.filter(user=lina, name="task_expired").count() == 1


def test_a_flexible_task_lives_72_hours(khidma) -> None:
    request = b.posted(
        b.client(), data={"flexible": True}, window_start=b.at(1, "21:00"), window_end=b.at(4, "21:00")
    )
    run_until(b.EVENING + timedelta(hours=72) - MIN, start=b.EVENING)
    assert b.fresh(request).state == "matching"
    run_until(b.EVENING + timedelta(hours=72), start=b.EVENING + timedelta(hours=71))
    assert b.fresh(request).state == "expired"


@pytest.mark.spec("KH-FLOW-12")
def test_before_acceptance_cancelling_is_free(khidma) -> None:
    lina = b.client()
    offer = b.offered(lina, b.tasker())
    request = b.step(offer.request, "cancel", b.client_of(lina), b.EVENING + MIN)
    assert (request.state, b.fresh(offer).state) == ("cancelled_client", "withdrawn")
    assert not Hold.objects.exists()


def test_an_outsider_finds_nothing_to_move(khidma) -> None:
    offer = b.offered(b.client(), b.tasker())
    stranger, other = b.client("Stranger"), b.tasker("Other")
    for subject, event, actor in (
        (offer.request, "cancel", b.client_of(stranger)),
        (offer, "withdraw", b.client_of(stranger)),
        (offer, "accept", b.tasker_of(other)),
        (offer, "decline", b.tasker_of(other)),
    ):
        with pytest.raises(Refused) as refused:
            engine.apply(subject, event, actor=actor, now=b.EVENING)
        assert refused.value.status == 404
    assert b.fresh(offer).state == "pending"
    assert not Case.objects.exists()


def test_a_stale_version_cannot_be_accepted(khidma) -> None:
    sara = b.tasker()
    offer = b.offered(b.client(), sara)
    Offer.objects.filter(pk=offer.pk).update(version=2)
    with pytest.raises(Refused) as refused:
        engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING, data={"version": 1})
    assert refused.value.code == "stale_version"


def test_a_rate_that_changes_leaves_the_offer_as_it_was(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    offer = b.offered(lina, sara)
    Rate.objects.filter(worker=sara).update(hourly_minor=3500)
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING)
    assert Job.objects.get(offer=offer).terms["rate_minor"] == 3000
