"""Flags: what rules find odd, for a person to judge. A flag never changes an account (KH-TRUST-11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.trust import listeners
from mahalla.kernel.trust.models import Flag, Strike
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound, Refused

STRIKE_LIMIT = "strike_limit"
VERDICTS = {"confirmed": "confirm", "false_alarm": "clear"}


def raise_flag(
    rule: str,
    *,
    key: str,
    user_id: int,
    score: int,
    evidence: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    others: Iterable[int] = (),
    reference: str = "",
    amount_minor: int | None = None,
    currency: str = "",
) -> Flag:
    """Put one finding before the staff, once per ``key``; a second call returns the first one's row unchanged.

    ``score`` is 0–100; from the policy ``fraud_alert_score`` on it is an alert. ``others`` are further accounts that it
    names, ``amount_minor`` the money at stake.
    """
    if not 0 <= score <= 100:
        raise Invalid({"score": _("A score lies between 0 and 100.")})
    flag = Flag(
        rule=rule,
        key=key,
        user_id=user_id,
        score=score,
        alert=score >= policy.get("fraud_alert_score", now=now),
        evidence=dict(evidence),
        reference=reference,
        amount_minor=amount_minor,
        currency=currency,
        raised_at=now,
    )
    try:
        with transaction.atomic():
            flag = engine.create(
                flag, "raise", actor=actor, now=now, data={"others": sorted(set(others) - {user_id})}
            )
    except engine.AlreadyThere:
        return Flag.objects.get(key=key)
    return flag


def resolve(flag: Flag, verdict: str, *, reason: str, actor: Actor, now: datetime) -> Flag:
    """Close a flag as ``confirmed`` or ``false_alarm``. What was withheld because of it is restored by the listeners."""
    event = VERDICTS.get(verdict)
    if event is None:
        raise Invalid({"verdict": _("A flag is confirmed, or it is a false alarm.")})
    return engine.apply(flag, event, actor=replace(actor, reason=reason), now=now)


def add_strike(*, user_id: int, kind: str, reference: str, now: datetime) -> tuple[Strike, int]:
    """Count one fault (once per reference) and return it with the strikes now in the window.

    At ``strike_limit`` within ``strike_days`` a flag asks a person to look; nobody is suspended by a count (S18).
    """
    with transaction.atomic():
        _one_at_a_time(user_id)
        strike, fresh = Strike.objects.get_or_create(
            user_id=user_id, kind=kind, reference=reference, defaults={"at": now}
        )
        counted = list(counted_strikes(user_id, now))
        if fresh and len(counted) >= policy.get("strike_limit", now=now):
            _ask_for_review(user_id, strike, counted, now)
    return strike, len(counted)


def void_strike(strike: Strike, *, reason: str, actor: Actor, now: datetime) -> Strike:
    """Take a strike out of the count, with a reason; the row stays."""
    if not reason.strip():
        raise Invalid({"reason": _("Say why this does not count.")}, code="reason_missing")
    from mahalla.kernel.trust import audit

    with transaction.atomic():
        found = Strike.objects.select_for_update().filter(pk=strike.pk).first()
        if found is None:
            raise NotFound()
        if found.voided_at:
            raise Refused("voided_before", _("This does not count any more."))
        found.voided_at, found.void_reason = now, reason.strip()
        found.save(update_fields=["voided_at", "void_reason"])
        audit.acted(
            replace(actor, reason=reason), "strike_voided", "user", found.user_id, now, strike=found.pk
        )
    return found


def counted_strikes(user_id: int, now: datetime) -> QuerySet[Strike]:
    """The strikes that count at ``now``: not voided and of the last ``strike_days``, oldest first.

    There is no upper bound: two strikes at once may be written in the other order than their times.
    """
    since = now - timedelta(days=policy.get("strike_days", now=now))
    return Strike.objects.filter(user_id=user_id, voided_at__isnull=True, at__gt=since).order_by("at", "pk")


def _ask_for_review(user_id: int, strike: Strike, counted: list[Strike], now: datetime) -> None:
    waiting = Flag.objects.filter(user_id=user_id, rule=STRIKE_LIMIT, state="open")
    if waiting.exists():
        return
    raise_flag(
        STRIKE_LIMIT,
        key=f"{STRIKE_LIMIT}:{strike.pk}",
        user_id=user_id,
        score=100,
        evidence={
            "strikes": [{"kind": s.kind, "reference": s.reference, "at": s.at.isoformat()} for s in counted],
            "days": policy.get("strike_days", now=now),
        },
        actor=SYSTEM,
        now=now,
    )


def _one_at_a_time(user_id: int) -> None:
    """Count one person's strikes in turn. Not by the person's row: a sanction holds that while it takes back work, and
    a strike comes from within such work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"trust.strikes:{user_id}"])


# --- guards and effects of a flag's flow --------------------------------------------------------------------------


def name_others(c: Any) -> None:
    """Effect: the further accounts, and the word to those who withhold weights."""
    if c.data.get("others"):
        c.subject.others.set(c.data["others"])
    listeners.tell("flag_raised", c.subject, actor=c.actor, now=c.now)


def settle(c: Any) -> None:
    """Effect: who judged, when and why; those who withheld something are told."""
    flag: Flag = c.subject
    flag.decided_at, flag.decided_by_id = c.now, c.actor.user_id
    flag.reason = str(c.data.get("reason") or c.actor.reason)
    flag.save(update_fields=["decided_at", "decided_by", "reason"])
    listeners.tell("flag_resolved", flag, actor=c.actor, now=c.now)
