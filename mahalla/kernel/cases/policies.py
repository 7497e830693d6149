"""Who may see the files of a case: those who may read the entry that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mahalla.kernel.cases import kinds
from mahalla.kernel.cases.models import CaseEvidence, Side
from mahalla.kernel.cases.moves import side_of
from mahalla.kernel.media import policies as media

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.media.models import Asset


def sees_evidence(viewer: User, asset: Asset) -> bool:
    """Agents of the case's group, and the sides to whom the piece is shown."""
    for piece in CaseEvidence.objects.filter(asset=asset).select_related("case"):
        side = side_of(piece.case, viewer.pk)
        if side and piece.visible_to in {Side.BOTH, side}:
            return True
        if not side and kinds.works_on(viewer, piece.case.group):
            return True
    return False


for _purpose in ("dispute", "evidence"):
    media.register(_purpose, sees_evidence)
