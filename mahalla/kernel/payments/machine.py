"""How payments may move: one table a noun, and the one function that moves them.

These states follow a provider and are the same in every market, so they stand here and not in a market's flow.
``move`` is a guarded update: whoever comes second finds that there is nothing left to move.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from mahalla.kernel.events.operations import append
from mahalla.kernel.payments.models import CashRecord, Hold, Payout, PayoutBatch, Refund
from mahalla.kit.actors import SYSTEM, Actor

Table = Mapping[str, Mapping[str, str]]

#: event → {from state: to state}. What is absent does not happen: late news changes nothing.
HOLD: Table = {
    "checked": {"verifying": "scheduled"},
    "ask": {"scheduled": "requested"},
    "action_required": {"requested": "action_required"},
    "authorised": {"requested": "authorised", "action_required": "authorised"},
    "failed": {
        "verifying": "failed",
        "requested": "failed",
        "action_required": "failed",
        "capture_requested": "failed",
    },
    "capture": {"authorised": "capture_requested"},
    #: money that was taken is booked whatever we believed (the last four are given back at once)
    "captured": {
        "requested": "captured",
        "action_required": "captured",
        "authorised": "captured",
        "capture_requested": "captured",
        "void_requested": "captured",
        "voided": "captured",
        "failed": "captured",
        "expired": "captured",
    },
    "drop": {"verifying": "voided", "scheduled": "voided"},
    "void": {
        "requested": "void_requested",
        "action_required": "void_requested",
        "authorised": "void_requested",
    },
    "voided": {"void_requested": "voided", "authorised": "voided"},
    "expired": {"authorised": "expired", "action_required": "expired", "capture_requested": "expired"},
}
REFUND: Table = {
    "approve": {"requested": "approved"},
    "reject": {"requested": "failed"},
    "sent": {"approved": "sent"},
    "completed": {"approved": "completed", "sent": "completed"},
    "failed": {"approved": "failed", "sent": "failed"},
}
PAYOUT: Table = {
    "hold": {"pending": "held", "failed": "held"},
    "release": {"held": "pending"},
    "send": {"pending": "processing"},
    "paid": {"processing": "completed"},
    "failed": {"processing": "failed"},
    "again": {"failed": "pending"},
    "cancel": {"pending": "cancelled", "held": "cancelled", "failed": "cancelled"},
}
BATCH: Table = {
    "paid": {"processing": "completed"},
    "failed": {"processing": "failed"},
}
CASH: Table = {
    "confirm": {"recorded": "confirmed", "contested": "confirmed"},
    "contest": {"recorded": "contested"},
}
TABLES: Mapping[type[models.Model], tuple[str, Table]] = {
    Hold: ("hold", HOLD),
    Refund: ("refund", REFUND),
    Payout: ("payout", PAYOUT),
    PayoutBatch: ("payout_batch", BATCH),
    CashRecord: ("cash", CASH),
}

Moving = Hold | Refund | Payout | PayoutBatch | CashRecord


def may(subject: Moving, event: str) -> bool:
    """Whether ``event`` leads anywhere from the subject's state as it was read."""
    return subject.state in TABLES[type(subject)][1][event]


S = TypeVar("S", Hold, Refund, Payout, PayoutBatch, CashRecord)


def begin(subject: S, state: str, *, now: datetime, actor: Actor = SYSTEM) -> S:
    """Insert a new subject in its first state, with its event row."""
    subject.state = state
    subject.save(force_insert=True)
    _record(subject, "begin", "", now=now, actor=actor)
    return subject


def move(subject: Moving, event: str, *, now: datetime, actor: Actor = SYSTEM, **fields: Any) -> bool:
    """Take ``subject`` along ``event`` with ``fields``, and write the event row; False when that is no longer open."""
    table = TABLES[type(subject)][1]
    before = subject.state
    target = table[event].get(before)
    if target is None:
        return False
    changed = (
        type(subject)._default_manager.filter(pk=subject.pk, state=before).update(state=target, **fields)
    )
    if not changed:
        return False
    subject.state = target
    for name, value in fields.items():
        setattr(subject, name, value)
    _record(subject, event, before, now=now, actor=actor)
    return True


def _record(subject: Moving, event: str, before: str, *, now: datetime, actor: Actor) -> None:
    noun = TABLES[type(subject)][0]
    append(
        name=f"{noun}.{event}",
        noun=noun,
        subject_id=subject.pk,
        stream=f"{noun}:{subject.pk}",
        actor=actor,
        now=now,
        from_state=before,
        to_state=subject.state,
        payload=_figures(subject),
        topics=_topics(subject),
    )


def _figures(subject: Moving) -> dict[str, Any]:
    names = ("reference", "currency", "amount_minor", "captured_minor", "net_minor", "failure_code")
    return {name: getattr(subject, name) for name in names if getattr(subject, name, "") not in ("", None)}


def _topics(subject: Moving) -> list[str]:
    person = (
        subject.payer_id
        if isinstance(subject, Hold)
        else subject.hold.payer_id
        if isinstance(subject, Refund)
        else subject.worker_id
    )
    return [f"user:{person}", "ops"]
