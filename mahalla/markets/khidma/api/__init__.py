"""Khidma's own part of the API: tasks, offers, the work, the Tasker's side and the desks of staff."""

from __future__ import annotations

from ninja import Router

from mahalla.markets.khidma.api import (
    after,
    catalogue,
    drafts,
    earned,
    feed,
    keeping,
    offices,
    owed,
    staff,
    supply_side,
    tasks,
    work,
)

routers: list[tuple[str, Router]] = [
    ("", catalogue.router),
    ("", keeping.router),
    ("", owed.router),
    ("/business", offices.router),
    ("/tasks", drafts.router),
    ("/tasks", tasks.router),
    ("/tasks", work.router),
    ("/tasks", after.router),
    ("/offers", work.offers),
    ("/receipts", after.documents),
    ("/tasker", supply_side.router),
    ("/tasker", earned.router),
    ("/feed", feed.router),
    ("/ops", staff.router),
]
