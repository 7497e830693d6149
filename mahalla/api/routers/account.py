"""The own account: profile, terms, phone number, leaving (KH-ID-05, -06, -07)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import address_of, instant, me
from mahalla.api.once import own_transaction
from mahalla.api.routers.sessions import CodeSent
from mahalla.api.schemas import Body, Line, Word
from mahalla.kernel.identity import operations, privacy, queries
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.roles import signup_roles
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied

router = Router(tags=["Account"])


class Account(Schema):
    id: int
    name: str
    phone: str | None
    language: str
    status: str
    roles: list[str]
    terms: str = Field(description="The version in force")
    terms_accepted: bool
    deletion_requested_at: datetime | None


class Profile(Body):
    name: Line | None = None
    language: Word | None = Field(None, examples=["ar"])


class Terms(Body):
    version: Word = Field(examples=["1"])


class NewPhone(Body):
    phone: Word = Field(examples=["+966501234567"])


class ChangePhone(NewPhone):
    code: Word = Field(examples=["123456"])


class TakeRole(Body):
    role: Word = Field(examples=["tasker"])


def shown(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "name": user.name,
        "phone": user.phone,
        "language": user.language,
        "status": user.status,
        "roles": sorted(user.grants.values_list("role", flat=True)),
        "terms": queries.terms_version(),
        "terms_accepted": queries.terms_accepted(user),
        "deletion_requested_at": user.deletion_requested_at,
    }


@router.get("", response=Account, summary="Who I am")
def get_account(request: HttpRequest) -> object:
    """The signed-in person."""
    return shown(me(request))


@router.patch("", response=Account, summary="Change name or language")
def change_account(request: HttpRequest, body: Profile) -> object:
    """What is left out stays. The language governs pages, notices, SMS and documents."""
    user = operations.update_profile(
        me(request), name=body.name, language=body.language, now=instant(request)
    )
    return shown(user)


@router.get("/export", summary="Everything that is kept of me")
def export_account(request: HttpRequest) -> HttpResponse:
    """As JSON, by section: profile, work, messages, payments (KH-SEC-01)."""
    kept = privacy.export(me(request), now=instant(request))
    return HttpResponse(json.dumps(kept, cls=DjangoJSONEncoder), content_type="application/json")


@router.post("/terms", response=Account, summary="Accept the terms in force")
def accept_terms(request: HttpRequest, body: Terms) -> object:
    """Kept with version, time and language. An old version is refused with `terms_outdated`."""
    user = me(request)
    operations.accept_terms(user, version=body.version, language=user.language, now=instant(request))
    return shown(user)


@router.post("/roles", response=Account, summary="Take a sign-up role too")
def take_role(request: HttpRequest, body: TakeRole) -> object:
    """One account may hold several sign-up roles; roles of staff are given by staff."""
    user = me(request)
    if body.role not in {role.code for role in signup_roles()}:
        raise Denied("role_not_open", _("This role is given, not taken."))
    operations.grant_role(user, body.role, actor=Actor(user.pk, "user"), now=instant(request))
    return shown(user)


@router.post("/phone/codes", response={201: CodeSent}, summary="Send a code to a new number")
def ask_phone_change(request: HttpRequest, body: NewPhone) -> object:
    """The new number is verified before it replaces the old one."""
    return operations.request_phone_change(
        me(request), body.phone, now=instant(request), address=address_of(request)
    )


@router.put("/phone", response=Account, summary="Change the number")
@own_transaction
def change_phone(request: HttpRequest, body: ChangePhone) -> object:
    """Replaces the number with the verified one and tells the old one. A number in use is refused."""
    return shown(operations.change_phone(me(request), body.phone, code=body.code, now=instant(request)))


@router.post("/deactivation", response={204: None}, summary="Switch the account off")
def deactivate(request: HttpRequest) -> None:
    """Hidden, no notices, until the next sign-in. Refused while work or money is open."""
    operations.deactivate(me(request), now=instant(request))


@router.post("/deletion", response={204: None}, summary="Ask for deletion")
def request_deletion(request: HttpRequest) -> None:
    """Erasure follows after the waiting days, unless the person signs in. Refused while work or money is open."""
    operations.request_deletion(me(request), now=instant(request))
