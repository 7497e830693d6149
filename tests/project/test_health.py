"""Alive, ready, and by what numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from mahalla.kernel.events import outbox
from mahalla.kernel.flow.models import Heartbeat
from mahalla.kit import clock
from mahalla.project import health

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-enough-letters"


def test_alive_asks_nothing() -> None:
    assert Client().get("/health/live").json() == {"live": True}


def test_ready_with_a_worker_and_without() -> None:
    late = Client().get("/health/ready")
    assert (late.status_code, late.json()["worker"]) == (200, "late")
    assert Client().get("/health/ready?strict=1").status_code == 503
    Heartbeat.objects.create(name="worker", at=clock.now())
    assert Client().get("/health/ready?strict=1").json()["worker"] == "ok"


def test_not_ready_without_database_or_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "migrated", lambda: False)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "missing")

    def away() -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(health, "migrated", away)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "away")


def test_metrics_tell_how_far_the_worker_is_behind() -> None:
    now = clock.now()
    outbox.enqueue(
        "notices.text", key="late", payload={"text": 0}, now=now, due_at=now - timedelta(seconds=90)
    )
    text = Client().get("/metrics").content.decode()
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(numbers["mahalla_outbox_due"]) == 1
    assert 89 < float(numbers["mahalla_outbox_lag_seconds"]) < 120
    assert float(numbers["mahalla_deadlines_due"]) == 0
    assert any(name.startswith("django_http_requests_total_by_method_total") for name in numbers)


@pytest.mark.parametrize(
    ("token", "asked", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "203.0.113.7"}, 404),
        ("", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        (TOKEN, {}, 404),
        (TOKEN, {"HTTP_AUTHORIZATION": "Bearer wrong"}, 404),
        (TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}", "REMOTE_ADDR": "203.0.113.7"}, 200),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(
    settings: Any, token: str, asked: Any, status: int
) -> None:
    settings.MAHALLA_METRICS_TOKEN = token
    assert Client().get("/metrics", **asked).status_code == status
