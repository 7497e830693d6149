"""Where one job stands for its Tasker: everything that its page says about the present moment, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import timers
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments.models import Payout
from mahalla.kernel.work.models import Evidence, Job, TimerEntry
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import billing, visibility
from mahalla.markets.khidma.money import dispute_of
from mahalla.markets.khidma.pages.tasker import money, words

READ = ("request__category", "request__client", "request__city", "request__district", "offer")
TALK = ("confirmed", "in_progress", "completed", "reviewed", "disputed", "refunded")


def job_for(worker: User, pk: int) -> Job:
    """The Tasker's own job; anybody else's is not found."""
    found = Job.objects.filter(worker=worker, pk=pk).select_related(*READ).first()
    if found is None:
        raise NotFound("job_not_found")
    return found


def word_of(job: Job, *, runs: bool = True) -> str:
    """The finest state: what decides the headline and the one big button."""
    if job.state == "confirmed" and job.progress:
        return job.progress
    if job.state == "completed" and job.confirmed_at is None:
        return "to_confirm"
    if job.state == "in_progress" and not runs:
        return "paused"
    return job.state


@dataclass
class Stage:
    job: Job
    viewer: User
    now: datetime

    @cached_property
    def word(self) -> str:
        return word_of(self.job, runs=self.running is not None)

    @property
    def pill(self) -> words.Pill:
        if self.word == "cancelled_tasker" and self.job.ended_reason in {"no_show", "account_action"}:
            return words.Pill(words.ENDED[self.job.ended_reason], "bad")
        return words.pill(self.word)

    @property
    def remote(self) -> bool:
        return bool(self.job.terms.get("work_place") == "remote")

    @property
    def hourly(self) -> bool:
        return bool(self.job.terms.get("pricing_model") != "fixed")

    @property
    def cash(self) -> bool:
        return bool(self.job.terms.get("method_kind") == "cash")

    @cached_property
    def seen(self) -> visibility.Seen:
        return visibility.Seen(self.viewer, self.job.request, "tasker", self.job)

    @cached_property
    def place(self) -> dict[str, Any]:
        """The street while it may be known, else the district (KH-SEC-03)."""
        return visibility.place(self.seen)

    @property
    def client_name(self) -> str:
        return visibility.client_name(self.seen)

    @property
    def acts(self) -> bool:
        """Whether the bar has something to press."""
        return self.job.state in {"confirmed", "in_progress"}

    @property
    def charged_minor(self) -> int:
        """What the client pays in all: the sum to collect in cash."""
        return billing.final_quote(self.job).total_minor if self.job.final else 0

    # --- the way ---

    @property
    def navigate(self) -> str:
        """Directions in the phone's map application, from Confirmed on (KH-FLOW-17)."""
        if not self.place.get("exact") or self.place.get("lat") is None or self.job.state != "confirmed":
            return ""
        where = f"{self.place['lat']:.6f},{self.place['lng']:.6f}"
        return "https://www.google.com/maps/dir/?" + urlencode({"api": 1, "destination": where})

    @property
    def other_map(self) -> str:
        """The same point for whatever map application the phone has."""
        return f"geo:{self.place['lat']:.6f},{self.place['lng']:.6f}" if self.navigate else ""

    @property
    def points(self) -> list[dict[str, Any]]:
        if not self.navigate:
            return []
        label = self.place.get("label") or self.place.get("district") or ""
        return [{"lat": self.place["lat"], "lng": self.place["lng"], "kind": "place", "label": str(label)}]

    @cached_property
    def may_set_off_at(self) -> datetime:
        return self.job.start_at - timedelta(hours=policy.get("set_off_max_hours", now=self.now))

    @property
    def may_set_off(self) -> bool:
        return self.now >= self.may_set_off_at

    # --- the client is not there ---

    @property
    def tried(self) -> bool:
        return bool(self.job.data.get("contact_attempts"))

    @property
    def absent_from(self) -> datetime | None:
        """When the Tasker may end the task because nobody opens."""
        if self.job.arrived_at is None:
            return None
        return self.job.arrived_at + timedelta(minutes=policy.get("client_wait_min", now=self.now))

    @property
    def waited(self) -> bool:
        return self.absent_from is not None and self.now >= self.absent_from

    @property
    def absence_minor(self) -> int:
        return billing.absence_fee_minor(self.job)

    # --- the timer ---

    @cached_property
    def entries(self) -> list[TimerEntry]:
        if self.job.state in {"accepted", "confirmed", "lapsed"}:
            return []
        return list(self.job.timer.order_by("started_at"))

    @cached_property
    def running(self) -> datetime | None:
        return next((entry.started_at for entry in self.entries if entry.stopped_at is None), None)

    @property
    def worked_before_s(self) -> int:
        """Seconds of the intervals that are over."""
        done = [e.stopped_at - e.started_at for e in self.entries if e.stopped_at]
        return int(sum(done, timedelta()).total_seconds())

    @cached_property
    def worked_min(self) -> int:
        running = (self.now - self.running).total_seconds() if self.running else 0
        return int((self.worked_before_s + running) // 60)

    @cached_property
    def timed_min(self) -> int:
        """By the timer, up to the next quarter hour."""
        return billing.rounded_minutes(self.worked_min, int(policy.get("hour_rounding_min", now=self.now)))

    @property
    def extra_asked_min(self) -> int:
        return int(self.job.data.get("extra_asked_min") or 0)

    @property
    def extra_approved_min(self) -> int:
        return int(self.job.data.get("extra_approved_min") or 0)

    @cached_property
    def stop_asked(self) -> bool:
        """Whether the client asked to stop early."""
        if self.job.state != "in_progress":
            return False
        told = Event.objects.filter(stream=self.job.request.stream, noun="job", name="ask_stop")
        return told.filter(subject_id=self.job.pk).exists()

    # --- photos, talk, money ---

    @cached_property
    def photos(self) -> list[Evidence]:
        if self.job.state in {"accepted", "lapsed"}:
            return []
        return list(self.job.evidence.filter(asset__isnull=False).select_related("asset").order_by("pk"))

    @property
    def may_add_photos(self) -> bool:
        return self.word in {"arrived", "in_progress", "paused", "to_confirm"}

    @property
    def shows_photos(self) -> bool:
        return self.may_add_photos or bool(self.photos)

    @cached_property
    def case(self) -> Case | None:
        """The dispute about this work, while there is one to read."""
        return dispute_of(self.job) if self.job.state in {"disputed", "refunded"} else None

    @property
    def photo_needed(self) -> bool:
        """Risky work ends with a photo (KH-FLOW-21)."""
        done = any(photo.kind == "after" for photo in self.photos)
        return self.job.terms.get("risk_class") == "high" and not done

    @cached_property
    def thread(self) -> Thread | None:
        if self.job.state not in TALK:
            return None
        own = Thread.objects.filter(
            subject=self.job.request.stream, kind="task", members__user_id=self.viewer.pk
        )
        return own.order_by("-opened_at", "-pk").first()

    @cached_property
    def earned(self) -> money.Earned | None:
        return money.of_job(self.job)

    @cached_property
    def due(self) -> datetime | None:
        """Until when the client pays (Accepted) or checks the hours (Completed)."""
        name = {"accepted": "payment_deadline", "to_confirm": "review_window"}.get(self.word)
        return timers.due_at("job", self.job.pk, name) if name else None

    @cached_property
    def payouts(self) -> list[Payout]:
        if not self.job.final:
            return []
        return list(
            Payout.objects.filter(reference=self.job.reference, worker=self.viewer).order_by("due_at")
        )

    @property
    def ended(self) -> Any:
        if self.job.ended_reason == "no_show" and self.job.state == "cancelled_client":
            return words.ENDED["no_show"]
        return words.ENDED.get(self.job.ended_reason) or words.CANCEL_REASONS.get(self.job.ended_reason, "")
