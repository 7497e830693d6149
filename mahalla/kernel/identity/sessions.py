"""Open sessions: browsers (kept by allauth) and apps (bearer tokens); seen and ended by their owner (KH-ID-04)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.db import transaction

from mahalla.kernel.identity import hashing
from mahalla.kernel.identity.models import ApiToken, User
from mahalla.kernel.identity.numbers import days
from mahalla.kernel.identity.record import itself, note
from mahalla.kit.actors import Actor
from mahalla.kit.errors import NotFound

#: how old "last seen" may be before it is written again
SEEN_EVERY = timedelta(minutes=10)


def issue_token(user: User, *, now: datetime, client: str = "", address: str = "") -> str:
    """A bearer token for an app of a person who has just signed in; shown once, only its hash is kept."""
    token = f"mh_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user,
        digest=hashing.short_lived("token", token),
        client=client[:200],
        address=address or None,
        created_at=now,
        last_seen_at=now,
        expires_at=now + days("api_token_days", now=now),
    )
    return token


def authenticate_token(token: str, *, now: datetime) -> ApiToken | None:
    """The live token (with its ``user``), or ``None``: unknown, ended, expired, or of an account that may not act."""
    found = (
        ApiToken.objects.select_related("user")
        .filter(digest=hashing.short_lived("token", token), ended_at=None, expires_at__gt=now)
        .first()
    )
    if found is None or found.user.status != User.Status.ACTIVE:
        return None
    if found.last_seen_at < now - SEEN_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_seen_at=now)
    return found


def seen(session_key: str, *, now: datetime) -> None:
    """Write down that a browser was here."""
    UserSession.objects.filter(session_key=session_key).update(last_seen_at=now)


def end_session(user: User, kind: str, pk: int, *, now: datetime) -> None:
    """End one of the person's own sessions (``kind`` ``web`` or ``app``). Raises ``NotFound`` for anybody else's."""
    with transaction.atomic():
        if kind == "web":
            session = UserSession.objects.filter(user=user, pk=pk).first()
            if session is None:
                raise NotFound()
            session.end()
        elif not ApiToken.objects.filter(user=user, pk=pk, ended_at=None).update(ended_at=now):
            raise NotFound()
        note(user, "session_ended", actor=itself(user), now=now, payload={"kind": kind})


def end_sessions(
    user: User,
    *,
    now: datetime,
    actor: Actor | None = None,
    keep_session_key: str = "",
    keep_token_id: int | None = None,
) -> int:
    """End every session and token, save the one kept; returns how many ended."""
    with transaction.atomic():
        browsers = list(UserSession.objects.filter(user=user).exclude(session_key=keep_session_key))
        for browser in browsers:
            browser.end()
        ended = (
            ApiToken.objects.filter(user=user, ended_at=None)
            .exclude(pk=keep_token_id or 0)
            .update(ended_at=now)
        )
        total = len(browsers) + ended
        if total:
            note(user, "sessions_ended", actor=actor or itself(user), now=now, payload={"count": total})
    return total
