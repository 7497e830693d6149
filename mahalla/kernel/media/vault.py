"""Sealing what must not lie readable on a disk: identity documents (AES-256-GCM).

The key comes from ``MAHALLA_FIELD_KEY``; several keys, separated by commas, let an operator turn to a new one: the first
seals, any of them opens. What a sealed piece belongs to (``context``) is bound into it, so that one person's file put in
another's place does not open. Without a field key (development only; production refuses to start) it is derived from
``SECRET_KEY``.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = b"\x01"
ID_BYTES, NONCE_BYTES = 4, 12


class CannotOpen(Exception):
    """No key that we hold opens this, or it was changed or moved."""


def _keys() -> list[bytes]:
    given = getattr(settings, "MAHALLA_FIELD_KEY", "") or settings.SECRET_KEY
    return [_derived(key.strip()) for key in given.split(",") if key.strip()]


@lru_cache(maxsize=8)
def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mahalla media seal").derive(key.encode())


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"name:" + key).digest()[:ID_BYTES]


def seal(plain: bytes, *, context: str) -> bytes:
    """Version, key name, nonce, then the ciphertext with its tag."""
    key = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + _name(key) + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """The plain bytes. Raises ``CannotOpen``."""
    start = len(VERSION) + ID_BYTES
    name, nonce = sealed[len(VERSION) : start], sealed[start : start + NONCE_BYTES]
    for key in _keys():
        if sealed.startswith(VERSION) and _name(key) == name:
            try:
                return AESGCM(key).decrypt(nonce, sealed[start + NONCE_BYTES :], context.encode())
            except InvalidTag:
                break
    raise CannotOpen(context)
