"""Reading reviews: public ones carry no trace of what was said in private."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.media.policies import is_staff
from mahalla.kernel.reviews import policies
from mahalla.kernel.reviews.models import Invitation, PrivateFeedback, Review
from mahalla.kit.errors import Denied, NotFound

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User


@dataclass(frozen=True, slots=True)
class Rating:
    """The public rating. ``mean`` has one decimal, rounded half up; None without reviews."""

    mean: Decimal | None
    count: int

    def __str__(self) -> str:
        return f"{self.mean} ({self.count})" if self.mean is not None else ""


@dataclass(frozen=True, slots=True)
class ShownReview:
    """A review as people see it: the author by first name only."""

    id: int
    job_id: int
    side: str
    author_name: str
    stars: int | None
    score: Decimal
    attributes: dict[str, int]
    text: str
    tags: list[str]
    language: str
    created_at: datetime
    reply: str
    replied_at: datetime | None


def ratings_of(user_ids: Collection[int], *, now: datetime) -> dict[int, Rating]:
    """The public ratings of many people in one query (KH-REV-07)."""
    rows = (
        policies.shown(now)
        .filter(subject_id__in=list(user_ids))
        .values("subject_id")
        .annotate(mean=Avg("score"), count=Count("pk"))
        .order_by()
    )
    found = {
        row["subject_id"]: Rating(row["mean"].quantize(Decimal("0.1"), ROUND_HALF_UP), row["count"])
        for row in rows
    }
    return {user_id: found.get(user_id, Rating(None, 0)) for user_id in user_ids}


def rating_of(user_id: int, *, now: datetime) -> Rating:
    return ratings_of([user_id], now=now)[user_id]


def breakdown(user_id: int, *, now: datetime) -> dict[int, int]:
    """``{5: n, 4: n, 3: n, 2: n, 1: n}`` of the shown reviews with stars."""
    rows = policies.shown(now).filter(subject_id=user_id, stars__isnull=False).values("stars")
    counts = {row["stars"]: row["count"] for row in rows.annotate(count=Count("pk")).order_by()}
    return {stars: counts.get(stars, 0) for stars in (5, 4, 3, 2, 1)}


def tag_counts(user_id: int, *, now: datetime) -> list[tuple[str, int]]:
    """How often each tag was given, the most frequent first: "punctual ×12" (KH-REV-02)."""
    rows = (
        policies.shown(now)
        .filter(subject_id=user_id)
        .annotate(tag=Func(F("tags"), function="unnest"))
        .values_list("tag")
        .annotate(count=Count("pk"))
        .order_by("-count", "tag")
    )
    return [(tag, count) for tag, count in rows]


def recent(
    user_id: int, *, now: datetime, side: str = "", limit: int = 10, before_id: int | None = None
) -> list[ShownReview]:
    """The newest shown reviews of a person, with the replies; ``before_id`` pages on."""
    found = policies.shown(now).filter(subject_id=user_id)
    if side:
        found = found.filter(side=side)
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return _shown(found.order_by("-pk")[:limit])


def given_by(author: User, *, now: datetime, job_ids: Collection[int] | None = None) -> list[ShownReview]:
    """What a person has written, newest first, also what others do not see (yet); with the replies (KH-REV-09)."""
    found = Review.objects.filter(author=author)
    if job_ids is not None:
        found = found.filter(job_id__in=list(job_ids))
    return _shown(found.order_by("-pk"))


def review_for(viewer: User, pk: int, *, now: datetime) -> Review:
    """One review. Raises ``NotFound`` when ``viewer`` may not see it: hidden, held back, or not revealed yet."""
    review = policies.visible_to(viewer, now).filter(pk=pk).first()
    if review is None:
        raise NotFound("review_not_found", _("This review does not exist, or it is not for you."))
    return review


def private_feedback_for(viewer: User, review: Review) -> str:
    """What the author told the platform alone, for its staff; raises ``Denied`` for anyone else (KH-REV-03)."""
    if not is_staff(viewer):
        raise Denied("staff_only", _("Only the platform's staff may read this."))
    return PrivateFeedback.objects.filter(review=review).values_list("text", flat=True).first() or ""


def pending(author: User, *, now: datetime) -> QuerySet[Invitation]:
    """The reviews that a person can still write, the oldest first."""
    return _unused(author).filter(
        Q(closes_at__isnull=True) | Q(closes_at__gt=now) | Q(gates_until__gt=now), opens_at__lte=now
    )


def gate_for(author: User, *, now: datetime) -> Invitation | None:
    """The review that this person must write before going on, if the market's scheme puts one in the way."""
    return _unused(author).filter(opens_at__lte=now, gates_until__gt=now).first()


def _unused(author: User) -> QuerySet[Invitation]:
    written = Review.objects.filter(job_id=OuterRef("job_id"), side=OuterRef("side"))
    return Invitation.objects.filter(~Exists(written), author=author).order_by("opens_at", "pk")


def _shown(found: QuerySet[Review] | Iterable[Review]) -> list[ShownReview]:
    if isinstance(found, QuerySet):
        found = found.select_related("author", "reply")
    return [
        ShownReview(
            id=review.pk,
            job_id=review.job_id,
            side=review.side,
            author_name=review.author.name.split(" ")[0],
            stars=review.stars,
            score=review.score,
            attributes=review.attributes,
            text=review.text,
            tags=review.tags,
            language=review.language,
            created_at=review.created_at,
            reply=review.reply.text if hasattr(review, "reply") else "",
            replied_at=review.reply.created_at if hasattr(review, "reply") else None,
        )
        for review in found
    ]
