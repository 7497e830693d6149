"""Real connections racing each other: the database decides."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from mahalla.kernel.cases import listeners, operations
from mahalla.kernel.cases.models import Case
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust.models import Verification
from mahalla.kit import market
from mahalla.kit.errors import Refused
from tests.kernel.trust_ward import NOON, WARD, make_job, make_people, ward

__all__ = ["ward"]

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run each call on a thread and a connection of its own, all at once; its result or its refusal."""
    start, out = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int) -> None:
        try:
            start.wait(5)
            out[index] = calls[index]()
        except Refused as refusal:
            out[index] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return out


def test_two_agents_who_decide_at_once_leave_one_decision(ward) -> None:
    people = make_people()
    paid: list[int] = []

    def pay(case: Case, *, actor, now) -> None:
        paid.append(case.decision["refund_minor"])

    listeners.on("decided", pay)
    try:
        for _ in range(5):
            paid.clear()
            case = operations.open_case(
                kind="hours", subject=f"rating:{Case.objects.count()}", opened_by_id=people.lina.pk,
                against_id=people.sara.pk, claimed_minor=1800, charge_minor=9600, worker_minor=8000,
                currency="SAR", text="2.0 h", actor=people.lina.actor, now=NOON,
            )  # fmt: skip
            results = together(
                lambda case=case: operations.decide(
                    case, refund_minor=1800, reason="Aida", actor=people.aida.actor, now=NOON
                ),
                lambda case=case: operations.decide(
                    case, refund_minor=0, reason="Adel", actor=people.adel.actor, now=NOON
                ),
            )
            assert sorted(isinstance(r, Refused) for r in results) == [False, True]
            (won,) = (r for r in results if not isinstance(r, Refused))
            case.refresh_from_db()
            assert case.decision == won.decision and paid == [won.decision["refund_minor"]]
    finally:
        listeners.off("decided", pay)


def test_two_disputes_of_one_job_at_once_leave_one(ward) -> None:
    people = make_people()
    job = make_job(people)

    def open_one() -> Case:
        return operations.open_case(
            kind="hours", subject=job.reference, opened_by_id=people.lina.pk, against_id=people.sara.pk,
            claimed_minor=1800, charge_minor=9600, worker_minor=8000, currency="SAR", text="2.0 h",
            actor=people.lina.actor, now=NOON,
        )  # fmt: skip

    results = together(open_one, open_one, open_one)
    assert [r.code for r in results if isinstance(r, Refused)] == ["dispute_open"] * 2
    assert Case.objects.get().code == "DSP-2026-00001"


def test_one_number_sent_by_two_accounts_at_once_belongs_to_one(ward) -> None:
    people = make_people()

    def send(person) -> Callable[[], Verification]:
        return lambda: trust.submit(person.pk, "licence", actor=person.actor, number="123456", now=NOON)

    results = together(send(people.sara), send(people.basil))
    assert sorted(r.state for r in results) == ["rejected", "submitted"]


def test_three_strikes_at_once_ask_one_person_once(ward) -> None:
    from mahalla.kernel.trust.models import Flag

    people = make_people()

    def strike(number: int) -> Callable[[], Any]:
        at = NOON + timedelta(minutes=number)
        return lambda: trust.add_strike(
            user_id=people.sara.pk, kind="cancelled", reference=f"job:{number}", now=at
        )

    trust.add_strike(user_id=people.sara.pk, kind="cancelled", reference="job:0", now=NOON)
    together(*(strike(number) for number in (1, 2, 3, 4)))
    assert Flag.objects.filter(rule="strike_limit").count() == 1
    assert market.active() is WARD
