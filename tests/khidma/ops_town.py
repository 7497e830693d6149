"""Staff of every role in front of the console, each with a browser that is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.test import Client

from mahalla.kernel.identity.models import User
from mahalla.kit import clock
from tests.khidma import builders as b

#: name and role of the people who work there
STAFF = {
    "Abeer": "ops_admin",
    "Adel": "admin",
    "Noor": "support_agent",
    "Tariq": "ts_agent",
    "Mona": "ops_manager",
}


def staff(name: str, *, language: str = "en") -> User:
    return b.person(name, STAFF[name], language=language)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


class Desk:
    """One member of staff: ``get`` and ``post`` under ``/console/`` at a given instant."""

    def __init__(self, name: str, now: datetime = b.EVENING, *, language: str = "en") -> None:
        self.user = staff(name, language=language)
        self.client = browser(self.user)
        self.now = now

    def get(self, path: str = "", **data: Any) -> Any:
        with clock.travel(self.now):
            return self.client.get(f"/console/{path}", data)

    def post(self, path: str, **data: Any) -> Any:
        with clock.travel(self.now):
            return self.client.post(f"/console/{path}", data)

    def page(self, path: str = "", **data: Any) -> str:
        answer = self.get(path, **data)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.content.decode())
