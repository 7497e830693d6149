"""What must be true before a market opens: catalogues compiled, migrations applied, the seed sown once."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from mahalla.kit import clock, market
from mahalla.project import messages


def prepare() -> dict[str, Any]:
    """Do what is missing; returns what ``mahalla up`` shows: the market's title and its demo sign-ins."""
    messages.compile_changed()
    if migrations_missing():
        call_command("migrate", interactive=False, verbosity=0)
    active = market.active()
    seeded = seed(active)
    sign_ins = active.hooks.get("demo_sign_ins")
    return {
        "title": str(active.title),
        "seeded": seeded,
        "sign_ins": [[str(part) for part in row] for row in sign_ins()] if sign_ins else [],
    }


def migrations_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def seed(active: market.Market) -> bool:
    """Sow the market's first data unless that was done; all of it or nothing."""
    from mahalla.project.models import SeedMark

    if not active.seed or SeedMark.objects.filter(market=active.name).exists():
        return False
    module, _, function = active.seed.partition(":")
    now = clock.now()
    with transaction.atomic():
        _mark, fresh = SeedMark.objects.get_or_create(market=active.name, defaults={"at": now})
        if fresh:
            getattr(import_module(module), function)(now)
    return fresh


def main() -> int:
    print(json.dumps(prepare()))
    return 0
