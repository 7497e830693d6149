"""A person's right to their data: everything in one file, and everything gone but the books."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from mahalla.kernel.chat import operations as chat
from mahalla.kernel.chat.models import Message, Thread
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.status import erase_if_due
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.work.models import Request
from tests.api.app import App
from tests.khidma import builders as b
from tests.khidma import client_town as town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]
NAME = "Zubaydah Alqahtani"


def worked(lina: User, sara: User, **fields):
    """96.00 done, talked about, reviewed, paid out; both sides wrote each other's names."""
    job = b.completed(lina, sara, text=f"Ring for {NAME}", **fields)
    thread = Thread.objects.get(subject=job.request.stream)
    run_until(b.at(2, "17:05"), start=b.at(2, "17:00"))
    for author in (lina, sara):
        chat.send(thread, author=author, text=f"This is about {NAME}", now=b.at(2, "17:10"))
    b.step(job, "confirm", b.client_of(lina), b.at(2, "17:30"))
    b.step(
        b.fresh(job), "review", b.client_of(lina), b.at(2, "18:00"), stars=5, tags=[], text=f"{NAME} was glad"
    )
    run_until(b.at(6, "12:00"), start=b.at(2, "18:00"))
    return b.fresh(job)


def rows_with(word: str) -> list[tuple[str, str]]:
    """Every column of every table that holds the word: nothing in the database is left out."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{word}%"])
            if cursor.fetchone()[0]:
                found.append((table, column))
    return found


@pytest.mark.spec("KH-SEC-01")
def test_the_export_has_profile_tasks_messages_and_payments():
    lina, sara, rami = b.client(NAME), b.tasker("Sara"), b.client("Rami")
    job = worked(lina, sara)
    town.go_to(b.at(6, "12:00"))
    answer = town.browser(lina).get("/account/data/")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    told = json.loads(answer.content)
    assert told["identity"]["name"] == NAME
    assert told["addresses"][0]["lines"] == "12 Olaya Street"
    assert [row["text"] for row in told["work"]["requests"]] == [f"Ring for {NAME}"]
    assert [row["as"] for row in told["work"]["jobs"]] == ["client"]
    assert [row["text"] for row in told["messages"]] == [f"This is about {NAME}"]
    assert [row["captured_minor"] for row in told["payments"]["payments"]] == [9600]
    assert told["reviews"]["given"][0]["stars"] == 5
    mine = json.loads(town.browser(sara).get("/account/data/").content)
    assert mine["khidma"]["tasker"]["bio"] == "I work with care."
    assert [row["amount_minor"] for row in mine["payments"]["payouts"]] == [8000]
    assert NAME not in town.browser(rami).get("/account/data/").content.decode()
    assert job.state in {"completed", "reviewed"}


@pytest.mark.spec("KH-SEC-02")
@pytest.mark.parametrize("side", ["client", "tasker"])
def test_after_the_erasure_the_ledger_balances_and_no_row_holds_the_name(side):
    lina = b.client(NAME if side == "client" else "Lina Harbi")
    sara = b.tasker(NAME if side == "tasker" else "Sara")
    who, phone = (lina, lina.phone) if side == "client" else (sara, sara.phone)
    job = worked(lina, sara)
    before = {path: ledger.balance(path).credit_minor for path in ("revenue/fees", f"payable/user:{sara.pk}")}
    assert rows_with("zubaydah")
    town.go_to(b.at(6, "12:00"))
    asked = b.at(6, "12:00")
    assert identity.request_deletion(who, now=asked) == asked + timedelta(days=30)
    erase_if_due(who.pk, requested_at=asked, now=asked + timedelta(days=30))
    gone = User.objects.get(pk=who.pk)
    assert (gone.status, gone.name, gone.phone) == ("deleted", "", None)

    assert rows_with("zubaydah") == []
    assert rows_with("alqahtani") == []
    assert rows_with(str(phone)) == []
    if side == "client":
        assert rows_with("12 Olaya Street") == []
    assert set(ledger.trial_balance().values()) == {0}
    assert ledger.audit() == []
    assert {path: ledger.balance(path).credit_minor for path in before} == before
    assert Hold.objects.get(reference=job.reference).captured_minor == 9600
    assert Payout.objects.get(reference=job.reference).amount_minor == 8000
    assert Request.objects.get(pk=job.request_id).status == "reviewed"
    town.go_to(b.at(6, "12:00", month=4))
    other = sara if side == "client" else lina
    assert App(other).get(f"/tasks/{job.request_id}")["id"] == job.request_id


def test_messages_of_a_case_stay_a_record_without_the_name_and_others_go_after_a_year():
    lina, sara = b.client(NAME), b.tasker("Sara")
    job = b.completed(lina, sara)
    thread = Thread.objects.get(subject=job.request.stream)
    chat.send(thread, author=lina, text=f"{NAME} waited at the gate", now=b.at(2, "17:10"))
    b.step(job, "dispute", b.client_of(lina), b.at(2, "18:00"), kind="hours", minutes=120, text="Two hours")
    far = b.at(2, "18:00", year=2027, month=6)
    assert chat.purge(before=far, now=far) == 0
    from mahalla.kernel.identity import privacy

    privacy.run_erasers(lina.pk, b.at(3, "12:00"))
    assert Message.objects.get(thread=thread).text == "… waited at the gate"


@pytest.mark.parametrize(("text", "allowed"), [("… waited", True), ("", True), ("Somebody waited", False)])
def test_a_message_may_lose_words_and_never_change_them(text, allowed):
    job = b.confirmed(b.client("Lina"), b.tasker("Sara"))
    thread = Thread.objects.get(subject=job.request.stream)
    message = chat.send(thread, author=job.client, text="Lina waited", now=b.EVENING)
    if allowed:
        assert Message.objects.filter(pk=message.pk).update(text=text) == 1
    else:
        with pytest.raises(IntegrityError, match="stands as it was sent"):
            Message.objects.filter(pk=message.pk).update(text=text)
