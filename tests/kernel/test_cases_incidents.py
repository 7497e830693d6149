"""Incidents and reports: who reported stays unknown, and serious ones act at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mahalla.kernel.cases import operations, queries
from mahalla.kernel.cases.models import Case
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.trust import queries as trust
from mahalla.kit.errors import Denied, Invalid, NotFound
from tests.kernel.trust_ward import NOON, People, make_job, people, ward

__all__ = ["people", "ward"]


def incident(people: People, kind: str = "behaviour", **more: Any) -> Case:
    return operations.open_case(
        kind=kind,
        subject=f"user:{people.sara.pk}",
        opened_by_id=people.lina.pk,
        against_id=people.sara.pk,
        text="She shouted at my mother",
        actor=people.lina.actor,
        now=NOON,
        **more,
    )


@pytest.mark.spec("KH-CASE-07")
def test_a_report_makes_an_incident_by_priority_with_a_receipt_and_stays_hidden_from_the_other(
    people: People,
) -> None:
    case = incident(people)
    worse = incident(people, kind="violence")
    assert (case.code, case.severity, worse.severity) == ("INC-2026-00001", 3, 4)
    assert [c.pk for c in queries.queue("incident", now=NOON)] == [worse.pk, case.pk]
    assert Notice.objects.filter(user=people.lina.user, name="case_opened").count() == 2
    with pytest.raises(NotFound):
        queries.case_for(people.sara.user, case.pk)
    assert not Notice.objects.filter(user=people.sara.user, name__startswith="case_").exists()
    assert list(queries.cases_of(people.sara.user)) == []


def test_the_story_of_the_job_does_not_tell_who_reported(people: People) -> None:
    job = make_job(people)
    case = operations.open_case(
        kind="behaviour", subject=job.reference, opened_by_id=people.lina.pk, against_id=people.sara.pk,
        text="rude", actor=people.lina.actor, now=NOON,
    )  # fmt: skip
    written = Event.objects.get(noun="case", subject_id=case.pk)
    assert written.stream == f"case:{case.pk}"
    assert f"user:{people.sara.pk}" not in written.topics
    assert not any(topic.startswith("request:") for topic in written.topics)


@pytest.mark.spec("KH-CASE-09")
def test_an_incident_closed_as_warning_is_on_the_persons_file(people: People) -> None:
    case = incident(people)
    operations.add_message(
        case, text="called both", staff=True, visible_to="staff", actor=people.sami.actor, now=NOON
    )
    case = operations.decide(
        case, outcome="warning", reason="do not shout", actor=people.sami.actor, now=NOON
    )
    (sanction,) = trust.sanctions_of(people.sara.pk)
    assert (sanction.level, sanction.reason, sanction.source) == ("warning", "do not shout", case.code)
    assert case.state == "resolved"


def test_an_incident_may_end_without_action_and_not_with_anything_else(people: People) -> None:
    case = incident(people)
    with pytest.raises(Invalid):
        operations.decide(case, outcome="tickle", reason="x", actor=people.sami.actor, now=NOON)
    operations.decide(case, outcome="no_action", reason="nothing found", actor=people.sami.actor, now=NOON)
    assert not trust.sanctions_of(people.sara.pk).exists()


@pytest.mark.spec("KH-CASE-10")
def test_escalating_as_critical_sets_owner_and_time_and_suspends_in_one_step(people: People) -> None:
    case = operations.escalate(
        incident(people),
        severity=4,
        to_id=people.wafa.pk,
        reason="a weapon",
        actor=people.sami.actor,
        now=NOON,
    )
    assert (case.owner_id, case.escalated_at, case.severity) == (people.wafa.pk, NOON, 4)
    assert User.objects.get(pk=people.sara.pk).status == "suspended"
    (sanction,) = trust.sanctions_of(people.sara.pk)
    assert (sanction.level, sanction.ends_at, sanction.source) == ("suspension", None, case.code)
    with pytest.raises(Invalid):
        operations.escalate(case, to_id=people.wafa.pk, reason="", actor=people.sami.actor, now=NOON)


def escalated(people: People) -> Case:
    return operations.escalate(
        incident(people, kind="violence"),
        to_id=people.wafa.pk,
        reason="credible",
        actor=people.sami.actor,
        now=NOON,
    )


def test_a_report_alone_suspends_nobody(people: People) -> None:
    incident(people, kind="violence")
    assert User.objects.get(pk=people.sara.pk).status == "active"


def test_the_suspension_pending_review_ends_with_the_review(people: People) -> None:
    case = escalated(people)
    assert User.objects.get(pk=people.sara.pk).status == "suspended"
    operations.decide(
        case,
        outcome="no_action",
        reason="mistaken identity",
        actor=people.sami.actor,
        now=NOON + timedelta(hours=2),
    )
    assert User.objects.get(pk=people.sara.pk).status == "active"


def test_a_suspension_by_decision_replaces_the_one_pending_review(people: People) -> None:
    case = escalated(people)
    until = NOON + timedelta(days=7)
    operations.decide(
        case, outcome="suspension", ends_at=until, reason="a week", actor=people.sami.actor, now=NOON
    )
    sara = User.objects.get(pk=people.sara.pk)
    assert (sara.status, sara.suspended_until) == ("suspended", until)


def test_nobody_works_on_a_case_of_their_own_and_other_desks_see_nothing(people: People) -> None:
    own = operations.open_case(
        kind="behaviour", subject=f"user:{people.sami.pk}", opened_by_id=people.lina.pk, against_id=people.sami.pk,
        text="he called me", actor=people.lina.actor, now=NOON,
    )  # fmt: skip
    with pytest.raises(Denied):
        operations.take(own, actor=people.sami.actor, now=NOON)
    for person in (people.aida, people.nadir):
        with pytest.raises(NotFound):
            queries.case_for(person.user, own.pk)


def test_no_desk_works_on_the_cases_of_another(people: People) -> None:
    case = incident(people)
    for step in (
        lambda: operations.take(case, actor=people.aida.actor, now=NOON),
        lambda: operations.decide(case, outcome="warning", reason="x", actor=people.aida.actor, now=NOON),
    ):
        with pytest.raises(Denied):
            step()


def test_who_stops_as_unsafe_need_not_write(people: People) -> None:
    job = make_job(people)
    case = operations.open_case(
        kind="behaviour", subject=job.reference, opened_by_id=people.sara.pk, against_id=people.lina.pk,
        actor=people.sara.actor, now=NOON,
    )  # fmt: skip
    assert list(queries.queue("incident", now=NOON)) == [case]
