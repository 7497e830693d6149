"""Telling people things: the row in the app at once, the ways out through the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from mahalla.kernel import policy
from mahalla.kernel.events import operations as events
from mahalla.kernel.events import outbox
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import switches, wording
from mahalla.kernel.notices.models import Channel, Delivery, Notice, PushSubscription, Text
from mahalla.kit.actors import SYSTEM
from mahalla.kit.market import NoticeSpec, active

MERGE_WITHIN = timedelta(seconds=10)
TEXT_LIVES = timedelta(minutes=10)
LOG_DAYS = 30


def notify(
    *,
    name: str,
    user_id: int,
    params: Mapping[str, Any],
    link: str,
    now: datetime,
    key: str,
    merge: str = "",
) -> Notice:
    """Tell a person something, once per ``key`` (KH-NOTE-01, KH-NOTE-07).

    The words are the market's ``NoticeSpec`` in the person's language. Push goes at once; SMS follows where the spec has
    it and no push arrived (KH-NOTE-05); e-mail where the spec has it. Notices with one ``merge`` key within 10 s leave as
    one message (KH-NOTE-02). Raises ``KeyError`` for a notice that the market does not declare.
    """
    spec = active().notices[name]
    with transaction.atomic():
        user = User.objects.get(pk=user_id)
        language = wording.language_of(user)
        title, body = wording.written(spec, params, language)
        off = switches.switched_off(user, spec)
        notice, fresh = Notice.objects.get_or_create(
            user=user,
            key=key,
            defaults={
                "name": name,
                "group": spec.group,
                "title": title[:200],
                "body": body,
                "link": link,
                "params": wording.kept(params, language),
                "merge": merge,
                "shown": Channel.IN_APP not in off,
                "created_at": now,
            },
        )
        if fresh:
            _tell_open_pages(notice, now)
            _send_out(notice, user, spec, off, now)
    return notice


def send_text(to: str, text: str, now: datetime) -> None:
    """An SMS to a number rather than to an account (a sign-in code); no switch holds it back, and it grows stale."""
    with transaction.atomic():
        row = Text.objects.create(
            channel=Channel.SMS, to=to, text=text, created_at=now, expires_at=now + TEXT_LIVES
        )
        outbox.enqueue("notices.text", key=f"text:{row.pk}:0", payload={"text": row.pk}, now=now)


def purge(now: datetime) -> int:
    """Forget to which numbers texts went more than ``LOG_DAYS`` ago; for a market's list of recurring jobs."""
    gone, _ = Text.objects.filter(created_at__lt=now - timedelta(days=LOG_DAYS)).delete()
    return gone


def mark_read(user: User, *, now: datetime, ids: Iterable[int] | None = None) -> int:
    """Mark the person's own notices read: these, or all; returns how many were not before."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=now)


def push_arrived(user: User, *, notice_id: int, now: datetime) -> bool:
    """The person's browser says that it showed the notice; a waiting SMS is then spared. False for others' notices."""
    return bool(
        Delivery.objects.filter(
            notice_id=notice_id, notice__user=user, channel=Channel.PUSH, state=Delivery.State.SENT
        ).update(state=Delivery.State.DELIVERED)
    )


def subscribe(user: User, *, endpoint: str, p256dh: str, auth: str, now: datetime) -> PushSubscription:
    """Let a browser show this person's notices; a browser that somebody else used before changes hands."""
    row, _fresh = PushSubscription.objects.update_or_create(
        endpoint=endpoint,
        defaults={"user": user, "p256dh": p256dh, "auth": auth, "created_at": now, "ended_at": None},
    )
    return row


def unsubscribe(user: User, *, endpoint: str, now: datetime) -> None:
    PushSubscription.objects.filter(user=user, endpoint=endpoint, ended_at=None).update(ended_at=now)


def _tell_open_pages(notice: Notice, now: datetime) -> None:
    """The live stream carries the news to the person's open pages, without its words."""
    topic = f"user:{notice.user_id}"
    events.append(
        name="notice",
        noun="notice",
        subject_id=notice.pk,
        stream=topic,
        actor=SYSTEM,
        now=now,
        topics=[topic] if notice.shown else [],
    )


def _send_out(notice: Notice, user: User, spec: NoticeSpec, off: set[str], now: datetime) -> None:
    first = now if spec.critical else switches.not_before(user, now)
    if notice.merge:
        first = _merged(notice, first, now)
    reachable = Channel.PUSH not in off and PushSubscription.objects.filter(user=user, ended_at=None).exists()
    if reachable:
        _queue(notice, Channel.PUSH, first, now)
    if spec.sms and user.phone and Channel.SMS not in off:
        _queue(notice, Channel.SMS, first + fallback_after(now) if reachable else first, now)
    if spec.email and user.email and Channel.EMAIL not in off:
        _queue(notice, Channel.EMAIL, first, now)


def fallback_after(now: datetime) -> timedelta:
    """How long a push may take to arrive before an SMS follows."""
    try:
        return timedelta(seconds=policy.get("sms_fallback_s", now=now))
    except KeyError:
        return timedelta(seconds=60)


def _merged(notice: Notice, first: datetime, now: datetime) -> datetime:
    """When a notice with a merge key leaves: together with the earlier one that still waits, or 10 s from now."""
    earlier = (
        Notice.objects.select_for_update()
        .filter(
            user_id=notice.user_id, merge=notice.merge, created_at__gt=now - MERGE_WITHIN, pk__lt=notice.pk
        )
        .order_by("-pk")
        .first()
    )
    if earlier is None:
        return first + MERGE_WITHIN
    waiting = Delivery.objects.filter(notice=earlier, state=Delivery.State.QUEUED, attempts=0)
    if not waiting.exists():
        return first
    notice.params = {**notice.params, "_with": [*earlier.params.get("_with", []), earlier.pk]}
    notice.save(update_fields=["params"])
    due = min(delivery.due_at for delivery in waiting)
    waiting.update(state=Delivery.State.SKIPPED, reason=f"sent together with notice {notice.pk}")
    return max(due, first)


def _queue(notice: Notice, channel: str, due: datetime, now: datetime) -> None:
    delivery = Delivery.objects.create(notice=notice, channel=channel, due_at=due)
    outbox.enqueue(
        "notices.deliver",
        key=f"delivery:{delivery.pk}:0",
        payload={"delivery": delivery.pk},
        now=now,
        due_at=due,
    )
