"""Reading files, always for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import operations as events
from mahalla.kernel.media import policies, vault
from mahalla.kernel.media.models import Asset
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, NotFound

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User


@dataclass(frozen=True, slots=True)
class Content:
    data: bytes
    mime: str
    asset: Asset


def asset_for(viewer: User, pk: int) -> Asset:
    """The file's row, if ``viewer`` may see it. Raises ``NotFound`` for an outsider, ``Denied`` for staff without the right.

    Staff know that documents exist, so they are told that the right is missing (KH-SEC-04); everybody else learns nothing.
    """
    asset = Asset.objects.filter(pk=pk, removed_at__isnull=True).first()
    if asset is None:
        raise NotFound("file_not_found", _("This file does not exist, or it is not for you."))
    if not policies.may_see(viewer, asset):
        if policies.is_staff(viewer):
            raise Denied("file_restricted", _("Your role does not open files of this kind."))
        raise NotFound("file_not_found", _("This file does not exist, or it is not for you."))
    return asset


def open_for(viewer: User, pk: int, variant: str, *, now: datetime, role: str = "") -> Content:
    """The bytes of ``variant`` (``full`` or ``thumb``). Reading a sealed one is recorded."""
    asset = asset_for(viewer, pk)
    path = {"full": asset.path, "thumb": asset.thumb_path}.get(variant, "")
    if not path:
        raise NotFound("file_not_found", _("This file does not exist, or it is not for you."))
    with default_storage.open(path, "rb") as kept:
        data = kept.read()
    if asset.encrypted:
        data = vault.unseal(data, context=path)
        events.append(
            name="document.viewed",
            noun="asset",
            subject_id=asset.pk,
            stream=f"asset:{asset.pk}",
            actor=Actor(viewer.pk, role),
            now=now,
            payload={"owner": asset.owner_id, "variant": variant},
        )
    mime = "image/webp" if variant == "thumb" else asset.mime
    return Content(data, mime, asset)
