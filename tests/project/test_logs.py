"""Logs tell what happened and nobody's number."""

from __future__ import annotations

import json
import logging
import logging.config
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from mahalla.project import logs


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("sent to +966500000001 now", "sent to +96…01 now"),
        ("sent to +966 50 000 0001", "sent to +96…01"),
        ("local 0500000001.", "local 05…01."),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer …"),
        ("postgresql://user:hunter2@db/x", "postgresql://user:…@db/x"),
        ("code=123456&x=1", "code=…&x=1"),
        ("api_key: sk_live_1234", "api_key: …"),
        (
            "request 12345678 took 1500 ms at 2026-03-02T12:00:00",
            "request 12345678 took 1500 ms at 2026-03-02T12:00:00",
        ),
    ],
)
def test_numbers_and_secrets_are_struck_out(said: str, kept: str) -> None:
    assert logs.masked(said) == kept


def test_secret_names_hide_their_values_at_any_depth() -> None:
    found = logs.masked({"user": 7, "password": "x", "deep": [{"session_key": "y", "to": "+966500000001"}]})
    assert found == {"user": 7, "password": "…", "deep": [{"session_key": "…", "to": "+96…01"}]}


@pytest.fixture
def lines() -> Any:
    """Log as production does, into memory; a function that gives the lines."""
    out = StringIO()
    configured = logs.configuration(level="info", form="json")
    formatter = configured["formatters"]["line"]
    made = logging.Formatter if formatter["()"] is None else formatter["()"]
    handler = logging.StreamHandler(out)
    handler.setFormatter(made(**{key: value for key, value in formatter.items() if key != "()"}))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_line_is_json_and_masked_exceptions_too(lines: Any) -> None:
    try:
        raise ValueError("no such number +966500000001")
    except ValueError:
        logging.getLogger("x").exception("failed for %s", "+966500000002", extra={"token": "t0p"})
    (line,) = lines()
    assert line["event"] == "failed for +96…02"
    assert line["level"] == "error"
    assert line["token"] == "…"
    assert "ValueError" in line["exception"]
    assert "500000001" not in line["exception"]


@pytest.mark.django_db
def test_a_request_has_one_line_with_its_id(lines: Any) -> None:
    answer = Client().get("/nowhere/?phone=%2B966500000001", headers={"X-Request-ID": "abcdef12-34"})
    assert answer["X-Request-ID"] == "abcdef12-34"
    (line,) = [line for line in lines() if line["logger"] == "mahalla.request"]
    assert line["request_id"] == "abcdef12-34"
    assert line["event"] == "GET /nowhere/ 404"
    assert Client().get("/health/live", headers={"X-Request-ID": "bad id\n"})["X-Request-ID"] != "bad id\n"
