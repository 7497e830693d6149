"""The client's side of the work and what comes after it: approvals, confirmation, disputes, reviews, tips, receipts."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from mahalla.api.callers import instant
from mahalla.api.schemas import Body, Id, Line, Text
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Receipt, Task
from mahalla.markets.khidma.api.steps import on_job, seen_by
from mahalla.markets.khidma.models import Receipt as Row

router = Router(tags=["After the work"])


class Dispute(Body):
    kind: Literal["hours", "not_as_expected", "no_show", "partial", "damage", "cancellation_fee"] = Field(
        examples=["hours"]
    )
    text: Text = Field(min_length=1, examples=["I count two hours."])
    minutes: int | None = Field(None, ge=1, le=2880, description="For `hours`: how many the client counts")
    amount_minor: int | None = Field(
        None, ge=1, le=10**12, description="For the others: how much is disputed"
    )
    assets: list[Id] = Field([], max_length=10, description="Own files of purpose `dispute`")


class Review(Body):
    stars: int = Field(ge=1, le=5, examples=[4])
    text: Text = ""
    tags: list[Line] = Field([], max_length=20, examples=[["punctual"]])
    private_feedback: Text = Field("", description="For our team alone")


class GiveTip(Body):
    amount_minor: int = Field(ge=1, le=10**12, examples=[1000])


def _step(request: HttpRequest, task_id: int, event: str, data: dict[str, Any] | None = None) -> object:
    return shown.task(on_job(request, task_id, event, data or {}), now=instant(request))


@router.post("/{task_id}/no-show-reports", response=Task, summary="The Tasker did not come")
def report_no_show(request: HttpRequest, task_id: Id) -> object:
    """From 30 minutes after the start; the money is freed and the task looks for somebody else."""
    return _step(request, task_id, "report_no_show")


@router.post("/{task_id}/extra-time-approvals", response=Task, summary="Approve the extra time")
def approve_extra_time(request: HttpRequest, task_id: Id) -> object:
    """The hold is raised to cover it."""
    return _step(request, task_id, "approve_extra")


@router.post("/{task_id}/stop-requests", response=Task, summary="Ask to stop early")
def ask_to_stop(request: HttpRequest, task_id: Id) -> object:
    """The Tasker is told, and submits what was done."""
    return _step(request, task_id, "ask_stop")


@router.post("/{task_id}/confirmation", response=Task, summary="Confirm the work")
def confirm_work(request: HttpRequest, task_id: Id) -> object:
    """Charges the final price; the Tasker is paid two days later."""
    return _step(request, task_id, "confirm")


@router.post("/{task_id}/disputes", response={201: Task}, summary="Dispute the charge")
def open_dispute(request: HttpRequest, task_id: Id, body: Dispute) -> object:
    """The whole amount is secured; what is not disputed is paid on, the rest waits for the decision."""
    data = {**body.dict(exclude_none=True), "assets": body.assets}
    return _step(request, task_id, "dispute", data)


@router.post("/{task_id}/reviews", response={201: Task}, summary="Review the Tasker")
def review_tasker(request: HttpRequest, task_id: Id, body: Review) -> object:
    """Within 14 days; counts as confirmation where that is still open."""
    return _step(request, task_id, "review", body.dict())


@router.post("/{task_id}/tips", response={201: Task}, summary="Tip the Tasker")
def tip_tasker(request: HttpRequest, task_id: Id, body: GiveTip) -> object:
    """A charge of its own, wholly the Tasker's; at most the price of the work, within 14 days."""
    return _step(request, task_id, "tip", {"amount_minor": body.amount_minor})


@router.get("/{task_id}/receipts", response=list[Receipt], summary="Receipts of a task")
def list_receipts(request: HttpRequest, task_id: Id) -> object:
    """Receipts, credit notes and tips of the client's own task, in their order."""
    seen = seen_by(request, task_id)
    if seen.relation not in {"client", "staff"}:
        raise NotFound("task_not_found")
    return Row.objects.filter(job__request=seen.request).order_by("number")
