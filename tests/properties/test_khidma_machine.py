"""Clients, Taskers, their cards and the clock do anything in any order; the rules of ``tests.khidma.rules`` always hold.

``MAHALLA_MACHINE_EXAMPLES`` is the number of stories (a dozen by default, each told again the same way); with more of
them they are drawn by chance.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.payments import sandbox
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.schedule.models import Busy
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit import clock
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Refused
from mahalla.kit.market import active
from mahalla.markets.khidma import supply
from tests.khidma import builders as b
from tests.khidma.rules import broken, overdue

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("MAHALLA_MACHINE_EXAMPLES", "12"))
CARDS = {
    "Lina": "4242424242424242",  # works
    "Huda": "4000000000000002",  # declined
    "Maha": "4000002760003184",  # the bank asks
    "Dana": "4000000000001109",  # answers late
    "Reem": "4000000000001208",  # tells everything twice
}
PEOPLE = st.integers(0, 99)
PLACE = {"lat": b.HOME[0], "lng": b.HOME[1]}


def of(rows: Any, number: int) -> Any:
    """One of the rows, whatever their number; None of none."""
    found = list(rows)
    return found[number % len(found)] if found else None


class Town:
    """Who lives here: made once, and found again by every story."""

    def __init__(self) -> None:
        self.clients = [b.client(name, card=card) for name, card in CARDS.items()]
        self.spare = {c.pk: b.add_card(c) for c in self.clients}
        self.taskers = [
            b.tasker("Sara"),
            b.tasker("Omar", km=2, instant=True),
            b.tasker("Nora", km=8, approved_days_ago=3, instant=True),
        ]
        self.agent = b.person("Noor", "support_agent")
        self.boss = b.person("Zaid", "admin")


class Khidma(RuleBasedStateMachine):
    town: Town

    def __init__(self) -> None:
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.now = b.EVENING
        self.ran = False
        clock.set_clock(self.now)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.story.__exit__(None, None, None)

    # --- what people do ---------------------------------------------------------------------------------------------

    def do(self, subject: Any, event: str, actor: Actor, **data: Any) -> None:
        """Anything may be tried; what is not allowed is refused and changes nothing."""
        if subject is None:
            return
        self.ran = False
        try:
            engine.apply(subject, event, actor=actor, now=self.now, data=data)
        except Refused as refusal:
            assert str(refusal)

    def pass_time(self, to: datetime) -> None:
        if to > self.now:
            run_until(to, start=self.now)
            self.now, self.ran = to, True

    @initialize(who=PEOPLE)
    def begin(self, who: int) -> None:
        """Two booked days, so that every story comes to work and money."""
        self.book(who, who, 0)
        self.book(who + 1, who + 1, 1)

    @rule(who=PEOPLE, whom=PEOPLE, day=st.integers(0, 2))
    def book(self, who: int, whom: int, day: int) -> None:
        """Posted, chosen, accepted, and paid as far as the card does."""
        self.post(who, day, "", whom)
        self.choose(0, whom, True)
        self.answer(0, 1, 1)
        self.wait(0)

    @rule(
        who=PEOPLE,
        day=st.integers(0, 2),
        kind=st.sampled_from(["", "choose_for_me", "first", "flexible"]),
        whom=PEOPLE,
    )
    def post(self, who: int, day: int, kind: str, whom: int) -> None:
        client = of(self.town.clients, who)
        start = (self.now + timedelta(days=1 + day)).replace(hour=11, minute=0)
        data: dict[str, Any] = {"choose_for_me": True} if kind == "choose_for_me" else {}
        if kind == "first":
            data = {"first_worker_id": of(self.town.taskers, whom).pk}
        if kind == "flexible":
            data = {"flexible": True}
        window = {"window_start": start, "window_end": start + timedelta(hours=4 + 4 * (kind == "flexible"))}
        try:
            b.posted(client, now=self.now, data=data, **window)
        except Refused as refusal:
            assert str(refusal)
        self.ran = False

    @rule(which=PEOPLE, whom=PEOPLE, own=st.booleans())
    def choose(self, which: int, whom: int, own: bool) -> None:
        request = of(Request.objects.order_by("-pk"), which)
        client = request.client if own else of(self.town.clients, whom)
        self.do(request, "select", b.client_of(client), worker_id=of(self.town.taskers, whom).pk)

    @rule(which=PEOPLE, yes=st.integers(0, 3), by=PEOPLE)
    def answer(self, which: int, yes: int, by: int) -> None:
        offer = of(Offer.objects.order_by("-pk"), which)
        if offer is not None:
            worker = offer.worker if by % 5 else of(self.town.taskers, by)
            self.do(offer, "accept" if yes else "decline", b.tasker_of(worker))

    @rule(which=PEOPLE, event=st.sampled_from(["cancel", "auto_match", "withdraw"]), own=st.booleans())
    def take_back(self, which: int, event: str, own: bool) -> None:
        request = of(Request.objects.order_by("-pk"), which)
        client = request.client if own else self.town.clients[0]
        subject = request.offers.last() if event == "withdraw" else request
        self.do(subject, event, b.client_of(client))

    @rule(which=PEOPLE, event=st.sampled_from([
        "cancel", "report_no_show", "approve_extra", "ask_stop", "confirm", "review", "dispute", "tip", "change_method",
    ]), amount=st.integers(0, 12_000))  # fmt: skip
    def client_acts(self, which: int, event: str, amount: int) -> None:
        job = of(Job.objects.order_by("-pk"), which)
        if job is None:
            return
        data: dict[str, Any] = {
            "review": {"stars": 1 + amount % 5},
            "dispute": {"kind": "hours", "minutes": amount // 60, "text": "Fewer"},
            "tip": {"amount_minor": amount},
            "change_method": {"method_id": self.town.spare[job.client_id].pk},
        }.get(event, {})
        self.do(job, event, b.client_of(job.client), **data)

    @rule(which=PEOPLE, event=st.sampled_from([
        "tasker_cancel", "set_off", "arrive", "start_timer", "pause", "resume", "ask_extra", "submit", "stop_unsafe",
        "log_contact", "client_absent",
    ]), minutes=st.integers(1, 300), reason=st.sampled_from(["sick", "unsafe", ""]))  # fmt: skip
    def tasker_acts(self, which: int, event: str, minutes: int, reason: str) -> None:
        job = of(Job.objects.order_by("-pk"), which)
        if job is None:
            return
        data: dict[str, Any] = {
            "tasker_cancel": {"reason": reason},
            "ask_extra": {"minutes": minutes},
            "submit": {"partial": True, "reason": "No water"} if reason == "unsafe" else {},
        }.get(event, PLACE)
        self.do(job, event, b.tasker_of(job.worker), **data)

    @precondition(lambda self: Job.objects.filter(state__in=["confirmed", "in_progress"]).exists())
    @rule(which=PEOPLE, worked=st.integers(5, 300))
    def work(self, which: int, worked: int) -> None:
        """The day goes as planned: on the way, there, at work, and done."""
        job = of(Job.objects.filter(state__in=["confirmed", "in_progress"]).order_by("pk"), which)
        me = b.tasker_of(job.worker)
        self.pass_time(job.start_at - timedelta(minutes=20))
        for event in ("set_off", "arrive", "start_timer"):
            self.do(job, event, me, **PLACE)
        self.pass_time(max(self.now, job.start_at) + timedelta(minutes=worked))
        self.do(job, "submit", me)

    @rule(which=PEOPLE, approved=st.booleans())
    def bank_answers(self, which: int, approved: bool) -> None:
        hold = of(Hold.objects.filter(state="action_required").order_by("pk"), which)
        if hold is not None:
            sandbox.confirm(hold.provider_ref, approved, self.now)
            self.ran = False

    @precondition(lambda self: Job.objects.filter(state__in=["completed", "reviewed"]).exists())
    @rule(
        which=PEOPLE,
        event=st.sampled_from(["confirm", "review", "dispute", "tip", "wait"]),
        amount=st.integers(0, 9_000),
    )
    def settle(self, which: int, event: str, amount: int) -> None:
        """What comes after the work: a click, stars, a dispute, a tip, or a day in which nobody does anything."""
        if event == "wait":
            self.wait(1440)
            return
        jobs = Job.objects.filter(state__in=["completed", "reviewed"]).order_by("-pk")
        data: dict[str, Any] = {
            "review": {"stars": 1 + amount % 5},
            "dispute": {"kind": "hours", "minutes": 15 * (amount % 9), "text": "Fewer"},
            "tip": {"amount_minor": amount},
        }.get(event, {})
        job = of(jobs, which)
        self.do(job, event, b.client_of(job.client), **data)

    @precondition(
        lambda self: Case.objects.filter(group="dispute", state__in=["open", "under_review"]).exists()
    )
    @rule(which=PEOPLE, share=st.integers(0, 100))
    def decide(self, which: int, share: int) -> None:
        case = of(
            Case.objects.filter(group="dispute", state__in=["open", "under_review"]).order_by("pk"), which
        )
        if case is None:
            return
        agent = b.staff_of(self.town.agent, "support_agent")
        try:
            with transaction.atomic():
                cases.take(case, actor=agent, now=self.now)
                refund = min(case.charge_minor, 20_000) * share // 100
                cases.decide(case, refund_minor=refund, reason="Seen", actor=agent, now=self.now)
        except Refused as refusal:
            assert str(refusal)
        self.ran = False

    @rule(whom=PEOPLE, on=st.booleans())
    def switch(self, whom: int, on: bool) -> None:
        tasker = of(self.town.taskers, whom)
        schedule.switch(tasker.pk, on, now=self.now)
        supply.refresh_spots(tasker.pk, now=self.now)

    @rule(whom=PEOPLE, hours=st.integers(1, 60))
    def block(self, whom: int, hours: int) -> None:
        start = self.now + timedelta(hours=hours)
        try:
            schedule.block(
                of(self.town.taskers, whom).pk, start=start, end=start + timedelta(hours=2), now=self.now
            )
        except Refused as refusal:
            assert str(refusal)

    @rule(minutes=st.sampled_from([0, 1, 16, 31, 240, 720, 1440]))
    def wait(self, minutes: int) -> None:
        run_until(self.now, start=self.now)
        self.ran = True
        self.pass_time(self.now + timedelta(minutes=minutes))

    # --- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def every_rule_holds(self) -> None:
        assert list(broken()) == []

    @invariant()
    def nothing_is_late(self) -> None:
        if self.ran:
            assert overdue(self.now) == []


@pytest.fixture
def town(khidma) -> Iterator[Town]:
    made = Town()
    yield made


def test_nothing_that_people_and_time_can_do_breaks_a_rule(town: Town) -> None:
    assert active().name == "khidma"
    machine = type("Story", (Khidma,), {"town": town})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            derandomize="MAHALLA_MACHINE_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- positive controls: without its constraint each rule is broken, and seen to be ----------------------------------


def without(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)


def second_job(job: Job) -> Job:
    offer = b.offered(b.client("Other"), b.tasker("Second"))
    Offer.objects.filter(pk=offer.pk).update(request=job.request)
    twin = Job.objects.get(pk=job.pk)
    twin.pk, twin.offer_id, twin.worker_id, twin._state.adding = None, offer.pk, offer.worker_id, True
    twin.save(force_insert=True)
    return twin


def test_without_its_constraint_a_second_live_job_gets_in_and_is_seen(khidma) -> None:
    job = b.confirmed(b.client(), b.tasker())
    with pytest.raises(IntegrityError, match="one_live_job_per_request"), transaction.atomic():
        second_job(job)
    without("DROP INDEX one_live_job_per_request")
    second_job(job)
    assert any(line.startswith("two live jobs of one request") for line in broken())


def test_without_its_constraint_a_second_exclusive_offer_gets_in_and_is_seen(khidma) -> None:
    offer = b.offered(b.client(), b.tasker())
    twin = Offer(
        request=offer.request, worker=b.tasker("Omar"), source="ops", exclusive=True, created_at=b.EVENING
    )
    twin.state, twin.phase, twin.state_since = "pending", "open", b.EVENING
    with pytest.raises(IntegrityError, match="one_exclusive_live_offer"), transaction.atomic():
        twin.save()
    without("DROP INDEX one_exclusive_live_offer")
    twin.save()
    assert any(line.startswith("two exclusive live offers") for line in broken())


def test_without_its_constraint_a_tasker_is_in_two_places_and_it_is_seen(khidma) -> None:
    job = b.confirmed(b.client(), b.tasker())
    taken = Busy.objects.get(reference=f"offer:{job.offer_id}")
    again = {
        "worker_id": job.worker_id,
        "start": taken.during.lower,
        "end": taken.during.upper,
        "now": b.EVENING,
    }
    with pytest.raises(schedule.SlotTaken):
        schedule.occupy(reference="offer:0", **again)
    without("ALTER TABLE schedule_busy DROP CONSTRAINT busy_never_overlaps")
    schedule.occupy(reference="offer:0", **again)
    assert any(line.startswith("a Tasker in two places") for line in broken())


def test_a_state_that_no_event_led_to_is_seen(khidma) -> None:
    job = b.confirmed(b.client(), b.tasker())
    assert list(broken()) == []
    Job.objects.filter(pk=job.pk).update(state="in_progress", phase="under_way")
    told = list(broken())
    assert any(line.startswith("a subject that its events do not lead to") for line in told)
    assert any(line.startswith("request") for line in told)


def test_a_hold_left_behind_is_seen(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    assert list(broken()) == []
    b.step(job, "cancel", b.client_of(lina), b.EVENING)
    Hold.objects.filter(reference=job.reference).update(state="authorised")
    assert any("hold" in line for line in broken())
