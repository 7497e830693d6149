"""The client's side of the work and what comes after it: approvals, confirmation, disputes, reviews, tips, receipts."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from ninja import Router
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.routers.cases import CaseCard, card
from mahalla.api.schemas import Body, Id, Line, Text
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import conduct, receipts
from mahalla.markets.khidma.api import shown
from mahalla.markets.khidma.api.schemas import Receipt, Task
from mahalla.markets.khidma.api.steps import on_job, seen_by
from mahalla.markets.khidma.models import Receipt as Row

router = Router(tags=["After the work"])
documents = Router(tags=["After the work"])


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


class Report(Body):
    kind: Literal["behaviour", "harassment", "violence"]
    text: Text = Field(min_length=1, examples=["They shouted at me."])
    assets: list[Id] = Field([], max_length=10, description="Own files of purpose `dispute`")


@router.post("/{task_id}/reports", response={201: CaseCard}, summary="Report the other side")
def report_person(request: HttpRequest, task_id: Id, body: Report) -> object:
    """Our team looks at it. Who is reported does not learn by whom."""
    seen = seen_by(request, task_id)
    if seen.job is None:
        raise NotFound("nobody_works", _("Nobody works on this task yet."))
    made = conduct.report(seen.job, actor=seen.actor, now=instant(request), **body.dict())
    return card(made)


@router.get("/{task_id}/receipts", response=list[Receipt], summary="Receipts of a task")
def list_receipts(request: HttpRequest, task_id: Id) -> object:
    """Receipts, credit notes and tips of the client's own task, in their order."""
    seen = seen_by(request, task_id)
    if seen.relation not in {"client", "staff"}:
        raise NotFound("task_not_found")
    return [_receipt(row) for row in Row.objects.filter(job__request=seen.request).order_by("number")]


def _receipt(row: Row) -> dict[str, Any]:
    fields = ("number", "kind", "job_id", "currency", "total_minor", "lines", "issued_at")
    return {**{name: getattr(row, name) for name in fields}, "name": receipts.number_of(row)}


@documents.get("/{number}/document", summary="A receipt as PDF")
def get_receipt_document(request: HttpRequest, number: Id) -> HttpResponse:
    """In the reader's language."""
    found = receipts.receipt_for(me(request), number)
    response = HttpResponse(
        receipts.pdf(found, language=get_language() or "en"), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'attachment; filename="{receipts.number_of(found)}.pdf"'
    return response
