"""Rules that must hold for whoever tries to get round them: staff with a stake, the early bird, the unlucky instant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.flow import engine, timers
from mahalla.kernel.identity.models import RoleGrant
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, NotFound, Refused
from mahalla.markets.khidma import onboarding
from mahalla.markets.khidma.models import TaskerProfile
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def also(user, role: str) -> Actor:
    RoleGrant.objects.create(user=user, role=role, granted_at=b.EVENING)
    user.forget_roles()
    return Actor(user.pk, role, reason="It suits me")


def test_staff_do_not_waive_a_fee_of_their_own(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    ops = also(lina, "ops_admin")
    with pytest.raises(Denied) as refusal:
        engine.apply(job, "cancel", actor=ops, now=b.at(2, "13:00"), data={"waive_fee": True})
    assert refusal.value.code == "own_task"
    assert b.fresh(job).state == "confirmed"


def test_staff_do_not_give_themselves_work(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    task = b.posted(lina)
    ops = also(sara, "ops_admin")
    with pytest.raises(Denied) as refusal:
        engine.apply(task, "assign", actor=ops, now=b.EVENING, data={"worker_id": sara.pk})
    assert refusal.value.code == "own_task"
    engine.apply(task, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    offer = Offer.objects.get(request=task)
    with pytest.raises(Denied) as refusal:
        engine.apply(offer, "accept", actor=ops, now=b.EVENING, data={"spoken_consent": True})
    assert refusal.value.code == "own_task"


def test_staff_do_not_approve_themselves_as_taskers(khidma) -> None:
    sara = b.tasker()
    TaskerProfile.objects.filter(user=sara).update(approved_at=None)
    with pytest.raises(Refused):
        onboarding.approve(sara, actor=also(sara, "ops_admin"), now=b.EVENING)
    assert TaskerProfile.objects.get(user=sara).approved_at is None


def test_a_partner_acts_on_own_tasks_only(khidma) -> None:
    lina, shop = b.client(), b.person("Shop", "partner")
    task = b.posted(lina)
    with pytest.raises(NotFound):
        engine.apply(task, "cancel", actor=Actor(shop.pk, "partner"), now=b.EVENING)


def test_booked_work_is_not_matched_again_beside_its_tasker(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    with pytest.raises(Refused) as refusal:
        engine.apply(job.request, "rematch", actor=b.client_of(lina), now=b.EVENING)
    assert refusal.value.code == "still_booked"


def test_a_client_is_not_absent_before_the_start(khidma) -> None:
    """Arriving two hours early and pressing "not there" must not earn the minimum hours."""
    lina, sara = b.client(), b.tasker()
    job = b.confirmed(lina, sara)
    worker, here = b.tasker_of(sara), {"lat": b.HOME[0], "lng": b.HOME[1]}
    with pytest.raises(Refused) as refusal:
        engine.apply(job, "arrive", actor=worker, now=b.at(2, "08:00"), data=here)
    assert refusal.value.code == "too_early"
    b.step(job, "arrive", worker, b.at(2, "12:30"), **here)
    b.step(job, "log_contact", worker, b.at(2, "12:31"))
    with pytest.raises(Refused) as refusal:
        engine.apply(b.fresh(job), "client_absent", actor=worker, now=b.at(2, "13:30"))
    assert refusal.value.code == "wait_longer"
    assert b.step(job, "client_absent", worker, b.at(2, "14:30")).state == "cancelled_client"


def test_an_instant_booking_that_cannot_be_falls_back_to_an_offer(khidma, monkeypatch) -> None:
    from mahalla.markets.khidma import supply

    def owes(worker_id: int, *, now) -> None:
        raise Refused("cash_debt", "Pay first.")

    lina, sara = b.client(), b.tasker(instant=True)
    task = b.posted(lina)
    monkeypatch.setattr(supply, "require_eligible", owes)
    engine.apply(task, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    offer = Offer.objects.get(request=task)
    assert (offer.state, b.fresh(task).state) == ("pending", "offered")
    assert not offer.data.get("instant")
    assert timers.due_at("offer", offer.pk, "offer_ttl") is not None
    assert timers.due_at("request", task.pk, "choice_window") is None


def test_after_a_rematch_and_an_edit_the_search_runs_by_itself_again(khidma) -> None:
    """Rows 5 and 38 restart the choice window, also where operations had been asked before."""
    lina, sara, nora = b.client(), b.tasker(), b.tasker("Nora")
    job = b.confirmed(lina, sara)
    job.request.data = {**job.request.data, "needs_ops": True, "unaccepted_since": "2026-03-01T17:15:00Z"}
    job.request.save()
    b.step(job, "tasker_cancel", b.tasker_of(sara), b.EVENING + timedelta(hours=1), reason="sick")
    task = b.fresh(job.request)
    assert task.state == "matching"
    assert not task.data.get("needs_ops")
    assert timers.due_at("request", task.pk, "choice_window") is not None
    assert Job.objects.filter(request=task, worker=nora).count() == 0


def test_nobody_pays_more_for_cancelling_than_the_page_said(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    with pytest.raises(Refused) as refusal:
        engine.apply(job, "cancel", actor=b.client_of(lina), now=b.at(2, "13:00"), data={"fee_seen_minor": 0})
    assert refusal.value.code == "fee_changed"
    data = {"fee_seen_minor": 3000}
    assert b.step(job, "cancel", b.client_of(lina), b.at(2, "13:00"), **data).state == "cancelled_client"


def test_a_card_that_is_just_taking_over_cannot_be_removed(khidma) -> None:
    from mahalla.kernel.payments import operations as payments

    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    other = b.add_card(lina)
    engine.apply(job, "change_method", actor=b.client_of(lina), now=b.EVENING, data={"method_id": other.pk})
    type(job.request).objects.filter(pk=job.request_id).update(method_id=None)
    with pytest.raises(Refused) as refusal:
        payments.remove_method(lina.pk, other.pk, now=b.EVENING)
    assert refusal.value.code == "method_in_use"


def test_nobody_is_sent_to_a_client_who_was_banned(khidma) -> None:
    from mahalla.kernel.flow.worker import run_until
    from mahalla.kernel.trust import sanctions

    lina, sara = b.client(), b.tasker()
    offer = b.offered(lina, sara)
    boss = b.staff_of(b.person("Reem", "admin"), "admin")
    sanctions.impose(lina.pk, "ban", reason="Threats", actor=boss, now=b.EVENING)
    run_until(b.EVENING, start=b.EVENING)
    assert (b.fresh(offer).state, b.fresh(offer.request).state) == ("withdrawn", "expired")
