"""Where a task stands: everything its page says about the present moment, read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.work.models import Evidence, Job, Offer, Request
from mahalla.markets.khidma import billing, money, presence
from mahalla.markets.khidma.pages.client import words
from mahalla.markets.khidma.pages.client.money import Shown, shown
from mahalla.markets.khidma.pages.client.objects import job_of
from mahalla.markets.khidma.visibility import first_name


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the tracker. ``state``: done, now, later or failed."""

    label: Any
    state: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """The Tasker on the way: points for the map, metres left, minutes left."""

    points: list[dict[str, Any]]
    distance_m: float
    eta_min: int | None


@dataclass
class Stage:
    task: Request
    now: datetime
    job: Job | None
    offer: Offer | None = None
    due: dict[str, datetime] = field(default_factory=dict)

    @property
    def pill(self) -> words.Pill:
        return words.pill(self.task, self.job)

    @property
    def word(self) -> str:
        """The finest state that this page knows: what decides its headline and its button."""
        if self.job is None:
            return self.task.status
        if self.job.state == "confirmed" and self.job.progress:
            return self.job.progress
        if self.job.state == "completed" and self.job.confirmed_at is None:
            return "to_confirm"
        return self.job.state

    @property
    def worker(self) -> Any:
        if self.job is not None:
            return self.job.worker
        return self.offer.worker if self.offer is not None else None

    @property
    def worker_name(self) -> str:
        return first_name(self.worker) if self.worker is not None else ""

    @property
    def photo(self) -> str:
        return photo_of(self.worker) if self.worker is not None else ""

    @cached_property
    def badges(self) -> list[tuple[Any, datetime]]:
        """What was checked of the Tasker, and when (KH-TRUST-05)."""
        if self.worker is None:
            return []
        found = trust.badges([self.worker.pk], self.now).get(self.worker.pk, [])
        return [(words.BADGES.get(b.code, b.label), b.checked_at) for b in found]

    @cached_property
    def hold(self) -> Hold | None:
        return payments.hold_of(self.job.reference) if self.job is not None else None

    @property
    def payment_waits(self) -> str:
        """``approve`` (3-D Secure), ``another`` (it failed), or nothing."""
        if self.job is None or self.job.state not in {"accepted", "confirmed"} or money.is_cash(self.job):
            return ""
        if self.hold is None or self.hold.state in {"failed", "expired"}:
            return "another"
        return "approve" if self.hold.action_url else ""

    @cached_property
    def price(self) -> Shown | None:
        """What it comes to: the bill once there is one, else what was agreed, else the offer."""
        if self.job is not None:
            return shown(self.job.final) or shown(self.job.quote)
        return shown(self.offer.quote) if self.offer is not None else None

    @cached_property
    def case(self) -> Case | None:
        return money.dispute_of(self.job) if self.job is not None else None

    @property
    def refund_minor(self) -> int:
        """What the decision gives back (rows 36 and 37)."""
        decision = (self.case.decision or {}) if self.case is not None else {}
        return int(decision.get("refund_minor", 0))

    @cached_property
    def review(self) -> Review | None:
        if self.job is None:
            return None
        return Review.objects.filter(job_id=self.job.pk, side="of_worker").select_related("reply").first()

    @cached_property
    def evidence(self) -> list[Evidence]:
        if self.job is None:
            return []
        return list(self.job.evidence.filter(asset__isnull=False).select_related("asset").order_by("pk"))

    @cached_property
    def way(self) -> Way | None:
        """Only while the Tasker is on the way (KH-FLOW-16, KH-SEC-03); the distance stands without any map (KH-UX-06)."""
        if self.job is None:
            return None
        self.job.request = self.task
        last = presence.live_position(self.job)
        if last is None or self.task.lat is None or self.task.lng is None:
            return None
        points = [
            {"lat": last.lat, "lng": last.lng, "kind": "worker", "label": self.worker_name},
            {
                "lat": self.task.lat,
                "lng": self.task.lng,
                "kind": "place",
                "label": self.task.place.get("label", ""),
            },
        ]
        metres = float(distance_m(last.lat, last.lng, self.task.lat, self.task.lng))
        return Way(points, metres, presence.minutes_for(metres))

    @property
    def reply(self) -> str:
        """What the Tasker answered to the review."""
        reply = getattr(self.review, "reply", None)
        return reply.text if reply is not None else ""

    def _within(self, policy_name: str) -> bool:
        job = self.job
        days = timedelta(days=policy.get(policy_name, now=self.now))
        return job is not None and job.submitted_at is not None and self.now <= job.submitted_at + days

    @property
    def may_review(self) -> bool:
        return self.word in {"completed", "refunded"} and self.review is None and self._within("review_days")

    @property
    def may_tip(self) -> bool:
        return self.word in {"completed", "reviewed", "refunded"} and self._within("tip_days")

    @property
    def may_dispute(self) -> bool:
        """Whether anything of the charge can still be disputed; a decided case is the last word."""
        from mahalla.markets.khidma.pages.client.after import open_kinds

        if (
            self.job is None
            or self.job.state not in {"completed", "reviewed", "cancelled_client"}
            or self.case
        ):
            return False
        return bool(open_kinds(self.job, now=self.now))

    @property
    def late(self) -> bool:
        """Whether the client may say that nobody came (KH-FLOW-23)."""
        if self.job is None or self.job.state != "confirmed" or self.job.progress == "arrived":
            return False
        return self.now >= self.job.start_at + timedelta(
            minutes=policy.get("tasker_no_show_min", now=self.now)
        )

    # --- the timer ---

    @cached_property
    def running(self) -> datetime | None:
        """Since when the timer runs now."""
        entries = self.job.timer.all() if self.job is not None else []
        return next((entry.started_at for entry in entries if entry.stopped_at is None), None)

    @property
    def worked_before_s(self) -> int:
        """Seconds of the finished intervals."""
        entries = self.job.timer.all() if self.job is not None else []
        done = [e.stopped_at - e.started_at for e in entries if e.stopped_at is not None]
        return int(sum(done, timedelta(0)).total_seconds())

    @property
    def worked_min(self) -> int:
        return billing.worked_minutes(self.job, now=self.now) if self.job is not None else 0

    @property
    def extra_asked_min(self) -> int:
        return int(self.job.data.get("extra_asked_min") or 0) if self.job is not None else 0

    @property
    def extra_minor(self) -> int:
        """What the extra time that was asked for would cost, all in."""
        if self.job is None or self.job.terms.get("pricing_model") != "hourly":
            return 0
        return billing.price(self.job.terms, minutes=self.extra_asked_min).total_minor - (
            billing.price(self.job.terms, minutes=0).total_minor
        )

    # --- the tracker ---

    @cached_property
    def marks(self) -> list[Mark]:
        """Posted, accepted, in progress, completed; an exception by its name in place of what did not come (C8)."""
        reached = words.REACHED.get(self.task.status, 1)
        started = min((e.started_at for e in self.job.timer.all()), default=None) if self.job else None
        accepted = self.job.created_at if self.job else None
        submitted = self.job.submitted_at if self.job else None
        if self.task.status in words.OVER:
            passed = [
                (_("Posted"), self.task.posted_at),
                (_("Accepted"), accepted),
                (_("In progress"), started),
            ]
            marks = [Mark(label, "done", at) for label, at in passed if at is not None]
            return [*marks, Mark(self.pill.label, "failed", (self.job or self.task).state_since)]
        rows = [
            (_("Posted"), self.task.posted_at),
            (_("Accepted"), accepted),
            (_("In progress"), started),
            (_("Completed"), submitted),
        ]
        state = {True: "done", False: "later"}
        marks = [Mark(label, state[i < reached], at) for i, (label, at) in enumerate(rows, 1)]
        if reached == 4:
            marks[3] = Mark(rows[3][0], "done", submitted)
        else:
            marks[reached - 1] = Mark(rows[reached - 1][0], "now", rows[reached - 1][1])
        return marks


def photo_of(user: Any) -> str:
    """The picture that a Tasker chose; empty where there is none."""
    profile = getattr(user, "tasker", None)
    return profile.photo.thumb_url if profile is not None and profile.photo is not None else ""


def stage_of(task: Request, *, now: datetime) -> Stage:
    """Everything about the present moment of one's own task. A fixed number of queries."""
    job = job_of(task)
    offer = None
    if task.state == "offered":
        offer = task.offers.filter(state="pending").select_related("worker__tasker__photo").first()
    wanted = (
        [("request", task.pk)] + ([("job", job.pk)] if job else []) + ([("offer", offer.pk)] if offer else [])
    )
    noun, pk = wanted[-1]
    rows = DeadlineRow.objects.filter(noun=noun, subject_id=pk, reminder="", due_at__isnull=False)
    due = dict(rows.values_list("name", "due_at"))
    return Stage(task, now, job, offer, due)  # type: ignore[arg-type]
