"""Reviews that do not look like those of independent people (KH-TRUST-09, KH-MATCH-12).

What is found is put before the staff as a ``review_manipulation`` flag and, until they clear it, counts nowhere: the flag's
name stands among the review's factors with 0. Clearing the flag takes the name away again. Nobody is punished by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.crypto import salted_hmac

from mahalla.kernel.reviews import reputation
from mahalla.kernel.reviews.models import Review, ReviewMark
from mahalla.kernel.trust import flags
from mahalla.kernel.trust.models import Flag
from mahalla.kit.actors import SYSTEM, Actor

RULE = "review_manipulation"
CLEARED = "false_alarm"
SCORE = 70
#: more than this many reviews of the same extreme for one person within a day are a burst
BURST_MAX = 10
BURST = timedelta(days=1)
EXTREMES = ((4.5, 5), (1, 1.5))
Marks = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """``key`` names the finding so that more of the same joins it and is one entry for the staff."""

    kind: str
    key: str
    reviews: tuple[Review, ...]


def digest(kind: str, value: str) -> str:
    """What is kept of a device, payment method or address: enough to see that two are the same, and no more."""
    return salted_hmac("mahalla.reviews.mark", f"{kind}:{value}", algorithm="sha256").hexdigest()


def examine(
    review: Review, *, marks: Marks, subject_marks: Marks, pair_days: float, now: datetime
) -> set[int]:
    """Keep the author's marks, look for manipulation, flag and withhold. Returns the people whose reputation changes."""
    kept = [
        ReviewMark(review=review, kind=kind, digest=digest(kind, value))
        for kind, values in marks.items()
        for value in sorted(set(values))
    ]
    ReviewMark.objects.bulk_create(kept)
    theirs = {digest(kind, value) for kind, values in subject_marks.items() for value in values}
    changed: set[int] = set()
    for finding in (
        *_shared(review, kept, theirs),
        *_reciprocal(review, timedelta(days=pair_days), now),
        *_burst(review, now),
    ):
        changed |= _withhold(finding, review, now)
    return changed


def _shared(review: Review, marks: list[ReviewMark], theirs: set[str]) -> Iterator[Finding]:
    """Another account's review of the same person from the same device (payment method, address), or the person's own."""
    for mark in marks:
        others = Review.objects.filter(subject_id=review.subject_id, marks__digest=mark.digest)
        same = tuple(others.exclude(author_id=review.author_id).distinct())
        if same or mark.digest in theirs:
            key = f"{mark.kind}:{review.subject_id}:{mark.digest[:32]}"
            yield Finding(mark.kind, key, (*same, review))


def _reciprocal(review: Review, within: timedelta, now: datetime) -> Iterator[Finding]:
    """Two people who review each other in the same role, each having worked for the other."""
    back = tuple(
        Review.objects.filter(
            author_id=review.subject_id,
            subject_id=review.author_id,
            side=review.side,
            created_at__gt=now - within,
        )
    )
    if back:
        pair = sorted((review.author_id, review.subject_id))
        yield Finding("reciprocal", f"reciprocal:{pair[0]}:{pair[1]}", (*back, review))


def _burst(review: Review, now: datetime) -> Iterator[Finding]:
    for low, high in EXTREMES:
        if low <= review.score <= high:
            found = tuple(
                Review.objects.filter(
                    subject_id=review.subject_id,
                    score__range=(low, high),
                    created_at__gt=now - BURST,
                    created_at__lte=now,
                )
            )
            if len(found) > BURST_MAX:
                yield Finding("burst", f"burst:{review.subject_id}:{now:%Y-%m-%d}", found)


def _withhold(finding: Finding, newest: Review, now: datetime) -> set[int]:
    flag = flags.raise_flag(
        RULE,
        key=f"{RULE}:{finding.key}",
        user_id=newest.subject_id,
        score=SCORE,
        evidence={"kind": finding.kind, "reviews": sorted(review.pk for review in finding.reviews)},
        others=[review.author_id for review in finding.reviews],
        reference=f"review:{newest.pk}",
        actor=SYSTEM,
        now=now,
    )
    if flag.state == CLEARED:
        return set()  # a person has looked at this pattern and found it honest
    ids = [review.pk for review in finding.reviews]
    changed = set()
    for review in Review.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"):
        review.factors, review.counted = {**review.factors, _name(flag): 0}, False
        review.save(update_fields=["factors", "counted"])
        changed.add(review.subject_id)
    newest.refresh_from_db(fields=["factors", "counted"])
    return changed


def _name(flag: Flag) -> str:
    return f"flag:{flag.pk}"


def restore(flag: Flag, *, actor: Actor, now: datetime) -> None:
    """A flag was resolved: what it withheld counts again if it was a false alarm (KH-TRUST-12)."""
    if flag.rule != RULE or flag.state != CLEARED:
        return
    name = _name(flag)
    changed = set()
    held: Any = Review.objects.select_for_update(no_key=True).filter(factors__has_key=name)
    for review in held.order_by("pk"):
        review.factors = {key: value for key, value in review.factors.items() if key != name}
        review.counted = 0 not in review.factors.values()
        review.save(update_fields=["factors", "counted"])
        changed.add(review.subject_id)
    reputation.recalculate_many(changed, now=now)
