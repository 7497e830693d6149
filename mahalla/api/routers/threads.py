"""Conversations: read from where one stopped, write, and say what was read (KH-CHAT)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import At, Page, page
from mahalla.api.schemas import Body, Id, Text, Word
from mahalla.kernel.chat import operations, queries
from mahalla.kernel.chat.models import Thread as Row
from mahalla.kernel.media.queries import asset_for

router = Router(tags=["Chat"])


class Thread(Schema):
    id: int
    subject: str = Field(examples=["request:12"])
    kind: str
    unread: int
    can_send: bool
    closes_at: datetime | None
    opened_at: datetime


class Message(Schema):
    id: int
    author_id: int | None = Field(description="null for the platform's own line")
    text: str
    masked: bool
    asset_id: int | None
    asset_kind: str
    duration_s: float | None
    sent_at: datetime
    system: bool
    mine: bool
    mark: str = Field(description="sent, delivered or read, on the own ones")


class NewMessage(Body):
    text: Text = ""
    asset_id: Id | None = Field(None, description="A file of purpose `chat`")
    client_key: Word = Field("", description="Of the app's making: the same again is the same message")


class Since(Schema):
    after_id: int = Field(0, ge=0, le=2**53, description="The last message that the app knows")
    limit: int = Field(100, ge=1, le=100)


class ReadUpTo(Body):
    up_to: Id | None = Field(None, description="The last message that was seen; all where none is given")


def shown(row: Row, unread: int, now: datetime) -> dict[str, Any]:
    fields = ("subject", "kind", "closes_at", "opened_at")
    return {
        "id": row.pk,
        "unread": unread,
        "can_send": queries.can_send(row, now=now),
        **{name: getattr(row, name) for name in fields},
    }


@router.get("", response=Page[Thread], summary="My conversations")
def list_threads(request: HttpRequest, at: At) -> object:
    """Newest first, with how much is unread."""
    viewer, now = me(request), instant(request)
    waiting = queries.unread(viewer)
    own = Row.objects.filter(members__user_id=viewer.pk)
    return page(
        own, at, name="threads", order=("-pk",), show=lambda row: shown(row, waiting.get(row.pk, 0), now)
    )


@router.get("/{thread_id}/messages", response=list[Message], summary="Messages of a conversation")
def list_messages(request: HttpRequest, thread_id: Id, since: Annotated[Since, Query()]) -> object:
    """Those after `after_id`, oldest first; they count as delivered."""
    viewer, now = me(request), instant(request)
    thread = queries.thread_for(viewer, thread_id)
    found = queries.messages(thread, viewer=viewer, after_id=since.after_id, limit=since.limit)
    if found:
        operations.mark_delivered(thread, user=viewer, now=now, up_to=found[-1].id)
    return found


@router.post("/{thread_id}/messages", response={201: Message}, summary="Say something")
def send_message(request: HttpRequest, thread_id: Id, body: NewMessage) -> object:
    """Words, an own file, or both. Refused with `chat_closed` once the conversation is over."""
    viewer, now = me(request), instant(request)
    thread = queries.thread_for(viewer, thread_id)
    asset = asset_for(viewer, body.asset_id) if body.asset_id else None
    sent = operations.send(
        thread, author=viewer, now=now, text=body.text, asset=asset, client_key=body.client_key
    )
    return queries.messages(thread, viewer=viewer, after_id=sent.pk - 1, limit=1)[0]


@router.post("/{thread_id}/read-marks", response={204: None}, summary="Say what was read")
def mark_messages_read(request: HttpRequest, thread_id: Id, body: ReadUpTo) -> None:
    """The other side sees it on their messages."""
    viewer = me(request)
    thread = queries.thread_for(viewer, thread_id)
    operations.mark_read(thread, user=viewer, now=instant(request), up_to=body.up_to)
