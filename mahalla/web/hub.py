"""The stream's heart: one listening connection a process, read forward without a gap, fanned out by topic.

Events commit out of order, so neither their ids nor their times are a place to go on from. The place is a transaction
id: ``safe`` is ``pg_snapshot_xmin`` of a snapshot, below which everything is over. Each reading takes the visible events
from the last ``safe`` on, leaves out those that were sent, and brings the next ``safe``. A client that comes back with the
``safe`` that it saw last is given everything from there: it may hear something twice, and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import psycopg
from django.db import connections

log = logging.getLogger(__name__)
CHANNEL = "mahalla_events"
POLL_S = 1.0
QUEUE_MAX = 256
REPLAY_MAX = 1000
READ_MAX = 20_000
GATHER_S = 0.02
RESET = b"event: reset\ndata: {}\n\n"
READ = "SELECT id, xid, name, topics FROM events_event WHERE xid >= %(safe)s {more} ORDER BY xid, id LIMIT {limit}"
SAFE = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class News(NamedTuple):
    id: int
    xid: int
    name: str
    topics: list[str]


class Client:
    """One open stream: what it listens to, and what waits to be written to it."""

    def __init__(self, user_id: int, topics: Mapping[str, str]) -> None:
        self.user_id = user_id
        self.topics = dict(topics)
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_MAX)

    def put(self, chunk: bytes | None) -> None:
        """Queue a chunk; who reads too slowly is cut off and comes back with the last place it saw."""
        try:
            self.queue.put_nowait(chunk)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


def frames(news: Iterable[News], topics: Mapping[str, str]) -> bytes:
    """The messages of these events for somebody with these topics: no words, only that something happened."""
    lines = []
    for one in news:
        for topic in one.topics:
            if topic in topics:
                data = json.dumps({"id": one.id, "topic": topics[topic], "name": one.name})
                lines.append(f"data: {data}\n\n")
    return "".join(lines).encode()


def place(safe: int) -> bytes:
    """Moves the client's ``Last-Event-ID`` on, once everything before it was written."""
    return f"id: {safe}\n\n".encode()


class Hub:
    def __init__(self) -> None:
        self.safe = 0
        self.clients: set[Client] = set()
        self._by_topic: dict[str, set[Client]] = defaultdict(set)
        self._sent: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        #: after a restart thousands come back at once; the database sees few of them at a time
        self._replays = asyncio.Semaphore(4)

    def begin(self) -> None:
        """Start listening, in the running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def ready(self) -> None:
        """Wait until it listens."""
        await self._started.wait()

    async def stop(self) -> None:
        for client in list(self.clients):
            client.put(None)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def listening(self) -> bool:
        return self._started.is_set()

    def add(self, client: Client) -> None:
        self.clients.add(client)
        for topic in client.topics:
            self._by_topic[topic].add(client)

    def remove(self, client: Client) -> None:
        self.clients.discard(client)
        for topic in client.topics:
            self._by_topic[topic].discard(client)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    async def missed(self, safe: int, topics: Iterable[str]) -> tuple[list[News], int] | None:
        """What these topics had from ``safe`` on and the place after it; ``None`` when that is more than a page needs."""
        async with self._replays, await _connect() as connection:
            news, after = await _read(
                connection,
                safe,
                more="AND topics && %(topics)s::varchar[]",
                limit=REPLAY_MAX,
                topics=list(topics),
            )
        return None if len(news) >= REPLAY_MAX else (news, after)

    async def _run(self) -> None:
        while True:
            try:
                async with await _connect() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if not self.safe:
                        self.safe = await _safe(connection)
                    self._started.set()
                    while True:
                        await self._pump(connection)
                        await _woken(connection)
            except psycopg.OperationalError:
                log.warning("the stream lost the database; trying again")
            except Exception:
                log.exception("the stream stumbled; trying again")
            await asyncio.sleep(1)

    async def _pump(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Send what became visible since the last reading."""
        news, safe = await _read(connection, self.safe, limit=READ_MAX)
        if len(news) >= READ_MAX:  # after a long absence; pages had better look at everything anew
            self.safe, self._sent = safe, set()
            for client in self.clients:
                client.put(RESET + place(safe))
            return
        fresh = [one for one in news if one.id not in self._sent]
        self.safe = safe
        self._sent = {one.id for one in news if one.xid >= safe}
        heard: dict[Client, list[News]] = defaultdict(list)
        for one in fresh:
            for client in {client for topic in one.topics for client in self._by_topic.get(topic, ())}:
                heard[client].append(one)
        for client, theirs in heard.items():
            client.put(frames(theirs, client.topics) + place(safe))


async def _woken(connection: psycopg.AsyncConnection[Any]) -> None:
    """Wait for a commit's call, or a second; calls that come together are answered together."""
    called = False
    async for _call in connection.notifies(timeout=POLL_S, stop_after=1):
        called = True
    if called:
        await asyncio.sleep(GATHER_S)
        async for _more in connection.notifies(timeout=0):
            pass


async def _connect() -> psycopg.AsyncConnection[Any]:
    wanted = connections["default"].get_connection_params()
    known = {"dbname", "user", "password", "host", "port", "application_name", "sslmode", "options"}
    connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
        **{name: value for name, value in wanted.items() if name in known and value}, autocommit=True
    )
    return connection


async def _safe(connection: psycopg.AsyncConnection[Any]) -> int:
    row = await (await connection.execute(SAFE)).fetchone()
    assert row is not None
    return int(row[0])


async def _read(
    connection: psycopg.AsyncConnection[Any], safe: int, *, limit: int, more: str = "", **values: Any
) -> tuple[list[News], int]:
    """Visible events from ``safe`` on, and the ``safe`` of the same snapshot: both in one, or a commit slips between."""
    rows: list[Any] = []
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        after = await _safe(connection)
        query = READ.format(more=more, limit=limit)
        rows = await (await connection.execute(query, {"safe": safe, **values})).fetchall()
    return [News(*row) for row in rows], after
