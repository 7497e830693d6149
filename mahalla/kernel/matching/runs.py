"""Keeping rankings, so that any place can be explained later and the features reused (KH-MATCH-19)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from mahalla.kernel.matching.models import RankingRun, Showing
from mahalla.kernel.matching.rank import Ranking


@transaction.atomic
def record(
    ranking: Ranking, *, request_id: int, purpose: str, now: datetime, shown_top: int = 0
) -> RankingRun:
    """Store a ranking as made. ``shown_top``: how many first places count as shown to somebody."""
    run = RankingRun.objects.create(
        request_id=request_id,
        purpose=purpose,
        version=ranking.version,
        fallback=ranking.fallback,
        ranking=ranking.to_json(),
        created_at=now,
    )
    Showing.objects.bulk_create(
        Showing(run=run, worker_id=worker_id, place=place, shown_at=now)
        for place, worker_id in enumerate(ranking.worker_ids[:shown_top], 1)
    )
    return run


def ranking_of(run: RankingRun) -> Ranking:
    """The ranking of a stored run, with every candidate's explanation."""
    return Ranking.from_json(run.ranking)


def showings(worker_ids: Collection[int], *, since: datetime) -> dict[int, int]:
    """How often each of these workers was shown in the first places since then (0 for never). One query."""
    rows = (
        Showing.objects.filter(worker_id__in=list(worker_ids), shown_at__gte=since)
        .order_by()
        .values_list("worker_id")
        .annotate(times=Count("id"))
    )
    return dict.fromkeys(worker_ids, 0) | dict(rows)
