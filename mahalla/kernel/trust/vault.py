"""Personal data of checks at rest: sealed values, and keyed hashes that find a double without knowing the number.

``MAHALLA_FIELD_KEY`` may hold several keys, separated by commas: the first seals, all open, and the *last* makes the
hashes, so that a new key is put in front and old rows keep working (KH-SEC-04).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(RuntimeError):
    """A sealed value that no configured key opens: a key was lost or the row was tampered with."""


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mahalla trust " + purpose).derive(
        key.encode()
    )


def _keys() -> tuple[str, ...]:
    given = getattr(settings, "MAHALLA_FIELD_KEY", "") or settings.SECRET_KEY
    return tuple(key.strip() for key in given.split(",") if key.strip())


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, b"seal"))) for key in keys])


@lru_cache(maxsize=4)
def _hash_key(keys: tuple[str, ...]) -> bytes:
    return _derive(keys[-1], b"hash")


def seal(data: Mapping[str, Any]) -> str:
    """Encrypt a small JSON object; the empty one stays empty."""
    if not data:
        return ""
    return _box(_keys()).encrypt(json.dumps(dict(data), ensure_ascii=False).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """The object that ``seal`` was given. Raises ``Unreadable``."""
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_box(_keys()).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise Unreadable("no configured key opens this value") from error
    return opened


def canonical(number: str) -> str:
    """The number as it is compared: letters and digits only, upper case, Eastern Arabic digits made ASCII."""
    kept = []
    for char in number:
        if char.isdecimal():
            kept.append(str(int(char)))
        elif char.isalnum():
            kept.append(char.upper())
    return "".join(kept)


def keyed_hash(kind: str, number: str) -> str:
    """64 hex digits, the same for every spelling of the same number of one kind; useless without the key."""
    text = f"{kind}:{canonical(number)}".encode()
    return hmac.new(_hash_key(_keys()), text, hashlib.sha256).hexdigest()
