"""Reviews of oneself: the one public answer; and reviews that break the rules (KH-REV-04, KH-REV-08)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Body, Id, Text
from mahalla.kernel.reviews import operations, queries

router = Router(tags=["Reviews"])


class Reply(Schema):
    text: str
    created_at: datetime
    edited_at: datetime | None


class WriteReply(Body):
    text: Text = Field(min_length=1, examples=["Thank you, Lina."])


class ReportReview(Body):
    reason: Text = Field(min_length=1, examples=["This is about somebody else."])


@router.post("/{review_id}/reply", response={201: Reply}, summary="Answer a review of me")
def reply_to_review(request: HttpRequest, review_id: Id, body: WriteReply) -> object:
    """Once, publicly."""
    review = queries.review_for(me(request), review_id, now=instant(request))
    return operations.reply(review, author=me(request), text=body.text, now=instant(request))


@router.put("/{review_id}/reply", response=Reply, summary="Change my answer")
def edit_review_reply(request: HttpRequest, review_id: Id, body: WriteReply) -> object:
    """Within a day."""
    review = queries.review_for(me(request), review_id, now=instant(request))
    return operations.edit_reply(review, author=me(request), text=body.text, now=instant(request))


@router.post("/{review_id}/reports", response={204: None}, summary="Report a review")
def report_review(request: HttpRequest, review_id: Id, body: ReportReview) -> None:
    """Our team looks; the review stays as it is until they decide."""
    review = queries.review_for(me(request), review_id, now=instant(request))
    operations.report(review, reporter=me(request), reason=body.reason, now=instant(request))
