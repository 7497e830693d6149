"""What the clients of the past said of the work, and what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from mahalla.kernel import policy
from mahalla.kernel.reviews import reputation
from mahalla.kernel.reviews.models import Invitation, Reply, Review
from mahalla.markets.khidma.demo import words
from mahalla.markets.khidma.demo.history import Past


def write(chance: Random, pasts: list[Past], now: datetime) -> None:
    """An invitation for each job, a review of most, a reply to some; then the reputations."""
    weights = {risk: policy.get(f"complexity_weight_{risk}", now=now) for risk in ("low", "medium", "high")}
    Invitation.objects.bulk_create(_invitation(past, weights) for past in pasts)
    spoken = [past for past in pasts if past.reviewed]
    reviews = Review.objects.bulk_create(_review(chance, past, weights) for past in spoken)
    Reply.objects.bulk_create(
        Reply(
            review=review,
            author=past.worker,
            text=words.answer(chance, review.stars or 5, past.worker.language),
            created_at=review.created_at + timedelta(hours=9),
        )
        for past, review in zip(spoken, reviews, strict=True)
        if chance.random() < 0.18
    )
    reputation.recalculate_many({past.worker.pk for past in pasts}, now=now)


def _group(past: Past) -> str:
    return past.category.parent.code if past.category.parent else ""


def _invitation(past: Past, weights: dict[str, float]) -> Invitation:
    assert past.job is not None and past.request is not None
    tags = sorted({*words.PRAISE, *words.BLAME, *words.TAGS.get(_group(past), ())})
    return Invitation(
        job_id=past.job.pk,
        side="of_worker",
        author=past.client,
        subject=past.worker,
        stream=past.request.stream,
        opens_at=past.submitted,
        closes_at=past.submitted + timedelta(days=14),
        tags=tags,
        weight=weights[past.terms["risk_class"]],
    )


def _review(chance: Random, past: Past, weights: dict[str, float]) -> Review:
    assert past.job is not None
    stars, tags, text = words.verdict(chance, past.person.quality, past.client.language, _group(past))
    return Review(
        job_id=past.job.pk,
        side="of_worker",
        author=past.client,
        subject=past.worker,
        stars=stars,
        score=stars,
        text=text,
        tags=tags,
        language=past.client.language,
        created_at=past.spoken,
        reveal_at=past.spoken,
        factors={"complexity": weights[past.terms["risk_class"]]},
    )
