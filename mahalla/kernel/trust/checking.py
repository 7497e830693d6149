"""Guards and effects of a check's flow."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import outbox
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.trust import flags, kinds, listeners
from mahalla.kernel.trust.models import DocumentClaim, Verification
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, Refused
from mahalla.kit.market import active

MULTI_ACCOUNT = "multi_account"
#: a document number that belongs to somebody else, or to somebody who was shut out
MULTI_ACCOUNT_SCORE = 90


def reason_of(c: Ctx) -> str:
    return str(c.data.get("reason") or c.actor.reason).strip()


def says_why(c: Ctx) -> None:
    """Guard: a decision against somebody needs a reason, and the reason goes into the event (KH-TRUST-03)."""
    reason = reason_of(c)
    if not reason:
        raise Invalid({"reason": _("Say why: the person is told this reason.")}, code="reason_missing")
    c.payload["reason"] = reason


def is_own(c: Ctx) -> None:
    """Guard: people act on their own checks and sanctions only."""
    if c.actor.user_id != c.subject.user_id and c.actor.on_behalf_of_id != c.subject.user_id:
        raise Denied("not_yours", _("This belongs to somebody else."))


def not_contested_yet(c: Ctx) -> None:
    """Guard: a rejection is contested once, with words; after that a new check is submitted (KH-TRUST-02)."""
    if c.subject.contested_at:
        raise Refused("contested_before", _("You have contested this before. Send a new check instead."))
    if not str(c.data.get("text", "")).strip():
        raise Invalid({"text": _("Say what is wrong about the decision.")})


def not_by_the_person(c: Ctx) -> None:
    """Guard: nobody decides about themselves."""
    if c.actor.user_id == c.subject.user_id:
        raise Refused("own_check", _("Somebody else must decide about your own check."))


def examine(c: Ctx) -> None:
    """Effect: what needs no person. A number of somebody else or of a banned person is turned down and flagged;
    what is left goes to the kind's provider, or waits for operations (KH-TRUST-01, KH-ID-10)."""
    check: Verification = c.subject
    if check.document_key:
        if identity.is_banned_document(check.document_key):
            _turn_down(c, gettext("This document cannot be used here."), why="banned_document", others=[])
            return
        holder = _claim(check)
        if holder != check.user_id:
            _turn_down(
                c, gettext("This document is in use by another account."), why="duplicate", others=[holder]
            )
            return
    provider = kinds.kind(check.kind).provider
    if provider:
        Verification.objects.filter(pk=check.pk).update(provider=provider)
        check.provider = provider
        outbox.enqueue(
            "trust.check",
            key=f"trust.check:{check.pk}:{c.event_id}",
            payload={"verification": check.pk},
            now=c.now,
        )


def _claim(check: Verification) -> int:
    """Take the number for this account, or learn whose it is. The primary key decides between two at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trust_documentclaim (key, verification_id, user_id) VALUES (%s, %s, %s)"
            " ON CONFLICT (key) DO NOTHING",
            [check.document_key, check.pk, check.user_id],
        )
    return DocumentClaim.objects.values_list("user_id", flat=True).get(pk=check.document_key)


def _turn_down(c: Ctx, reason: str, *, why: str, others: list[int]) -> None:
    flags.raise_flag(
        MULTI_ACCOUNT,
        key=f"{MULTI_ACCOUNT}:verification:{c.subject.pk}",
        user_id=c.subject.user_id,
        others=others,
        score=MULTI_ACCOUNT_SCORE,
        evidence={"verification": c.subject.pk, "kind": c.subject.kind, "why": why},
        reference=f"verification:{c.subject.pk}",
        actor=SYSTEM,
        now=c.now,
    )
    c.move(c.subject, "reject", actor=SYSTEM, reason=reason)


def approve(c: Ctx) -> None:
    """Effect: valid from now until the re-check is due or the document runs out, whichever is first (KH-TRUST-04)."""
    check: Verification = c.subject
    check.decided_at, check.decided_by_id, check.reason = c.now, c.actor.user_id, reason_of(c)
    check.valid_until = c.data.get("valid_until") or _valid_until(c)
    check.provider_reference = str(c.data.get("provider_reference") or check.provider_reference)
    check.save(update_fields=["decided_at", "decided_by", "reason", "valid_until", "provider_reference"])
    earlier = Verification.objects.select_for_update(no_key=True).filter(
        user_id=check.user_id, kind=check.kind, state="approved"
    )
    for old in earlier.exclude(pk=check.pk).order_by("pk"):
        c.move(old, "supersede", actor=SYSTEM)
    listeners.tell("verification_approved", check, actor=c.actor, now=c.now)


def _valid_until(c: Ctx) -> datetime | None:
    days = c.cache.get("recheck_days")
    until: datetime | None = c.now + timedelta(days=days) if days else None
    expires_on = c.subject.document_expires_on
    if expires_on is not None:
        zone = ZoneInfo(active().timezone)
        midnight = datetime.combine(expires_on + timedelta(days=1), time(), zone)
        until = min(until, midnight) if until else midnight
    return until


def reject(c: Ctx) -> None:
    """Effect: the decision is kept; a number claimed only by this check is free again."""
    check: Verification = c.subject
    check.decided_at, check.decided_by_id, check.reason = c.now, c.actor.user_id, reason_of(c)
    check.provider_reference = str(c.data.get("provider_reference") or check.provider_reference)
    check.save(update_fields=["decided_at", "decided_by", "reason", "provider_reference"])
    DocumentClaim.objects.filter(verification=check).delete()
    listeners.tell("verification_rejected", check, actor=c.actor, now=c.now)


def contest(c: Ctx) -> None:
    check: Verification = c.subject
    check.contest, check.contested_at, check.submitted_at = str(c.data["text"]).strip(), c.now, c.now
    check.provider = ""
    check.save(update_fields=["contest", "contested_at", "submitted_at", "provider"])


def reclaim(c: Ctx) -> None:
    """Guard: a rejection set aside must not hand one number to two accounts."""
    check: Verification = c.subject
    if check.document_key and (
        identity.is_banned_document(check.document_key) or _claim(check) != check.user_id
    ):
        raise Refused(
            "document_in_use", _("This document belongs to another account. Settle that account first.")
        )


def lapse(c: Ctx) -> None:
    """Effect: it stopped counting; whoever relied on it takes work back (KH-FLOW-29)."""
    check: Verification = c.subject
    if check.valid_until is None or check.valid_until > c.now:
        check.valid_until = c.now
        check.save(update_fields=["valid_until"])
    if reason := reason_of(c):
        check.reason = reason
        check.save(update_fields=["reason"])
    if c.event == "revoke" and check.document_key:  # found false: the number is free for whom it belongs to
        DocumentClaim.objects.filter(key=check.document_key, user_id=check.user_id).delete()
    listeners.tell("verification_lapsed", check, actor=c.actor, now=c.now)
