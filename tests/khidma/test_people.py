"""Accounts in this market: terms before acting, leaving only when nothing is open, roles that stay apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import RoleGrant, User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.trust import sanctions
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import Denied, Refused
from mahalla.kit.market import active
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.mark.spec("KH-ID-06")
def test_new_terms_are_asked_before_the_next_post_and_acceptance(khidma, monkeypatch) -> None:
    lina, sara = b.client(), b.tasker()
    offer = b.offered(b.client("Huda"), sara)
    request = b.draft(lina)
    object.__setattr__(active(), "terms_version", "2")
    try:
        for subject, event, actor in (
            (request, "post", b.client_of(lina)),
            (offer, "accept", b.tasker_of(sara)),
        ):
            with pytest.raises(Refused) as refused:
                engine.apply(subject, event, actor=actor, now=b.EVENING)
            assert refused.value.code == "terms_outdated"
        identity.accept_terms(lina, version="2", language="ar", now=b.EVENING)
        assert b.step(request, "post", b.client_of(lina), b.EVENING).state == "matching"
    finally:
        object.__setattr__(active(), "terms_version", "1")


@pytest.mark.spec("KH-ID-07")
def test_leaving_waits_for_open_work_and_takes_the_name_after_30_days(khidma) -> None:
    lina, sara = b.client("Lina Haddad"), b.tasker()
    job = b.confirmed(lina, sara)
    for person in (lina, sara):
        with pytest.raises(Refused) as refused:
            identity.request_deletion(person, now=b.EVENING)
        assert "finish or cancel your task first" in str(refused.value)
    b.step(job, "cancel", b.client_of(lina), b.EVENING - timedelta(hours=8))
    identity.request_deletion(lina, now=b.EVENING)
    phone = lina.phone
    run_until(b.EVENING + timedelta(days=29, hours=23), start=b.EVENING)
    assert b.fresh(lina).name == "Lina Haddad"
    run_until(b.EVENING + timedelta(days=30), start=b.EVENING + timedelta(days=29))
    gone = b.fresh(lina)
    assert (gone.status, gone.phone, "Lina" in gone.name) == ("deleted", None, False)
    assert not User.objects.filter(phone=phone).exists()
    assert set(ledger.trial_balance().values()) <= {0}


@pytest.mark.parametrize("state", ["offered", "in_progress", "completed", "disputed"])
def test_each_open_state_holds_the_account(khidma, state: str) -> None:
    lina, sara = b.client(), b.tasker()
    if state == "offered":
        b.offered(lina, sara)
    elif state == "in_progress":
        b.started(lina, sara)
    else:
        job = b.completed(lina, sara)
        if state == "disputed":
            claim = {"kind": "hours", "minutes": 120, "text": "no"}
            b.step(job, "dispute", b.client_of(lina), b.at(2, "18:00"), **claim)
    for person in (lina, sara):
        with pytest.raises(Refused):
            identity.deactivate(person, now=b.at(2, "19:00"))


@pytest.mark.spec("KH-ID-08")
def test_roles_stay_apart(khidma) -> None:
    """A support agent cannot ban; one account may be client and Tasker, and never both on one task."""
    sara = b.tasker()
    agent = b.person("Noor", "support_agent")
    with pytest.raises(Denied) as refused:
        sanctions.impose(sara.pk, "ban", reason="x", actor=b.staff_of(agent, "support_agent"), now=b.EVENING)
    assert refused.value.status == 403
    with pytest.raises(Denied):
        identity.ban(sara, reason="x", actor=b.staff_of(agent, "support_agent"), now=b.EVENING)
    RoleGrant.objects.create(user=sara, role="client", granted_at=b.EVENING)
    b.home(sara)
    b.add_card(sara)
    own = b.posted(sara)
    with pytest.raises(Refused):
        engine.apply(own, "select", actor=b.client_of(sara), now=b.EVENING, data={"worker_id": sara.pk})
    assert Request.objects.get(pk=own.pk).state == "matching"


def test_suspended_people_neither_post_nor_accept(khidma) -> None:
    lina, sara, admin = b.client(), b.tasker(), b.person("Amal", "admin")
    offer = b.offered(b.client("Huda"), sara)
    request = b.draft(lina)
    until = b.EVENING + timedelta(days=7)
    for person in (lina, sara):
        sanctions.impose(
            person.pk,
            "suspension",
            reason="x",
            ends_at=until,
            actor=b.staff_of(admin, "admin"),
            now=b.EVENING,
        )
    for subject, event, actor in ((request, "post", b.client_of(lina)), (offer, "accept", b.tasker_of(sara))):
        with pytest.raises(Refused):
            engine.apply(subject, event, actor=actor, now=b.EVENING)
