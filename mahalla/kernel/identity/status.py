"""An account's status: who moves it from what to what, and what goes with it (KH-ID-07, KH-ID-10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import outbox
from mahalla.kernel.identity import hashing, policies, privacy, sessions
from mahalla.kernel.identity.models import BanMark, CodeTry, PhoneCode, User
from mahalla.kernel.identity.numbers import days
from mahalla.kernel.identity.record import itself, note
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, NotFound, Refused

Status = User.Status
#: the only moves there are: event → (from, to)
MOVES: dict[str, tuple[frozenset[str], str]] = {
    "deactivated": (frozenset({Status.ACTIVE}), Status.DEACTIVATED),
    "reactivated": (frozenset({Status.DEACTIVATED}), Status.ACTIVE),
    "suspended": (
        frozenset({Status.ACTIVE, Status.DEACTIVATED, Status.SUSPENDED, Status.BANNED}),
        Status.SUSPENDED,
    ),
    "banned": (frozenset({Status.ACTIVE, Status.DEACTIVATED, Status.SUSPENDED}), Status.BANNED),
    "reinstated": (frozenset({Status.SUSPENDED, Status.BANNED}), Status.ACTIVE),
    "erased": (
        frozenset({Status.ACTIVE, Status.DEACTIVATED, Status.SUSPENDED, Status.BANNED}),
        Status.DELETED,
    ),
}


def admit(user: User, *, now: datetime) -> Refused | None:
    """Let a person with a right code in: back from deactivation, or out again. ``user`` is locked by the caller."""
    if user.status == Status.SUSPENDED and user.suspended_until and user.suspended_until <= now:
        _move(user, "reinstated", actor=SYSTEM, now=now)
    if user.status == Status.DEACTIVATED:
        _move(user, "reactivated", actor=itself(user), now=now)
    try:
        policies.require_active(user)
    except Denied as refusal:
        return refusal
    if user.phone_verified_at is None:
        user.phone_verified_at = now
        user.save(update_fields=["phone_verified_at"])
    note(user, "signed_in", actor=itself(user), now=now)
    return None


def deactivate(user: User, *, now: datetime) -> User:
    """Hide the account until its owner signs in again. Raises what the blockers say (KH-ID-07)."""
    with transaction.atomic():
        user = _locked(user)
        policies.require_leavable(user, now=now)
        _move(user, "deactivated", actor=itself(user), now=now)
        sessions.end_sessions(user, now=now)
    return user


def request_deletion(user: User, *, now: datetime) -> datetime:
    """Deactivate now, erase after ``deactivation_purge_days``; returns when. Signing in before takes it back."""
    erase_at = now + days("deactivation_purge_days", now=now)
    with transaction.atomic():
        user = _locked(user)
        policies.require_leavable(user, now=now)
        if user.status == Status.DELETED:
            raise NotFound()
        if user.status == Status.ACTIVE:
            _move(user, "deactivated", actor=itself(user), now=now)
        user.deletion_requested_at = now
        user.save(update_fields=["deletion_requested_at"])
        note(
            user,
            "deletion_requested",
            actor=itself(user),
            now=now,
            payload={"erase_at": erase_at.isoformat()},
        )
        outbox.enqueue(
            "identity.erase",
            key=f"identity.erase:{user.pk}:{now.isoformat()}",
            payload={"user_id": user.pk, "requested_at": now.isoformat()},
            now=now,
            due_at=erase_at,
        )
        sessions.end_sessions(user, now=now)
    return erase_at


def erase(user: User, *, actor: Actor, now: datetime) -> User:
    """Take everything that names the person away; rows that refer to them keep a nameless id (KH-SEC-02, C20).

    The ledger is not touched. Apps above pseudonymise their own rows through ``privacy.register_eraser``. Raises
    what the blockers say.
    """
    policies.require_staff_may(actor, "identity.erase")
    with transaction.atomic():
        user = _locked(user)
        policies.require_leavable(user, now=now)
        phone = user.phone or ""
        sessions.end_sessions(user, now=now, actor=actor)
        privacy.run_erasers(user.pk, now)
        user.phone, user.phone_verified_at = None, None
        user.name = user.email = user.status_reason = ""
        user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        _move(user, "erased", actor=actor, now=now)
        user.api_tokens.all().delete()
        user.grants.all().delete()
        PhoneCode.objects.filter(user=user).delete()
        PhoneCode.objects.filter(phone=phone).delete()
        CodeTry.objects.filter(phone=phone).delete()
    return user


def suspend(user: User, *, until: datetime | None, reason: str, actor: Actor, now: datetime) -> User:
    """Stop a person until an instant (``None``: until reinstated); sessions and tokens end at once (KH-ID-10).

    Making a ban a suspension also takes whoever may reinstate.
    """
    policies.require_staff_may(actor, "identity.suspend")
    with transaction.atomic():
        user = _locked(user)
        if user.status == Status.BANNED:
            policies.require_staff_may(actor, "identity.reinstate")
            _unmark_phone(user)
        user.suspended_until, user.status_reason = until, reason
        _move(user, "suspended", actor=actor, now=now)
        sessions.end_sessions(user, now=now, actor=actor)
        if until is not None:
            outbox.enqueue(
                "identity.lift_suspension",
                key=f"identity.lift:{user.pk}:{until.isoformat()}:{now.isoformat()}",
                payload={"user_id": user.pk, "until": until.isoformat()},
                now=now,
                due_at=until,
            )
    return user


def ban(
    user: User, *, reason: str, actor: Actor, now: datetime, document_digests: Iterable[str] = ()
) -> User:
    """Close an account for good: sessions end at once, neither phone nor documents can come back (KH-ID-10)."""
    policies.require_staff_may(actor, "identity.ban")
    with transaction.atomic():
        user = _locked(user)
        user.suspended_until, user.status_reason = None, reason
        _move(user, "banned", actor=actor, now=now)
        sessions.end_sessions(user, now=now, actor=actor)
        if user.phone:
            _mark(BanMark.Kind.PHONE, hashing.lasting("phone", user.phone), reason, now)
        for digest in document_digests:
            ban_document(digest, reason=reason, now=now)
    return user


def ban_document(digest: str, *, now: datetime, reason: str = "") -> None:
    """Keep the keyed hash of a banned person's document (the trust app makes the hash)."""
    _mark(BanMark.Kind.DOCUMENT, digest, reason, now)


def reinstate(user: User, *, actor: Actor, now: datetime) -> User:
    """End a suspension or take a ban back, with the ban of the phone."""
    policies.require_staff_may(actor, "identity.reinstate")
    with transaction.atomic():
        user = _locked(user)
        _move(user, "reinstated", actor=actor, now=now)
        _unmark_phone(user)
    return user


def lift_suspension(user_id: int, *, until: datetime, now: datetime) -> None:
    """The due end of a suspension, unless it was changed since."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=user_id, status=Status.SUSPENDED).first()
        if user is not None and user.suspended_until == until:
            _move(user, "reinstated", actor=SYSTEM, now=now)


def erase_if_due(user_id: int, *, requested_at: datetime, now: datetime) -> None:
    """The due erasure, unless its owner signed in or asked again since. Raises what the blockers say."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=user_id, deletion_requested_at=requested_at).first()
        if user is not None and user.status != Status.DELETED:
            erase(user, actor=SYSTEM, now=now)


def _locked(user: User) -> User:
    # not the key: rows that point at the person go on being written meanwhile, so that nobody deadlocks with their work
    found = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if found is None:
        raise NotFound()
    return found


def _move(user: User, event: str, *, actor: Actor, now: datetime) -> None:
    allowed, to = MOVES[event]
    before = user.status
    if before not in allowed:
        raise Refused("wrong_status", _("The account's status does not allow this."), status=before)
    if event == "deactivated":
        user.deactivated_at = now
    elif event == "reactivated":
        user.deactivated_at = user.deletion_requested_at = None
    elif event == "reinstated":
        user.status_reason, user.suspended_until = "", None
        if user.deactivated_at is not None:  # what its owner had switched off stays off
            to = Status.DEACTIVATED
    user.status = to
    user.save()
    note(user, event, actor=actor, now=now, from_state=before, to_state=to)


def _unmark_phone(user: User) -> None:
    marks = BanMark.objects.filter(kind=BanMark.Kind.PHONE)
    marks.filter(digest=hashing.lasting("phone", user.phone or "")).delete()


def _mark(kind: str, digest: str, reason: str, now: datetime) -> None:
    BanMark.objects.get_or_create(kind=kind, digest=digest, defaults={"reason": reason, "banned_at": now})
