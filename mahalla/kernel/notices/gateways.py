"""The ways out: one port, and behind it whoever carries SMS, e-mail, push or WhatsApp.

``settings.MAHALLA_GATEWAYS`` maps each channel to ``{"class": dotted path, **options}``. A gateway is given a key with
each message and must not send one key twice; what it cannot do now it says with ``GatewayDown``, what it will never do
with ``Undeliverable``.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Message:
    """``to`` is an E.164 number, an e-mail address, or the user's id for push; ``link`` is a whole address or empty."""

    channel: str
    to: str
    text: str
    key: str
    subject: str = ""
    link: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text_with_link(self) -> str:
        return f"{self.text}\n{self.link}" if self.link else self.text


class GatewayDown(Exception):
    """Not now: worth another try later."""


class Undeliverable(Exception):
    """Not ever: this address takes nothing."""


class Gateway(Protocol):
    def send(self, message: Message, now: datetime) -> bool:
        """Send; True when it is known to have arrived, False when it is only on its way."""
        ...


def gateway(channel: str) -> Gateway:
    """The gateway of a channel. Raises ``Undeliverable`` where this deployment has none."""
    options = dict(settings.MAHALLA_GATEWAYS.get(channel) or {})
    if not options:
        raise Undeliverable(f"no gateway for {channel}")
    made: Gateway = import_string(options.pop("class"))(**options)
    return made


class Development:
    """Keeps messages as rows that /dev/outbox/ shows, instead of sending them."""

    def send(self, message: Message, now: datetime) -> bool:
        from mahalla.kernel.notices.models import OutboxMessage

        OutboxMessage.objects.get_or_create(
            key=message.key,
            defaults={
                "channel": message.channel,
                "to": message.to,
                "subject": message.subject,
                "text": message.text,
                "link": message.link,
                "at": now,
            },
        )
        return True


class Http:
    """Hands each message as JSON to a service of the operator's (any SMS or WhatsApp provider, behind a few lines).

    ``POST {channel, to, text, key}`` with the key also as ``Idempotency-Key``. 2xx: taken; 4xx but 408, 425 and 429:
    never; everything else: later.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url, self.token = url, token

    def send(self, message: Message, now: datetime) -> bool:
        body = {
            "channel": message.channel,
            "to": message.to,
            "text": message.text_with_link,
            "key": message.key,
        }
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)  # noqa: S310 - from settings
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                return False
        except urllib.error.HTTPError as answer:
            if 400 <= answer.code < 500 and answer.code not in {408, 425, 429}:
                raise Undeliverable(f"the gateway answered {answer.code}") from None
            raise GatewayDown(f"the gateway answered {answer.code}") from None
        except OSError as error:
            raise GatewayDown(f"the gateway does not answer: {type(error).__name__}") from None


class Smtp:
    """E-mail by Django's SMTP backend. The key becomes the Message-ID, by which mail servers know a repetition."""

    def __init__(self, **options: Any) -> None:
        self.sender = options.pop("sender")
        self.options = options

    def send(self, message: Message, now: datetime) -> bool:
        import smtplib

        from django.core.mail import EmailMessage, get_connection

        domain = self.sender.rpartition("@")[2]
        mail = EmailMessage(
            message.subject,
            message.text_with_link,
            self.sender,
            [message.to],
            headers={"Message-ID": f"<{message.key}@{domain}>"},
            connection=get_connection(
                "django.core.mail.backends.smtp.EmailBackend", timeout=TIMEOUT_S, **self.options
            ),
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            if all(500 <= code < 600 for code, _text in error.recipients.values()):
                raise Undeliverable("the mail server refuses this address") from None
            raise GatewayDown("the mail server puts this address off") from None
        except (smtplib.SMTPException, OSError) as error:
            raise GatewayDown(f"the mail server does not take it: {type(error).__name__}") from None
        return False
