"""Numbers for a Prometheus server: requests (by django-prometheus), and how far the worker is behind."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mahalla.kit import clock

LOOPBACK = {"127.0.0.1", "::1"}
QUERIES = (
    (
        "mahalla_deadlines_due",
        "Deadlines that are due and not yet fired",
        "SELECT count(*) FROM flow_deadlinerow WHERE due_at <= %s",
    ),
    (
        "mahalla_deadlines_lag_seconds",
        "How long the oldest due deadline waits",
        "SELECT coalesce(extract(epoch FROM %s - min(due_at)), 0) FROM flow_deadlinerow WHERE due_at <= %s",
    ),
    (
        "mahalla_outbox_due",
        "Promises to the outside that are due and not yet kept",
        "SELECT count(*) FROM events_outboxitem WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= %s",
    ),
    (
        "mahalla_outbox_lag_seconds",
        "How long the oldest due promise waits",
        "SELECT coalesce(extract(epoch FROM %s - min(due_at)), 0) FROM events_outboxitem"
        " WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= %s",
    ),
    (
        "mahalla_outbox_failed",
        "Promises given up after every try",
        "SELECT count(*) FROM events_outboxitem WHERE failed_at IS NOT NULL",
    ),
)


class Backlog(Collector):
    """Reads the queues when asked, so that every process tells the same numbers."""

    def describe(self) -> list[GaugeMetricFamily]:
        return [GaugeMetricFamily(name, text) for name, text, _query in QUERIES]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = clock.now()
        try:
            with connection.cursor() as cursor:
                for name, text, query in QUERIES:
                    cursor.execute(query, [now] * query.count("%s"))
                    yield GaugeMetricFamily(name, text, value=float(cursor.fetchone()[0]))
        except DatabaseError:
            return


REGISTRY.register(Backlog())


def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine, or for who shows the token; to everybody else there is nothing here."""
    if not allowed(request):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def allowed(request: HttpRequest) -> bool:
    token = settings.MAHALLA_METRICS_TOKEN
    if token:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not forwarded
