"""Keyed hashes: what is kept of a secret or of a banned number."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def _digest(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def short_lived(*parts: str) -> str:
    """Of codes, proofs and tokens: worthless after the signing key is changed."""
    return _digest(settings.SECRET_KEY, "identity", *parts)


def lasting(*parts: str) -> str:
    """Of banned phones: keyed by the oldest of the keys that seal documents, which outlives signing keys."""
    keys = getattr(settings, "MAHALLA_FIELD_KEY", "") or settings.SECRET_KEY
    return _digest(keys.split(",")[-1].strip(), "identity.ban", *parts)
