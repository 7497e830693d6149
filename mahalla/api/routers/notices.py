"""What the platform told the person, and which of it they want to hear (KH-NOTE-01, KH-NOTE-06)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import At, Page, page
from mahalla.api.schemas import Body, Id, Line, Word
from mahalla.kernel.notices import operations, queries, switches
from mahalla.kernel.notices.models import Notice as Row

router = Router(tags=["Notices"])


class Notice(Schema):
    id: int
    name: str = Field(examples=["offer_received"])
    group: str
    title: str
    body: str
    link: str
    created_at: datetime
    read_at: datetime | None


class Read(Body):
    ids: list[Id] | None = Field(None, max_length=200, description="These, or all where none is given")


class Marked(Schema):
    marked: int
    unread: int


class Switch(Schema):
    group: str
    channel: str
    on: bool


class SetSwitch(Body):
    group: Word = Field(examples=["tasks"])
    channel: Word = Field(examples=["sms"])
    on: bool


class Push(Body):
    endpoint: Line = Field(min_length=1, examples=["https://push.example/abc"])
    p256dh: Line = ""
    auth: Line = ""


@router.get("/notices", response=Page[Notice], summary="My notices")
def list_notices(request: HttpRequest, at: At) -> object:
    """Newest first, in the language they were written in."""
    return page(queries.notices_for(me(request)), at, name="notices", show=_shown)


def _shown(row: Row) -> dict[str, Any]:
    fields = ("name", "group", "title", "body", "link", "created_at", "read_at")
    return {"id": row.pk, **{name: getattr(row, name) for name in fields}}


@router.post("/notices/read", response=Marked, summary="Mark notices read")
def mark_notices_read(request: HttpRequest, body: Read) -> object:
    """These, or all."""
    viewer = me(request)
    marked = operations.mark_read(viewer, now=instant(request), ids=body.ids)
    return {"marked": marked, "unread": queries.unread_count(viewer)}


@router.get("/notices/switches", response=list[Switch], summary="Which notices I want")
def list_notice_switches(request: HttpRequest) -> object:
    """By group and channel; critical notices have no switch."""
    return [
        {"group": group, "channel": channel, "on": on}
        for group, row in switches.table(me(request))
        for channel, on in row
    ]


@router.put("/notices/switches", response=list[Switch], summary="Turn one switch")
def set_notice_switch(request: HttpRequest, body: SetSwitch) -> object:
    """The table as it is afterwards."""
    switches.set_switch(me(request), group=body.group, channel=body.channel, on=body.on)
    return list_notice_switches(request)


@router.post("/push-subscriptions", response={204: None}, summary="Let this device show notices")
def subscribe_push(request: HttpRequest, body: Push) -> None:
    """Web push; a device that somebody else used before changes hands."""
    operations.subscribe(
        me(request), endpoint=body.endpoint, p256dh=body.p256dh, auth=body.auth, now=instant(request)
    )
