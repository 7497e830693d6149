"""Khidma's internal interfaces, with fixed contracts (KH-API-05): MatchCandidates, ScoreTasker, ReleasePayment.

For the system's own services and jobs, never for a person: each takes the acting ``actor`` and raises ``Denied`` for
anybody else than the platform itself. Each can be called alone; none asks anything but the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow import engine
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import accounts
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, NotFound, Refused
from mahalla.markets.khidma import disputes, ranking

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who passes every hard filter now. ``distance_m`` is None for remote work; ``price_minor`` is the
    client's whole price; ``place`` from 1 and ``score`` are the ranking's.
    """

    worker_id: int
    place: int
    score: float
    distance_m: float | None
    start_at: datetime
    price_minor: int


def match_candidates(task_id: int, *, actor: Actor, now: datetime) -> list[Candidate]:
    """``MatchCandidates(task)``: who could do the task, best first; empty when nobody can, or when it is not open.

    Reads only: no run is stored. Raises ``NotFound`` for no such task.
    """
    found = ranking.pool(_task(task_id, actor), now=now)
    remote = ranking.is_remote(found.request)
    return [
        Candidate(
            worker_id=e.worker_id,
            place=e.place,
            score=round(e.score, DIGITS),
            distance_m=None if remote else found.distance_m[e.worker_id],
            start_at=found.start[e.worker_id],
            price_minor=found.quotes[e.worker_id].total_minor,
        )
        for e in ranking.rank(found).explanations()
    ]


def score_tasker(task_id: int, worker_id: int, *, actor: Actor, now: datetime) -> float:
    """``ScoreTasker(task, tasker)``: the score after all controls, to four digits, as it counts among the candidates.

    Raises ``NotFound`` for no such task, ``Refused`` (``no_longer_available``) for one who fails a filter.
    """
    task = _task(task_id, actor)
    ranking.check(task, worker_id, now=now)
    return round(ranking.rank(ranking.pool(task, now=now)).explain(worker_id).score, DIGITS)


def release_payment(task_id: int, *, actor: Actor, now: datetime) -> int:
    """``ReleasePayment(task)``: pass on what was captured for the task's last job, as far as nothing keeps it back.

    Returns the minor units still in escrow. Twice is once: every leg has its key (KH-PAY-06). Raises ``NotFound`` for no
    such task, ``Refused`` (``nothing_to_release``) when nobody has worked on it.
    """
    task = _task(task_id, actor)
    job = Job.objects.filter(request=task).order_by("-pk").first()
    if job is None:
        raise Refused("nothing_to_release", _("Nobody has worked on this task yet."))
    with transaction.atomic():
        job = engine.lock(job)
        disputes.settle(job, now=now)
    path = accounts.escrow(job.reference)
    balance = ledger.balances([path]).get(path)
    return balance.credit_minor if balance else 0


def _task(task_id: int, actor: Actor) -> Request:
    if actor.role != "system":
        raise Denied("system_only", _("Only the platform's own services may ask this."))
    task = Request.objects.select_related("category").filter(pk=task_id).first()
    if task is None:
        raise NotFound("task_not_found")
    return task
