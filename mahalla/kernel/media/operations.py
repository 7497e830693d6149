"""Taking files in and destroying them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import operations as events
from mahalla.kernel.events import outbox
from mahalla.kernel.media import audio, images, purposes, sniff, vault
from mahalla.kernel.media.models import Asset
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User

#: what makes a PDF act when it is opened; documents of people need none of it
ACTIVE_PDF = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/OpenAction<</S/JavaScript")


class Upload(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def store(file: Upload | BinaryIO, *, owner: User, purpose: str, now: datetime, field: str = "file") -> Asset:
    """Take a file in: find its real type, check it, free it of metadata, keep it privately.

    Nothing that the sender says about the file (name, type, size, length) is believed. Raises ``Invalid`` with a
    sentence under ``field``. How many files a thing may have is the caller's rule.
    """
    rule = purposes.get(purpose)
    limit = rule.max_bytes(now)
    data = file.read(limit + 1)
    mime = _accepted_type(data, rule, limit, field)
    asset = Asset(
        owner=owner,
        purpose=purpose,
        encrypted=rule.encrypted,
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=now,
    )
    thumb = b""
    if mime in sniff.IMAGES:
        data, thumb = _take_image(asset, data, mime, field)
    elif mime in sniff.AUDIO:
        data = _take_audio(asset, data, mime, now, field)
    else:
        _take_pdf(asset, data, field)
    asset.bytes = len(data)
    asset.path = _write(data, encrypted=rule.encrypted)
    asset.thumb_path = _write(thumb, encrypted=rule.encrypted) if thumb else ""
    asset.save()
    return asset


def _accepted_type(data: bytes, rule: purposes.Purpose, limit: int, field: str) -> str:
    if not data:
        raise Invalid({field: _("This file is empty. Choose another one.")}, code="file_empty")
    if len(data) > limit:
        sentence = _("This file is larger than %(mb)s MB. Send a smaller one.")
        raise Invalid({field: sentence % {"mb": limit // purposes.MB}}, code="file_too_large")
    mime = sniff.sniff(data)
    if mime == "text/html":
        sentence = _("This is a web page or a drawing with code in it, whatever its name says. Send a photo.")
        raise Invalid({field: sentence}, code="file_is_markup")
    taken: dict[str, frozenset[str]] = {
        purposes.IMAGE: sniff.IMAGES,
        purposes.AUDIO: sniff.AUDIO,
        purposes.DOCUMENT: sniff.DOCUMENTS,
    }
    if not any(mime in taken[kind] for kind in rule.kinds):
        raise Invalid({field: _wanted(rule.kinds)}, code="file_type")
    return mime


def _wanted(kinds: frozenset[str]) -> Any:
    if kinds == {purposes.IMAGE}:
        return _("Send a photo: JPEG, PNG, WebP or HEIC.")
    if purposes.DOCUMENT in kinds and purposes.AUDIO not in kinds:
        return _("Send a photo (JPEG, PNG, WebP, HEIC) or a PDF.")
    if purposes.DOCUMENT in kinds:
        return _("Send a photo, a voice note or a PDF.")
    return _("Send a photo or a voice note.")


def _take_image(asset: Asset, data: bytes, mime: str, field: str) -> tuple[bytes, bytes]:
    try:
        picture = images.process(data, mime)
    except images.TooManyPixels:
        sentence = _("This picture has more than %(mp)s million pixels. Send a smaller one.")
        raise Invalid(
            {field: sentence % {"mp": images.MAX_PIXELS // 1_000_000}}, code="too_many_pixels"
        ) from None
    except images.BadImage:
        raise Invalid(
            {field: _("This picture is damaged or cut off. Take or choose it again.")}, code="file_damaged"
        ) from None
    asset.kind, asset.mime, asset.meta = Asset.Kind.IMAGE, "image/webp", picture.meta
    asset.width, asset.height = picture.width, picture.height
    return picture.full, picture.thumb


def _take_audio(asset: Asset, data: bytes, mime: str, now: datetime, field: str) -> bytes:
    longest_s = int(purposes.number("voice_note_max_s", purposes.VOICE_NOTE_MAX_S, now))
    try:
        seconds = audio.duration_s(data, mime)
        data = audio.stripped(data, mime)
    except audio.BadAudio:
        raise Invalid(
            {field: _("This voice note is damaged or not only sound. Record it again.")}, code="file_damaged"
        ) from None
    # half a second of grace: recorders stop a little after the button
    if seconds > longest_s + 0.5:
        sentence = _("A voice note may last %(seconds)s seconds. Record a shorter one.")
        raise Invalid({field: sentence % {"seconds": longest_s}}, code="voice_note_too_long")
    asset.kind, asset.mime, asset.duration_s = Asset.Kind.AUDIO, mime, round(seconds, 2)
    return data


def _take_pdf(asset: Asset, data: bytes, field: str) -> None:
    if b"%%EOF" not in data[-2048:]:
        raise Invalid({field: _("This PDF is damaged or cut off. Save it again.")}, code="file_damaged")
    if any(mark in data for mark in ACTIVE_PDF):
        sentence = _(
            "This PDF contains programs or other files. Save it as a plain PDF or send photos of it."
        )
        raise Invalid({field: sentence}, code="active_document")
    asset.kind, asset.mime = Asset.Kind.DOCUMENT, "application/pdf"


def _write(data: bytes, *, encrypted: bool) -> str:
    """Keep the bytes under a random name that says nothing of owner, type or original name."""
    token = secrets.token_hex(20)
    path = f"assets/{token[:2]}/{token[2:4]}/{token}"
    content = vault.seal(data, context=path) if encrypted else data
    kept = default_storage.save(path, ContentFile(content))
    if kept != path:  # pragma: no cover - 160 random bits do not meet; sealed bytes would no longer open
        raise RuntimeError(f"storage renamed {path}")
    return path


@transaction.atomic
def remove(asset: Asset, *, actor: Actor, now: datetime) -> None:
    """Destroy a file. It is out of reach at once; its bytes go after commit, tried until they are gone.

    Whether ``actor`` may remove it is the caller's rule. Doing it twice changes nothing.
    """
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset.pk)
    if asset.removed_at is not None:
        return
    paths = [path for path in (asset.path, asset.thumb_path) if path]
    asset.path, asset.thumb_path, asset.meta, asset.removed_at = "", "", {}, now
    asset.save(update_fields=["path", "thumb_path", "meta", "removed_at"])
    outbox.enqueue("media.delete", key=f"media.delete:{asset.pk}", payload={"paths": paths}, now=now)
    events.append(
        name="media.removed",
        noun="asset",
        subject_id=asset.pk,
        stream=f"asset:{asset.pk}",
        actor=actor,
        now=now,
        payload={"purpose": asset.purpose},
    )


def remove_all(
    *, owner_id: int, actor: Actor, now: datetime, purpose: str = "", before: datetime | None = None
) -> int:
    """Destroy a person's files, of one ``purpose`` or all, made ``before`` an instant or ever. Returns how many."""
    found = Asset.objects.filter(owner_id=owner_id, removed_at__isnull=True).order_by("pk")
    if purpose:
        found = found.filter(purpose=purpose)
    if before is not None:
        found = found.filter(created_at__lt=before)
    count = 0
    for asset in found:
        remove(asset, actor=actor, now=now)
        count += 1
    return count


@outbox.handler("media.delete")
def _delete(payload: dict[str, Any], now: datetime) -> None:
    for path in payload["paths"]:
        default_storage.delete(path)


def sweep(*, now: datetime, older_than: timedelta = timedelta(days=1)) -> int:
    """Delete files that no row names: uploads whose transaction was undone. Returns how many."""
    gone = 0
    for outer in _directories("assets"):
        for inner in _directories(outer):
            names = [f"{inner}/{name}" for name in default_storage.listdir(inner)[1]]
            known = set(Asset.objects.filter(path__in=names).values_list("path", flat=True))
            known |= set(Asset.objects.filter(thumb_path__in=names).values_list("thumb_path", flat=True))
            for path in names:
                if path not in known and default_storage.get_modified_time(path) < now - older_than:
                    default_storage.delete(path)
                    gone += 1
    return gone


def _directories(path: str) -> list[str]:
    if not default_storage.exists(path):
        return []
    return [f"{path}/{name}" for name in default_storage.listdir(path)[0]]
