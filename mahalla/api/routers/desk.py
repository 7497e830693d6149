"""The desks of staff: queues of cases, and what is decided there (KH-CASE-03, KH-CASE-05).

Who works on which group says the market (``case_agents``); what an agent may do in a state says the flow.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.routers.cases import Case, CaseCard, actor_in, card, shown
from mahalla.api.schemas import Body, Id, Text, Word
from mahalla.kernel.cases import operations, queries
from mahalla.kernel.cases.models import Case as Row
from mahalla.kit.actors import Actor
from mahalla.kit.market import hook

router = Router(tags=["Staff: cases"])
Reason = Annotated[str, Field(min_length=1, max_length=2000, examples=["The timer and the photos"])]


class WhichCases(Schema):
    group: Literal["dispute", "incident", "report"] = "dispute"
    kind: Word = ""
    mine: bool = False
    limit: int = Field(50, ge=1, le=100)


class Queued(CaseCard):
    severity: int
    owner_id: int | None
    overdue: bool
    next_due: datetime | None


class Decision(Body):
    reason: Reason
    refund_minor: int = Field(
        0, ge=0, le=10**12, description="Of the charge, back to the client", examples=[1800]
    )
    outcome: Word = Field("", description="Of other groups: `no_action` or a sanction's level")
    category: Word = ""
    ends_at: AwareDatetime | None = None


class Why(Body):
    reason: Reason


class Ask(Body):
    text: Text = Field(min_length=1, examples=["Please send the photos of the kitchen."])
    of: Literal["opener", "other", "both"] = "both"
    due: AwareDatetime


@router.get("/queue", response=list[Queued], summary="A desk's queue")
def list_case_queue(request: HttpRequest, which: Annotated[WhichCases, Query()]) -> object:
    """Live cases of a group: overdue first, then what is due next, then by severity."""
    acting(request, *sorted(hook("case_agents")()[which.group]))
    owner = me(request).pk if which.mine else None
    rows = queries.queue(which.group, now=instant(request), kind=which.kind, owner_id=owner)[: which.limit]
    return [_queued(row) for row in rows]


def _queued(row: Any) -> dict[str, Any]:
    fields = ("severity", "owner_id", "overdue", "next_due")
    return {**card(row), **{name: getattr(row, name) for name in fields}}


def _at(request: HttpRequest, case_id: int) -> tuple[Row, Actor]:
    case = queries.case_for(me(request), case_id)
    return case, actor_in(case, me(request))


@router.post("/{case_id}/taking", response=Case, summary="Take a case")
def take_case(request: HttpRequest, case_id: Id) -> object:
    """Work on a case that nobody holds."""
    case, actor = _at(request, case_id)
    operations.take(case, actor=actor, now=instant(request))
    return shown(request, case_id)


@router.post("/{case_id}/decision", response=Case, summary="Decide a case")
def decide_case(request: HttpRequest, case_id: Id, body: Decision) -> object:
    """With a reason that both sides read. Above the limit of one person the decision waits for `approval`."""
    case, actor = _at(request, case_id)
    operations.decide(
        case,
        reason=body.reason,
        actor=actor,
        now=instant(request),
        refund_minor=body.refund_minor,
        outcome=body.outcome,
        category=body.category,
        ends_at=body.ends_at,
    )
    return shown(request, case_id)


@router.post("/{case_id}/approval", response=Case, summary="Approve a decision")
def approve_decision(request: HttpRequest, case_id: Id) -> object:
    """As a second person."""
    case, actor = _at(request, case_id)
    operations.approve(case, actor=actor, now=instant(request))
    return shown(request, case_id)


@router.post("/{case_id}/turning-back", response=Case, summary="Turn a decision back")
def turn_decision_back(request: HttpRequest, case_id: Id, body: Why) -> object:
    """The decision that waited is dropped and the case goes on."""
    case, actor = _at(request, case_id)
    operations.turn_back(case, reason=body.reason, actor=actor, now=instant(request))
    return shown(request, case_id)


@router.post("/{case_id}/release", response=Case, summary="Pay the held part before the decision")
def release_held_part(request: HttpRequest, case_id: Id, body: Why) -> object:
    """At the platform's risk."""
    case, actor = _at(request, case_id)
    operations.release(case, reason=body.reason, actor=actor, now=instant(request))
    return shown(request, case_id)


@router.post("/{case_id}/evidence-requests", response=Case, summary="Ask for evidence")
def ask_for_evidence(request: HttpRequest, case_id: Id, body: Ask) -> object:
    """Both sides see what is asked of whom, and until when."""
    case, actor = _at(request, case_id)
    operations.ask_evidence(case, text=body.text, of=body.of, due=body.due, actor=actor, now=instant(request))
    return shown(request, case_id)


@router.post("/{case_id}/passing-on", response=Case, summary="Hand a case on")
def pass_case_on(request: HttpRequest, case_id: Id, body: Why) -> object:
    """Back to the queue, with a reason."""
    case, actor = _at(request, case_id)
    operations.pass_on(case, reason=body.reason, actor=actor, now=instant(request))
    return shown(request, case_id)
