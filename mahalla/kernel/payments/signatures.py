"""Signed webhooks in the manner of Standard Webhooks: an id, a timestamp, and HMAC-SHA256 over both and the body."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from mahalla.kernel.payments.provider import BadSignature

TOLERANCE = timedelta(minutes=5)


def sign(body: bytes, *, event_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The headers that go with ``body``."""
    at = str(int(now.timestamp()))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{_digest(event_id, at, body, secret)}",
    }


def verify(body: bytes, *, headers: Mapping[str, str], secret: str, now: datetime) -> str:
    """The event's id, if ``body`` was signed with ``secret`` within five minutes of ``now``. Raises ``BadSignature``.

    Several signatures may stand side by side while a secret is being changed; one right one is enough.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event_id, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not event_id or not at.isascii() or not at.isdigit():
        raise BadSignature("unsigned")
    if abs(int(now.timestamp()) - int(at)) > TOLERANCE.total_seconds():
        raise BadSignature("signed too long ago, or in the future")
    right = _digest(event_id, at, body, secret)
    for part in given.get("webhook-signature", "").split():
        version, _, digest = part.partition(",")
        if version == "v1" and hmac.compare_digest(digest.encode(), right.encode()):
            return event_id
    raise BadSignature("the signature is not the provider's")


def _digest(event_id: str, at: str, body: bytes, secret: str) -> str:
    content = f"{event_id}.{at}.".encode() + body
    return b64encode(hmac.new(secret.encode(), content, sha256).digest()).decode()
