"""The desks of Khidma's staff: the live board, tasks nobody takes, Taskers and documents that wait for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from mahalla.api.callers import acting, instant, me
from mahalla.api.cursors import At, Page, Where, page
from mahalla.api.schemas import Body, Id, Text, Word
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust import queries as checks
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import NotFound
from mahalla.kit.flow import Phase
from mahalla.markets.khidma import onboarding, visibility
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import TaskCard

router = Router(tags=["Staff: operations"])
OPS = ("ops_admin", "admin")


class Live(Where):
    status: Word = ""
    category: Word = ""


class Waiting(TaskCard):
    unaccepted_since: datetime | None
    needs_ops: bool


class Rejection(Body):
    reason: Text = Field(min_length=1, examples=["The picture cannot be read."])


class Note(Body):
    reason: Text = ""


class Check(Schema):
    id: int
    user_id: int
    kind: str
    state: str
    submitted_at: datetime | None
    reason: str
    contest: str


class Newcomer(Schema):
    user_id: int
    name: str
    city: str
    review_requested_at: datetime | None
    rejected_reason: str
    approved_at: datetime | None


def _cards(request: HttpRequest, rows: Sequence[Request]) -> list[dict[str, Any]]:
    return [shown.card(seen) for seen in visibility.see_all(me(request), rows, "staff")]


@router.get("/tasks", response=Page[TaskCard], summary="The live board")
def list_live_tasks(request: HttpRequest, which: Annotated[Live, Query()]) -> object:
    """Every task that is open, agreed or under way; newest first."""
    acting(request, *OPS)
    rows = Request.objects.filter(phase__in=[Phase.OPEN, Phase.AGREED]).select_related("category", "client")
    if which.status:
        rows = rows.filter(status=which.status)
    if which.category:
        rows = rows.filter(category__code=which.category)
    return page(
        rows, which, name="board", show_all=lambda page: _cards(request, page), order=("-created_at", "-pk")
    )


@router.get("/tasks/unaccepted", response=Page[Waiting], summary="Tasks nobody takes")
def list_unaccepted_tasks(request: HttpRequest, at: At) -> object:
    """Flagged 15 minutes after posting, or out of candidates; the longest waiting first."""
    acting(request, *OPS)
    flagged = Request.objects.filter(phase=Phase.OPEN, data__has_any_keys=["unaccepted_since", "needs_ops"])

    def show(found: Sequence[Request]) -> list[dict[str, Any]]:
        return [
            {
                **card,
                "unaccepted_since": row.data.get("unaccepted_since"),
                "needs_ops": bool(row.data.get("needs_ops")),
            }
            for row, card in zip(found, _cards(request, found), strict=True)
        ]

    rows = flagged.exclude(posted_at=None).select_related("category", "client")
    return page(rows, at, name="unaccepted", show_all=show, order=("posted_at", "pk"))


# --- documents ------------------------------------------------------------------------------------------------------


def _check(row: Verification) -> dict[str, Any]:
    fields = ("user_id", "kind", "state", "submitted_at", "reason", "contest")
    return {"id": row.pk, **{name: getattr(row, name) for name in fields}}


@router.get("/checks", response=list[Check], summary="Documents that wait")
def list_pending_checks(request: HttpRequest) -> object:
    """Oldest first. The pictures are read one by one, and each look is written down."""
    acting(request, "admin")
    return [_check(row) for row in checks.pending()[:100]]


def _pending(request: HttpRequest, check_id: int) -> Verification:
    acting(request, "admin")
    found = Verification.objects.filter(pk=check_id).first()
    if found is None:
        raise NotFound()
    return found


@router.post("/checks/{check_id}/approval", response=Check, summary="Approve a check")
def approve_check(request: HttpRequest, check_id: Id, body: Note) -> object:
    """It counts until its re-check."""
    check = _pending(request, check_id)
    done = trust.approve(check, actor=acting(request, "admin"), now=instant(request), reason=body.reason)
    return _check(done)


@router.post("/checks/{check_id}/rejection", response=Check, summary="Turn a check down")
def reject_check(request: HttpRequest, check_id: Id, body: Rejection) -> object:
    """The person reads the reason."""
    check = _pending(request, check_id)
    done = trust.reject(check, reason=body.reason, actor=acting(request, "admin"), now=instant(request))
    return _check(done)


# --- new Taskers ----------------------------------------------------------------------------------------------------


def _newcomer(row: Any) -> dict[str, Any]:
    fields = ("user_id", "review_requested_at", "rejected_reason", "approved_at")
    return {
        "name": row.user.name,
        "city": str(row.city) if row.city else "",
        **{name: getattr(row, name) for name in fields},
    }


@router.get("/taskers/waiting", response=list[Newcomer], summary="Taskers who wait for our review")
def list_waiting_taskers(request: HttpRequest) -> object:
    """The longest waiting first."""
    acting(request, *OPS)
    return [_newcomer(row) for row in onboarding.waiting()[:100]]


def _tasker(request: HttpRequest, user_id: int) -> User:
    acting(request, *OPS)
    found = User.objects.filter(pk=user_id, tasker__isnull=False).first()
    if found is None:
        raise NotFound("tasker_not_found")
    return found


@router.post("/taskers/{user_id}/approval", response=Newcomer, summary="Approve a Tasker")
def approve_tasker(request: HttpRequest, user_id: Id) -> object:
    """By hand, before the first offer."""
    person = _tasker(request, user_id)
    return _newcomer(onboarding.approve(person, actor=acting(request, *OPS), now=instant(request)))


@router.post("/taskers/{user_id}/rejection", response=Newcomer, summary="Turn a Tasker down")
def reject_tasker(request: HttpRequest, user_id: Id, body: Rejection) -> object:
    """The Tasker reads the reason."""
    person = _tasker(request, user_id)
    actor = acting(request, *OPS)
    return _newcomer(onboarding.reject(person, reason=body.reason, actor=actor, now=instant(request)))
