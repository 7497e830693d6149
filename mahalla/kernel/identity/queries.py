"""Reads about people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession

from mahalla.kernel.identity import hashing, phones
from mahalla.kernel.identity.devices import device
from mahalla.kernel.identity.models import ApiToken, BanMark, Consent, User
from mahalla.kit.market import active, hook

#: what is accepted together, under one version
DOCUMENTS = ("terms", "privacy")


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One signed-in browser (``kind`` ``web``) or app (``app``), as its owner sees it."""

    kind: str
    pk: int
    client: str
    address: str
    started_at: datetime
    last_seen_at: datetime
    current: bool


def user_by_phone(phone: str) -> User | None:
    """The account of an E.164 number."""
    return User.objects.filter(phone=phone).first() if phone else None


def terms_version() -> str:
    return active().terms_version


def terms_accepted(user: User) -> bool:
    """Whether every document is accepted in the version in force (KH-ID-06)."""
    held = Consent.objects.filter(user=user, version=terms_version(), document__in=DOCUMENTS).count()
    return held == len(DOCUMENTS)


def is_banned_phone(phone: str) -> bool:
    return _is_banned(BanMark.Kind.PHONE, hashing.lasting("phone", phone))


def is_banned_document(digest: str) -> bool:
    """Whether the document with this keyed hash belongs to a banned person (KH-ID-10)."""
    return _is_banned(BanMark.Kind.DOCUMENT, digest)


def sessions_for(
    user: User, *, now: datetime, session_key: str = "", token_id: int | None = None
) -> list[OpenSession]:
    """The person's open sessions, the latest seen first; ``session_key``/``token_id`` mark the asking one."""
    found = [
        OpenSession(
            "web",
            row.pk,
            device(row.user_agent),
            row.ip,
            row.created_at,
            row.last_seen_at,
            row.session_key == session_key,
        )
        for row in UserSession.objects.purge_and_list(user)
    ]
    found += [
        OpenSession(
            "app", row.pk, row.client, row.address or "", row.created_at, row.last_seen_at, row.pk == token_id
        )
        for row in ApiToken.objects.filter(user=user, ended_at=None, expires_at__gt=now)
    ]
    return sorted(found, key=lambda session: session.last_seen_at, reverse=True)


def contact_for(viewer: User, user: User) -> dict[str, str]:
    """What of ``user``'s contacts ``viewer`` may see: the own, else what the market allows (KH-SEC-03).

    The socket ``may_see_contact(viewer, user) -> bool`` decides; where it is empty nobody sees another's number.
    """
    if viewer.pk == user.pk or hook("may_see_contact", lambda viewer, user: False)(viewer, user):
        return {"phone": phones.shown(user.phone or ""), "email": user.email}
    return {}


def own_data(user: User) -> dict[str, Any]:
    """What this app keeps of a person, for the export (KH-SEC-01)."""
    consents = user.consents.order_by("accepted_at").values("document", "version", "language", "accepted_at")
    return {
        "phone": user.phone,
        "phone_verified_at": user.phone_verified_at,
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "status": user.status,
        "joined_at": user.date_joined,
        "roles": list(user.grants.order_by("role").values("role", "granted_at")),
        "consents": list(consents),
        "sessions": [
            {"client": row.user_agent, "address": row.ip, "started_at": row.created_at}
            for row in UserSession.objects.filter(user=user)
        ]
        + list(user.api_tokens.values("client", "address", "created_at", "last_seen_at", "ended_at")),
    }


def _is_banned(kind: str, digest: str) -> bool:
    return BanMark.objects.filter(kind=kind, digest=digest).exists()
