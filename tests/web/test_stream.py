"""The live stream, as a real process on a real socket: who may listen, how fast it is, and that nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test import Client as Browser

from mahalla.kernel.events import operations as events
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.sessions import issue_token
from mahalla.kit import clock
from mahalla.kit.actors import SYSTEM
from mahalla.project.up import free_port
from mahalla.web import hub as hubs
from mahalla.web import stream, topics
from tests.patience import within

pytestmark = pytest.mark.django_db(transaction=True)


def person(name: str, phone: str, **more: Any) -> User:
    return User.objects.create_user(phone=phone, name=name, date_joined=clock.now(), **more)


def database_url() -> str:
    parts = connection.settings_dict
    host, port = parts["HOST"], parts["PORT"]
    where = f"?host={quote(host)}" if host.startswith("/") else ""
    return f"postgresql://{parts['USER']}:@{'' if where else host}{f':{port}' if port else ''}/{parts['NAME']}{where}"


@pytest.fixture
def port() -> Iterator[int]:
    """A stream process on the tests' database."""
    number = free_port(8135)
    process = subprocess.Popen(
        [sys.executable, "-m", "mahalla", "stream", "--port", str(number)],
        env={**os.environ, "DATABASE_URL": database_url()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 20
        while fetch(number, "/health/live") != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the stream did not start: {process.stdout.read().decode()[-2000:]}")
            time.sleep(0.05)
        yield number
    finally:
        process.terminate()
        process.communicate(timeout=10)


def opened(port: int, path: str, headers: dict[str, str]) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout=10)
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    connected.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connected


def fetch(port: int, path: str, headers: dict[str, str] | None = None) -> int:
    try:
        with opened(port, path, headers or {}) as connected:
            return int(connected.recv(64).split(b" ")[1])
    except (OSError, IndexError):
        return 0


@dataclass
class Listener:
    """An EventSource of the tests: reads in a thread, remembers messages and the last place."""

    port: int
    headers: dict[str, str]
    topics: str = "user:me"
    messages: list[dict[str, Any]] = field(default_factory=list)
    head: str = ""
    last: str = ""
    reset: bool = False

    def __enter__(self) -> Listener:
        headers = self.headers | ({"Last-Event-ID": self.last} if self.last else {})
        self._socket = opened(self.port, f"/stream?topics={self.topics}", headers)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until(lambda: self.last != "")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)
        self._socket.close()

    def _read(self) -> None:
        with self._socket.makefile("r", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                if line.startswith("data: ") and line.strip() != "data: {}":
                    self.messages.append(json.loads(line[6:]))
                elif line.startswith("id: "):
                    self.last = line[4:].strip()
                elif line.startswith("event: reset"):
                    self.reset = True
                elif not self.last:
                    self.head += line

    def until(self, met: Any, within: float = 2.0) -> None:
        deadline = time.monotonic() + within
        while not met():
            assert time.monotonic() < deadline, f"nothing came in time: {self.head} {self.messages}"
            time.sleep(0.005)


def signed_in(user: User) -> dict[str, str]:
    browser = Browser()
    browser.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={browser.cookies[name].value}"}


def happen(name: str, *heard_by: str, payload: dict[str, Any] | None = None) -> int:
    return events.append(
        name=name,
        noun="thing",
        subject_id=1,
        stream="thing:1",
        actor=SYSTEM,
        now=clock.now(),
        payload=payload,
        topics=heard_by,
    ).pk


def test_a_message_arrives_at_once_and_tells_nothing_private(port: int) -> None:
    sara = person("Sara", "+966500000001")
    other = person("Omar", "+966500000002")
    with Listener(port, signed_in(sara)) as listening:
        started = time.monotonic()
        happen("for_omar", f"user:{other.pk}")
        pk = happen("offered", f"user:{sara.pk}", payload={"phone": "+966500000002"})
        listening.until(lambda: listening.messages)
        assert time.monotonic() - started < within(1)
        assert listening.messages == [{"id": pk, "topic": "user:me", "name": "offered"}]
        assert "text/event-stream" in listening.head


def test_strangers_and_outsiders_are_turned_away(port: int) -> None:
    sara, lena = person("Sara", "+966500000001"), person("Lena", "+966500000009")
    assert fetch(port, "/stream?topics=user:me") == 401
    assert fetch(port, f"/stream?topics=user:{sara.pk}", signed_in(lena)) == 403
    assert fetch(port, f"/stream?topics=user:me,user:{sara.pk}", signed_in(lena)) == 403
    assert fetch(port, "/stream?topics=ops", signed_in(lena)) == 403
    assert fetch(port, "/stream?topics=unknown:1", signed_in(lena)) == 403
    assert fetch(port, "/stream", signed_in(lena)) == 403
    assert fetch(port, "/stream?topics=user:me", {"Authorization": "Bearer nonsense"}) == 401
    User.objects.filter(pk=lena.pk).update(status="banned")
    assert fetch(port, "/stream?topics=user:me", signed_in(lena)) == 401


def test_an_app_listens_with_its_token_and_operations_hear_the_board(port: int) -> None:
    noor = person("Noor", "+966500000003", is_staff=True)
    token = issue_token(noor, now=clock.now())
    with Listener(port, {"Authorization": f"Bearer {token}"}, topics="ops,user:me") as listening:
        happen("posted", "ops")
        listening.until(lambda: listening.messages)
        assert listening.messages[0]["topic"] == "ops"


def test_only_our_own_pages_may_read(port: int) -> None:
    cookie = signed_in(person("Sara", "+966500000001"))
    assert fetch(port, "/stream?topics=user:me", cookie | {"Origin": "https://elsewhere.example"}) == 403
    with Listener(port, cookie | {"Origin": settings.MAHALLA_PUBLIC_URL}) as listening:
        assert "access-control-allow-credentials: true" in listening.head.lower()


def test_who_comes_back_hears_what_happened_meanwhile(port: int) -> None:
    sara = person("Sara", "+966500000001")
    topic = f"user:{sara.pk}"
    listening = Listener(port, signed_in(sara))
    with listening:
        first = happen("one", topic)
        listening.until(lambda: len(listening.messages) == 1)
        listening.until(lambda: listening.last)
    missed = [happen(f"missed_{number}", topic) for number in range(20)]
    with listening:
        listening.until(lambda: {message["id"] for message in listening.messages} >= {first, *missed})
        later = happen("later", topic)
        listening.until(lambda: listening.messages[-1]["id"] == later)


def test_an_event_that_commits_after_younger_ones_is_not_lost(port: int) -> None:
    sara = person("Sara", "+966500000001")
    topic = f"user:{sara.pk}"
    insert = (
        "INSERT INTO events_event (at, name, noun, stream, from_state, to_state, role, reason, payload, topics)"
        " VALUES (now(), %s, 'thing', 'thing:1', '', '', 'system', '', '{}', %s) RETURNING id"
    )
    listening = Listener(port, signed_in(sara))
    with psycopg.connect(database_url()) as slow:
        with listening:
            (early,) = slow.execute(insert, ["slow", [topic]]).fetchone()
            young = happen("young", topic)
            assert young > early
            listening.until(lambda: [message["id"] for message in listening.messages] == [young])
        slow.commit()
    with listening:
        listening.until(lambda: early in [message["id"] for message in listening.messages])


def test_who_was_away_for_too_long_is_told_to_look_anew(port: int) -> None:
    sara = person("Sara", "+966500000001")
    listening = Listener(port, signed_in(sara), last="nonsense")
    with listening:
        listening.until(lambda: listening.reset)


def test_a_session_that_ends_closes_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, with a shorter minute: who signs out hears no more."""
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(stream, "CHECK_AGAIN_S", 0.1)
    monkeypatch.setattr(stream, "_hub", None)
    sara = person("Sara", "+966500000001")
    cookie = signed_in(sara)["Cookie"].encode()
    written: list[Any] = []

    async def browser() -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            written.append(message)
            if b"still here" in message.get("body", b"") and len(written) > 3:
                await asyncio.to_thread(Session.objects.all().delete)
                await asyncio.to_thread(connections.close_all)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/stream",
            "query_string": b"topics=user:me",
            "headers": [(b"cookie", cookie)],
        }
        try:
            await asyncio.wait_for(stream.app(scope, receive, send), 10)
        finally:
            await stream._the_hub().stop()

    asyncio.run(browser())
    list(stream._people.map(lambda _: connections.close_all(), range(8)))
    assert written[0]["status"] == 200
    assert written[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert stream.admit({"cookie": cookie.decode()}, ["user:me"])[0] == 401


def test_a_rule_decides_about_a_nouns_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    sara, lena = person("Sara", "+966500000001"), person("Lena", "+966500000009")
    monkeypatch.setitem(topics._rules, "thing", lambda user, pk: user == sara and pk == 7)
    assert topics.resolved(sara, ["thing:7", "user:me"]) == {
        "thing:7": "thing:7",
        f"user:{sara.pk}": "user:me",
    }
    assert topics.resolved(lena, ["thing:7"]) is None
    for odd in ("thing:8", "thing:", "thing:٧", "thing:7:7", "thing", "", f"user:{lena.pk}"):
        assert topics.resolved(sara, [odd]) is None


def test_a_slow_reader_is_cut_off_and_not_waited_for() -> None:
    client = hubs.Client(1, {"user:1": "user:me"})
    for _ in range(hubs.QUEUE_MAX + 1):
        client.put(b"x")
    assert client.queue.get_nowait() is None
