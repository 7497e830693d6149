"""Reviews that a person gave and received, in their export and when they leave (KH-SEC-01, KH-SEC-02)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews.models import PrivateFeedback, Reply, Review, ReviewMark, ReviewReport

SAID = ("job_id", "side", "stars", "attributes", "text", "tags", "created_at")


def own_data(user: User) -> dict[str, Any]:
    """What one wrote, and what others wrote about one."""
    given, received = user.reviews_given.order_by("pk"), user.reviews_received.order_by("pk")
    return {"given": list(given.values(*SAID)), "received": list(received.values(*SAID))}


def erase(user_id: int, now: datetime) -> None:
    """Stars stay, because they are part of the other's record; words said to the platform alone go, and every name."""
    blot = privacy.blotter(user_id)
    PrivateFeedback.objects.filter(review__author_id=user_id).delete()
    ReviewMark.objects.filter(review__author_id=user_id).delete()
    touched = Review.objects.filter(Q(author_id=user_id) | Q(subject_id=user_id))
    privacy.blot_rows(touched, "text", "hidden_reason", blot=blot)
    privacy.blot_rows(Reply.objects.filter(review__in=touched), "text", blot=blot)
    privacy.blot_rows(ReviewReport.objects.filter(review__in=touched), "reason", blot=blot)
