"""Who sees which review, and who decides about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.media.policies import is_staff
from mahalla.kernel.reviews.models import Review
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User


def shown(now: datetime) -> QuerySet[Review]:
    """What anyone may see: public, not hidden, not held back as suspicious, revealed."""
    return Review.objects.filter(public=True, visible=True, counted=True, reveal_at__lte=now)


def visible_to(viewer: User, now: datetime) -> QuerySet[Review]:
    """What ``viewer`` may see: staff all, others what is shown and their own."""
    if is_staff(viewer):
        return Review.objects.all()
    return Review.objects.filter(
        Q(author_id=viewer.pk) | Q(public=True, visible=True, counted=True, reveal_at__lte=now)
    )


def require_staff(actor: Actor) -> None:
    """Raises ``Denied`` unless a member of staff, or the platform itself, acts."""
    from mahalla.kernel.identity.models import User

    if actor == SYSTEM:
        return
    user = User.objects.filter(pk=actor.user_id).first() if actor.user_id else None
    if user is None or not is_staff(user):
        raise Denied("staff_only", _("Only the platform's staff may do this."))
