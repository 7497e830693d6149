"""Who may: guards that every app asks before a person acts, and who may act on other people's accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.queries import terms_accepted
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, Refused
from mahalla.kit.market import hook

Blocker = Callable[[User, datetime], Refused | None]
_blockers: list[Blocker] = []


def register_blocker(blocker: Blocker) -> Blocker:
    """``blocker(user, now)`` gives the reason why this account cannot be left now, or ``None`` (KH-ID-07)."""
    if blocker not in _blockers:
        _blockers.append(blocker)
    return blocker


def unregister_blocker(blocker: Blocker) -> None:
    _blockers.remove(blocker)


def require_leavable(user: User, *, now: datetime) -> None:
    """Raises the first registered reason against deactivation or deletion."""
    for blocker in _blockers:
        refusal = blocker(user, now)
        if refusal is not None:
            raise refusal


def require_active(user: User) -> None:
    """Suspended, banned and gone accounts cannot post, accept or message (KH-ID-10). Raises ``Denied``."""
    status = User.Status(user.status)
    if status == User.Status.SUSPENDED:
        raise Denied("account_suspended", _("This account is suspended."), until=user.suspended_until)
    if status == User.Status.BANNED:
        raise Denied("account_banned", _("This account is closed for breaking the rules."))
    if status != User.Status.ACTIVE:
        raise Denied("account_inactive", _("This account is switched off. Sign in to switch it on."))


def require_verified(user: User) -> None:
    """An unverified person cannot act (KH-ID-02). Raises ``Denied``."""
    if user.phone_verified_at is None:
        raise Denied("phone_unverified", _("Verify your phone number first."))


def require_terms(user: User) -> None:
    """The terms in force are accepted (KH-ID-06). Raises ``Refused`` with code ``terms_outdated``."""
    if not terms_accepted(user):
        raise Refused("terms_outdated", _("Our terms have changed. Read and accept them to go on."))


def require_may_act(user: User) -> None:
    """All three guards, for posting and accepting."""
    require_active(user)
    require_verified(user)
    require_terms(user)


def _superuser(actor: Actor, action: str) -> bool:
    return User.objects.filter(pk=actor.user_id or 0, is_superuser=True, status=User.Status.ACTIVE).exists()


def require_staff_may(actor: Actor, action: str) -> None:
    """Raises ``Denied`` unless ``actor`` may do ``action`` to another's account (KH-ID-08).

    Actions: ``identity.suspend``, ``identity.ban``, ``identity.reinstate``, ``identity.grant_role``, ``identity.erase``.
    The market's socket ``staff_may(actor, action) -> bool`` decides; where it is empty only superusers may. The
    platform itself (``SYSTEM``) always may.
    """
    if actor.role == "system" and actor.user_id is None:
        return
    if not hook("staff_may", _superuser)(actor, action):
        raise Denied("not_allowed", _("Your role does not allow this."))
