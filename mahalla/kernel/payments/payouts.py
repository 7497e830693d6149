"""Paying workers: what is due, when it leaves, and why something waits (KH-PAY-15, KH-PAY-16)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.events import outbox
from mahalla.kernel.payments import accounts, other_news, postings, provider
from mahalla.kernel.payments.machine import begin, move
from mahalla.kernel.payments.models import Payout, PayoutBatch, PayoutMethod
from mahalla.kernel.payments.payout_methods import payout_method_of
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Refused
from mahalla.kit.market import active

log = logging.getLogger(__name__)


def due_after(captured_at: datetime, *, now: datetime) -> datetime:
    """The daily run that pays what was captured then: ``payout_delay_days`` calendar days on, in the market's zone.

    Captured on Tuesday at 12:00 with a delay of 2 days: Thursday's run (KH-PAY-15).
    """
    zone = ZoneInfo(active().timezone)
    day = captured_at.astimezone(zone).date() + timedelta(days=policy.get("payout_delay_days", now=now))
    return datetime.combine(day, time.fromisoformat(policy.get("payout_run_time", now=now)), zone)


def schedule_payout(
    *,
    worker_id: int,
    amount_minor: int,
    currency: str,
    due_at: datetime,
    reference: str,
    now: datetime,
    key: str = "",
) -> Payout:
    """Plan to send ``amount_minor`` of what stands in the worker's payable account, at the first run from ``due_at``.

    The same ``key`` (default: the reference) is the same payout. Nothing is posted before the run.
    """
    with transaction.atomic():
        known = Payout.objects.filter(key=key or reference).first()
        if known is not None:
            return known
        payout = Payout(
            worker_id=worker_id,
            key=key or reference,
            reference=reference,
            currency=currency,
            amount_minor=amount_minor,
            due_at=due_at,
            created_at=now,
        )
        return begin(payout, "pending", now=now)


def hold_payouts(reference: str, *, reason: str, now: datetime, actor: Actor = SYSTEM) -> int:
    """Keep a reference's open payouts back until ``release_payouts`` (a dispute); returns how many."""
    with transaction.atomic():
        return sum(move(p, "hold", now=now, actor=actor, reason=reason) for p in _open(reference))


def release_payouts(reference: str, *, now: datetime, actor: Actor = SYSTEM) -> int:
    """Let held payouts of a reference go on; they leave with the next run."""
    with transaction.atomic():
        return sum(
            move(p, "release", now=now, actor=actor, reason="", held_until=None) for p in _open(reference)
        )


def cancel_payouts(reference: str, *, reason: str, now: datetime, actor: Actor = SYSTEM) -> int:
    """Drop a reference's payouts that have not left (a decision took the money back). The ledger is the caller's."""
    with transaction.atomic():
        return sum(
            move(p, "cancel", now=now, actor=actor, reason=reason, closed_at=now) for p in _open(reference)
        )


def retry_payout(payout: Payout, *, now: datetime, actor: Actor = SYSTEM) -> Payout:
    """Put a failed payout back in line for the next run."""
    with transaction.atomic():
        payout = Payout.objects.select_for_update(no_key=True).get(pk=payout.pk)
        if not move(payout, "again", now=now, actor=actor, reason=""):
            raise Refused("payout_state", _("Only a failed payout can be sent again."), state=payout.state)
        return payout


def run_payouts(now: datetime, *, minimum_minor: int | None = None) -> int:
    """The daily run: one batch a worker and currency of all that is due, cash debt netted first. Returns the batches.

    A worker whose payouts cannot leave keeps them pending (or held) with the reason; one worker's fault does not
    keep the others' money back.
    """
    least = policy.get("payout_minimum", now=now) if minimum_minor is None else minimum_minor
    due = _due(now).order_by("worker_id").values_list("worker_id", flat=True).distinct()
    sent = 0
    for worker_id in list(due):
        try:
            with transaction.atomic():
                sent += _pay(worker_id, now, least)
        except Exception:
            log.exception("the payout of worker %s stumbled; it stays pending", worker_id)
    return sent


def _due(now: datetime) -> QuerySet[Payout]:
    lapsed = Q(state=Payout.State.HELD, held_until__isnull=False, held_until__lte=now)
    return Payout.objects.filter(Q(state=Payout.State.PENDING) | lapsed, due_at__lte=now)


def _pay(worker_id: int, now: datetime, least: int) -> int:
    payouts = list(
        _due(now).select_for_update(no_key=True).filter(worker_id=worker_id).order_by("currency", "pk")
    )
    method = payout_method_of(worker_id)
    ready = list(_released(payouts, now))
    if method is None:
        return _wait(ready, "no_method")
    if method.usable_from > now:
        for payout in ready:
            move(payout, "hold", now=now, reason="method_changed", held_until=method.usable_from)
        return 0
    return sum(
        _send(worker_id, currency, list(group), method, now, least)
        for currency, group in groupby(ready, key=lambda payout: payout.currency)
    )


def _send(
    worker_id: int, currency: str, payouts: list[Payout], method: PayoutMethod, now: datetime, least: int
) -> int:
    postings.lock_worker(worker_id)
    payouts = _covered(payouts, postings.payable_minor(worker_id))
    gross = sum(payout.amount_minor for payout in payouts)
    if not gross:
        return 0
    netted = min(gross, postings.debt_minor(worker_id))
    net = gross - netted
    if 0 < net < least:
        return _wait(payouts, "below_minimum")
    batch = PayoutBatch(
        worker_id=worker_id,
        method=method,
        provider=provider.default_name(),
        currency=currency,
        gross_minor=gross,
        netted_minor=netted,
        net_minor=net,
        created_at=now,
    )
    begin(batch, "processing", now=now)
    postings.send_batch(batch, now=now)
    for payout in payouts:
        move(payout, "send", now=now, batch=batch, reason="")
    if net:
        key = f"payments:{batch.call_key}"
        outbox.enqueue("payments.payout", key=key, payload={"batch": batch.pk}, now=now)
    else:
        other_news.settle(batch, done=True, now=now)
    return 1


def _covered(payouts: list[Payout], left_minor: int) -> list[Payout]:
    """Those that the worker's account can pay, oldest first; the others wait."""
    covered = []
    for payout in payouts:
        if payout.amount_minor <= left_minor:
            covered.append(payout)
            left_minor -= payout.amount_minor
        else:
            _wait([payout], "balance")
    return covered


def _released(payouts: Iterable[Payout], now: datetime) -> Iterator[Payout]:
    for payout in payouts:
        if payout.state == Payout.State.HELD:
            move(payout, "release", now=now, reason="", held_until=None)
        yield payout


def _wait(payouts: Iterable[Payout], reason: str) -> int:
    for payout in payouts:
        if payout.reason != reason:
            payout.reason = reason
            payout.save(update_fields=["reason"])
    return 0


def _open(reference: str) -> list[Payout]:
    rows = Payout.objects.select_for_update(no_key=True).filter(reference=reference)
    return list(rows.exclude(state__in=["processing", "completed", "cancelled"]).order_by("pk"))


def payable_account(worker_id: int, currency: str) -> str:
    """The worker's payable account, opened; earnings are released into it."""
    return accounts.ensure(accounts.payable(worker_id), currency)
