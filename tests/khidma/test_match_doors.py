"""What others ask of matching: pushes for new tasks, internal interfaces, and a ranking that fails."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.matching import factors, runs
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.notices.models import Delivery, Notice
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.work.models import Offer
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, NotFound, Refused
from mahalla.markets.khidma import interfaces, ranking
from mahalla.markets.khidma.models import TaskerProfile
from tests.khidma import builders as b
from tests.khidma.test_match_order import proven, waiting_offers

pytestmark = pytest.mark.django_db
MIN = timedelta(minutes=1)


@pytest.mark.spec("KH-NOTE-04")
def test_a_matching_task_is_pushed_to_three_and_not_to_the_one_switched_off(khidma) -> None:
    three = [b.tasker(name) for name in ("Sara", "Omar", "Nora")]
    off, silent, busy = b.tasker("Off"), b.tasker("Silent"), b.tasker("Busy")
    schedule.switch(off.pk, False, now=b.EVENING)
    TaskerProfile.objects.filter(user=silent).update(push_new_tasks=False)
    waiting_offers(busy, 3)
    for one in (*three, off, silent, busy):
        notices.subscribe(one, endpoint=f"https://push.example/{one.pk}", p256dh="k", auth="a", now=b.EVENING)
    request = b.posted(b.client())
    told = Notice.objects.filter(name="new_task", link=f"/feed/{request.pk}/")
    assert {notice.user_id for notice in told} == {one.pk for one in three}
    pushes = Delivery.objects.filter(notice__in=told, channel="push")
    assert pushes.count() == 3
    run_until(b.EVENING + 20 * MIN, start=b.EVENING)  # somebody is asked, and the list is drawn again
    assert told.count() == 3


def test_nobody_is_called_to_a_task_that_was_booked_at_once(khidma) -> None:
    sara = b.tasker(instant=True)
    b.tasker("Omar")
    request = b.posted(b.client(), data={"first_worker_id": sara.pk})
    assert request.state == "booked"
    assert not Notice.objects.filter(name="new_task").exists()


@pytest.mark.spec("KH-API-05")
def test_the_three_internal_interfaces(khidma) -> None:
    sara, near = proven("Sara"), b.tasker("Near", km=1)
    lina = b.client()
    request = b.posted(lina)
    me = {"actor": SYSTEM, "now": b.EVENING}
    assert interfaces.score_tasker(request.pk, sara.pk, **me) == 0.7099
    first, second = interfaces.match_candidates(request.pk, **me)
    assert (first.worker_id, second.worker_id) == (sara.pk, near.pk)
    assert (first.place, first.score, first.price_minor) == (1, 0.7099, 11_960)
    assert (round(first.distance_m or 0), first.start_at) == (5000, b.at(2, "14:00"))

    with pytest.raises(Refused) as refused:
        interfaces.release_payment(request.pk, **me)
    assert refused.value.code == "nothing_to_release"
    job = b.completed(lina, sara)
    b.step(job, "confirm", b.client_of(lina), b.at(2, "18:00"))
    later = {"actor": SYSTEM, "now": b.at(2, "18:00")}
    for _ in range(2):
        assert interfaces.release_payment(job.request_id, **later) == 0
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 8000

    for call, args in (
        (interfaces.match_candidates, (request.pk,)),
        (interfaces.score_tasker, (request.pk, sara.pk)),
        (interfaces.release_payment, (job.request_id,)),
    ):
        with pytest.raises(Denied):
            call(*args, actor=b.client_of(lina), now=b.EVENING)
        with pytest.raises(NotFound):
            call(0, *args[1:], **me)


def test_a_score_is_refused_for_one_who_is_no_candidate(khidma) -> None:
    sara = b.tasker()
    request = b.posted(b.client())
    schedule.switch(sara.pk, False, now=b.EVENING)
    with pytest.raises(Refused) as refused:
        interfaces.score_tasker(request.pk, sara.pk, actor=SYSTEM, now=b.EVENING)
    assert refused.value.code == "no_longer_available"


@pytest.mark.spec("KH-OPS-07")
def test_a_failing_scorer_lists_in_distance_order_marked_and_operations_get_the_task(
    khidma, monkeypatch
) -> None:
    far, near, middle = b.tasker("Far", km=9), b.tasker("Near", km=1), b.tasker("Middle", km=5)

    def broken(*args: object, **kwargs: object) -> object:
        raise RuntimeError("the model is away")

    monkeypatch.setattr(factors, "rating_factor", broken)
    lina = b.client()
    request = b.posted(lina)
    run = RankingRun.objects.get(request_id=request.pk)
    assert run.fallback
    assert runs.ranking_of(run).worker_ids == [near.pk, middle.pk, far.pk]
    assert b.fresh(request).data["needs_ops"]
    assert b.fresh(request).data["ranking_fallback"]
    run_until(b.EVENING + 15 * MIN, start=b.EVENING)  # automatic matching goes on, by distance
    offer = Offer.objects.get(request=request)
    assert (offer.worker, offer.source) == (near, "auto")
    assert not Notice.objects.filter(user=lina, name="needs_ops").exists()

    monkeypatch.undo()
    b.step(offer, "decline", b.tasker_of(near), b.EVENING + 16 * MIN)
    request = b.fresh(request)
    assert (request.data["needs_ops"], request.data["ranking_fallback"]) == (False, False)


def test_candidates_that_take_too_long_to_find_are_not_scored(khidma, monkeypatch) -> None:
    far, near = b.tasker("Far", km=9), b.tasker("Near", km=1)
    monkeypatch.setattr(ranking, "PATIENCE_S", 0.0)
    request = b.posted(b.client())
    slow = ranking.rank(ranking.pool(request, now=b.EVENING))
    assert (slow.fallback, slow.worker_ids) == (True, [near.pk, far.pk])


def test_facts_that_cannot_be_read_leave_the_order_of_distance(khidma, monkeypatch) -> None:
    far, near = b.tasker("Far", km=9), b.tasker("Near", km=1)
    request = b.posted(b.client())

    def broken(*args: object, **kwargs: object) -> object:
        raise RuntimeError("the feature store is away")

    monkeypatch.setattr(ranking, "features", broken)
    found = ranking.rank(ranking.pool(request, now=b.EVENING))
    assert (found.fallback, found.worker_ids) == (True, [near.pk, far.pk])
    assert ranking.next_auto(request, now=b.EVENING) == near.pk
