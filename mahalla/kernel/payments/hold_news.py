"""What a provider's news means for a hold. Called by the inbox only.

``judge`` locks the roots of whoever listens, then the hold, and looks the news up in ``_JUDGES``. Each judge returns
an outcome: ``done``, ``late`` (we know better by now), ``freed`` (money came after we had given it up and goes
back), ``mismatch`` (the provider's figures are not ours: nothing is done and operations are told), ``unknown``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mahalla.kernel.events import outbox
from mahalla.kernel.events.operations import append
from mahalla.kernel.payments import holds, listeners, postings, refunds
from mahalla.kernel.payments.machine import may, move
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.payments.provider import News
from mahalla.kit.actors import SYSTEM

State = Hold.State
#: we gave these up: what the provider still grants is given back
GIVEN_UP = {State.VOID_REQUESTED, State.VOIDED, State.FAILED, State.EXPIRED}


def judge(news: News, *, now: datetime) -> str:
    parts = news.subject.split(":")
    if len(parts) != 3 or not parts[1].isdigit():
        return "unknown"
    reference = Hold.objects.filter(pk=int(parts[1])).values_list("reference", flat=True).first()
    if reference is None:
        return "unknown"
    listeners.lock_roots(reference)
    hold = holds.locked(int(parts[1]))
    if parts[2] == "verify":
        return _checked(hold, news, now)
    if news.subject == hold.call_key:
        if news.ref and not hold.provider_ref:
            hold.provider_ref = news.ref
            hold.save(update_fields=["provider_ref"])
        found = _JUDGES.get(news.kind)
        return found(hold, news, now) if found else "unknown"
    if hold.renewing_method_id and news.subject == hold.renewal_key:
        return _renewal(hold, news, now)
    if news.kind == "authorised":
        return _give_back(hold, news, now)
    return "late"


def alert(hold: Hold, code: str, news: News, *, now: datetime) -> None:
    """Tell operations of something that a person must look at."""
    append(
        name="payments.alert",
        noun="hold",
        subject_id=hold.pk,
        stream=f"hold:{hold.pk}",
        actor=SYSTEM,
        now=now,
        payload={"code": code, "news": news.to_json(), "reference": hold.reference},
        topics=["ops"],
    )


def _checked(hold: Hold, news: News, now: datetime) -> str:
    if hold.state != State.VERIFYING or news.kind not in {"verified", "verify_failed"}:
        return "late"
    if news.kind == "verified":
        move(hold, "checked", now=now)
        due = max(hold.authorise_at or now, now)
        key = f"payments:hold:{hold.pk}:ask"
        outbox.enqueue("payments.ask", key=key, payload={"hold": hold.pk}, now=now, due_at=due)
        listeners.tell("verified", hold, now)
    else:
        move(hold, "failed", now=now, failure_code=news.code, closed_at=now)
        listeners.tell("authorisation_failed", hold, now)
    return "done"


def _pending(hold: Hold, news: News, now: datetime) -> str:
    return "done"


def _authorised(hold: Hold, news: News, now: datetime) -> str:
    if hold.state in GIVEN_UP:
        return _give_back(hold, news, now)
    if hold.kind == Hold.Kind.CHARGE or not may(hold, "authorised"):
        return "late"
    if not _figures_agree(hold, news, hold.amount_minor):
        alert(hold, "authorised_mismatch", news, now=now)
        return "mismatch"
    key = postings.reserve(hold, amount_minor=hold.amount_minor, now=now)
    move(
        hold, "authorised", now=now, authorised_at=now, pending_key=key, action_url="", provider_ref=news.ref
    )
    listeners.tell("authorised", hold, now)
    return "done"


def _action_required(hold: Hold, news: News, now: datetime) -> str:
    if not move(hold, "action_required", now=now, action_url=news.url):
        return "late"
    listeners.tell("action_required", hold, now)
    return "done"


def _failed(hold: Hold, news: News, now: datetime) -> str:
    if hold.state == State.VOID_REQUESTED and not hold.pending_key:
        return _voided(hold, news, now)
    if hold.state not in {State.REQUESTED, State.ACTION_REQUIRED}:
        return "late"
    move(hold, "failed", now=now, failure_code=news.code, closed_at=now, action_url="")
    charge = hold.kind == Hold.Kind.CHARGE
    listeners.tell("charge_failed" if charge else "authorisation_failed", hold, now)
    return "done"


def _raised(hold: Hold, news: News, now: datetime) -> str:
    wanted = hold.raising_minor
    if wanted is None or hold.state != State.AUTHORISED:
        return "late"
    if not _figures_agree(hold, news, wanted):
        alert(hold, "raised_mismatch", news, now=now)
        return "mismatch"
    hold.pending_key = postings.reserve(hold, amount_minor=wanted, now=now)
    hold.amount_minor, hold.raising_minor = wanted, None
    hold.save(update_fields=["pending_key", "amount_minor", "raising_minor"])
    listeners.tell("raised", hold, now)
    return "done"


def _raise_failed(hold: Hold, news: News, now: datetime) -> str:
    if hold.raising_minor is None or news.amount_minor != hold.raising_minor:
        return "late"
    hold.raising_minor = None
    hold.save(update_fields=["raising_minor"])
    if hold.state == State.AUTHORISED:
        listeners.tell("raise_failed", hold, now)
    return "done"


def _captured(hold: Hold, news: News, now: datetime) -> str:
    """Money was taken. It is booked whatever we believed; if we had given it up, it goes straight back."""
    if not may(hold, "captured"):
        return "late"
    asked = hold.amount_minor if hold.kind == Hold.Kind.CHARGE else hold.capture_minor
    unasked = asked is None or hold.state in GIVEN_UP
    amount = news.amount_minor or 0
    if not (0 < amount <= hold.amount_minor) or not _figures_agree(hold, news, amount if unasked else asked):
        alert(hold, "captured_mismatch", news, now=now)
        return "mismatch"
    given_up = hold.state in GIVEN_UP
    postings.take(hold, amount_minor=amount, now=now)
    move(
        hold,
        "captured",
        now=now,
        captured_minor=amount,
        captured_at=now,
        closed_at=now,
        pending_key="",
        action_url="",
        raising_minor=None,
        provider_ref=news.ref or hold.provider_ref,
    )
    if unasked:
        alert(hold, "captured_unasked", news, now=now)
    if given_up:
        refunds.refund(hold, amount_minor=amount, key=f"hold:{hold.pk}:unwanted", now=now, reason="unwanted")
        return "freed"
    listeners.tell("charged" if hold.kind == Hold.Kind.CHARGE else "captured", hold, now)
    return "done"


def _capture_failed(hold: Hold, news: News, now: datetime) -> str:
    if hold.state != State.CAPTURE_REQUESTED:
        return "late"
    postings.free(hold, now=now)
    move(hold, "failed", now=now, failure_code=news.code, closed_at=now, pending_key="")
    holds.free_at_provider(hold, subject=hold.call_key, ref=hold.provider_ref, now=now)
    listeners.tell("capture_failed", hold, now)
    return "done"


def _voided(hold: Hold, news: News, now: datetime) -> str:
    if not may(hold, "voided"):
        return "late"
    holds.drop_renewal(hold, now=now)
    postings.free(hold, now=now)
    move(hold, "voided", now=now, closed_at=now, pending_key="", action_url="", raising_minor=None)
    listeners.tell("voided", hold, now)
    return "done"


def _expired(hold: Hold, news: News, now: datetime) -> str:
    if hold.state == State.VOID_REQUESTED:
        return _voided(hold, news, now)
    before = hold.state
    if not may(hold, "expired"):
        return "late"
    postings.free(hold, now=now)
    move(hold, "expired", now=now, failure_code="expired", closed_at=now, pending_key="", raising_minor=None)
    told = {State.CAPTURE_REQUESTED: "capture_failed", State.ACTION_REQUIRED: "authorisation_failed"}
    listeners.tell(told.get(State(before), "expired"), hold, now)
    return "done"


def _renewal(hold: Hold, news: News, now: datetime) -> str:
    """News of the authorisation that shall replace the one in force."""
    if news.kind == "authorised":
        if hold.state != State.AUTHORISED or not _figures_agree(hold, news, hold.amount_minor):
            holds.drop_renewal(hold, now=now)
            return _give_back(hold, news, now)
        old = (hold.call_key, hold.provider_ref)
        hold.attempt, hold.provider_ref, hold.authorised_at = hold.attempts, news.ref, now
        hold.method_id, hold.renewing_method, hold.action_url = hold.renewing_method_id or 0, None, ""
        fields = ["attempt", "provider_ref", "authorised_at", "method", "renewing_method", "action_url"]
        hold.save(update_fields=fields)
        holds.free_at_provider(hold, subject=old[0], ref=old[1], now=now)
        listeners.tell("renewed", hold, now)
    elif news.kind == "action_required":
        hold.action_url = news.url
        hold.save(update_fields=["action_url"])
        listeners.tell("action_required", hold, now)
    elif news.kind in {"failed", "expired", "voided"}:
        hold.renewing_method, hold.action_url, hold.failure_code = None, "", news.code
        hold.save(update_fields=["renewing_method", "action_url", "failure_code"])
        listeners.tell("renewal_failed", hold, now)
    return "done"


def _give_back(hold: Hold, news: News, now: datetime) -> str:
    """A grant that nobody waits for any more (KH-FLOW-09: the slot may be another's by now)."""
    holds.free_at_provider(hold, subject=news.subject, ref=news.ref, now=now)
    return "freed"


def _figures_agree(hold: Hold, news: News, amount_minor: int | None) -> bool:
    return news.amount_minor == amount_minor and news.currency in {"", hold.currency}


_JUDGES: dict[str, Callable[[Hold, News, datetime], str]] = {
    "pending": _pending,
    "authorised": _authorised,
    "action_required": _action_required,
    "failed": _failed,
    "raised": _raised,
    "raise_failed": _raise_failed,
    "captured": _captured,
    "capture_failed": _capture_failed,
    "voided": _voided,
    "expired": _expired,
}
