"""The verbs of identity, in one place; each stands in the module of its noun."""

from __future__ import annotations

from mahalla.kernel.identity.accounts import (
    Verified,
    accept_terms,
    change_phone,
    complete_registration,
    confirm_password,
    register,
    request_code,
    request_phone_change,
    update_profile,
    verify_code,
)
from mahalla.kernel.identity.codes import CodeSent
from mahalla.kernel.identity.queries import is_banned_document
from mahalla.kernel.identity.roles import grant_role, revoke_role
from mahalla.kernel.identity.sessions import authenticate_token, end_session, end_sessions, issue_token
from mahalla.kernel.identity.status import (
    ban,
    ban_document,
    deactivate,
    erase,
    reinstate,
    request_deletion,
    suspend,
)

__all__ = [
    "CodeSent",
    "Verified",
    "accept_terms",
    "authenticate_token",
    "ban",
    "ban_document",
    "change_phone",
    "complete_registration",
    "confirm_password",
    "deactivate",
    "end_session",
    "end_sessions",
    "erase",
    "grant_role",
    "is_banned_document",
    "issue_token",
    "register",
    "reinstate",
    "request_code",
    "request_deletion",
    "request_phone_change",
    "revoke_role",
    "suspend",
    "update_profile",
    "verify_code",
]
