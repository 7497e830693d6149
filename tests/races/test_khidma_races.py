"""Two people at the same button: exactly one wins, the other gets a sentence, and every rule still holds.

``MAHALLA_RACE_ATTEMPTS`` is the number of acceptances that try (100,000 for a night); the other races follow it at
their share.
"""

# ruff: noqa: B023 - what a lane does ends before the loop goes on

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import deadlines, engine
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.models import TaskerStats
from tests.khidma import builders as b
from tests.khidma.rules import broken
from tests.races import khidma_scene as scene
from tests.races.harness import Lane, Outcome, Racers, attempts

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
NOW = b.EVENING
DUE = NOW + timedelta(minutes=30)
TAPS = 16
DEFAULT = 320
Do = Callable[[], Any]


@pytest.fixture
def sara(khidma) -> Any:
    return b.tasker("Sara", week=scene.WEEK_ROUND)


def judged(outcomes: list[Outcome], *, winners: int = 1) -> list[Outcome]:
    """So many won; everybody else was refused with a sentence: no deadlock, no constraint shown to anybody."""
    lost = [outcome.error for outcome in outcomes if not outcome.won]
    assert all(isinstance(error, Refused) and str(error) for error in lost), outcomes
    assert len(outcomes) - len(lost) == winners, outcomes
    return outcomes


def against(racers: Racers, *calls: Do, winners: int = 1) -> list[Outcome]:
    """Each call in a lane of its own, all at once."""
    return judged(racers.run(lambda lane: calls[lane.number]()), winners=winners)


def few(share: float) -> range:
    return range(attempts(DEFAULT, share=share))


@pytest.fixture
def rules() -> Iterator[None]:
    yield
    assert list(broken()) == []


def accept(offer: Offer) -> Offer:
    return engine.apply(offer, "accept", actor=b.tasker_of(offer.worker), now=NOW)


# --- the answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alike", "share"), [(1, 0.5), (4, 0.5)], ids=["one offer", "four that overlap"])
def test_of_sixteen_acceptances_of_one_time_exactly_one_holds(sara, rules, alike: int, share: float) -> None:
    """Sixteen taps on one offer, or four on each of four offers that want the same hours (KH-FLOW-08)."""
    rounds = max(1, attempts(DEFAULT, share=share) // TAPS)
    before = Job.objects.count()
    made = scene.offered(sara, b.client(), rounds, alike=alike, due=DUE)
    groups = [made[i : i + alike] for i in range(0, len(made), alike)]
    with Racers(TAPS) as racers:
        for group in groups:
            judged(racers.run(lambda lane: accept(group[lane.number % len(group)])))
    assert Job.objects.count() - before == rounds
    assert Hold.objects.filter(kind="hold").count() == rounds
    assert TaskerStats.objects.get(worker=sara).accepted == rounds


def test_accepting_meets_the_deadline_at_the_same_instant(sara, rules) -> None:
    """The Tasker a microsecond before it, the worker on it: the offer is accepted or has run out, never both."""
    offers, ended = scene.offered(sara, b.client(), len(few(0.05)), due=NOW), set()
    with Racers(2) as racers:
        for offer in offers:
            row = DeadlineRow.objects.get(noun="offer", subject_id=offer.pk)
            early = NOW - timedelta(microseconds=1)
            outcomes = racers.run(
                lambda lane: (
                    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=early)
                    if lane.number
                    else deadlines.fire(row.pk, NOW)
                )
            )
            fired, accepted = outcomes[0].value, outcomes[1].won
            assert outcomes[0].won, outcomes
            assert fired is not accepted, outcomes
            assert accepted or isinstance(outcomes[1].error, Refused), outcomes
            offer = b.fresh(offer)
            assert offer.state == ("accepted" if accepted else "expired")
            ended.add(offer.state)
    assert ended <= {"accepted", "expired"}


@pytest.mark.parametrize("what", ["withdraw", "cancel"])
def test_accepting_meets_the_client_who_takes_it_back(sara, rules, what: str) -> None:
    lina = b.client()
    offers = scene.offered(sara, lina, len(few(0.05)), due=DUE)

    def take_back(offer: Offer) -> Any:
        subject = offer if what == "withdraw" else offer.request
        return engine.apply(subject, what, actor=b.client_of(lina), now=NOW)

    with Racers(2) as racers:
        for offer in offers:
            against(racers, lambda: accept(offer), lambda: take_back(offer))
            assert b.fresh(offer).state in {"accepted", "withdrawn"}
            assert Job.objects.filter(offer=offer).exists() is (b.fresh(offer).state == "accepted")


def test_declining_crosswise_onto_each_other_ends_for_both(khidma, rules) -> None:
    """Two automatic offers are declined at once, and each next one goes to the other's Tasker."""
    with Racers(2) as racers:
        for number in few(0.01):
            sara, omar = b.tasker(f"Sara {number}"), b.tasker(f"Omar {number}")
            pair = []
            for worker in (sara, omar):
                request = b.posted(b.client(), data={"choose_for_me": True})
                offer = Offer.objects.get(request=request, state="pending")
                if offer.worker != worker:
                    engine.apply(offer, "decline", actor=b.tasker_of(offer.worker), now=NOW)
                    offer = Offer.objects.get(request=request, state="pending")
                pair.append(offer)
            against(
                racers,
                *(
                    lambda o=offer: engine.apply(o, "decline", actor=b.tasker_of(o.worker), now=NOW)
                    for offer in pair
                ),
                winners=2,
            )
            for worker in (sara, omar):
                worker.status = "deactivated"
                worker.save()


# --- the choice -----------------------------------------------------------------------------------------------------


def select(request: Request, worker: Any) -> Any:
    return engine.apply(
        request, "select", actor=b.client_of(request.client), now=NOW, data={"worker_id": worker.pk}
    )


def test_two_choices_at_once_make_one_offer(khidma, rules) -> None:
    lina, sara, omar = b.client(), b.tasker("Sara"), b.tasker("Omar")
    requests = scene.requests(b.posted(lina), len(few(0.05)), first=b.at(3, "08:00"))
    with Racers(2) as racers:
        for request in requests:
            Request.objects.filter(pk=request.pk).update(
                window_start=b.at(2, "14:00"), window_end=b.at(2, "18:00")
            )
            against(
                racers,
                lambda: select(request, sara),
                lambda: select(request, omar),
            )
            assert Offer.objects.filter(request=request, state="pending").count() == 1


def test_one_task_posted_twice_is_posted_once(khidma, rules) -> None:
    b.tasker()
    with Racers(3) as racers:
        for _ in few(0.02):
            lina = b.client()
            draft = b.draft(lina)
            against(racers, *[partial(engine.apply, draft, "post", actor=b.client_of(lina), now=NOW)] * 3)
            assert Notice.objects.filter(name="new_task", link=f"/feed/{draft.pk}/").count() == 1


def test_a_new_tasker_is_booked_at_once_by_one_of_two_clients(khidma, rules) -> None:
    """At most one open instant booking (KH-FLOW-10): the other becomes an ordinary offer."""
    with Racers(2) as racers:
        for number in few(0.01):
            new = b.tasker(f"New {number}", instant=True, approved_days_ago=2)
            asked = [
                b.posted(b.client(), window_start=b.at(day, "14:00"), window_end=b.at(day, "18:00"))
                for day in (2, 3)
            ]
            against(racers, *(lambda r=r: select(r, new) for r in asked), winners=2)
            states = sorted(Offer.objects.filter(worker=new).values_list("state", flat=True))
            assert states == ["accepted", "pending"]


def test_an_instant_booking_and_an_acceptance_want_the_same_hours(khidma, rules) -> None:
    """Counters and calendar are taken in one order by both, so neither waits for the other for ever."""
    with Racers(2) as racers:
        for number in few(0.01):
            sara = b.tasker(f"Sara {number}", instant=False)
            offer = b.offered(b.client(), sara, window_end=b.at(2, "17:30"))
            request = b.posted(b.client(), window_end=b.at(2, "17:30"))
            sara.rates.update(instant=True)
            outcomes = racers.run(lambda lane: accept(offer) if lane.number else select(request, sara))
            assert all(o.won or isinstance(o.error, Refused) for o in outcomes), outcomes
            assert Job.objects.filter(worker=sara).count() == 1


# --- the work and its money -----------------------------------------------------------------------------------------


def test_the_client_and_the_tasker_cancel_at_once(khidma, rules) -> None:
    with Racers(2) as racers:
        for _ in few(0.01):
            lina, sara = b.client(), b.tasker()
            job = b.confirmed(lina, sara)
            against(
                racers,
                lambda: engine.apply(job, "cancel", actor=b.client_of(lina), now=NOW),
                lambda: engine.apply(
                    job,
                    "tasker_cancel",
                    actor=b.tasker_of(sara),
                    now=NOW,
                    data={"reason": "sick"},
                ),
            )
            run_until(NOW, start=NOW)
            hold = Hold.objects.get(reference=job.reference)
            told = {"cancelled_tasker": ("voided", 0), "cancelled_client": ("captured", 3000)}
            assert (hold.state, hold.captured_minor) == told[b.fresh(job).state]


def test_a_click_meets_the_end_of_the_review_window_and_one_captures(khidma, rules) -> None:
    with Racers(3) as racers:
        for _ in few(0.01):
            lina, sara = b.client(), b.tasker()
            job = b.completed(lina, sara)
            due = b.at(3, "17:00")
            row = DeadlineRow.objects.get(noun="job", subject_id=job.pk, name="review_window")
            outcomes = racers.run(
                lambda lane: (
                    engine.apply(job, "confirm", actor=b.client_of(lina), now=due)
                    if lane.number
                    else deadlines.fire(row.pk, due)
                )
            )
            assert all(o.won or isinstance(o.error, Refused) for o in outcomes), outcomes
            assert sum(bool(o.value) for o in outcomes) == 1, outcomes
            run_until(due, start=due)
            hold = Hold.objects.get(reference=job.reference)
            assert (hold.state, hold.captured_minor) == ("captured", job.final["total_minor"])
            assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 8000


def test_one_dispute_is_opened(khidma, rules) -> None:
    with Racers(2) as racers:
        for _ in few(0.01):
            lina = b.client()
            job = b.completed(lina, b.tasker())
            claim = {"kind": "hours", "minutes": 120, "text": "Two hours only"}
            when = b.at(2, "18:00")
            dispute = partial(engine.apply, job, "dispute", actor=b.client_of(lina), now=when, data=claim)
            against(racers, dispute, dispute)
            assert Case.objects.filter(job_id=job.pk).count() == 1
            run_until(b.at(2, "18:00"), start=b.at(2, "18:00"))


def test_one_tap_on_the_tip_is_one_tip(khidma, rules) -> None:
    """A form sent twice carries one key."""
    with Racers(2) as racers:
        for _ in few(0.01):
            lina, sara = b.client(), b.tasker()
            job = b.completed(lina, sara)
            data = {"amount_minor": 1000, "key": "form-1"}
            tip = partial(engine.apply, job, "tip", actor=b.client_of(lina), now=b.at(2, "18:00"), data=data)
            against(racers, tip, tip)
            run_until(b.at(2, "18:00"), start=b.at(2, "18:00"))
            assert Hold.objects.filter(reference=job.reference, kind="charge", state="captured").count() == 1
            assert b.fresh(job).data["tips"] == [1000]


# --- controls -------------------------------------------------------------------------------------------------------


def look_then_accept(lane: Lane, offer_id: int) -> None:
    """Wrong: looks whether the offer is still open, and accepts it then."""
    with lane.raw.transaction(), lane.raw.cursor() as cursor:
        cursor.execute("SELECT state FROM work_offer WHERE id = %s", [offer_id])
        row = cursor.fetchone()
        if row is not None and row[0] == "pending":
            cursor.execute("UPDATE work_offer SET state = 'accepted' WHERE id = %s", [offer_id])
            cursor.execute("INSERT INTO scratch_jobs VALUES (%s)", [offer_id])


def lock_in_the_same_statement(lane: Lane, offer_id: int) -> None:
    """Wrong: the statement's snapshot is older than its lock."""
    lane.raw.execute(
        """
        WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(pk)s))
        INSERT INTO scratch_jobs SELECT %(pk)s FROM gate
        WHERE NOT EXISTS (SELECT 1 FROM scratch_jobs WHERE offer_id = %(pk)s)
        """,
        {"pk": offer_id},
    )


@pytest.mark.parametrize("wrong", [look_then_accept, lock_in_the_same_statement])
def test_the_race_is_hard_enough_to_break_an_acceptance_that_is_wrong(sara, wrong: Any) -> None:
    offers = scene.offered(sara, b.client(), 100, due=DUE)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scratch_jobs (offer_id bigint NOT NULL)")
    try:
        with Racers(4) as racers, connection.cursor() as cursor:
            for _again in range(40):
                for offer in offers:
                    racers.run(lambda lane: wrong(lane, offer.pk))
                cursor.execute("SELECT count(*) - count(DISTINCT offer_id) FROM scratch_jobs")
                doubles = cursor.fetchone()[0]
                if doubles:
                    break
                cursor.execute("TRUNCATE scratch_jobs")
        assert doubles > 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE scratch_jobs")


def test_the_constraint_that_a_second_offer_would_meet_speaks_a_sentence(khidma) -> None:
    """Behind the lock stands the database; where only it is left, people still read why."""
    request = b.posted(b.client())
    sara, omar = b.tasker("Sara"), b.tasker("Omar")
    rows = [
        Offer(request=request, worker=worker, source="ops", exclusive=True, created_at=NOW)
        for worker in (sara, omar)
    ]
    engine.create(rows[0], "make", actor=SYSTEM, now=NOW)
    with pytest.raises(Refused) as refused:
        engine.create(rows[1], "make", actor=SYSTEM, now=NOW)
    assert (refused.value.status, refused.value.code) == (409, "already_there")
