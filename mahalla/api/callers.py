"""Who calls: a person's app with a bearer token, or the person's own browser with its session and CSRF token."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from mahalla.kernel.identity import operations, roles
from mahalla.kernel.identity.models import User
from mahalla.kit import clock, market
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


@dataclass(frozen=True, slots=True)
class Caller:
    """The signed-in person; ``token_id`` where an app calls, ``session_key`` where a browser does."""

    user: User
    token_id: int | None = None
    session_key: str = ""


def instant(request: HttpRequest) -> datetime:
    """The call's one ``now``."""
    if not hasattr(request, "now"):
        request.now = clock.now()  # type: ignore[attr-defined]
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def caller_of(request: HttpRequest) -> Caller | None:
    """Who calls, found once a call. A bearer token that does not count is nobody, whatever cookie comes with it."""
    if not hasattr(request, "api_caller"):
        request.api_caller = _find(request)  # type: ignore[attr-defined]
    return cast(Caller | None, request.api_caller)  # type: ignore[attr-defined]


def _find(request: HttpRequest) -> Caller | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        found = None
        if scheme.lower() == "bearer" and token.strip():
            found = operations.authenticate_token(token.strip(), now=instant(request))
        if found is None:
            return None
        request.user = found.user
        return Caller(found.user, token_id=found.pk)
    if isinstance(request.user, User):
        return Caller(request.user, session_key=request.session.session_key or "")
    return None


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`, as `POST /sessions` gives it."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = caller_of(request)
        return caller if caller is not None and caller.token_id is not None else None


class Cookie(APIKeyCookie):
    """The session cookie of the web pages; calls that change something send `X-CSRFToken` too."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        caller = caller_of(request)
        if caller is None or caller.token_id is not None:
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            raise Denied("csrf_failed", _("This call did not come from our own pages."))
        return caller

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return self(request)


SIGNED_IN = [Bearer(), Cookie()]


def me(request: HttpRequest) -> User:
    """The signed-in person of an operation that asks for one."""
    caller = caller_of(request)
    assert caller is not None, "the operation is open to nobody else"
    return caller.user


def acting(request: HttpRequest, *wanted: str, reason: str = "") -> Actor:
    """The person in the first of the roles ``wanted`` that they hold. Raises ``Denied`` (403) without one."""
    user = me(request)
    for role in wanted:
        if user.has_role(role):
            return Actor(user.pk, role, reason=reason)
    raise Denied("role_needed", _("Your role does not allow this."), roles=list(wanted))


def present_role(request: HttpRequest) -> Actor:
    """The person in the role that is first in the market's order."""
    user = me(request)
    return Actor(user.pk, roles.acting_role(user))


def address_of(request: HttpRequest) -> str:
    """The asking network address, or nothing for the machine itself (it names nobody)."""
    try:
        address = str(get_adapter().get_client_ip(request))
        return "" if ipaddress.ip_address(address).is_loopback else address
    except (PermissionDenied, ValueError):
        return ""


def language_of(request: HttpRequest) -> str:
    """The person's own language (KH-PROFILE-04), else what the app accepts, else the market's first."""
    offered = [code for code, _name in market.active().languages]
    caller = caller_of(request)
    wishes = [caller.user.language] if caller else []
    wishes += [code for code, _q in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    for wish in wishes:
        for code in (wish, wish.split("-")[0]):
            if code in offered:
                return code
    return offered[0]
