"""Personal data of checks at rest: sealed values, and keyed hashes that find a double without knowing the number.

The keys are those of ``media.vault`` (``MAHALLA_FIELD_KEY``, several separated by commas: the first seals, all open).
Hashes are made with the *last* one, so that a new key is put in front and old rows keep matching (KH-SEC-04).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from mahalla.kernel.media import vault


def seal(data: Mapping[str, Any], *, user_id: int, kind: str) -> str:
    """Encrypt a small JSON object, bound to whose it is and of what kind; the empty one stays empty."""
    if not data:
        return ""
    plain = json.dumps(dict(data), ensure_ascii=False).encode()
    return base64.b64encode(vault.seal(plain, context=_context(user_id, kind))).decode()


def unseal(sealed: str, *, user_id: int, kind: str) -> dict[str, Any]:
    """The object that ``seal`` was given. Raises ``media.vault.CannotOpen``."""
    if not sealed:
        return {}
    opened: dict[str, Any] = json.loads(
        vault.unseal(base64.b64decode(sealed), context=_context(user_id, kind))
    )
    return opened


def canonical(number: str) -> str:
    """The number as it is compared: letters and digits only, upper case, digits of any script as ASCII."""
    kept = []
    for char in number:
        if char.isdecimal():
            kept.append(str(int(char)))
        elif char.isalnum():
            kept.append(char.upper())
    return "".join(kept)


def keyed_hash(kind: str, number: str) -> str:
    """64 hex digits, the same for every spelling of the same number of one kind; useless without the key."""
    keys = [
        key.strip() for key in (getattr(settings, "MAHALLA_FIELD_KEY", "") or settings.SECRET_KEY).split(",")
    ]
    secret = f"mahalla trust hash {keys[-1]}".encode()
    return hmac.new(secret, f"{kind}:{canonical(number)}".encode(), hashlib.sha256).hexdigest()


def _context(user_id: int, kind: str) -> str:
    return f"verification:{user_id}:{kind}"
