"""Checks of people: sending, deciding, running out, and who may read the papers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mahalla.kernel.events import outbox
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import deadlines, engine
from mahalla.kernel.media import queries as media
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.trust import listeners, operations, queries, vault
from mahalla.kernel.trust.models import DocumentClaim, Flag, Verification
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, NotFound
from mahalla.kit.flow import IllegalMove, check
from tests.kernel.trust_ward import NOON, People, Person, pages, people, picture, ward

__all__ = ["people", "ward"]

DAY = timedelta(days=1)
BOTH = ("national_id", "background_check")


def send_id(person: Person, number: str = "1098765432", **more: object) -> Verification:
    given = {"documents": pages(person), "expires_on": date(2030, 1, 1), "number": number, "now": NOON} | more
    return operations.submit(person.pk, "national_id", actor=person.actor, **given)


def send_background(person: Person, now=NOON) -> Verification:
    return operations.submit(person.pk, "background_check", actor=person.actor, consent=True, now=now)


def test_the_tables_hold_what_the_static_checks_ask(ward) -> None:
    for flow in ward.flows.values():
        assert check(flow) == []
    for flow in ward.flows.values():
        named = {n for row in flow.transitions for n in row.notices}
        named |= {n for d in flow.deadlines for r in d.reminders for n in r.notices}
        assert named <= set(ward.notices)


def test_eligibility_needs_every_check_and_comes_with_the_last_approval(people: People) -> None:
    everybody = [people.sara.pk, people.basil.pk]
    operations.approve(send_id(people.sara), actor=people.wafa.actor, now=NOON)
    background = send_background(people.sara)
    assert queries.valid(everybody, BOTH, NOON) == set()
    assert queries.checklist(people.sara.pk, BOTH, NOON) == {
        "national_id": "done",
        "background_check": "pending",
    }
    operations.approve(background, actor=people.wafa.actor, now=NOON)
    assert queries.valid(everybody, BOTH, NOON) == {people.sara.pk}


def test_all_the_eligible_are_found_in_one_query(people: People, django_assert_num_queries) -> None:
    operations.approve(send_background(people.sara), actor=people.wafa.actor, now=NOON)
    with django_assert_num_queries(1):
        assert queries.valid([people.sara.pk, people.basil.pk], ["background_check"], NOON) == {
            people.sara.pk
        }


def test_what_is_wrong_with_a_check_is_said_field_by_field(people: People) -> None:
    with pytest.raises(Invalid) as refused:
        operations.submit(
            people.sara.pk,
            "national_id",
            actor=people.sara.actor,
            now=NOON,
            number="12",
            documents={"front": picture(people.sara).pk, "back": picture(people.basil).pk},
            expires_on=date(2026, 2, 28),
        )
    assert set(refused.value.fields) == {"number", "back", "selfie", "expires_on"}
    with pytest.raises(Invalid) as refused:
        operations.submit(people.sara.pk, "background_check", actor=people.sara.actor, now=NOON)
    assert set(refused.value.fields) == {"consent"}


def test_a_second_check_waits_for_the_first(people: People) -> None:
    send_background(people.sara)
    with pytest.raises(operations.CheckPending):
        send_background(people.sara)


def test_nobody_sends_a_check_of_somebody_else(people: People) -> None:
    with pytest.raises(Denied, match="somebody else"):
        operations.submit(
            people.sara.pk, "background_check", actor=people.nadir.actor, consent=True, now=NOON
        )
    assert not Verification.objects.exists()


@pytest.mark.spec("KH-TRUST-01")
def test_an_id_used_by_another_account_is_rejected_and_flagged(people: People) -> None:
    assert send_id(people.sara).state == "submitted"
    double = send_id(people.basil, number="109-876-5432")
    assert double.state == "rejected"
    flag = Flag.objects.get()
    assert (flag.rule, flag.user_id, flag.alert) == ("multi_account", people.basil.pk, True)
    assert [user.pk for user in flag.others.all()] == [people.sara.pk]
    people.basil.user.refresh_from_db()
    assert people.basil.user.status == "active"
    assert Notice.objects.get(user=people.basil.user).name == "verification_rejected"


@pytest.mark.spec("KH-ID-10")
def test_a_banned_national_id_is_rejected_under_a_new_number(people: People) -> None:
    operations.approve(send_id(people.sara), actor=people.wafa.actor, now=NOON)
    operations.impose(people.sara.pk, "ban", reason="theft", actor=people.wafa.actor, now=NOON)
    people.sara.user.refresh_from_db()
    assert people.sara.user.status == "banned"
    returned = send_id(people.basil)
    assert returned.state == "rejected"
    assert Flag.objects.get(user=people.basil.user).rule == "multi_account"


def test_a_rejected_number_is_free_for_whom_it_belongs_to(people: People) -> None:
    stolen = send_id(people.basil)
    operations.reject(stolen, reason="the selfie shows somebody else", actor=people.wafa.actor, now=NOON)
    assert not DocumentClaim.objects.exists()
    assert send_id(people.sara).state == "submitted"


@pytest.mark.spec("KH-TRUST-03")
def test_rejecting_needs_a_reason_and_the_decision_is_in_the_audit_log(people: People) -> None:
    waiting = send_background(people.sara)
    assert list(queries.pending("background_check")) == [waiting]
    with pytest.raises(Invalid):
        operations.reject(waiting, reason=" ", actor=people.wafa.actor, now=NOON)
    operations.reject(waiting, reason="the certificate is unreadable", actor=people.wafa.actor, now=NOON)
    written = Event.objects.get(noun="verification", name="reject")
    assert (written.actor_id, written.role, written.reason) == (
        people.wafa.pk,
        "warden",
        "the certificate is unreadable",
    )
    told = Notice.objects.get(user=people.sara.user)
    assert "the certificate is unreadable" in told.body
    assert not queries.pending().exists()


def test_the_queue_is_ordered_by_age(people: People) -> None:
    later = send_background(people.basil, now=NOON + DAY)
    sooner = send_background(people.sara, now=NOON)
    assert list(queries.pending()) == [sooner, later]


def test_only_the_market_roles_decide(people: People) -> None:
    waiting = send_background(people.sara)
    for person in (people.aida, people.nadir, people.sara):
        with pytest.raises(Denied):
            operations.approve(waiting, actor=person.actor, now=NOON)


def test_a_rejected_background_check_shows_why_and_how_to_contest_and_brings_no_offers(
    people: People,
) -> None:
    rejected = operations.reject(
        send_background(people.sara), reason="a record of theft", actor=people.wafa.actor, now=NOON
    )
    assert (rejected.state, rejected.reason) == ("rejected", "a record of theft")
    assert [a.event for a in engine.actions(rejected, people.sara.actor)] == ["contest"]
    assert queries.valid([people.sara.pk], ["background_check"], NOON) == set()
    again = operations.contest(rejected, text="This is my namesake", actor=people.sara.actor, now=NOON + DAY)
    assert again.state == "submitted" and again.contest == "This is my namesake"
    operations.reject(again, reason="it is you", actor=people.wafa.actor, now=NOON + DAY)
    with pytest.raises(Exception, match="before"):
        operations.contest(again, text="No!", actor=people.sara.actor, now=NOON + DAY)


def test_after_a_year_the_check_expires_after_two_warnings_and_badge_and_eligibility_go(
    people: People,
) -> None:
    lapsed: list[int] = []

    def told(check: Verification, *, actor, now) -> None:
        lapsed.append(check.pk)

    listeners.on("verification_lapsed", told)
    try:
        approved = operations.approve(send_background(people.sara), actor=people.wafa.actor, now=NOON)
        (badge,) = queries.badges([people.sara.pk], NOON + 100 * DAY)[people.sara.pk]
        assert (badge.code, badge.checked_at) == ("background_checked", NOON)
        for day, warnings in ((334, 0), (335, 1), (357, 1), (358, 2)):
            deadlines.run_due(NOON + day * DAY)
            assert (
                Notice.objects.filter(user=people.sara.user, name="verification_warning").count() == warnings
            )
        almost = NOON + 365 * DAY - timedelta(seconds=1)
        deadlines.run_due(almost)
        assert queries.valid([people.sara.pk], ["background_check"], almost) == {people.sara.pk}
        due = NOON + 365 * DAY
        assert (
            queries.badges([people.sara.pk], due) == {}
        )  # at once, before any worker has fired the deadline
        assert queries.valid([people.sara.pk], ["background_check"], due) == set()
        deadlines.run_due(due)
        approved.refresh_from_db()
        assert approved.state == "expired" and lapsed == [approved.pk]
        assert queries.checklist(people.sara.pk, ["background_check"], due) == {"background_check": "expired"}
    finally:
        listeners.off("verification_lapsed", told)


def test_a_check_ends_with_its_document(people: People) -> None:
    approved = operations.approve(
        send_id(people.sara, expires_on=date(2026, 6, 1)), actor=people.wafa.actor, now=NOON
    )
    assert approved.valid_until is not None
    assert approved.valid_until.date() == date(2026, 6, 2)
    assert queries.valid([people.sara.pk], ["national_id"], NOON.replace(month=6, day=1)) == {people.sara.pk}
    assert queries.valid([people.sara.pk], ["national_id"], NOON.replace(month=6, day=2)) == set()


def test_a_renewal_keeps_the_person_eligible_while_it_waits(people: People) -> None:
    first = operations.approve(send_background(people.sara), actor=people.wafa.actor, now=NOON)
    late = NOON + 350 * DAY
    second = send_background(people.sara, now=late)
    assert queries.valid([people.sara.pk], ["background_check"], late) == {people.sara.pk}
    operations.approve(second, actor=people.wafa.actor, now=late)
    first.refresh_from_db()
    assert first.state == "expired"
    deadlines.run_due(NOON + 366 * DAY)
    assert queries.valid([people.sara.pk], ["background_check"], NOON + 366 * DAY) == {people.sara.pk}
    assert not Notice.objects.filter(name="verification_expired").exists()


def test_the_development_provider_decides_by_the_number(people: People) -> None:
    def licence(person: Person, number: str) -> Verification:
        sent = operations.submit(person.pk, "licence", actor=person.actor, number=number, now=NOON)
        outbox.run_due(NOON)
        sent.refresh_from_db()
        return sent

    assert licence(people.sara, "123456").state == "approved"
    assert licence(people.basil, "123400").state == "rejected"
    left = licence(people.nadir, "123499")
    assert left.state == "submitted" and list(queries.pending("licence")) == [left]


def test_numbers_are_sealed_and_hashed(people: People) -> None:
    sent = send_id(people.sara, number="١٠٩٨٧٦٥٤٣٢")
    row = str(Verification.objects.filter(pk=sent.pk).values().get())
    assert "1098765432" not in row
    assert operations.personal_data(people.wafa.user, sent.pk, role="warden", now=NOON) == {
        "number": "1098765432"
    }
    assert sent.document_key == vault.keyed_hash("national_id", "1098-765-432")


@pytest.mark.spec("KH-SEC-04")
def test_documents_open_for_named_roles_only_and_every_look_is_written_down(people: People) -> None:
    sent = send_id(people.sara)
    front = sent.pages.get(part="front").asset
    with pytest.raises(Denied):  # 403: the support agent knows that there is one, and may not
        media.open_for(people.aida.user, front.pk, "full", now=NOON)
    with pytest.raises(Denied):
        operations.look(people.aida.user, sent.pk, role="agent", now=NOON)
    with pytest.raises(NotFound):
        media.open_for(people.nadir.user, front.pk, "full", now=NOON)
    with pytest.raises(NotFound):
        operations.look(people.nadir.user, sent.pk, role="client", now=NOON)
    assert front.encrypted
    operations.look(people.wafa.user, sent.pk, role="warden", now=NOON)
    media.open_for(people.wafa.user, front.pk, "full", now=NOON, role="warden")
    looks = Event.objects.filter(actor_id=people.wafa.pk, name__in=["staff.viewed", "document.viewed"])
    assert looks.count() == 2


def test_opening_a_profile_writes_an_audit_row(people: People) -> None:
    from mahalla.kernel.trust import audit

    audit.viewed(people.wafa.actor, "user", people.sara.pk, NOON)
    row = Event.objects.get(name="staff.viewed")
    assert (row.actor_id, row.role, row.noun, row.subject_id) == (
        people.wafa.pk,
        "warden",
        "user",
        people.sara.pk,
    )


def test_a_rejected_check_of_such_a_kind_is_purged_and_one_that_counts_is_kept(people: People) -> None:
    bad = operations.submit(people.basil.pk, "licence", actor=people.basil.actor, number="123400", now=NOON)
    good = operations.submit(people.sara.pk, "licence", actor=people.sara.actor, number="123456", now=NOON)
    outbox.run_due(NOON)
    assert operations.purge_rejected(NOON) == 1
    assert operations.purge_rejected(NOON) == 0
    bad.refresh_from_db()
    assert (bad.sealed, bad.document_key, bad.state) == ("", "", "rejected") and bad.reason
    with pytest.raises(Exception, match="counts"):
        operations.purge(good, actor=SYSTEM, now=NOON)


def test_two_people_who_decide_at_once_leave_one_decision(people: People) -> None:
    waiting = send_background(people.sara)
    operations.approve(waiting, actor=people.wafa.actor, now=NOON)
    with pytest.raises(IllegalMove) as refused:
        operations.reject(waiting, reason="late", actor=people.wafa.actor, now=NOON)
    assert refused.value.detail["state"] == "approved"


def test_an_approval_found_wrong_is_revoked_at_once(people: People) -> None:
    approved = operations.approve(send_id(people.sara), actor=people.wafa.actor, now=NOON)
    operations.revoke(approved, reason="forged", actor=people.wafa.actor, now=NOON + DAY)
    assert queries.valid([people.sara.pk], ["national_id"], NOON + DAY) == set()
    assert send_id(people.basil, now=NOON + DAY).state == "submitted"


def test_who_is_erased_leaves_no_number_and_no_picture(people: People) -> None:
    from mahalla.kernel.identity import operations as identity
    from mahalla.kernel.identity import privacy

    sent = operations.approve(send_id(people.sara), actor=people.wafa.actor, now=NOON)
    given = privacy.export(people.sara.user, now=NOON)["trust"]["checks"][0]["given"]
    assert given == {"number": "1098765432"}
    identity.erase(people.sara.user, actor=SYSTEM, now=NOON + DAY)
    sent.refresh_from_db()
    assert (sent.sealed, sent.document_key, sent.data) == ("", "", {})
    assert all(page.asset.removed_at for page in sent.pages.select_related("asset"))
    assert send_id(people.basil, now=NOON + DAY).state == "submitted"
