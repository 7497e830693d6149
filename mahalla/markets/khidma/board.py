"""What operations look at: the tasks that are under way, and those that nobody takes (KH-ADMIN-01, KH-ADMIN-02).

Reads only. Each list takes a fixed number of queries, however many tasks there are. The figures stand in ``metrics``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from mahalla.kernel import policy
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.flow import Phase, State
from mahalla.kit.market import active
from mahalla.markets.khidma.models import Exclusion

#: the words of a task that is neither a draft nor over
ACTIVE = ("posted", "matching", "offered", "accepted", "confirmed", "in_progress", "completed", "disputed")
OPEN = ("posted", "matching", "offered")


def states() -> dict[str, State]:
    """A task's words with their labels: the request's until somebody agreed, then the job's."""
    flows = active().flows
    return {s.name: s for noun in ("request", "job") for s in flows[noun].states}


@dataclass(frozen=True, slots=True)
class Filter:
    """``states``, ``category`` and ``city`` narrow the board; ``late`` shows only what is past its deadline."""

    states: tuple[str, ...] = ()
    category: str = ""
    city: str = ""
    late: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One task on the board. ``worker`` is who is asked or works; ``deadline`` the earliest that runs."""

    request: Request
    label: Any
    phase: str
    since: datetime
    worker: User | None
    worker_asked: bool
    deadline: str
    due_at: datetime | None
    late: bool
    marks: tuple[str, ...] = field(default=())

    @property
    def point(self) -> dict[str, Any] | None:
        """The task on the map; what is late stands out."""
        if self.request.lat is None or self.request.lng is None:
            return None
        kind = "alert" if self.late or "needs_ops" in self.marks else "place"
        return {
            "lat": self.request.lat,
            "lng": self.request.lng,
            "kind": kind,
            "label": f"#{self.request.pk}",
        }


def active_tasks(*, now: datetime, wanted: Filter = Filter(), limit: int = 300) -> list[Row]:
    """All active tasks, the one whose deadline comes first on top (KH-ADMIN-01). Four queries."""
    rows = _requests(wanted)[:limit]
    requests = list(rows)
    due = _deadlines(requests)
    board = [_row(request, due.get(request.pk), now=now) for request in requests]
    if wanted.late:
        board = [row for row in board if row.late]
    never = now + timedelta(days=36500)
    return sorted(board, key=lambda row: (row.due_at or never, row.request.pk))


def counts() -> dict[str, int]:
    """How many active tasks stand in each state."""
    words = _requests(Filter()).order_by().values_list("status", flat=True)
    found = dict.fromkeys(ACTIVE, 0)
    for word in words:
        found[word] += 1
    return found


def _requests(wanted: Filter) -> QuerySet[Request]:
    """Active: posted and not over; completed only until the client has confirmed."""
    confirmed = Job.objects.filter(request=OuterRef("pk"), state="completed", confirmed_at__isnull=False)
    rows = Request.objects.filter(status__in=wanted.states or ACTIVE).exclude(
        Q(status="completed") & Exists(confirmed)
    )
    if wanted.category:
        rows = rows.filter(Q(category__code=wanted.category) | Q(category__parent__code=wanted.category))
    if wanted.city:
        rows = rows.filter(city__code=wanted.city)
    if wanted.text:
        words = Q(client__name__icontains=wanted.text) | Q(text__icontains=wanted.text)
        number = wanted.text.lstrip("#")
        rows = rows.filter(words | Q(pk=int(number)) if number.isdigit() and len(number) < 18 else words)
    live_jobs = Job.objects.exclude(phase=Phase.CLOSED).select_related("worker")
    pending = Offer.objects.filter(state="pending").select_related("worker")
    return (
        rows.select_related("client", "category", "city", "district")
        .prefetch_related(
            Prefetch("jobs", live_jobs, to_attr="live_jobs"),
            Prefetch("offers", pending, to_attr="pending_offers"),
        )
        .order_by("-posted_at", "-pk")
    )


def _row(request: Request, due: tuple[datetime, str] | None, *, now: datetime) -> Row:
    job: Job | None = next(iter(request.live_jobs), None)  # type: ignore[attr-defined]
    offer: Offer | None = next(iter(request.pending_offers), None)  # type: ignore[attr-defined]
    state = states()[request.status]
    carrier = job if job is not None and request.phase == Phase.AGREED else request
    asked = job is None and offer is not None
    worker = job.worker if job is not None else offer.worker if offer is not None else None
    due_at, name = due or (None, "")
    return Row(
        request=request,
        label=state.label,
        phase=state.phase.value,
        since=carrier.state_since,
        worker=worker,
        worker_asked=asked,
        deadline=name,
        due_at=due_at,
        late=due_at is not None and due_at < now,
        marks=_marks(request, job, now=now),
    )


def _marks(request: Request, job: Job | None, *, now: datetime) -> tuple[str, ...]:
    """What a tired eye must not miss."""
    marks = []
    if request.status in OPEN and request.data.get("needs_ops"):
        marks.append("needs_ops")
    if request.status in OPEN and is_unaccepted(request, now=now):
        marks.append("unaccepted")
    if job is not None and job.data.get("stuck_since"):
        marks.append("stuck")
    return tuple(marks)


def _deadlines(requests: Collection[Request]) -> dict[int, tuple[datetime, str]]:
    """The earliest running deadline of each task: its own, its offer's or its job's. One query."""
    owner: dict[tuple[str, int], int] = {}
    for request in requests:
        owner["request", request.pk] = request.pk
        for thing in (*request.live_jobs, *request.pending_offers):  # type: ignore[attr-defined]
            owner[thing.NOUN, thing.pk] = request.pk
    wanted = Q(pk__in=[])
    for noun in ("request", "offer", "job"):
        wanted |= Q(noun=noun, subject_id__in=[pk for kind, pk in owner if kind == noun])
    found: dict[int, tuple[datetime, str]] = {}
    rows = DeadlineRow.objects.filter(wanted, reminder="", due_at__isnull=False)
    for noun, pk, name, due_at in rows.values_list("noun", "subject_id", "name", "due_at"):
        request_id = owner[noun, pk]
        assert due_at is not None
        if request_id not in found or due_at < found[request_id][0]:
            found[request_id] = (due_at, name)
    return found


# --- the queue of tasks that nobody takes ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task in the queue: how long it has waited, whom it was offered to, what came of each."""

    request: Request
    waited: timedelta
    offers: tuple[Offer, ...]
    excluded: int
    expires_at: datetime | None
    needs_ops: bool


def alert_after(now: datetime) -> timedelta:
    return timedelta(minutes=policy.get("unaccepted_alert_min", now=now))


def is_unaccepted(request: Request, *, now: datetime) -> bool:
    return request.posted_at is not None and request.posted_at <= now - alert_after(now)


def unaccepted_ids(*, now: datetime) -> QuerySet[Request]:
    """Open tasks of 15 minutes and more since posting, and those that asked for us at once (KH-ADMIN-02).

    Judged by the clock and not by the mark that the deadline leaves, so that a late worker hides nothing; what was
    accepted is not open any more and so is not here.
    """
    old = Q(posted_at__lte=now - alert_after(now)) | Q(data__needs_ops=True)
    return Request.objects.filter(old, phase=Phase.OPEN)


def unaccepted(*, now: datetime, limit: int = 200) -> list[Waiting]:
    """The queue, the longest waiting first. Three queries."""
    tried = Offer.objects.select_related("worker").order_by("pk")
    requests = list(
        unaccepted_ids(now=now)
        .select_related("client", "category", "city")
        .prefetch_related(Prefetch("offers", tried, to_attr="tried"))
        .order_by("posted_at", "pk")[:limit]
    )
    ids = [request.pk for request in requests]
    ends = dict(
        DeadlineRow.objects.filter(
            noun="request", name="task_expiry", reminder="", subject_id__in=ids
        ).values_list("subject_id", "due_at")
    )
    excluded: dict[int, int] = {}
    for pk in Exclusion.objects.filter(request_id__in=ids).values_list("request_id", flat=True):
        excluded[pk] = excluded.get(pk, 0) + 1
    return [
        Waiting(
            request=request,
            waited=now - (request.posted_at or now),
            offers=tuple(request.tried),
            excluded=excluded.get(request.pk, 0),
            expires_at=ends.get(request.pk),
            needs_ops=bool(request.data.get("needs_ops")),
        )
        for request in requests
    ]


def tasks_of(user_id: int) -> QuerySet[Request]:
    """Everything that a person ordered or was to do, newest first (KH-ADMIN-06)."""
    mine = Q(client_id=user_id) | Q(jobs__worker_id=user_id)
    return Request.objects.filter(mine).exclude(state="draft").distinct().order_by("-posted_at", "-pk")


def cancellations_of(user_id: int, *, since: datetime) -> int:
    """How often a person called off: as client a task before or after acceptance, as Tasker a job (KH-ADMIN-06)."""
    rows = Event.objects.filter(
        at__gte=since, noun__in=("request", "job"), name__in=("cancel", "tasker_cancel")
    )
    return rows.filter(Q(actor_id=user_id) | Q(on_behalf_of_id=user_id)).count()
