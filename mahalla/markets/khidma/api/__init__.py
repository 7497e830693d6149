"""Khidma's own part of the API: tasks, offers, jobs, the Tasker's side and the desks of staff."""

from __future__ import annotations

from ninja import Router

routers: list[tuple[str, Router]] = []
