"""Routers that every market has."""

from __future__ import annotations

from ninja import Router

from mahalla.api.routers import account, sessions

SHARED: list[tuple[str, Router]] = [
    ("/sessions", sessions.router),
    ("/account", account.router),
]
