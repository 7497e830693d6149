"""Opening and closing conversations, and speaking in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.chat import detect, listeners
from mahalla.kernel.chat.models import Message, Thread, ThreadMember
from mahalla.kernel.events import operations as events
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound, Refused, TooMany
from mahalla.kit.market import UnknownMarket

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User

TEXT_MAX = 2000
#: messages a minute where the market declares no ``chat_messages_per_min``
RATE = 20
RATE_WINDOW = timedelta(minutes=1)


@transaction.atomic
def open_thread(
    *,
    subject: str,
    kind: str,
    members: Mapping[int, str],
    now: datetime,
    mask_contacts: bool = False,
    closes_at: datetime | None = None,
) -> Thread:
    """The open thread of a subject and these people: made, or opened again with these settings.

    ``members`` gives each user id its role. Calling it twice is calling it once; other people get another thread.
    """
    party = ",".join(str(user_id) for user_id in sorted(members))
    Thread.objects.bulk_create(
        [Thread(subject=subject, kind=kind, party=party, opened_at=now)], ignore_conflicts=True
    )
    thread = Thread.objects.select_for_update(no_key=True).get(subject=subject, kind=kind, party=party)
    thread.access, thread.closed_at = Thread.Access.OPEN, None
    thread.mask_contacts, thread.closes_at = mask_contacts, closes_at
    thread.save(update_fields=["access", "closed_at", "mask_contacts", "closes_at"])
    ThreadMember.objects.bulk_create(
        [ThreadMember(thread=thread, user_id=user_id, role=role) for user_id, role in members.items()],
        ignore_conflicts=True,
    )
    return thread


def close_thread(thread: Thread, *, now: datetime) -> None:
    """From now on it is read, not written. Closing a closed one changes nothing."""
    _close(Thread.objects.filter(pk=thread.pk), now)


def close_threads(*, subject: str, now: datetime) -> int:
    """Close every thread about a subject (cancelled, taken back); returns how many were open."""
    return _close(Thread.objects.filter(subject=subject), now)


def _close(threads: QuerySet[Thread], now: datetime) -> int:
    still_open = threads.filter(access=Thread.Access.OPEN)
    return still_open.update(access=Thread.Access.READ_ONLY, closed_at=now)


def set_masking(thread: Thread, *, on: bool) -> None:
    """Hide contact details in messages from here on, or stop hiding them. What was sent stays as it was shown."""
    Thread.objects.filter(pk=thread.pk).update(mask_contacts=on)


def schedule_close(thread: Thread, *, closes_at: datetime | None) -> None:
    """Nothing may be sent from ``closes_at`` on (KH-CHAT-01: 7 days after completion)."""
    Thread.objects.filter(pk=thread.pk).update(closes_at=closes_at)


@transaction.atomic
def send(
    thread: Thread,
    *,
    author: User,
    now: datetime,
    text: str = "",
    asset: Asset | None = None,
    client_key: str = "",
) -> Message:
    """Say something: words, or a picture or voice note of the author's own, or both.

    ``client_key`` makes a repeated sending (a bad line) the same message. Raises ``NotFound`` for one who is no member,
    ``Refused`` ``chat_closed``, ``Invalid``, and ``TooMany`` above ``chat_messages_per_min``.
    """
    # holding the thread's row orders its messages: ids become visible in their order
    thread = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
    if not author.is_active or not thread.members.filter(user_id=author.pk).exists():
        raise NotFound("thread_not_found", _("This conversation does not exist, or it is not yours."))
    text = text.strip()
    if client_key and (earlier := _earlier(thread, author, client_key, text, asset)):
        return earlier
    if thread.access != Thread.Access.OPEN or (thread.closes_at and now >= thread.closes_at):
        raise Refused("chat_closed", _("This conversation is closed. You can still read it."))
    _check(text, asset, author)
    _check_rate(author, now)
    findings = detect.find(text)
    masked = detect.mask(text, findings) if thread.mask_contacts else text
    message = Message.objects.create(
        thread=thread,
        author=author,
        text=text,
        masked_text=masked if masked != text else "",
        asset=asset,
        sent_at=now,
        flags=detect.kinds(findings),
        client_key=client_key,
    )
    thread.members.filter(user_id=author.pk).update(
        last_delivered_id=message.pk, last_delivered_at=now, last_read_id=message.pk, last_read_at=now
    )
    _tell(message, actor=Actor(author.pk, _role(thread, author)), now=now)
    return message


@transaction.atomic
def say(thread: Thread, *, text: str, now: datetime) -> Message:
    """A line of the platform itself in the thread ("Work has started"), also in a closed one."""
    thread = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
    message = Message.objects.create(thread=thread, text=text, sent_at=now, system=True)
    _tell(message, actor=SYSTEM, now=now)
    return message


def _earlier(thread: Thread, author: User, client_key: str, text: str, asset: Asset | None) -> Message | None:
    earlier = Message.objects.filter(thread=thread, author=author, client_key=client_key).first()
    if earlier and (earlier.text, earlier.asset_id) != (text, asset.pk if asset else None):
        raise Refused("key_used", _("This message was sent already with other words. Send it as a new one."))
    return earlier


def _check(text: str, asset: Asset | None, author: User) -> None:
    if not text and asset is None:
        raise Invalid({"text": _("Write something, or add a picture or a voice note.")})
    if len(text) > TEXT_MAX:
        raise Invalid({"text": _("A message may have %(max)s characters.") % {"max": TEXT_MAX}})
    if asset is None:
        return
    usable = asset.owner_id == author.pk and asset.purpose == "chat" and asset.removed_at is None
    if not usable or Message.objects.filter(asset=asset).exists():
        raise Invalid({"asset": _("Send this picture or voice note again from your device.")})


def _rate(now: datetime) -> int:
    try:
        return int(policy.get("chat_messages_per_min", now=now))
    except (KeyError, UnknownMarket):
        return RATE


def _check_rate(author: User, now: datetime) -> None:
    recent = Message.objects.filter(author=author, sent_at__gt=now - RATE_WINDOW, sent_at__lte=now)
    allowed = _rate(now)
    times = list(recent.order_by("-sent_at").values_list("sent_at", flat=True)[:allowed])
    if len(times) == allowed:
        wait = (times[-1] + RATE_WINDOW - now).total_seconds()
        raise TooMany(
            "chat_rate", _("You are writing very fast. Wait a moment."), retry_after_s=max(1, int(wait) + 1)
        )


def _role(thread: Thread, author: User) -> str:
    return thread.members.get(user_id=author.pk).role


def _tell(message: Message, *, actor: Actor, now: datetime) -> None:
    """The event carries no words: readers fetch the message, and get what they may see of it."""
    thread = message.thread
    members = thread.members.values_list("user_id", flat=True)
    events.append(
        name="chat.message",
        noun="thread",
        subject_id=thread.pk,
        stream=thread.stream,
        actor=actor,
        now=now,
        payload={"message": message.pk, "subject": thread.subject},
        topics=[f"user:{user_id}" for user_id in members],
    )
    listeners.tell("sent", message, now=now)
    if message.flags:
        listeners.tell("detected", message, now=now)


@transaction.atomic
def mark_delivered(thread: Thread, *, user: User, now: datetime, up_to: int | None = None) -> None:
    """The user's device has the messages up to this id (default: all)."""
    _mark(thread, user, now, up_to, read=False)


@transaction.atomic
def mark_read(thread: Thread, *, user: User, now: datetime, up_to: int | None = None) -> None:
    """The user has seen the messages up to this id (default: all). Reading implies delivery; marks never go back."""
    _mark(thread, user, now, up_to, read=True)


def _mark(thread: Thread, user: User, now: datetime, up_to: int | None, *, read: bool) -> None:
    member = ThreadMember.objects.select_for_update().filter(thread=thread, user_id=user.pk).first()
    if member is None:
        raise NotFound("thread_not_found", _("This conversation does not exist, or it is not yours."))
    messages = thread.messages.all() if up_to is None else thread.messages.filter(pk__lte=up_to)
    last = messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    changed = False
    if last > member.last_delivered_id:
        member.last_delivered_id, member.last_delivered_at, changed = last, now, True
    if read and last > member.last_read_id:
        member.last_read_id, member.last_read_at, changed = last, now, True
    if not changed:
        return
    member.save()
    events.append(
        name="chat.read" if read else "chat.delivered",
        noun="thread",
        subject_id=thread.pk,
        stream=thread.stream,
        actor=Actor(user.pk, member.role),
        now=now,
        payload={"up_to": last},
        topics=[f"user:{user_id}" for user_id in thread.members.values_list("user_id", flat=True)],
    )


@transaction.atomic
def purge(*, before: datetime, now: datetime, limit: int = 1000) -> int:
    """Delete messages sent before an instant, with their pictures and voice notes; returns how many (KH-SEC-02).

    Those of a case stay as long as the case.
    """
    from mahalla.kernel.chat.privacy import kept

    staying = kept(Thread.objects.filter(messages__sent_at__lt=before).distinct())
    due = list(
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("asset")
        .filter(sent_at__lt=before)
        .exclude(thread_id__in=staying)
        .order_by("pk")[:limit]
    )
    Message.objects.filter(pk__in=[message.pk for message in due]).delete()
    for message in due:
        if message.asset is not None:
            media.remove(message.asset, actor=SYSTEM, now=now)
    return len(due)


@transaction.atomic
def erase(*, author_id: int, actor: Actor, now: datetime, besides: Collection[int] = ()) -> int:
    """Empty what a person wrote and destroy what they sent, for their right to be forgotten; the lines stay as places.

    Returns how many messages were emptied. ``besides`` are the threads that stay as a record: the caller's rule.
    """
    files = Asset.objects.filter(owner_id=author_id, purpose="chat", removed_at=None)
    for asset in files.exclude(chat_message__thread_id__in=besides):
        media.remove(asset, actor=actor, now=now)
    return (
        Message.objects.filter(author_id=author_id)
        .exclude(thread_id__in=besides)
        .exclude(text="", masked_text="")
        .update(text="", masked_text="")
    )
