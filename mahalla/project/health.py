"""Is this process alive, and can it do its work?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from mahalla.kernel.flow import worker
from mahalla.kit import clock

_migrated = False


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """503 while pages cannot be served. A worker that is late is told, and counts with ``?strict=1`` only:

    taking every web process out of service because a worker died would make a small trouble a large one.
    """
    found = {"database": "ok", "migrations": "ok", "worker": "ok"}
    try:
        connection.ensure_connection()
        if not migrated():
            found["migrations"] = "missing"
        elif not worker.is_alive(clock.now()):
            found["worker"] = "late"
    except DatabaseError:
        found["database"] = "away"
    serving = found["database"] == "ok" and found["migrations"] == "ok"
    if request.GET.get("strict"):
        serving = serving and found["worker"] == "ok"
    return JsonResponse({"ready": serving, **found}, status=200 if serving else 503)


def migrated() -> bool:
    """Whether every migration of this code is applied; once true it stays so for this process."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
