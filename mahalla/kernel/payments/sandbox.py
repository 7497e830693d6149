"""The sandbox: a payment provider of our own that behaves like one, on good days and bad ones.

It is another company. It keeps its own books (``sandbox_models``), knows our things only by the keys that it was
given, and speaks to us by signed webhooks. What it does is decided by the token (``sandbox_cards``), never by chance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction

from mahalla.kernel.events import outbox
from mahalla.kernel.payments import inbox, signatures
from mahalla.kernel.payments.models import SandboxCall, SandboxCharge, SandboxSwitch
from mahalla.kernel.payments.provider import Destination, News, ProviderDown
from mahalla.kernel.payments.sandbox_cards import behaviour_of

NAME = "sandbox"
MINUTE = timedelta(minutes=1)
LATE = timedelta(minutes=7)
REFUSALS = {"declined": "card_declined", "insufficient": "insufficient_funds", "unknown": "no_such_token"}


class Sandbox:
    """The adapter of the port. The same key always hears the same answer."""

    name = NAME

    def verify(self, *, key: str, token: str, now: datetime) -> News:
        def check() -> News:
            code = REFUSALS.get(_behaviour(token), "")
            return News("verify_failed" if code else "verified", key, code=code)

        return _once(key, "verify", {"token": token}, check, now)

    def authorise(
        self, *, key: str, token: str, amount_minor: int, currency: str, capture_now: bool, now: datetime
    ) -> News:
        def hold() -> News:
            charge = SandboxCharge.objects.create(
                ref=_ref("ch", key),
                subject=key,
                verb="charge",
                token=token,
                currency=currency,
                amount_minor=amount_minor,
                capture_now=capture_now,
                status="new",
                made_at=now,
            )
            return _answer_hold(charge, _behaviour(token), now)

        request = {"token": token, "amount": amount_minor, "currency": currency, "now": capture_now}
        return _once(key, "authorise", request, hold, now)

    def raise_authorisation(
        self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime
    ) -> News:
        def more() -> News:
            charge = _charge(subject, ref)
            if charge is None or charge.status != "authorised" or _behaviour(charge.token) == "raise_fails":
                return News("raise_failed", subject, ref, amount_minor, code="cannot_raise")
            charge.amount_minor = amount_minor
            charge.save()
            return _news(charge, "raised", amount_minor)

        return _once(key, "raise", {"ref": ref, "amount": amount_minor}, more, now)

    def capture(self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime) -> News:
        def take() -> News:
            charge = _charge(subject, ref)
            if charge is None:
                return News("capture_failed", subject, ref, code="no_such_charge")
            behaviour = _behaviour(charge.token)
            possible = charge.status == "authorised" and amount_minor <= charge.amount_minor
            if not possible or behaviour == "capture_fails":
                return _news(charge, "capture_failed", None, code="cannot_capture")
            charge.status, charge.captured_minor = "captured", amount_minor
            charge.save()
            return _tell_or_answer(charge, _news(charge, "captured", amount_minor), behaviour, now)

        return _once(key, "capture", {"ref": ref, "amount": amount_minor}, take, now)

    def void(self, *, key: str, subject: str, ref: str, now: datetime) -> News:
        def release() -> News:
            charge = _charge(subject, ref)
            if charge is None:
                return News("voided", subject, ref)
            if charge.status == "captured":
                return _news(charge, "captured", charge.captured_minor)
            charge.status = "voided"
            charge.save()
            return _news(charge, "voided", None)

        return _once(key, "void", {"subject": subject, "ref": ref}, release, now)

    def refund(self, *, key: str, subject: str, ref: str, amount_minor: int, now: datetime) -> News:
        def give_back() -> News:
            charge, back = _charge(subject, ref), _ref("re", key)
            if charge is None or charge.refunded_minor + amount_minor > charge.captured_minor:
                return News("refund_failed", key, back, code="more_than_captured")
            fails = _behaviour(charge.token) == "refund_fails"
            charge.refunded_minor += 0 if fails else amount_minor
            charge.save()
            _book(
                key,
                back,
                "refund",
                charge.currency,
                amount_minor,
                "refund_failed" if fails else "refunded",
                now,
            )
            code = "account_closed" if fails else ""
            kind = "refund_failed" if fails else "refunded"
            _send(News(kind, key, back, amount_minor, charge.currency, code=code), now=now, after=MINUTE)
            return News("pending", key, back)

        return _once(key, "refund", {"ref": ref, "amount": amount_minor}, give_back, now)

    def payout(
        self, *, key: str, destination: Destination, amount_minor: int, currency: str, now: datetime
    ) -> News:
        """Fails for an account that ends in 0000; else it is paid a minute later."""

        def pay() -> News:
            ref = _ref("po", key)
            fails = destination.account.endswith("0000")
            kind, code = ("payout_failed", "account_closed") if fails else ("paid", "")
            _book(key, ref, "payout", currency, amount_minor, kind, now)
            _send(News(kind, key, ref, amount_minor, currency, code=code), now=now, after=MINUTE)
            return News("pending", key, ref)

        request = {"to": destination.account, "amount": amount_minor, "currency": currency}
        return _once(key, "payout", request, pay, now)

    def look(self, *, subject: str, now: datetime) -> News | None:
        _stand(now)
        charge = SandboxCharge.objects.filter(subject=subject).first()
        if charge is None:
            return None
        amount = charge.captured_minor if charge.status == "captured" else charge.amount_minor
        return _news(charge, charge.status, amount)

    def read_webhook(self, body: bytes, *, headers: Mapping[str, str], now: datetime) -> tuple[str, News]:
        event_id = signatures.verify(body, headers=headers, secret=_secret(), now=now)
        return event_id, News.from_json(json.loads(body)["data"])


def confirm(provider_ref: str, approve: bool, now: datetime) -> bool:
    """The cardholder's answer on the sandbox's 3-D Secure page; the webhook follows. False when nothing was asked."""
    with transaction.atomic():
        charge = SandboxCharge.objects.select_for_update().filter(ref=provider_ref).first()
        if charge is None or charge.status != "action_required":
            return False
        _send(_grant(charge) if approve else _refuse(charge, "authentication_failed"), now=now)
        return True


def expire(provider_ref: str, now: datetime) -> bool:
    """Let an authorisation lapse, as providers do after about a week. False when there was none to lapse."""
    with transaction.atomic():
        charge = SandboxCharge.objects.select_for_update().filter(ref=provider_ref).first()
        if charge is None or charge.status not in {"authorised", "action_required"}:
            return False
        charge.status = "expired"
        charge.save()
        _send(_news(charge, "expired", None), now=now)
        return True


def switch(name: str, on: bool) -> None:
    """``down``: nothing answers while it is on. ``healed``: the outage token answers while it is on."""
    SandboxSwitch.objects.update_or_create(name=name, defaults={"on": on})


def asked_approval(provider_ref: str) -> SandboxCharge | None:
    """What the 3-D Secure page shows: a charge that waits for its cardholder."""
    return SandboxCharge.objects.filter(ref=provider_ref, status="action_required").first()


@outbox.handler("sandbox.webhook")
def deliver(payload: dict[str, Any], now: datetime) -> None:
    """The sandbox's own delivery; one that was not taken in is tried again."""
    body = json.dumps({"type": payload["data"]["kind"], "data": payload["data"]}).encode()
    headers = signatures.sign(body, event_id=payload["id"], secret=_secret(), now=now)
    status = inbox.receive(headers, body, now, provider=NAME)
    if status != 200:
        raise RuntimeError(f"the webhook was answered with {status}")


def _answer_hold(charge: SandboxCharge, behaviour: str, now: datetime) -> News:
    if behaviour in REFUSALS:
        return _refuse(charge, REFUSALS[behaviour])
    if behaviour == "three_ds":
        charge.status = "action_required"
        charge.save()
        return _news(charge, "action_required", None, url=f"/sandbox/approve/{charge.ref}/")
    outcome = _grant(charge)
    if behaviour == "out_of_order":
        authorised = _news(charge, "authorised", charge.amount_minor)
        _send(authorised, now=now, after=10 * MINUTE)
        if charge.capture_now:
            _send(outcome, now=now, after=MINUTE)
            return _news(charge, "pending", None)
        return authorised
    if behaviour == "early":
        _send(outcome, now=now, at_once=True)
        return _news(charge, "action_required", None, url=f"/sandbox/approve/{charge.ref}/")
    return _tell_or_answer(charge, outcome, behaviour, now)


def _tell_or_answer(charge: SandboxCharge, outcome: News, behaviour: str, now: datetime) -> News:
    """Answer with the outcome, or send it by webhook as the token's behaviour has it."""
    if behaviour in {"late", "repeated", "out_of_order"}:
        _send(outcome, now=now, after=LATE if behaviour == "late" else MINUTE)
        if behaviour == "repeated":
            _send(outcome, now=now, after=2 * MINUTE, delivery=2)
        return _news(charge, "pending", None)
    return outcome


def _grant(charge: SandboxCharge) -> News:
    if charge.capture_now:
        charge.status, charge.captured_minor = "captured", charge.amount_minor
    else:
        charge.status = "authorised"
    charge.save()
    return _news(charge, charge.status, charge.amount_minor)


def _refuse(charge: SandboxCharge, code: str) -> News:
    charge.status = "failed"
    charge.save()
    return _news(charge, "failed", None, code=code)


def _news(
    charge: SandboxCharge, kind: str, amount_minor: int | None, *, url: str = "", code: str = ""
) -> News:
    return News(kind, charge.subject, charge.ref, amount_minor, charge.currency, url, code)


def _send(
    news: News, *, now: datetime, after: timedelta = timedelta(0), delivery: int = 1, at_once: bool = False
) -> None:
    event_id = "evt_" + sha256(f"{news.kind}:{news.subject}:{news.ref}".encode()).hexdigest()[:24]
    payload = {"id": event_id, "data": news.to_json()}
    if at_once:
        deliver(payload, now)
        return
    key = f"sandbox:{event_id}:{delivery}"
    outbox.enqueue("sandbox.webhook", key=key, payload=payload, now=now, due_at=now + after)


def _once(key: str, verb: str, request: dict[str, Any], act: Callable[[], News], now: datetime) -> News:
    """Do ``act`` once per key and remember the answer; a key that comes back with another request is a mistake."""
    with transaction.atomic():
        known = SandboxCall.objects.select_for_update().filter(key=key).first()
        if known is not None:
            if (known.verb, known.request) != (verb, request):
                raise ValueError(f"the key {key} was used for another call")
            return News.from_json(known.answer)
        _stand(now)
        answer = act()
        SandboxCall.objects.create(key=key, verb=verb, request=request, answer=answer.to_json(), at=now)
        return answer


def _stand(now: datetime) -> None:
    if SandboxSwitch.objects.filter(name="down", on=True).exists():
        raise ProviderDown("the sandbox is switched off")


def _behaviour(token: str) -> str:
    behaviour = behaviour_of(token)
    if behaviour == "outage" and not SandboxSwitch.objects.filter(name="healed", on=True).exists():
        raise ProviderDown("this token's bank does not answer")
    return behaviour


def _book(subject: str, ref: str, verb: str, currency: str, amount: int, status: str, now: datetime) -> None:
    """Write a refund or payout into the sandbox's books."""
    SandboxCharge.objects.create(
        ref=ref,
        subject=subject,
        verb=verb,
        token="",
        currency=currency,
        amount_minor=amount,
        status=status,
        made_at=now,
    )


def _charge(subject: str, ref: str) -> SandboxCharge | None:
    by = {"ref": ref} if ref else {"subject": subject}
    return SandboxCharge.objects.select_for_update().filter(**by).first()


def _ref(prefix: str, key: str) -> str:
    return f"{prefix}_{sha256(key.encode()).hexdigest()[:20]}"


def _secret() -> str:
    return str(getattr(settings, "MAHALLA_SANDBOX_SECRET", ""))
