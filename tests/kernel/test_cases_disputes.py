"""Disputes: from the claim to the decision, with the figures of the specification."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mahalla.kernel.cases import deciding, listeners, operations, queries
from mahalla.kernel.cases.flows import case_flow
from mahalla.kernel.cases.models import Case
from mahalla.kernel.cases.split import Parts
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import deadlines
from mahalla.kernel.media import queries as media
from mahalla.kernel.notices.models import Notice
from mahalla.kit import market
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.kit.flow import IllegalMove, check
from tests.kernel.trust_ward import NOON, PARTIES, RULES, WARD, People, make_job, people, picture, ward

__all__ = ["people", "ward"]

HOUR = timedelta(hours=1)


def dispute(people: People, subject: str = "job:0", now=NOON, **more: Any) -> Case:
    """Lina was charged 96.00 (80.00 of it Sara's) and disputes 18.00."""
    if subject == "job:0":
        subject = make_job(people).reference
    given = {
        "kind": "hours",
        "claimed_minor": 1800,
        "charge_minor": 9600,
        "worker_minor": 8000,
        "currency": "SAR",
        "text": "2.0 hours, not 2.5",
    }
    return operations.open_case(
        **given | more,
        subject=subject,
        opened_by_id=people.lina.pk,
        against_id=people.sara.pk,
        actor=people.lina.actor,
        now=now,
    )


def test_a_dispute_has_a_number_its_claim_and_its_dates(people: People) -> None:
    case = dispute(people)
    assert (case.code, case.state) == ("DSP-2026-00001", "open")
    assert (case.claimed_minor, case.charge_minor) == (1800, 9600)
    assert (case.due_first_answer, case.due_decision) == (NOON + 24 * HOUR, NOON + 72 * HOUR)
    assert deciding.held_of(case) == Parts(1500, 300)
    assert dispute(people, "rating:1").code == "DSP-2026-00002"


def test_numbers_have_no_gaps_and_start_anew_each_year(people: People) -> None:
    dispute(people, "rating:1")
    with pytest.raises(operations.DisputeOpen):
        dispute(people, "rating:1")
    assert dispute(people, "rating:2").code == "DSP-2026-00002"
    assert dispute(people, "rating:3", now=NOON.replace(year=2027)).code == "DSP-2027-00001"


def test_one_live_dispute_a_job_and_another_after_it(people: People) -> None:
    first = dispute(people)
    with pytest.raises(operations.DisputeOpen):
        dispute(people, first.subject)
    operations.withdraw(first, actor=people.lina.actor, now=NOON)
    assert dispute(people, first.subject).code == "DSP-2026-00002"


def test_what_cannot_be_claimed_is_refused(people: People) -> None:
    for wrong in ({"claimed_minor": 9601}, {"claimed_minor": 0}, {"text": " "}, {"kind": "weather"}):
        with pytest.raises(Invalid):
            dispute(people, "rating:1", **wrong)
    with pytest.raises(NotFound):
        dispute(people, "job:999999")


@pytest.mark.spec("KH-CASE-02")
def test_after_the_agent_asks_for_photos_both_see_awaiting_evidence_and_the_date(people: People) -> None:
    case = operations.take(dispute(people), actor=people.aida.actor, now=NOON)
    assert case.state == "under_review"
    due = NOON + 48 * HOUR
    operations.ask_evidence(
        case, text="Photos of the floor, please", of="opener", due=due, actor=people.aida.actor, now=NOON
    )
    for person in (people.lina, people.sara):
        seen = queries.view_for(person.user, case.pk)
        assert (seen.state, seen.due) == ("awaiting_evidence", due)
        assert Notice.objects.filter(user=person.user, name="case_evidence_asked").count() == 1
    asked = queries.view_for(people.lina.user, case.pk).messages
    assert [m.text for m in asked] == ["Photos of the floor, please"]
    photo = picture(people.lina, "dispute")
    case = operations.add_evidence(case, assets=[photo.pk], actor=people.lina.actor, now=NOON + HOUR)
    assert case.state == "under_review"
    operations.decide(
        case, refund_minor=1800, reason="2.0 h it was", actor=people.aida.actor, now=NOON + HOUR
    )
    for person in (people.lina, people.sara):
        seen = queries.view_for(person.user, case.pk)
        assert (seen.state, seen.decision["reason"], seen.decision["refund_minor"]) == (
            "resolved",
            "2.0 h it was",
            1800,
        )


def test_evidence_of_the_other_side_does_not_end_the_waiting_and_its_date_does(people: People) -> None:
    case = operations.ask_evidence(
        dispute(people), text="Photos?", of="opener", due=NOON + 5 * HOUR, actor=people.aida.actor, now=NOON
    )
    case = operations.add_evidence(case, text="I worked 2.5 h", actor=people.sara.actor, now=NOON)
    assert case.state == "awaiting_evidence"
    deadlines.run_due(NOON + 5 * HOUR)
    case.refresh_from_db()
    assert case.state == "under_review"


@pytest.mark.spec("KH-CASE-03")
def test_a_case_25_hours_old_without_answer_is_overdue_and_first(people: People) -> None:
    answered = dispute(people, "rating:1", now=NOON - 30 * HOUR)
    operations.add_message(
        answered, text="We look into it", staff=True, actor=people.aida.actor, now=NOON - 29 * HOUR
    )
    silent = dispute(people, "rating:2", now=NOON - 25 * HOUR)
    fresh = dispute(people, "rating:3", now=NOON)
    deadlines.run_due(NOON)
    found = list(queries.queue("dispute", now=NOON))
    assert [case.pk for case in found] == [silent.pk, fresh.pk, answered.pk]
    first = found[0]
    assert first.overdue and first.overdue_at and first.escalated_at
    assert (first.claimed_minor, first.kind, queries.age(first, NOON)) == (1800, "hours", 25 * HOUR)
    taken = operations.take(first, actor=people.aida.actor, now=NOON)
    with pytest.raises(Refused):
        operations.take(taken, actor=people.adel.actor, now=NOON)
    passed = operations.pass_on(taken, reason="off duty", actor=people.aida.actor, now=NOON)
    assert passed.owner_id is None
    assert operations.take(passed, actor=people.adel.actor, now=NOON).owner_id == people.adel.pk


def test_an_overdue_case_goes_up_and_never_decides_itself(people: People) -> None:
    case = dispute(people)
    deadlines.run_due(NOON + 100 * 24 * HOUR)
    case.refresh_from_db()
    assert (case.state, case.decision) == ("open", {})
    assert case.overdue_at and case.escalated_at


def test_the_decision_gives_18_back_15_from_the_earnings_and_3_from_the_fee(people: People) -> None:
    heard: list[dict[str, Any]] = []

    def pay(case: Case, *, actor, now) -> None:
        heard.append(case.decision)

    listeners.on("decided", pay)
    try:
        case = operations.decide(
            dispute(people), refund_minor=1800, reason="2.0 h", actor=people.aida.actor, now=NOON
        )
    finally:
        listeners.off("decided", pay)
    assert case.state == "resolved" and len(heard) == 1
    decision = heard[0]
    assert (decision["outcome"], decision["refund_minor"]) == ("partial", 1800)
    assert (decision["worker_part_minor"], decision["fee_part_minor"]) == (1500, 300)
    for person in (people.lina, people.sara):
        assert Notice.objects.get(user=person.user, name="case_decided").body == "2.0 h"
    assert {k: case.decision[k] for k in ("decided_by", "second_approver")} == {
        "decided_by": people.aida.pk,
        "second_approver": None,
    }


@pytest.mark.spec("KH-SEC-06")
def test_the_refund_row_of_the_audit_log_names_agent_amount_and_reason(people: People) -> None:
    operations.decide(dispute(people), refund_minor=1800, reason="2.0 h", actor=people.aida.actor, now=NOON)
    row = Event.objects.get(noun="case", name="decide")
    assert (row.actor_id, row.role, row.reason) == (people.aida.pk, "agent", "2.0 h")
    assert (row.payload["before"], row.payload["after"]["refund_minor"]) == ({}, 1800)


@pytest.mark.parametrize(
    ("refund", "outcome"), [(0, "none"), (1, "partial"), (9599, "partial"), (9600, "full")]
)
def test_the_outcome_follows_from_the_amount(people: People, refund: int, outcome: str) -> None:
    case = operations.decide(
        dispute(people), refund_minor=refund, reason="so it is", actor=people.aida.actor, now=NOON
    )
    assert case.decision["outcome"] == outcome
    assert case.decision["worker_part_minor"] + case.decision["fee_part_minor"] == refund


def test_a_decision_needs_a_reason_and_stays_within_the_charge(people: People) -> None:
    case = dispute(people)
    with pytest.raises(Invalid):
        operations.decide(case, refund_minor=1800, reason="", actor=people.aida.actor, now=NOON)
    with pytest.raises(Refused):
        operations.decide(case, refund_minor=9601, reason="x", actor=people.aida.actor, now=NOON)
    with pytest.raises(Invalid):
        operations.decide(
            case, refund_minor=1800, worker_part_minor=1800, fee_part_minor=1, reason="x",
            actor=people.aida.actor, now=NOON,
        )  # fmt: skip
    named = operations.decide(
        case, refund_minor=1600, worker_part_minor=0, reason="our mistake", actor=people.aida.actor, now=NOON
    )
    assert (named.decision["worker_part_minor"], named.decision["fee_part_minor"]) == (0, 1600)


def large(people: People) -> Case:
    return dispute(people, charge_minor=30000, worker_minor=25000, claimed_minor=30000, kind="no_show")


def test_above_200_a_second_person_approves(people: People) -> None:
    exactly = operations.decide(
        dispute(people, "rating:9", charge_minor=30000, worker_minor=25000, claimed_minor=30000),
        refund_minor=20000, reason="at the limit", actor=people.aida.actor, now=NOON,
    )  # fmt: skip
    assert exactly.state == "resolved"
    case = operations.decide(
        large(people), refund_minor=20001, reason="nobody came", actor=people.aida.actor, now=NOON
    )
    assert case.state == "open" and case.decision == {}
    assert list(queries.waiting_for_second()) == [case]
    assert queries.view_for(people.lina.user, case.pk).pending == {}
    with pytest.raises(Refused):
        operations.approve(case, actor=people.aida.actor, now=NOON)
    case = operations.approve(case, actor=people.adel.actor, now=NOON)
    assert case.state == "resolved"
    assert (case.decision["decided_by"], case.decision["second_approver"]) == (people.aida.pk, people.adel.pk)
    assert case.decision["worker_part_minor"] + case.decision["fee_part_minor"] == 20001


def test_a_second_person_can_turn_it_back(people: People) -> None:
    case = operations.decide(
        large(people), refund_minor=30000, reason="nobody came", actor=people.aida.actor, now=NOON
    )
    case = operations.turn_back(case, reason="she was there", actor=people.adel.actor, now=NOON)
    with pytest.raises(Refused):
        operations.approve(case, actor=people.adel.actor, now=NOON)
    assert case.pending == {} and case.state == "open"


def test_nobody_gets_around_the_second_person_by_the_other_door(people: People) -> None:
    from mahalla.kernel.flow import engine

    with pytest.raises(Refused) as refused:
        engine.apply(
            large(people), "decide", actor=people.aida.actor, now=NOON,
            data={"refund_minor": 30000, "reason": "quick"},
        )  # fmt: skip
    assert refused.value.code == "second_person_needed"


def test_no_arrival_proposes_a_full_refund_and_the_agent_may_deviate(people: People) -> None:
    RULES.proposal = {"outcome": "full", "refund_minor": 9600, "because": "no arrival was recorded"}
    case = dispute(people, kind="no_show", claimed_minor=9600)
    shown = queries.view_for(people.aida.user, case.pk).proposal
    assert (shown["outcome"], shown["refund_minor"]) == ("full", 9600)
    assert queries.view_for(people.lina.user, case.pk).proposal == {}
    case = operations.decide(
        case, refund_minor=0, reason="the neighbour saw her", actor=people.aida.actor, now=NOON
    )
    assert case.decision["as_proposed"] is False


def test_a_withdrawn_dispute_is_over_and_only_the_opener_withdraws(people: People) -> None:
    case = dispute(people)
    with pytest.raises(Denied):
        operations.withdraw(case, actor=people.sara.actor, now=NOON)
    case = operations.withdraw(case, actor=people.lina.actor, now=NOON)
    with pytest.raises(IllegalMove):
        operations.decide(case, refund_minor=1800, reason="late", actor=people.aida.actor, now=NOON)


def test_the_held_part_can_be_released_once_before_the_decision(people: People) -> None:
    case = operations.release(dispute(people), reason="an old hand", actor=people.aida.actor, now=NOON)
    assert case.released_at == NOON and case.state == "open"
    with pytest.raises(Refused):
        operations.release(case, reason="again", actor=people.aida.actor, now=NOON)


def test_notes_and_words_reach_only_whom_they_are_for(people: People) -> None:
    case = dispute(people)
    aida = people.aida.actor
    operations.add_message(
        case, text="check his history", staff=True, visible_to="staff", actor=aida, now=NOON
    )
    case.refresh_from_db()
    assert case.answered_at is None  # a note is no answer
    operations.add_message(case, text="Lina only", staff=True, visible_to="opener", actor=aida, now=NOON)
    operations.add_message(case, text="from Sara", actor=people.sara.actor, now=NOON)
    texts = {
        name: [m.text for m in queries.view_for(getattr(people, name).user, case.pk).messages]
        for name in ("lina", "sara", "aida")
    }
    assert texts == {
        "lina": ["Lina only", "from Sara"],
        "sara": ["from Sara"],
        "aida": ["check his history", "Lina only", "from Sara"],
    }


def test_an_outsider_opens_nothing_about_the_work_of_others(people: People) -> None:
    job = make_job(people)
    given = {"kind": "no_show", "subject": job.reference, "text": "x", "claimed_minor": 1, "charge_minor": 1}
    with pytest.raises(NotFound):
        operations.open_case(**given, opened_by_id=people.nadir.pk, actor=people.nadir.actor, now=NOON)
    with pytest.raises(Denied):
        operations.open_case(**given, opened_by_id=people.lina.pk, actor=people.nadir.actor, now=NOON)
    opened = operations.open_case(**given, opened_by_id=people.lina.pk, actor=people.lina.actor, now=NOON)
    assert opened.currency == "SAR" and not Case.objects.exclude(pk=opened.pk).exists()


def test_an_outsider_gets_nothing(people: People) -> None:
    case = dispute(people)
    photo = picture(people.lina, "dispute")
    operations.add_evidence(case, assets=[photo.pk], actor=people.lina.actor, now=NOON)
    for person in (people.nadir, people.basil, people.sami):  # also staff of another desk
        with pytest.raises(NotFound):
            queries.case_for(person.user, case.pk)
    with pytest.raises(NotFound):
        media.asset_for(people.nadir.user, photo.pk)
    for person in (people.sara, people.aida):
        assert media.asset_for(person.user, photo.pk) == photo
    with pytest.raises(Denied):
        operations.add_message(case, text="me too", actor=people.nadir.actor, now=NOON)
    with pytest.raises(Denied):
        operations.withdraw(case, actor=people.nadir.actor, now=NOON)
    with pytest.raises(Invalid):  # a file of somebody else
        operations.add_evidence(case, assets=[photo.pk], actor=people.sara.actor, now=NOON)


def test_a_dispute_without_money_ends_in_the_markets_own_words(people: People) -> None:
    case = dispute(people, "rating:1", kind="unfair_rating", claimed_minor=0, charge_minor=0, worker_minor=0)
    with pytest.raises(Invalid):
        operations.decide(case, outcome="ban", reason="x", actor=people.aida.actor, now=NOON)
    case = operations.decide(case, outcome="upheld", reason="malicious", actor=people.aida.actor, now=NOON)
    assert (case.state, case.decision["outcome"], case.decision["refund_minor"]) == ("resolved", "upheld", 0)


@pytest.fixture
def with_appeals(people: People) -> People:
    """The same market, in which a decision can be appealed for seven days."""
    flow = case_flow(
        parties=PARTIES, agents=("agent",), seniors=("warden", "agent"), appeal_days="appeal_days"
    )
    assert check(flow) == []
    market.register(replace(WARD, flows={**WARD.flows, "case": flow}))
    return people


def test_an_appeal_is_decided_by_somebody_who_had_no_hand_in_the_first(with_appeals: People) -> None:
    people = with_appeals
    first = operations.decide(dispute(people), refund_minor=0, reason="no", actor=people.aida.actor, now=NOON)
    case = operations.appeal(first, text="Look at the photos", actor=people.lina.actor, now=NOON + HOUR)
    assert case.state == "appealed"
    with pytest.raises(operations.DisputeOpen):  # it is still the live one
        dispute(people, case.subject)
    with pytest.raises(Refused):
        operations.decide_appeal(case, refund_minor=0, reason="no!", actor=people.aida.actor, now=NOON)
    case = operations.decide_appeal(
        case, refund_minor=1800, reason="the photos agree", actor=people.wafa.actor, now=NOON + 2 * HOUR
    )
    assert (case.state, case.decision["refund_minor"], case.decision["first"]["refund_minor"]) == (
        "closed",
        1800,
        0,
    )


def test_without_an_appeal_the_decision_closes_after_its_days(with_appeals: People) -> None:
    people = with_appeals
    case = operations.decide(dispute(people), refund_minor=0, reason="no", actor=people.aida.actor, now=NOON)
    deadlines.run_due(NOON + timedelta(days=7))
    case.refresh_from_db()
    assert case.state == "closed"
    with pytest.raises(IllegalMove):
        operations.appeal(case, text="Late", actor=people.lina.actor, now=NOON + timedelta(days=8))
