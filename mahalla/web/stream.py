"""The live stream: server-sent events of what happens in the topics that a person may hear.

``GET …/stream?topics=request:12,user:me`` with the session's cookie or a bearer token. A message is
``{"id", "topic", "name"}`` and nothing private: the page fetches what it shows. Plain ASGI: thousands of quiet
connections cost a queue each, and people are looked up in a few threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib import auth
from django.db import close_old_connections
from django.http import HttpRequest

from mahalla.kernel.identity import sessions
from mahalla.kernel.identity.models import User
from mahalla.kit import clock
from mahalla.web import topics
from mahalla.web.hub import RESET, Client, Hub, frames, place

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = TypeVar("Answer")

HEARTBEAT_S = 15.0
CHECK_AGAIN_S = 60.0
RETRY_MS = 2000
STREAMS_PER_USER = 12
REASONS = {
    401: "not_signed_in",
    403: "not_for_you",
    404: "not_found",
    405: "method",
    429: "too_many",
    503: "starting",
}

_people = ThreadPoolExecutor(4, thread_name_prefix="people")
_hub: Hub | None = None
_open: Counter[int] = Counter()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            _the_hub()
            await send({"type": "lifespan.startup.complete"})
    if _hub is not None:
        await _hub.stop()
    await send({"type": "lifespan.shutdown.complete"})


def _the_hub() -> Hub:
    global _hub
    if _hub is None:
        _hub = Hub()
        _hub.begin()
    return _hub


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    hub = _the_hub()
    if scope["path"].endswith("/health/live"):
        await _refuse(send, 200 if hub.listening else 503, {})
        return
    cors = _cors(headers)
    if cors is None or not scope["path"].endswith("/stream"):
        await _refuse(send, 403 if cors is None else 404, {})
        return
    if scope["method"] != "GET":
        await _refuse(send, 405, cors)
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    asked = [name for name in ",".join(query.get("topics", [])).split(",") if name][: topics.TOPICS_MAX + 1]
    status, user_id, heard = await _in_thread(lambda: admit(headers, asked))
    if status == 200 and _open[user_id] >= STREAMS_PER_USER:
        status = 429
    if status != 200:
        await _refuse(send, status, cors)
        return
    last = headers.get("last-event-id") or "".join(query.get("last_event_id", []))
    client = Client(user_id, heard)
    _open[user_id] += 1
    hub.add(client)
    try:
        await _stream(hub, client, last, lambda: admit(headers, asked), receive, send, cors)
    finally:
        hub.remove(client)
        _open[user_id] -= 1
        if not _open[user_id]:
            del _open[user_id]


def admit(headers: dict[str, str], asked: list[str]) -> tuple[int, int, dict[str, str]]:
    """``(status, user id, topics)`` for who asks: 401 for nobody, 403 when any topic is not for them."""
    user = person(headers)
    if user is None:
        return 401, 0, {}
    heard = topics.resolved(user, asked)
    return (403, user.pk, {}) if heard is None else (200, user.pk, heard)


def person(headers: dict[str, str]) -> User | None:
    """The person behind a bearer token or a session's cookie."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = sessions.authenticate_token(token.strip(), now=clock.now())
        return found.user if found else None
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    if cookie is None:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    user = auth.get_user(request)
    return user if isinstance(user, User) and user.is_active else None


async def _stream(
    hub: Hub,
    client: Client,
    last: str,
    still: Callable[[], tuple[int, int, dict[str, str]]],
    receive: Receive,
    send: Send,
    cors: list[tuple[bytes, bytes]],
) -> None:
    """Write what comes until the client goes, is cut off, or is no longer allowed."""
    head = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": head + cors})
    await _write(send, f"retry: {RETRY_MS}\n\n".encode() + await _catch_up(hub, client, last))
    gone = asyncio.ensure_future(_disconnected(receive))
    loop = asyncio.get_running_loop()
    check_at = loop.time() + CHECK_AGAIN_S
    try:
        while not gone.done():
            got = asyncio.ensure_future(client.queue.get())
            await asyncio.wait({got, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if got.done():
                chunk = got.result()
                if chunk is None:
                    break
                await _write(send, chunk)
            else:
                got.cancel()
                if client.queue.empty() and not gone.done():
                    await _write(send, b": still here\n" + place(hub.safe))
            if loop.time() >= check_at:
                if (await _in_thread(still))[2] != client.topics:
                    break
                check_at = loop.time() + CHECK_AGAIN_S
    finally:
        gone.cancel()
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _catch_up(hub: Hub, client: Client, last: str) -> bytes:
    """What was missed since ``last``; ``reset`` tells the page to fetch itself anew, for it was away too long."""
    await hub.ready()
    if not last:
        return place(hub.safe)
    if last.isascii() and last.isdigit() and len(last) < 19:
        found = await hub.missed(int(last), client.topics)
        if found is not None:
            news, after = found
            return frames(news, client.topics) + place(after)
    return RESET + place(hub.safe)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _refuse(send: Send, status: int, cors: Any) -> None:
    body = b"{}" if status == 200 else json.dumps({"status": status, "code": REASONS[status]}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store"), *cors]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _cors(headers: dict[str, str]) -> list[tuple[bytes, bytes]] | None:
    """The headers that let our own pages read the answer; ``None`` for pages of anybody else."""
    origin = headers.get("origin")
    if origin is None:
        return []
    if origin != settings.MAHALLA_PUBLIC_URL:
        return None
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _in_thread(function: Callable[[], Answer]) -> Answer:
    """Ask the database by Django in a thread of our own, which keeps its connection."""

    def asked() -> Answer:
        close_old_connections()
        try:
            return function()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_people, asked)
