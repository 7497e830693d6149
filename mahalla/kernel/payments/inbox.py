"""The inbox of providers' news: webhooks and the answers to our own calls, kept once, judged by one writer (ADR 0002).

Nobody else writes what became of a hold, a refund or a payout. News may come twice, late, out of order or forged: a
forged one changes nothing, and no other moves anything backwards.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from mahalla.kernel.events import outbox
from mahalla.kernel.payments import hold_news, other_news
from mahalla.kernel.payments.models import ProviderNews
from mahalla.kernel.payments.provider import BadSignature, News, default_name, named

log = logging.getLogger(__name__)


def receive(headers: Mapping[str, str], body: bytes, now: datetime, *, provider: str = "") -> int:
    """Take a webhook in and return the HTTP status to answer with (KH-SEC-07).

    400 when the provider did not sign it (nothing is kept), 404 for an unknown provider, else 200, also for one that
    was received before. News that could not be judged now is kept and judged again by the worker.
    """
    name = provider or default_name()
    try:
        adapter = named(name)
    except LookupError:
        return 404
    try:
        event_id, news = adapter.read_webhook(body, headers=headers, now=now)
    except (BadSignature, ValueError, KeyError, TypeError) as error:
        log.warning("refused a webhook of %s: %s", name, type(error).__name__)
        return 400
    with transaction.atomic():
        row = _keep(name, event_id, ProviderNews.Source.WEBHOOK, news, now)
        if row is not None:
            _judge_or_leave(row, now)
    return 200


def record_answer(news: News, *, provider: str, key: str, now: datetime) -> None:
    """Put the answer to the call ``key`` into the inbox and judge it. An answer heard before changes nothing."""
    with transaction.atomic():
        row = _keep(provider, f"answer:{key}:{news.kind}", ProviderNews.Source.ANSWER, news, now)
        if row is not None:
            process(row, now=now)


def process(row: ProviderNews, *, now: datetime) -> str:
    """Judge one piece of news under the lock of what it speaks of; returns what came of it (``outcome``)."""
    with transaction.atomic():
        news = News.from_json(row.body)
        noun = news.subject.split(":")[0]
        if noun == "hold":
            outcome = hold_news.judge(news, now=now)
        else:
            outcome = other_news.judge(news, now=now)
        row.processed_at, row.outcome = now, outcome
        row.save(update_fields=["processed_at", "outcome"])
        return outcome


@outbox.handler("payments.news")
def judge_again(payload: dict[str, int], now: datetime) -> None:
    row = ProviderNews.objects.select_for_update().get(pk=payload["news"])
    if row.processed_at is None:
        process(row, now=now)


def _keep(provider: str, event_id: str, source: str, news: News, now: datetime) -> ProviderNews | None:
    """The new row, or None when this was heard before (the database decides, whoever comes at the same time)."""
    fields = {
        "source": source,
        "kind": news.kind[:32],
        "subject": news.subject[:64],
        "body": news.to_json(),
        "received_at": now,
    }
    row, fresh = ProviderNews.objects.get_or_create(
        provider=provider, event_id=event_id[:160], defaults=fields
    )
    return row if fresh else None


def _judge_or_leave(row: ProviderNews, now: datetime) -> None:
    """A fault of ours must not lose what the provider said: the row stays and the worker tries again."""
    try:
        process(row, now=now)
    except Exception:
        log.exception("news %s could not be judged; it will be tried again", row.pk)
        outbox.enqueue(
            "payments.news", key=f"payments:news:{row.pk}", payload={"news": row.pk}, now=now, due_at=now
        )
