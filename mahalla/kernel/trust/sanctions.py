"""The enforcement ladder: warning, lower ranking, category suspension, account suspension, ban (KH-TRUST-14).

Each step has a reason, a start, possibly an end, evidence, a notice to the person and one appeal. Suspension and ban
change the account in the same transaction; the market takes back work through ``trust.listeners`` (KH-FLOW-29).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import BanMark, User
from mahalla.kernel.trust import listeners, queries
from mahalla.kernel.trust.models import Sanction
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound, Refused

Level = Sanction.Level
IN_FORCE = ("active", "appealed")


class BannedBefore(Refused):
    """The account is shut already."""


def impose(
    user_id: int,
    level: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    ends_at: datetime | None = None,
    category: str = "",
    evidence: Mapping[str, Any] | None = None,
    source: str = "",
) -> Sanction:
    """Put a sanction in force from ``now``. ``ends_at`` None: until lifted. ``source`` names what led to it.

    Raises ``Invalid`` without a reason, with an end in the past, or with a category missing or out of place;
    ``BannedBefore`` for a second ban; ``Denied`` for a role that may not.
    """
    _check(level, reason=reason, category=category, ends_at=ends_at, now=now)
    sanction = Sanction(
        user_id=user_id,
        level=level,
        category=category,
        reason=reason.strip(),
        evidence=dict(evidence or {}),
        source=source,
        starts_at=now,
        ends_at=ends_at,
        imposed_by_id=actor.user_id,
    )
    try:
        with transaction.atomic():
            _lock_user(user_id)
            return engine.create(sanction, "impose", actor=replace(actor, reason=reason), now=now)
    except engine.AlreadyThere as error:
        if error.constraint == "one_ban_in_force_per_user":
            raise BannedBefore("banned_before", _("This account is banned already.")) from error
        raise


def lift(sanction: Sanction, *, reason: str, actor: Actor, now: datetime) -> Sanction:
    """End a sanction early, also as the answer to an appeal. The reason is kept and told."""
    return engine.apply(sanction, "lift", actor=replace(actor, reason=reason), now=now)


def appeal(sanction: Sanction, *, text: str, actor: Actor, now: datetime) -> Sanction:
    """The person asks for another look, once; meanwhile the sanction stays in force."""
    return engine.apply(sanction, "appeal", actor=actor, now=now, data={"text": text})


def uphold(sanction: Sanction, *, reason: str, actor: Actor, now: datetime) -> Sanction:
    """The appeal was heard by somebody other than who imposed it, and the sanction stays."""
    return engine.apply(sanction, "uphold", actor=replace(actor, reason=reason), now=now)


def end(sanction: Sanction, *, now: datetime) -> Sanction:
    """Let the platform end what it imposed only for the time of a review."""
    return engine.apply(sanction, "end", actor=SYSTEM, now=now)


def _check(level: str, *, reason: str, category: str, ends_at: datetime | None, now: datetime) -> None:
    wrong: dict[str, Any] = {}
    if level not in Level.values:
        wrong["level"] = _("There is no such sanction.")
    if not reason.strip():
        wrong["reason"] = _("Say why: the person is told this reason.")
    if (level == Level.CATEGORY_SUSPENSION) != bool(category):
        wrong["category"] = _("Name the category for a category suspension, and only then.")
    if ends_at is not None and (ends_at <= now or level == Level.BAN):
        wrong["ends_at"] = _("The end must lie in the future; a ban has none.")
    if wrong:
        raise Invalid(wrong)


def _lock_user(user_id: int) -> None:
    """Two bans at once: the second waits here and then learns of the first."""
    if User.objects.select_for_update(no_key=True).filter(pk=user_id).first() is None:
        raise NotFound()


# --- guards and effects of the flow -------------------------------------------------------------------------------


def not_appealed_yet(c: Ctx) -> None:
    """Guard: one appeal, with words."""
    if c.subject.appealed_at:
        raise Refused("appealed_before", _("You have appealed before; the answer stands."))
    if not str(c.data.get("text", "")).strip():
        raise Invalid({"text": _("Say why the sanction is wrong.")})


def not_by_who_imposed(c: Ctx) -> None:
    """Guard: an appeal is heard by another pair of eyes."""
    if c.actor.user_id is not None and c.actor.user_id == c.subject.imposed_by_id:
        raise Refused("second_person_needed", _("Somebody else must hear the appeal."))


def not_ones_own(c: Ctx) -> None:
    """Guard of lifting: nobody lifts a sanction of their own."""
    if c.actor.user_id is not None and c.actor.user_id == c.subject.user_id:
        raise Refused("own_sanction", _("Somebody else must decide about your own sanction."))


def enforce(c: Ctx) -> None:
    """Effect: the account's status, then whoever listens."""
    sanction: Sanction = c.subject
    c.payload.setdefault("level", sanction.level)
    set_account(sanction.user_id, c)
    listeners.tell("sanctioned", sanction, actor=c.actor, now=c.now)


def keep_appeal(c: Ctx) -> None:
    c.subject.appeal, c.subject.appealed_at = str(c.data["text"]).strip(), c.now
    c.subject.save(update_fields=["appeal", "appealed_at"])


def release(c: Ctx) -> None:
    """Effect of lifting and of the end: the account follows what is still in force."""
    sanction: Sanction = c.subject
    if c.event == "lift":
        sanction.lifted_at, sanction.lift_reason = c.now, str(c.data.get("reason") or c.actor.reason)
        sanction.save(update_fields=["lifted_at", "lift_reason"])
    set_account(sanction.user_id, c)
    listeners.tell("sanction_over", sanction, actor=c.actor, now=c.now)


def set_account(user_id: int, c: Ctx) -> None:
    """Bring the account's status in line with the hardest sanction in force (KH-ADMIN-05).

    Only suspensions and bans touch it; an account that its owner closed stays closed. A sanction's row is locked before
    its person's, everywhere: whoever comes second sees what the first has changed.
    """
    if c.subject.level not in {Level.SUSPENSION, Level.BAN}:
        return
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    in_force = list(
        Sanction.objects.filter(user_id=user_id, state__in=IN_FORCE, level__in=[Level.SUSPENSION, Level.BAN])
    )
    bans = [s for s in in_force if s.level == Level.BAN]
    if bans:
        if user.status != User.Status.BANNED:
            identity.ban(
                user,
                reason=bans[0].reason,
                actor=c.actor,
                now=c.now,
                document_digests=queries.document_keys(user_id),
            )
    elif in_force:
        longest = max(in_force, key=lambda s: (s.ends_at is None, s.ends_at or c.now))
        identity.suspend(user, until=longest.ends_at, reason=longest.reason, actor=c.actor, now=c.now)
    elif user.status in {User.Status.SUSPENDED, User.Status.BANNED}:
        identity.reinstate(user, actor=c.actor, now=c.now)
        if c.subject.level == Level.BAN:
            marks = BanMark.objects.filter(kind=BanMark.Kind.DOCUMENT)
            marks.filter(digest__in=queries.document_keys(user_id)).delete()
