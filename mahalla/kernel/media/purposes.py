"""What each purpose of a file takes: which kinds, how large, and whether it is kept encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mahalla.kernel import policy
from mahalla.kernel.media.models import Asset

MB = 1024 * 1024
IMAGE, AUDIO, DOCUMENT = Asset.Kind.IMAGE, Asset.Kind.AUDIO, Asset.Kind.DOCUMENT
PHOTO_MAX_MB = 10
VOICE_NOTE_MAX_S = 120


@dataclass(frozen=True, slots=True)
class Purpose:
    """``max_mb`` None: the policy number ``photo_max_mb``. ``encrypted``: sealed at rest and every reading recorded."""

    name: str
    kinds: frozenset[str] = frozenset({IMAGE})
    max_mb: int | None = None
    encrypted: bool = False

    def max_bytes(self, now: datetime) -> int:
        mb = self.max_mb if self.max_mb is not None else number("photo_max_mb", PHOTO_MAX_MB, now)
        return int(mb * MB)


_purposes: dict[str, Purpose] = {}


def declare(purpose: Purpose) -> Purpose:
    """Add or replace a purpose; a market with files of its own declares theirs."""
    _purposes[purpose.name] = purpose
    return purpose


def get(name: str) -> Purpose:
    """The declared purpose. Raises ``KeyError`` for another: that is a fault of the caller, not of a person."""
    return _purposes[name]


def number(name: str, default: float, now: datetime) -> float:
    """A policy number that a market may leave out."""
    try:
        return float(policy.get(name, now=now))
    except LookupError:
        return default


for _name in ("task_photo", "evidence", "avatar", "portfolio"):
    declare(Purpose(_name))
declare(Purpose("chat", kinds=frozenset({IMAGE, AUDIO})))
declare(Purpose("dispute", kinds=frozenset({IMAGE, AUDIO, DOCUMENT})))
declare(Purpose("document", kinds=frozenset({IMAGE, DOCUMENT}), encrypted=True))
