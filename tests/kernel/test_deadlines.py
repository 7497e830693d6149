"""Deadlines on a real database: exactly once, never early, paused, after a killed worker, and by several workers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import deadlines, engine, timers
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Offer, Request
from tests.khidma import builders as b

MIN = timedelta(minutes=1)


@pytest.fixture
def offer(khidma) -> Offer:
    return b.offered(b.client(), b.tasker())


def state(offer: Offer) -> str:
    return Offer.objects.get(pk=offer.pk).state


@pytest.mark.django_db
def test_a_deadline_never_fires_early(offer: Offer) -> None:
    due = timers.due_at("offer", offer.pk, "offer_ttl")
    assert due == b.EVENING + 30 * MIN
    row = DeadlineRow.objects.get(noun="offer", name="offer_ttl")
    assert deadlines.fire(row.pk, due - timedelta(microseconds=1)) is False
    assert state(offer) == "pending"
    assert deadlines.fire(row.pk, due) is True
    assert state(offer) == "expired"


@pytest.mark.django_db
def test_a_row_goes_with_its_transition_so_it_fires_once(offer: Offer) -> None:
    row = DeadlineRow.objects.get(noun="offer", name="offer_ttl")
    late = b.EVENING + timedelta(hours=2)
    assert deadlines.fire(row.pk, late) is True
    assert deadlines.fire(row.pk, late) is False
    assert Event.objects.filter(noun="offer", subject_id=offer.pk, name="expire").count() == 1


@pytest.mark.django_db
def test_leaving_the_state_clears_the_deadline(offer: Offer) -> None:
    engine.apply(offer, "decline", actor=b.tasker_of(offer.worker), now=b.EVENING + MIN)
    assert not DeadlineRow.objects.filter(noun="offer").exists()


@pytest.mark.django_db
def test_a_lease_of_a_killed_worker_runs_out(offer: Offer) -> None:
    """The worker took the batch and died before the first transaction: another one takes it after the lease."""
    due = b.EVENING + 30 * MIN
    assert len(deadlines._claim(due, 10)) >= 1
    assert deadlines.run_due(due + timedelta(seconds=30)) == 0
    assert state(offer) == "pending"
    assert deadlines.run_due(due + timedelta(seconds=61)) >= 1
    assert state(offer) == "expired"


@pytest.mark.django_db
def test_a_transition_that_breaks_leaves_its_deadline_standing(offer: Offer, monkeypatch) -> None:
    def breaks(*args, **kwargs):
        raise RuntimeError("the disk is full")

    due = b.EVENING + 30 * MIN
    with monkeypatch.context() as patch:
        patch.setattr(engine, "step", breaks)
        deadlines.run_due(due)
    row = DeadlineRow.objects.get(noun="offer", name="offer_ttl")
    assert (row.attempts, row.last_error) == (1, "RuntimeError: the disk is full")
    deadlines.run_due(due + 2 * MIN)
    assert state(offer) == "expired"


@pytest.mark.django_db
def test_virtual_time_fires_everything_at_its_own_instant_and_in_order(offer: Offer) -> None:
    run_until(b.EVENING + timedelta(hours=3), start=b.EVENING)
    times = dict(
        Event.objects.filter(
            stream=offer.stream, name__in=("expire", "auto_match", "flag_unaccepted")
        ).values_list("name", "at")
    )
    assert times["flag_unaccepted"] == b.EVENING + 15 * MIN
    assert (
        Event.objects.filter(stream=offer.stream, noun="offer", name="expire").get().at
        == b.EVENING + 30 * MIN
    )
    assert times["auto_match"] == b.EVENING + 45 * MIN


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.spec("KH-OPS-01")
def test_two_workers_fire_one_due_offer_once(khidma) -> None:
    """Several workers with connections of their own, each claiming what is due at the same time."""
    tasker = b.tasker()
    offers = [b.offered(b.client(f"Client {n}"), tasker) for n in range(6)]
    due = b.EVENING + 31 * MIN
    barrier = threading.Barrier(4)

    def work() -> None:
        try:
            barrier.wait()
            deadlines.run_due(due, limit=3)
            deadlines.run_due(due)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for offer in offers:
        assert state(offer) == "expired"
        assert Event.objects.filter(noun="offer", subject_id=offer.pk, name="expire").count() == 1
        assert Request.objects.get(pk=offer.request_id).state == "matching"


@pytest.mark.django_db
def test_events_cannot_be_changed_or_deleted(offer: Offer) -> None:
    for sql in ("UPDATE events_event SET reason = 'x'", "DELETE FROM events_event"):
        with (
            pytest.raises(Exception, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
