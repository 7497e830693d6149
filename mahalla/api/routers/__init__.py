"""Routers that every market has."""

from __future__ import annotations

from ninja import Router

from mahalla.api.routers import (
    account,
    addresses,
    cases,
    desk,
    files,
    methods,
    notices,
    reviews,
    sessions,
    threads,
    webhooks,
)

SHARED: list[tuple[str, Router]] = [
    ("/sessions", sessions.router),
    ("/account", account.router),
    ("/addresses", addresses.router),
    ("", methods.router),
    ("", notices.router),
    ("/files", files.router),
    ("/threads", threads.router),
    ("/cases", desk.router),  # before the parties' own: /cases/queue is no case
    ("/cases", cases.router),
    ("/reviews", reviews.router),
    ("/webhooks", webhooks.router),
]
