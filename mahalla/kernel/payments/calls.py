"""The outbox worker's calls to providers. Each one can be made again: the key decides, not the number of tries.

No lock is held while a provider is asked. What it answers goes into the inbox like any other news.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mahalla.kernel.events import outbox
from mahalla.kernel.payments import inbox
from mahalla.kernel.payments.holds import ask_authorisation, locked
from mahalla.kernel.payments.machine import move
from mahalla.kernel.payments.models import Hold, PaymentMethod, PayoutBatch, Refund
from mahalla.kernel.payments.provider import Destination, News, Provider, ProviderDown, named

#: a provider that is away is asked again at this pace for as long as it takes; no call is ever given up
AGAIN = timedelta(seconds=60)
Payload = dict[str, Any]


def _ask(name: str, key: str, call: Callable[[Provider], News], now: datetime) -> None:
    try:
        answer = call(named(name))
    except ProviderDown as down:
        raise outbox.RetryLater(AGAIN) from down
    inbox.record_answer(answer, provider=name, key=key, now=now)


@outbox.handler("payments.verify_method")
def verify_method(payload: Payload, now: datetime) -> None:
    method = PaymentMethod.objects.get(pk=payload["method"])
    if method.removed_at is None:
        key = payload["key"]
        _ask(method.provider, key, lambda p: p.verify(key=key, token=method.token, now=now), now)


@outbox.handler("payments.verify_hold")
def verify_hold(payload: Payload, now: datetime) -> None:
    hold = Hold.objects.select_related("method").get(pk=payload["hold"])
    if hold.state == Hold.State.VERIFYING:
        key = f"hold:{hold.pk}:verify"
        _ask(hold.provider, key, lambda p: p.verify(key=key, token=hold.method.token, now=now), now)


@outbox.handler("payments.ask")
def ask(payload: Payload, now: datetime) -> None:
    """The day has come to make a hold that was planned."""
    hold = locked(payload["hold"])
    if move(hold, "ask", now=now):
        ask_authorisation(hold, now=now)


@outbox.handler("payments.authorise")
def authorise(payload: Payload, now: datetime) -> None:
    key = payload["key"]
    hold = Hold.objects.select_related("method", "renewing_method").get(pk=payload["hold"])
    renewal = hold.renewing_method if key == hold.renewal_key else None
    first = key == hold.call_key and hold.state == Hold.State.REQUESTED
    if not first and (renewal is None or hold.state != Hold.State.AUTHORISED):
        return
    method = renewal or hold.method
    _ask(
        hold.provider,
        key,
        lambda p: p.authorise(
            key=key,
            token=method.token,
            amount_minor=hold.amount_minor,
            currency=hold.currency,
            capture_now=hold.kind == Hold.Kind.CHARGE,
            now=now,
        ),
        now,
    )


@outbox.handler("payments.raise")
def raise_authorisation(payload: Payload, now: datetime) -> None:
    hold = Hold.objects.get(pk=payload["hold"])
    if hold.state != Hold.State.AUTHORISED or hold.raises != payload["raise"]:
        return
    key = f"{hold.call_key}:raise:{hold.raises}"
    _ask(
        hold.provider,
        key,
        lambda p: p.raise_authorisation(
            key=key,
            subject=hold.call_key,
            ref=hold.provider_ref,
            amount_minor=payload["amount_minor"],
            now=now,
        ),
        now,
    )


@outbox.handler("payments.capture")
def capture(payload: Payload, now: datetime) -> None:
    hold = Hold.objects.get(pk=payload["hold"])
    amount = hold.capture_minor
    if hold.state != Hold.State.CAPTURE_REQUESTED or amount is None:
        return
    key = f"{hold.call_key}:capture"
    _ask(
        hold.provider,
        key,
        lambda p: p.capture(
            key=key, subject=hold.call_key, ref=hold.provider_ref, amount_minor=amount, now=now
        ),
        now,
    )


@outbox.handler("payments.void")
def void(payload: Payload, now: datetime) -> None:
    key, subject, ref = payload["key"], payload["subject"], payload["ref"]
    _ask(payload["provider"], key, lambda p: p.void(key=key, subject=subject, ref=ref, now=now), now)


@outbox.handler("payments.refund")
def refund(payload: Payload, now: datetime) -> None:
    made = Refund.objects.select_related("hold").get(pk=payload["refund"])
    if made.state != Refund.State.APPROVED:
        return
    hold, key = made.hold, made.call_key
    _ask(
        hold.provider,
        key,
        lambda p: p.refund(
            key=key,
            subject=hold.call_key,
            ref=hold.provider_ref,
            amount_minor=made.amount_minor,
            now=now,
        ),
        now,
    )


@outbox.handler("payments.payout")
def payout(payload: Payload, now: datetime) -> None:
    batch = PayoutBatch.objects.select_related("method").get(pk=payload["batch"])
    if batch.state != PayoutBatch.State.PROCESSING or batch.method is None:
        return
    to = Destination(batch.method.kind, batch.method.account, batch.method.holder)
    key = batch.call_key
    _ask(
        batch.provider,
        key,
        lambda p: p.payout(
            key=key, destination=to, amount_minor=batch.net_minor, currency=batch.currency, now=now
        ),
        now,
    )


@outbox.handler("payments.look")
def look(payload: Payload, now: datetime) -> None:
    """Ask after something that should have been heard of by now (KH-PAY-22: reconciled)."""
    name, subject = payload["provider"], payload["subject"]
    try:
        truth = named(name).look(subject=subject, now=now)
    except ProviderDown as down:
        raise outbox.RetryLater(AGAIN) from down
    if truth is not None:
        inbox.record_answer(truth, provider=name, key=f"look:{subject}", now=now)
