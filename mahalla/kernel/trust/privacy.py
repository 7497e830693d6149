"""A person's share of trust in their export, and what goes when they leave (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.trust import vault
from mahalla.kernel.trust.models import DocumentClaim, Sanction, Verification
from mahalla.kit.actors import SYSTEM


def own_data(user: User) -> dict[str, Any]:
    """Checks with what was sent, and sanctions. Flags are the platform's own notes and no part of it."""
    return {
        "checks": [
            {
                "kind": check.kind,
                "state": check.state,
                "sent": check.submitted_at,
                "decided": check.decided_at,
                "reason": check.reason,
                "valid_until": check.valid_until,
                "given": vault.unseal(check.sealed, user_id=user.pk, kind=check.kind) | check.data,
            }
            for check in Verification.objects.filter(user=user).order_by("pk")
        ],
        "sanctions": [
            {
                "level": s.level,
                "category": s.category,
                "reason": s.reason,
                "from": s.starts_at,
                "until": s.ends_at,
            }
            for s in Sanction.objects.filter(user=user).order_by("pk")
        ],
    }


def erase(user_id: int, now: datetime) -> None:
    """Pictures, numbers and the person's own words go; dates and decisions stay with a nameless id. What bars a banned
    document from coming back is a mark of identity's own."""
    media.remove_all(owner_id=user_id, actor=SYSTEM, now=now, purpose="document")
    Verification.objects.filter(user_id=user_id).update(
        sealed="", data={}, document_key="", contest="", purged_at=now
    )
    DocumentClaim.objects.filter(user_id=user_id).delete()
    Sanction.objects.filter(user_id=user_id).update(appeal="")


privacy.register_section("trust", own_data)
privacy.register_eraser(erase)
