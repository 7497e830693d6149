"""Keeping the promises: the outbox's handlers that hand messages to the gateways.

A gateway that is down is no exception here: the try is written down and a new promise made for later, so that what
failed, how often and why stands on the row (KH-NOTE-07). The message's key stays the same over all tries; gateways
send no key twice.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from mahalla.kernel.events import outbox
from mahalla.kernel.notices import wording
from mahalla.kernel.notices.gateways import GatewayDown, Message, Undeliverable, gateway
from mahalla.kernel.notices.models import Channel, Delivery, Notice, PushSubscription, Text

log = logging.getLogger(__name__)
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200)


@outbox.handler("notices.deliver")
def deliver(payload: dict[str, Any], now: datetime) -> None:
    """Hand one delivery over, unless it is settled or no longer needed."""
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("notice__user")
        .filter(pk=payload["delivery"], state=Delivery.State.QUEUED)
        .first()
    )
    if delivery is None:
        return
    spared = _spared(delivery)
    if spared:
        delivery.state, delivery.reason = Delivery.State.SKIPPED, spared
        delivery.save(update_fields=["state", "reason"])
        return
    _hand_over(delivery, _message(delivery), "notices.deliver", {"delivery": delivery.pk}, now)


@outbox.handler("notices.text")
def send(payload: dict[str, Any], now: datetime) -> None:
    """Hand one text to a number over, unless it is stale."""
    row = Text.objects.select_for_update().filter(pk=payload["text"], state=Delivery.State.QUEUED).first()
    if row is None:
        return
    if now >= row.expires_at:
        row.state, row.reason, row.text = Delivery.State.FAILED, f"too late; {row.reason}"[:300], ""
        row.save(update_fields=["state", "reason", "text"])
        return
    message = Message(channel=row.channel, to=row.to, text=row.text, key=f"text-{row.pk}")
    _hand_over(row, message, "notices.text", {"text": row.pk}, now)


def _spared(delivery: Delivery) -> str:
    """Why this message is not needed any more, or nothing."""
    notice = delivery.notice
    if not notice.user.is_active:
        return "the account is closed"
    if delivery.channel == Channel.SMS:
        pushed = Delivery.objects.filter(notice=notice, channel=Channel.PUSH, state=Delivery.State.DELIVERED)
        if pushed.exists():
            return "the push arrived"
        if notice.read_at is not None:
            return "read in the app"
    return ""


def _message(delivery: Delivery) -> Message:
    notice = delivery.notice
    together = [*Notice.objects.filter(pk__in=notice.params.get("_with", [])).order_by("pk"), notice]
    text = "\n".join(dict.fromkeys(one.body for one in together))
    user = notice.user
    to = {Channel.SMS: user.phone or "", Channel.WHATSAPP: user.phone or "", Channel.EMAIL: user.email}
    return Message(
        channel=delivery.channel,
        to=to.get(Channel(delivery.channel), str(user.pk)),
        subject=notice.title,
        text=text,
        link=wording.whole_link(notice.link),
        key=f"delivery-{delivery.pk}",
        data={"notice": notice.pk},
    )


def _hand_over(
    row: Delivery | Text, message: Message, kind: str, payload: dict[str, Any], now: datetime
) -> None:
    row.attempts += 1
    try:
        if not message.to:
            raise Undeliverable("no address")
        arrived = gateway(message.channel).send(message, now)
    except Undeliverable as error:
        row.state, row.reason = Delivery.State.FAILED, str(error)[:300]
        if message.channel == Channel.PUSH:
            PushSubscription.objects.filter(user_id=int(message.to), ended_at=None).update(ended_at=now)
    except GatewayDown as error:
        row.reason = str(error)[:300]
        if row.attempts > len(PAUSES_S):
            row.state = Delivery.State.FAILED
        else:
            due = now + timedelta(seconds=PAUSES_S[row.attempts - 1])
            key = f"{message.key.replace('-', ':')}:{row.attempts}"
            outbox.enqueue(kind, key=key, payload=payload, now=now, due_at=due)
    else:
        row.state = Delivery.State.DELIVERED if arrived else Delivery.State.SENT
        row.sent_at, row.reason = now, ""
    if isinstance(row, Text) and row.state != Delivery.State.QUEUED:
        row.text = ""  # a code that was sent is nobody's to read
    row.save()
    level = logging.INFO if row.sent_at else logging.WARNING
    log.log(level, "message %s by %s: %s %s", message.key, message.channel, row.state, row.reason)
