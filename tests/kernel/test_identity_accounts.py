"""Accounts over their life: another number, new terms, ended sessions, bans, roles, leaving and being forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from mahalla.kernel.events import outbox
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity import operations, policies, privacy, queries
from mahalla.kernel.identity.models import ApiToken, RoleGrant, User
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused, TooMany
from tests.kernel.identity_town import (
    HALA,
    NADIR,
    NOON,
    OMAR,
    Phones,
    inbox,
    person,
    publish_terms,
    sign_in,
    town,
)

__all__ = ["inbox", "town"]
pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)


def run_until(now: datetime) -> None:
    """Keep every promise of the outbox that is due."""
    while outbox.run_due(now):
        pass


@pytest.mark.spec("KH-ID-05")
def test_a_number_is_replaced_once_the_new_one_is_verified(inbox: Phones) -> None:
    hala, _omar = person(HALA), person(OMAR)
    operations.request_phone_change(hala, OMAR, now=NOON)
    with pytest.raises(Refused) as taken:
        operations.change_phone(hala, OMAR, code=inbox.code(OMAR), now=NOON)
    assert taken.value.code == "phone_in_use"

    new = "+966509999999"
    operations.request_phone_change(hala, new, now=NOON)
    with pytest.raises(Refused):
        operations.change_phone(hala, new, code=inbox.wrong(new), now=NOON)
    assert User.objects.get(pk=hala.pk).phone == HALA
    operations.change_phone(hala, new, code=inbox.code(new), now=NOON)
    phone, text = inbox.messages[-1]
    assert phone == HALA and "99" in text and new not in text

    assert sign_in(new, inbox, LATER).user == hala
    by_old = sign_in(HALA, inbox, LATER)
    assert by_old.user is None and by_old.proof


def test_a_code_for_changing_serves_nobody_else(inbox: Phones) -> None:
    hala, nadir = person(HALA), person(NADIR)
    operations.request_phone_change(hala, OMAR, now=NOON)
    with pytest.raises(Refused):
        operations.change_phone(nadir, OMAR, code=inbox.code(OMAR), now=NOON)
    with pytest.raises(Refused):
        operations.verify_code(OMAR, code=inbox.code(OMAR), now=NOON)
    with pytest.raises(Invalid):
        operations.request_phone_change(hala, "050 123 4567", now=NOON)


def test_new_terms_are_accepted_before_the_next_deed(inbox: Phones) -> None:
    hala = person(HALA)
    policies.require_may_act(hala)
    publish_terms("v2")
    from mahalla.kit import market

    with market.activate("town"):
        with pytest.raises(Refused) as asked:
            policies.require_terms(hala)
        assert asked.value.code == "terms_outdated"
        with pytest.raises(Refused):
            operations.accept_terms(hala, version="v1", language="en", now=LATER)
        operations.accept_terms(hala, version="v2", language="ar", now=LATER)
        operations.accept_terms(hala, version="v2", language="ar", now=LATER)
        policies.require_terms(hala)
    assert hala.consents.count() == 4


@pytest.mark.spec("KH-ID-04")
def test_signing_out_everywhere_ends_the_other_devices_token(inbox: Phones) -> None:
    person(HALA)
    hala = sign_in(HALA, inbox, NOON).user
    assert hala
    here = operations.issue_token(hala, client="tablet", now=NOON)
    there = operations.issue_token(hala, client="phone", address="203.0.113.7", now=NOON)
    mine = operations.authenticate_token(here, now=NOON)
    assert mine and mine.user == hala and operations.authenticate_token(there, now=NOON)
    listed = queries.sessions_for(hala, now=NOON, token_id=mine.pk)
    assert {(one.client, one.current) for one in listed} == {("tablet", True), ("phone", False)}

    assert operations.end_sessions(hala, now=NOON, keep_token_id=mine.pk) == 1
    assert operations.authenticate_token(there, now=NOON) is None
    assert operations.authenticate_token(here, now=NOON)
    assert operations.end_sessions(hala, now=NOON) == 1
    assert operations.authenticate_token(here, now=NOON) is None


def test_a_token_is_kept_hashed_expires_and_is_seen(inbox: Phones) -> None:
    hala = person(HALA)
    token = operations.issue_token(hala, now=NOON)
    assert token not in str(ApiToken.objects.get().__dict__)
    operations.authenticate_token(token, now=LATER)
    assert ApiToken.objects.get().last_seen_at == LATER
    assert operations.authenticate_token(token, now=NOON + timedelta(days=180)) is None
    assert operations.authenticate_token("mh_guess", now=NOON) is None


def test_an_outsider_cannot_end_anothers_session(inbox: Phones) -> None:
    hala, nadir = person(HALA), person(NADIR)
    operations.issue_token(hala, now=NOON)
    with pytest.raises(NotFound):
        operations.end_session(nadir, "app", ApiToken.objects.get().pk, now=NOON)
    with pytest.raises(NotFound):
        operations.end_session(nadir, "web", 1, now=NOON)
    operations.end_session(hala, "app", ApiToken.objects.get().pk, now=NOON)
    assert queries.sessions_for(hala, now=NOON) == []


def test_staff_give_a_password_after_the_code(inbox: Phones) -> None:
    boss = User.objects.create_superuser(OMAR, "seven wise owls")
    assert sign_in(OMAR, inbox, NOON).needs_password
    with pytest.raises(Invalid):
        operations.confirm_password(boss, password="six wise owls", now=NOON)
    operations.confirm_password(boss, password="seven wise owls", now=NOON)
    for _ in range(5):
        with pytest.raises(Invalid):
            operations.confirm_password(boss, password="owl", now=NOON)
    with pytest.raises(TooMany):
        operations.confirm_password(boss, password="seven wise owls", now=NOON)


def test_only_the_right_desk_bans(inbox: Phones) -> None:
    hala = person(HALA)
    helper, banker = Actor(7, "helper"), Actor(8, "banker")
    for deed in (
        lambda actor: operations.ban(hala, reason="fraud", actor=actor, now=NOON),
        lambda actor: operations.suspend(hala, until=None, reason="", actor=actor, now=NOON),
        lambda actor: operations.grant_role(hala, "banker", actor=actor, now=NOON),
        lambda actor: operations.erase(hala, actor=actor, now=NOON),
    ):
        with pytest.raises(Denied) as refused:
            deed(helper)
        assert refused.value.status == 403
    operations.ban(hala, reason="fraud", actor=banker, now=NOON)
    event = Event.objects.get(name="identity.banned")
    assert (event.actor_id, event.role, event.from_state, event.to_state) == (8, "banker", "active", "banned")


def test_a_ban_ends_sessions_at_once_and_keeps_number_and_documents_out(inbox: Phones) -> None:
    nadir = person(NADIR)
    token = operations.issue_token(nadir, now=NOON)
    operations.ban(nadir, reason="fraud", actor=SYSTEM, now=NOON, document_digests=["d" * 64])
    assert operations.authenticate_token(token, now=NOON) is None
    assert operations.is_banned_document("d" * 64) and not operations.is_banned_document("e" * 64)
    with pytest.raises(Denied) as stopped:
        policies.require_active(User.objects.get(pk=nadir.pk))
    assert stopped.value.code == "account_banned"

    operations.erase(nadir, actor=SYSTEM, now=LATER)
    with pytest.raises(Denied):
        sign_in(NADIR, inbox, LATER, terms="v1")
    assert not User.objects.filter(phone=NADIR).exists()


def test_a_ban_can_be_taken_back(inbox: Phones) -> None:
    nadir = operations.ban(person(NADIR), reason="mistake", actor=SYSTEM, now=NOON)
    operations.reinstate(nadir, actor=SYSTEM, now=LATER)
    assert sign_in(NADIR, inbox, LATER).user == nadir
    with pytest.raises(Refused) as pointless:
        operations.reinstate(nadir, actor=SYSTEM, now=LATER)
    assert pointless.value.code == "wrong_status"


def test_a_suspension_ends_when_it_is_over(inbox: Phones) -> None:
    nadir, until = person(NADIR), NOON + timedelta(days=7)
    operations.suspend(nadir, until=until, reason="no-shows", actor=SYSTEM, now=NOON)
    with pytest.raises(Denied) as stopped:
        sign_in(NADIR, inbox, LATER)
    assert stopped.value.detail["until"] == until
    run_until(until - timedelta(seconds=1))
    assert User.objects.get(pk=nadir.pk).status == "suspended"
    run_until(until)
    assert User.objects.get(pk=nadir.pk).status == "active"


def test_a_longer_suspension_is_not_lifted_by_the_shorter_one(inbox: Phones) -> None:
    nadir = person(NADIR)
    operations.suspend(nadir, until=NOON + timedelta(days=1), reason="", actor=SYSTEM, now=NOON)
    operations.suspend(nadir, until=NOON + timedelta(days=9), reason="", actor=SYSTEM, now=LATER)
    run_until(NOON + timedelta(days=2))
    assert User.objects.get(pk=nadir.pk).status == "suspended"
    assert sign_in(NADIR, inbox, NOON + timedelta(days=9)).user == nadir  # even before the worker came by


def test_a_suspension_does_not_undo_that_the_owner_left(inbox: Phones) -> None:
    hala = person(HALA, name="Hala")
    operations.request_deletion(hala, now=NOON)
    operations.suspend(hala, until=NOON + timedelta(days=7), reason="", actor=SYSTEM, now=LATER)
    run_until(NOON + timedelta(days=8))
    assert User.objects.get(pk=hala.pk).status == "deactivated"
    run_until(NOON + timedelta(days=30))
    assert User.objects.get(pk=hala.pk).status == "deleted"


def test_a_ban_becomes_a_suspension_only_by_who_may_reinstate(inbox: Phones) -> None:
    nadir = operations.ban(person(NADIR), reason="fraud", actor=SYSTEM, now=NOON)
    with pytest.raises(Denied):
        operations.suspend(nadir, until=LATER, reason="", actor=Actor(9, "guard"), now=NOON)
    assert queries.is_banned_phone(NADIR)
    operations.suspend(nadir, until=LATER, reason="", actor=Actor(8, "banker"), now=NOON)
    assert sign_in(NADIR, inbox, LATER).user == nadir


def test_roles_are_the_markets(inbox: Phones) -> None:
    hala = person(HALA)
    assert operations.grant_role(hala, "worker", actor=Actor(hala.pk, "client"), now=NOON)
    assert not operations.grant_role(hala, "worker", actor=Actor(hala.pk, "client"), now=NOON)
    assert hala.has_role("client") and hala.has_role("worker")
    with pytest.raises(Invalid):
        operations.grant_role(hala, "wizard", actor=SYSTEM, now=NOON)
    operations.grant_role(hala, "helper", actor=SYSTEM, now=NOON)
    assert User.objects.get(pk=hala.pk).is_staff
    operations.revoke_role(hala, "helper", actor=SYSTEM, now=NOON)
    assert not hala.has_role("helper") and not User.objects.get(pk=hala.pk).is_staff


def test_one_phone_holds_one_account(inbox: Phones) -> None:
    person(HALA)
    with pytest.raises(Refused) as taken:
        person(HALA, role="worker")
    assert taken.value.code == "phone_in_use" and RoleGrant.objects.count() == 1


def test_a_deactivated_person_comes_back_by_signing_in(inbox: Phones) -> None:
    hala = person(HALA)
    token = operations.issue_token(hala, now=NOON)
    hala = operations.deactivate(hala, now=NOON)
    assert hala.status == "deactivated" and operations.authenticate_token(token, now=NOON) is None
    with pytest.raises(Denied):
        policies.require_active(hala)
    back = sign_in(HALA, inbox, LATER).user
    assert back and back.status == "active"


@pytest.fixture
def open_task() -> Iterator[set[int]]:
    """Ids of people with something unfinished, as an app above would say."""
    busy: set[int] = set()

    def blocker(user: User, now: datetime) -> Refused | None:
        return Refused("task_open", "Finish or cancel the task first.") if user.pk in busy else None

    policies.register_blocker(blocker)
    yield busy
    policies.unregister_blocker(blocker)


def test_leaving_waits_for_what_is_unfinished(inbox: Phones, open_task: set[int]) -> None:
    hala = person(HALA)
    open_task.add(hala.pk)
    for leave in (operations.deactivate, operations.request_deletion):
        with pytest.raises(Refused, match="Finish or cancel the task first"):
            leave(hala, now=NOON)
    open_task.clear()
    assert operations.request_deletion(hala, now=NOON) == NOON + timedelta(days=30)


def test_a_deleted_account_is_forgotten_after_thirty_days(inbox: Phones, open_task: set[int]) -> None:
    hala = person(HALA, name="Hala Al-Otaibi")
    forgotten: list[int] = []
    privacy.register_eraser(lambda user_id, now: forgotten.append(user_id))
    operations.request_deletion(hala, now=NOON)
    run_until(NOON + timedelta(days=29, hours=23))
    assert User.objects.get(pk=hala.pk).name == "Hala Al-Otaibi"
    open_task.add(hala.pk)
    run_until(NOON + timedelta(days=30))
    assert User.objects.get(pk=hala.pk).phone == HALA  # a dispute was opened: kept until it is over
    open_task.clear()
    run_until(NOON + timedelta(days=31))
    gone = User.objects.get(pk=hala.pk)
    assert (gone.name, gone.phone, gone.email, gone.status) == ("", None, "", "deleted")
    assert forgotten == [hala.pk]
    assert not any("Hala" in str(row) or HALA in str(row) for row in Event.objects.values_list("payload"))


def test_signing_in_takes_a_deletion_back(inbox: Phones) -> None:
    hala = person(HALA, name="Hala")
    operations.request_deletion(hala, now=NOON)
    assert sign_in(HALA, inbox, NOON + timedelta(days=29)).user
    run_until(NOON + timedelta(days=40))
    kept = User.objects.get(pk=hala.pk)
    assert kept.name == "Hala" and kept.status == "active" and kept.deletion_requested_at is None


def test_the_database_keeps_no_name_on_an_erased_account(inbox: Phones) -> None:
    hala = operations.erase(person(HALA, name="Hala"), actor=SYSTEM, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=hala.pk).update(name="Hala")


def test_a_person_takes_the_own_data_along_and_nobody_sees_anothers_number(inbox: Phones) -> None:
    hala, nadir = person(HALA, name="Hala"), person(NADIR)
    data = privacy.export(hala, now=LATER)["identity"]
    assert data["phone"] == HALA and data["name"] == "Hala" and len(data["consents"]) == 2
    assert queries.contact_for(hala, hala)["phone"] == "+966 50 123 4567"
    assert queries.contact_for(nadir, hala) == {}


def test_the_profile_takes_only_offered_languages_and_one_line_names(inbox: Phones) -> None:
    hala = person(HALA)
    operations.update_profile(hala, name=" Hala ", language="ar", now=NOON)
    assert (hala.name, hala.language) == ("Hala", "ar")
    for wrong in ({"language": "fr"}, {"name": "x" * 121}, {"name": "a\nb"}):
        with pytest.raises(Invalid):
            operations.update_profile(hala, now=NOON, **wrong)
