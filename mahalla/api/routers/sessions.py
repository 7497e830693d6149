"""Signing in and out: a code by SMS, then a token; the own sessions, seen and ended (KH-ID-02, KH-ID-04)."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import logout
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import address_of, caller_of, instant, language_of, me
from mahalla.api.once import own_transaction
from mahalla.api.schemas import Body, Id, Line, Word
from mahalla.kernel.identity import operations, queries
from mahalla.kernel.identity.models import User
from mahalla.kit.errors import NotFound

router = Router(tags=["Signing in"])


class AskCode(Body):
    phone: Word = Field(
        description="The number as written at home or with its country", examples=["+966501234567"]
    )


class CodeSent(Schema):
    phone: str
    digits: int
    expires_at: datetime
    resend_at: datetime


class Redeem(Body):
    phone: Word = Field(examples=["+966501234567"])
    code: Word = Field(examples=["123456"])
    terms: Word = Field(
        "", description="The version of the terms that was read, to register at once", examples=["1"]
    )
    role: Word = Field("", description="The role to register for", examples=["client"])
    name: Line = ""
    password: Line = Field("", description="What staff must know besides holding the phone")
    client: Line = Field("", description="The app's own name, for the list of sessions", examples=["Pixel 9"])


class Register(Body):
    proof: Line = Field(description="As the verification of an unused number gave it")
    terms: Word = Field(examples=["1"])
    role: Word = Field("", examples=["client"])
    name: Line = ""
    client: Line = ""


class Session(Schema):
    """A token, or the `proof` of a number that has no account yet (register with it)."""

    token: str = Field("", description="Shown once; send it as `Authorization: Bearer …`")
    user_id: int | None = None
    registered: bool = False
    proof: str = ""
    terms: str = Field("", description="The version of the terms in force")


class OpenSession(Schema):
    kind: str = Field(description="web or app")
    id: int
    client: str
    address: str
    started_at: datetime
    last_seen_at: datetime
    current: bool


@router.post("/codes", auth=None, response={201: CodeSent}, summary="Send a sign-in code")
def ask_code(request: HttpRequest, body: AskCode) -> object:
    """Sends a one-time code by SMS. The answer is the same whether the number has an account or not; too many codes
    within an hour answer 429 with `Retry-After`."""
    return operations.request_code(
        body.phone, now=instant(request), address=address_of(request), language=language_of(request)
    )


@router.post("", auth=None, response={201: Session}, summary="Sign in with a code")
@own_transaction
def sign_in(request: HttpRequest, body: Redeem) -> object:
    """Uses the code up. A known number gets a token; an unused one is registered when `terms` is given, else gets a
    `proof` for `POST /sessions/registrations`. Staff send `password` with the code; a wrong one uses the code up too."""
    now = instant(request)
    done = operations.verify_code(
        body.phone,
        code=body.code,
        terms=body.terms,
        role=body.role,
        name=body.name,
        language=language_of(request),
        now=now,
    )
    if done.user is None:
        return Session(token="", proof=done.proof, terms=queries.terms_version())
    if done.needs_password:
        operations.confirm_password(done.user, password=body.password, now=now)
    return _opened(request, done.user, client=body.client, registered=done.registered)


@router.post("/registrations", auth=None, response={201: Session}, summary="Register a verified number")
def register(request: HttpRequest, body: Register) -> object:
    """Makes the account of the number that the `proof` stands for; the proof counts once."""
    user = operations.complete_registration(
        body.proof,
        terms=body.terms,
        role=body.role,
        name=body.name,
        language=language_of(request),
        now=instant(request),
    )
    return _opened(request, user, client=body.client, registered=True)


@router.get("", response=list[OpenSession], summary="The own sessions")
def list_sessions(request: HttpRequest) -> object:
    """Every browser and app that is signed in as this person, the latest seen first."""
    caller = caller_of(request)
    assert caller is not None
    found = queries.sessions_for(
        caller.user, now=instant(request), session_key=caller.session_key, token_id=caller.token_id
    )
    return [
        OpenSession(
            kind=row.kind,
            id=row.pk,
            client=row.client,
            address=row.address,
            started_at=row.started_at,
            last_seen_at=row.last_seen_at,
            current=row.current,
        )
        for row in found
    ]


@router.delete("/current", response={204: None}, summary="Sign out")
def sign_out(request: HttpRequest) -> None:
    """Ends the session or token that makes this call."""
    caller = caller_of(request)
    assert caller is not None
    if caller.token_id is not None:
        operations.end_session(caller.user, "app", caller.token_id, now=instant(request))
    else:
        logout(request)


@router.delete("/others", response={204: None}, summary="Sign out everywhere else")
def sign_out_elsewhere(request: HttpRequest) -> None:
    """Ends every other session and token of this person."""
    caller = caller_of(request)
    assert caller is not None
    operations.end_sessions(
        caller.user,
        now=instant(request),
        keep_session_key=caller.session_key,
        keep_token_id=caller.token_id,
    )


@router.delete("/{kind}/{session_id}", response={204: None}, summary="End one session")
def end_session(request: HttpRequest, kind: str, session_id: Id) -> None:
    """Ends one of the own sessions; `kind` is `web` or `app`."""
    if kind not in {"web", "app"}:
        raise NotFound()
    operations.end_session(me(request), kind, session_id, now=instant(request))


def _opened(request: HttpRequest, user: User, *, client: str, registered: bool) -> Session:
    token = operations.issue_token(user, now=instant(request), client=client, address=address_of(request))
    return Session(token=token, user_id=user.pk, registered=registered, terms=queries.terms_version())
