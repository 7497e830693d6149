"""Reading conversations, always for somebody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.chat import policies
from mahalla.kernel.chat.models import Message, Thread, ThreadMember
from mahalla.kernel.events import operations as events
from mahalla.kernel.media.policies import is_staff
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, NotFound

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User

PAGE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A message as one viewer sees it. ``mark`` is ``sent``, ``delivered`` or ``read`` on the viewer's own, else empty."""

    id: int
    author_id: int | None
    text: str
    masked: bool
    asset_id: int | None
    asset_kind: str
    duration_s: float | None
    sent_at: datetime
    system: bool
    mine: bool
    mark: str


def thread_for(viewer: User, pk: int) -> Thread:
    """The viewer's own thread. Raises ``NotFound`` for everybody who is no member, staff too (``open_as_staff``)."""
    thread = Thread.objects.filter(pk=pk).first()
    if thread is None or not policies.is_member(viewer, thread):
        raise NotFound("thread_not_found", _("This conversation does not exist, or it is not yours."))
    return thread


def thread_of(viewer: User, *, subject: str, kind: str) -> Thread | None:
    """The viewer's latest thread about a subject, if there is one."""
    own = Thread.objects.filter(subject=subject, kind=kind, members__user_id=viewer.pk)
    return own.order_by("-opened_at", "-pk").first()


def glance(viewer: User, *, subject: str, kind: str) -> tuple[Thread, int] | None:
    """``thread_of`` and how many of its messages the viewer has not read, in one query."""
    mine = Q(members__user_id=viewer.pk)
    fresh = Q(messages__pk__gt=F("members__last_read_id")) & ~Q(messages__author_id=viewer.pk)
    own = Thread.objects.filter(mine, subject=subject, kind=kind)
    found = (
        own.annotate(fresh=Count("messages", filter=fresh, distinct=True))
        .order_by("-opened_at", "-pk")
        .first()
    )
    return (found, found.fresh) if found is not None else None


def can_send(thread: Thread, *, now: datetime) -> bool:
    """Whether its members may write now: what ``send`` judges again under the lock."""
    return thread.access == Thread.Access.OPEN and (thread.closes_at is None or now < thread.closes_at)


def messages(thread: Thread, *, viewer: User, after_id: int = 0, limit: int = PAGE) -> list[Line]:
    """Messages after ``after_id``, oldest first: what a live page asks when it hears of news."""
    found = thread.messages.select_related("asset").filter(pk__gt=after_id).order_by("pk")[:limit]
    return _lines(found, thread, viewer)


def history(thread: Thread, *, viewer: User, before_id: int | None = None, limit: int = PAGE) -> list[Line]:
    """The latest messages (before ``before_id``), oldest first: what a page opens with, and scrolls back to."""
    found = thread.messages.select_related("asset").order_by("-pk")
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return _lines(reversed(found[:limit]), thread, viewer)


def _lines(found: Iterable[Message], thread: Thread, viewer: User) -> list[Line]:
    members = {member.user_id: member for member in thread.members.all()}
    if viewer.pk not in members:
        raise NotFound("thread_not_found", _("This conversation does not exist, or it is not yours."))
    others = [member for user_id, member in members.items() if user_id != viewer.pk]
    delivered = min((member.last_delivered_id for member in others), default=0)
    read = min((member.last_read_id for member in others), default=0)
    lines = []
    for message in found:
        mine = message.author_id == viewer.pk
        mark = "read" if message.pk <= read else "delivered" if message.pk <= delivered else "sent"
        lines.append(_line(message, message.shown_text, mine=mine, mark=mark if mine else ""))
    return lines


def _line(message: Message, text: str, *, mine: bool, mark: str) -> Line:
    # once retention or its owner has removed a file, the message stands without it
    asset = message.asset if message.asset and message.asset.removed_at is None else None
    return Line(
        id=message.pk,
        author_id=message.author_id,
        text=text,
        masked=bool(message.masked_text),
        asset_id=asset.pk if asset else None,
        asset_kind=asset.kind if asset else "",
        duration_s=asset.duration_s if asset else None,
        sent_at=message.sent_at,
        system=message.system,
        mine=mine,
        mark=mark,
    )


def unread(viewer: User) -> dict[int, int]:
    """``{thread id: unread messages}`` of the viewer's threads that have some, in one query."""
    rows = (
        ThreadMember.objects.filter(user_id=viewer.pk)
        .annotate(
            count=Count(
                "thread__messages",
                filter=Q(thread__messages__pk__gt=F("last_read_id"))
                & (Q(thread__messages__author__isnull=True) | ~Q(thread__messages__author_id=viewer.pk)),
            )
        )
        .filter(count__gt=0)
    )
    return {row.thread_id: row.count for row in rows}


@transaction.atomic
def open_as_staff(
    viewer: User, pk: int, *, role: str, reason: str, now: datetime
) -> tuple[Thread, list[Line]]:
    """The whole conversation, unmasked, for an agent whose case gives the right; who, when and why is recorded.

    KH-CHAT-04. Raises ``NotFound`` for people, ``Denied`` for staff without a case about it.
    """
    thread = Thread.objects.filter(pk=pk).first()
    if thread is None or not is_staff(viewer):
        raise NotFound("thread_not_found", _("This conversation does not exist, or it is not yours."))
    if not policies.may_read_as_staff(viewer, thread):
        raise Denied(
            "thread_restricted", _("You can read this conversation only for a case that you handle.")
        )
    events.append(
        name="chat.read_by_staff",
        noun="thread",
        subject_id=thread.pk,
        stream=thread.stream,
        actor=Actor(viewer.pk, role, reason=reason),
        now=now,
        payload={"subject": thread.subject},
    )
    found = thread.messages.select_related("asset").order_by("pk")
    return thread, [_line(message, message.text, mine=False, mark="") for message in found]
