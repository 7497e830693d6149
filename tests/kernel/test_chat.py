"""Two people talk about a piece of work; an outsider gets nothing, and staff only what a case allows."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from mahalla.kernel.chat import listeners, operations, policies, queries
from mahalla.kernel.chat.models import Message, Thread
from mahalla.kernel.events import outbox
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kit import clock
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused, TooMany
from tests.kernel import media_samples as samples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    for module, name in ((policies, "_staff_rules"),):
        monkeypatch.setattr(module, name, [])
    yield


@pytest.fixture
def layla() -> User:
    return User.objects.create_user(phone="+966500000001", name="Layla, the client")


@pytest.fixture
def sara() -> User:
    return User.objects.create_user(phone="+966500000002", name="Sara, the worker")


@pytest.fixture
def omar() -> User:
    return User.objects.create_user(phone="+966500000009", name="Omar, an outsider")


def talk(*people: User, subject: str = "job:12", **more: Any) -> Thread:
    members = {person.pk: role for person, role in zip(people, ("client", "worker"), strict=True)}
    return operations.open_thread(subject=subject, kind="job", members=members, now=NOW, **more)


def told(monkeypatch: pytest.MonkeyPatch, moment: str, fn: Callable[..., None]) -> None:
    monkeypatch.setitem(listeners._listeners._told, moment, [(fn, "")])


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def voice(owner: User, seconds: float) -> Asset:
    return media.store(io.BytesIO(samples.ogg(seconds)), owner=owner, purpose="chat", now=NOW)


def test_what_one_writes_the_other_reads_with_marks(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text=" Is there an elevator? ", now=NOW)

    def mark() -> str:
        return queries.messages(thread, viewer=sara)[0].mark

    assert mark() == "sent"
    (line,) = queries.messages(thread, viewer=layla)
    assert (line.text, line.mine, line.mark) == ("Is there an elevator?", False, "")
    assert queries.unread(layla) == {thread.pk: 1}
    assert queries.unread(sara) == {}
    operations.mark_delivered(thread, user=layla, now=at(1))
    assert mark() == "delivered"
    assert queries.unread(layla) == {thread.pk: 1}
    operations.mark_read(thread, user=layla, now=at(2))
    assert mark() == "read"
    assert queries.unread(layla) == {}


def test_marks_never_go_back_and_say_nothing_twice(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    first = operations.send(thread, author=sara, text="one", now=NOW)
    operations.send(thread, author=sara, text="two", now=NOW)
    operations.mark_read(thread, user=layla, now=at(1))
    operations.mark_read(thread, user=layla, now=at(2), up_to=first.pk)
    assert [line.mark for line in queries.messages(thread, viewer=sara)] == ["read", "read"]
    assert Event.objects.filter(name="chat.read").count() == 1


def test_history_pages_back_and_news_come_after_the_last_seen(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    sent = [operations.send(thread, author=sara, text=str(n), now=at(n * 10)) for n in range(5)]
    assert [line.text for line in queries.history(thread, viewer=layla, limit=2)] == ["3", "4"]
    earlier = queries.history(thread, viewer=layla, before_id=sent[3].pk, limit=2)
    assert [line.text for line in earlier] == ["1", "2"]
    assert [line.text for line in queries.messages(thread, viewer=layla, after_id=sent[2].pk)] == ["3", "4"]


def test_each_message_is_told_live_to_the_members_only_without_its_words(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    message = operations.send(thread, author=sara, text="My secret words", now=NOW)
    event = Event.objects.get(name="chat.message")
    assert event.topics == sorted([f"user:{layla.pk}", f"user:{sara.pk}"])
    assert event.payload == {"message": message.pk, "subject": "job:12"}
    assert (event.actor_id, event.role) == (sara.pk, "worker")


def test_an_outsider_gets_nothing(layla: User, sara: User, omar: User) -> None:
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text="hello", now=NOW)
    for forbidden in (
        lambda: queries.thread_for(omar, thread.pk),
        lambda: queries.messages(thread, viewer=omar),
        lambda: queries.open_as_staff(omar, thread.pk, role="", reason="", now=NOW),
        lambda: operations.send(thread, author=omar, text="hello", now=NOW),
        lambda: operations.mark_read(thread, user=omar, now=NOW),
        lambda: queries.thread_for(layla, 10**9),
    ):
        with pytest.raises(NotFound):
            forbidden()
    assert queries.thread_of(omar, subject="job:12", kind="job") is None
    assert queries.unread(omar) == {}


def test_another_worker_of_the_same_work_talks_in_another_thread(layla: User, sara: User, omar: User) -> None:
    first = talk(layla, sara, subject="request:1")
    operations.send(first, author=layla, text="for Sara only", now=NOW)
    second = talk(layla, omar, subject="request:1")
    assert second.pk != first.pk
    assert queries.messages(second, viewer=omar) == []
    with pytest.raises(NotFound):
        queries.thread_for(omar, first.pk)
    assert talk(layla, sara, subject="request:1").pk == first.pk


def test_a_closed_thread_is_read_and_not_written_until_opened_again(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text="hello", now=NOW)
    operations.close_thread(thread, now=at(1))
    with pytest.raises(Refused) as closed:
        operations.send(thread, author=sara, text="still there?", now=at(2))
    assert closed.value.code == "chat_closed"
    assert len(queries.messages(queries.thread_for(sara, thread.pk), viewer=sara)) == 1
    operations.say(thread, text="The work was cancelled.", now=at(3))
    talk(layla, sara)
    operations.send(thread, author=sara, text="again", now=at(4))
    assert operations.close_threads(subject="job:12", now=at(5)) == 1


def test_on_day_8_sending_is_refused_and_reading_works(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    operations.schedule_close(thread, closes_at=NOW + timedelta(days=7))
    last = NOW + timedelta(days=7) - timedelta(seconds=1)
    operations.send(thread, author=layla, text="Thank you!", now=last)
    with pytest.raises(Refused):
        operations.send(thread, author=layla, text="Hello?", now=last + timedelta(seconds=1))
    thread.refresh_from_db()
    assert not queries.can_send(thread, now=NOW + timedelta(days=8))
    assert [line.text for line in queries.messages(thread, viewer=sara)] == ["Thank you!"]


def test_a_message_has_words_and_not_too_many(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    for text in ("", "   ", "x" * 2001):
        with pytest.raises(Invalid) as refused:
            operations.send(thread, author=sara, text=text, now=NOW)
        assert "text" in refused.value.fields
    operations.send(thread, author=sara, text="x" * 2000, now=NOW)


def test_the_21st_message_in_a_minute_waits(layla: User, sara: User) -> None:
    thread, other = talk(layla, sara), talk(layla, sara, subject="job:13")
    for n in range(20):
        operations.send(thread if n % 2 else other, author=sara, text=str(n), now=at(n))
    with pytest.raises(TooMany) as fast:
        operations.send(thread, author=sara, text="21", now=at(30))
    assert 30 <= fast.value.retry_after_s <= 31
    operations.send(thread, author=layla, text="Slowly please", now=at(30))
    operations.send(thread, author=sara, text="21", now=at(30 + fast.value.retry_after_s))


def test_a_repeated_sending_is_one_message(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    first = operations.send(thread, author=sara, text="On my way", client_key="k1", now=NOW)
    again = operations.send(thread, author=sara, text="On my way", client_key="k1", now=at(9))
    assert again.pk == first.pk
    assert Event.objects.filter(name="chat.message").count() == 1
    with pytest.raises(Refused) as used:
        operations.send(thread, author=sara, text="Other words", client_key="k1", now=at(9))
    assert used.value.code == "key_used"
    operations.send(thread, author=layla, text="On my way", client_key="k1", now=at(9))
    assert Message.objects.count() == 2


@pytest.mark.spec("KH-CHAT-03")
def test_a_voice_note_of_30_s_plays_for_the_other_side_and_one_of_121_s_is_refused(
    client: Client, layla: User, sara: User, omar: User
) -> None:
    thread = talk(layla, sara)
    note = voice(sara, 30)
    client.force_login(layla)
    assert client.get(note.url).status_code == 404  # not sent yet
    operations.send(thread, author=sara, asset=note, now=NOW)
    (line,) = queries.messages(thread, viewer=layla)
    assert (line.asset_id, line.asset_kind) == (note.pk, "audio")
    assert line.duration_s == pytest.approx(30, abs=0.1)
    played = client.get(note.url, headers={"Range": "bytes=0-"})
    assert (played.status_code, played["Content-Type"]) == (206, "audio/ogg")
    assert played.content == samples.ogg(30)
    client.force_login(omar)
    assert client.get(note.url).status_code == 404
    with pytest.raises(Invalid) as refused:
        voice(layla, 121)
    assert refused.value.code == "voice_note_too_long"


def test_only_ones_own_unsent_chat_files_are_sent(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    theirs, sent = voice(layla, 1), voice(sara, 1)
    other = media.store(io.BytesIO(samples.image()), owner=sara, purpose="avatar", now=NOW)
    operations.send(thread, author=sara, asset=sent, now=NOW)
    for asset in (theirs, sent, other):
        with pytest.raises(Invalid) as refused:
            operations.send(thread, author=sara, asset=asset, now=NOW)
        assert "asset" in refused.value.fields


@pytest.mark.spec("KH-CHAT-04")
def test_an_agent_reads_the_chat_of_a_case_and_the_audit_shows_who_and_when(
    client: Client, layla: User, sara: User
) -> None:
    agent = User.objects.create_user(phone="+966500000003", name="Support agent", is_staff=True)
    other = User.objects.create_user(phone="+966500000004", name="Another agent", is_staff=True)
    policies.staff_may_read(lambda viewer, thread: viewer == agent and thread.subject == "job:12")
    thread = talk(layla, sara, mask_contacts=True)
    note = media.store(io.BytesIO(samples.image()), owner=sara, purpose="chat", now=NOW)
    operations.send(thread, author=sara, text="call 0501234567", asset=note, now=NOW)

    with pytest.raises(Denied):
        queries.open_as_staff(other, thread.pk, role="support_agent", reason="curious", now=at(60))
    assert not Event.objects.filter(name="chat.read_by_staff").exists()
    _, (line,) = queries.open_as_staff(agent, thread.pk, role="support_agent", reason="dispute 5", now=at(60))
    assert line.text == "call 0501234567"
    audit = Event.objects.get(name="chat.read_by_staff")
    assert (audit.actor_id, audit.role, audit.at, audit.reason) == (
        agent.pk,
        "support_agent",
        at(60),
        "dispute 5",
    )
    assert audit.topics == []
    client.force_login(agent)
    assert client.get(note.url).status_code == 200
    client.force_login(other)
    assert client.get(note.url).status_code == 403


def test_contact_details_are_masked_while_the_thread_says_so_and_always_flagged(
    monkeypatch: pytest.MonkeyPatch, layla: User, sara: User
) -> None:
    heard: list[list[str]] = []
    told(monkeypatch, "detected", lambda message, now: heard.append(message.flags))
    thread = talk(layla, sara, mask_contacts=True)
    operations.send(thread, author=sara, text="pay me outside 0501234567", now=NOW)
    for viewer in (layla, sara):
        (line,) = queries.messages(thread, viewer=viewer)
        assert (line.text, line.masked) == ("pay me outside •••", True)
    operations.set_masking(thread, on=False)
    operations.send(thread, author=sara, text="My number is 0501234567", now=NOW)
    operations.send(thread, author=sara, text="I am at the door", now=NOW)
    texts = [line.text for line in queries.messages(thread, viewer=layla)]
    assert texts == ["pay me outside •••", "My number is 0501234567", "I am at the door"]
    assert heard == [["contact_phone", "off_platform_payment"], ["contact_phone"]]


def test_listeners_hear_of_every_message_in_its_transaction(
    monkeypatch: pytest.MonkeyPatch, layla: User, sara: User
) -> None:
    heard: list[str] = []
    told(monkeypatch, "sent", lambda message, now: heard.append(message.text))
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text="hello", now=NOW)
    operations.say(thread, text="Work has started", now=NOW)
    assert heard == ["hello", "Work has started"]
    assert [line.system for line in queries.messages(thread, viewer=layla)] == [False, True]
    assert queries.unread(sara) == {thread.pk: 1}


@pytest.mark.parametrize("change", [{"text": "I never said that"}, {"flags": []}, {"sent_at": at(99)}])
def test_the_database_refuses_to_change_what_was_said(
    layla: User, sara: User, change: dict[str, Any]
) -> None:
    message = operations.send(talk(layla, sara), author=sara, text="me@example.com", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**change)
    Message.objects.filter(pk=message.pk).update(text="")  # erasure is allowed


@pytest.mark.django_db(transaction=True)
def test_old_messages_and_their_files_are_purged(layla: User, sara: User, tmp_path: Any) -> None:
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text="old", asset=voice(sara, 1), now=NOW)
    operations.send(thread, author=sara, text="new", now=NOW + timedelta(days=400))
    later = NOW + timedelta(days=500)
    assert operations.purge(before=NOW + timedelta(days=365), now=later) == 1
    outbox.run_due(later)
    assert [line.text for line in queries.messages(thread, viewer=layla)] == ["new"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_forgotten_person_leaves_places_without_words(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    operations.send(thread, author=sara, text="I live in Olaya", asset=voice(sara, 1), now=NOW)
    operations.send(thread, author=layla, text="Good", now=NOW)
    assert operations.erase(author_id=sara.pk, actor=SYSTEM, now=at(9)) == 1
    assert operations.erase(author_id=sara.pk, actor=SYSTEM, now=at(9)) == 0
    lines = queries.messages(thread, viewer=layla)
    assert [(line.text, line.asset_id) for line in lines] == [("", None), ("Good", None)]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_the_same_message_sent_on_two_lines_at_once_is_one(layla: User, sara: User) -> None:
    thread = talk(layla, sara)
    gate, ids = threading.Barrier(4), []

    def send() -> None:
        try:
            gate.wait()
            message = operations.send(thread, author=sara, text="On my way", client_key="k", now=clock.now())
            ids.append(message.pk)
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(ids) == 4 and len(set(ids)) == 1
    assert Message.objects.count() == 1
