"""Disputes and reports as their parties see them (KH-CASE-02, KH-CASE-04)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import At, Page, page
from mahalla.api.schemas import Action, Body, Id, Text, actions
from mahalla.kernel.cases import operations, queries
from mahalla.kernel.cases.models import Case as Row
from mahalla.kernel.cases.moves import side_of
from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kit.actors import Actor
from mahalla.kit.market import active

router = Router(tags=["Cases"])


class CaseCard(Schema):
    id: int
    code: str = Field(examples=["DSP-2026-00001"])
    group: str
    kind: str
    subject: str
    state: str
    opened_at: datetime
    claimed_minor: int
    charge_minor: int
    currency: str


class Entry(Schema):
    by: str = Field(description="me, other, or staff")
    text: str
    asset_id: int | None = None
    at: datetime


class Case(CaseCard):
    """What only staff know (notes, proposals, who decides) is not in here for a party."""

    side: str = Field(description="opener, other or staff")
    text: str
    due: datetime | None
    messages: list[Entry]
    evidence: list[Entry]
    decision: dict[str, Any]
    proposal: dict[str, Any]
    actions: list[Action]


class Said(Body):
    text: Text = Field(min_length=1, examples=["The kitchen was not done."])


class PutForward(Body):
    text: Text = ""
    assets: list[Id] = Field([], max_length=10, description="Files of purpose `dispute`")


def card(row: Row) -> dict[str, Any]:
    fields = (
        "code",
        "group",
        "kind",
        "subject",
        "state",
        "opened_at",
        "claimed_minor",
        "charge_minor",
        "currency",
    )
    return {"id": row.pk, **{name: getattr(row, name) for name in fields}}


def shown(request: HttpRequest, pk: int) -> dict[str, Any]:
    viewer = me(request)
    view = queries.view_for(viewer, pk)

    def entry(row: Any) -> dict[str, Any]:
        party = row.by_id in {view.case.opened_by_id, view.case.against_id}
        by = "me" if row.by_id == viewer.pk else "other" if party else "staff"
        return {"by": by, "text": row.text, "asset_id": getattr(row, "asset_id", None), "at": row.at}

    return {
        **card(view.case),
        "side": view.side,
        "text": view.case.text if view.side != "other" or not view.case.one_sided else "",
        "due": view.due,
        "messages": [entry(row) for row in view.messages],
        "evidence": [entry(row) for row in view.evidence],
        "decision": view.decision,
        "proposal": view.proposal,
        "actions": actions(engine.actions(view.case, actor_in(view.case, viewer))),
    }


def actor_in(case: Row, viewer: User) -> Actor:
    """The viewer in a role that the case's table knows for their side; whether they may, its guards look at."""
    event = "say" if side_of(case, viewer.pk) else "answer"
    able = {role for row in active().flows["case"].transitions if row.event == event for role in row.actors}
    held = [role.code for role in active().roles if viewer.has_role(role.code)]
    return Actor(viewer.pk, next((role for role in held if role in able), held[0] if held else "user"))


@router.get("", response=Page[CaseCard], summary="My cases")
def list_cases(request: HttpRequest, at: At) -> object:
    """Those that the person opened, and disputes against them; newest first."""
    return page(queries.cases_of(me(request)), at, name="cases", show=card, order=("-opened_at", "-pk"))


@router.get("/{case_id}", response=Case, summary="A case")
def get_case(request: HttpRequest, case_id: Id) -> object:
    """As its viewer may see it."""
    return shown(request, case_id)


@router.post("/{case_id}/messages", response={201: Case}, summary="Write in a case")
def write_in_case(request: HttpRequest, case_id: Id, body: Said) -> object:
    """To everybody who reads the case."""
    viewer = me(request)
    case = queries.case_for(viewer, case_id)
    operations.add_message(
        case,
        text=body.text,
        actor=actor_in(case, viewer),
        now=instant(request),
        staff=not side_of(case, viewer.pk),
    )
    return shown(request, case_id)


@router.post("/{case_id}/evidence", response={201: Case}, summary="Put evidence forward")
def add_evidence(request: HttpRequest, case_id: Id, body: PutForward) -> object:
    """Own files, a text, or both; it ends the waiting of the side that was asked."""
    viewer = me(request)
    case = queries.case_for(viewer, case_id)
    operations.add_evidence(
        case,
        actor=actor_in(case, viewer),
        now=instant(request),
        assets=body.assets,
        text=body.text,
        staff=not side_of(case, viewer.pk),
    )
    return shown(request, case_id)


@router.post("/{case_id}/withdrawal", response=Case, summary="Take a case back")
def withdraw_case(request: HttpRequest, case_id: Id) -> object:
    """Only who opened it."""
    case = queries.case_for(me(request), case_id)
    operations.withdraw(case, actor=actor_in(case, me(request)), now=instant(request))
    return shown(request, case_id)
