"""Who may read the documents of checks: their owner, and the roles that the market names (KH-SEC-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mahalla.kernel.media import policies as media
from mahalla.kernel.trust import queries

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.media.models import Asset


def reads_document(viewer: User, asset: Asset) -> bool:
    return queries.reads_documents(viewer)


media.register("document", reads_document)
