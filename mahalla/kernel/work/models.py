"""The three nouns of work: somebody needs something (Request), somebody might do it (Offer), somebody does it (Job)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.flow.models import Stateful
from mahalla.kernel.media.models import Asset
from mahalla.kernel.places.models import City, District
from mahalla.kit.flow import Phase

User = settings.AUTH_USER_MODEL
OPEN_PHASES = (Phase.DRAFT, Phase.OPEN)


class Request(Stateful):
    """A client's need. ``place`` is the address as it was when posted; ``details`` the validated structured inputs.

    ``status`` is the market's own word for the whole (request, offers and job together), kept by the engine for lists.
    """

    NOUN = "request"

    client = models.ForeignKey(User, on_delete=models.PROTECT, related_name="requests")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="requests", null=True)
    category_version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=32, db_index=True, blank=True)
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    pricing_model = models.CharField(max_length=16, blank=True)
    #: snapshot of the address: label, line, building, floor, elevator, parking, note …; lat/lng beside it
    place = models.JSONField(default=dict, blank=True)
    lat = models.FloatField(null=True)
    lng = models.FloatField(null=True)
    city = models.ForeignKey(City, on_delete=models.PROTECT, null=True, related_name="+")
    district = models.ForeignKey(District, on_delete=models.PROTECT, null=True, related_name="+")
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    estimate_min = models.PositiveIntegerField(default=0)
    #: the payment method chosen (payments.PaymentMethod) and its kind (card, wallet, cash …)
    method_id = models.BigIntegerField(null=True)
    method_kind = models.CharField(max_length=12, blank=True)
    quote = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=24, default="wizard")
    #: what only the market knows: choices of the wizard, marks for the operators' queues
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_end__isnull=True) | Q(window_end__gt=F("window_start")),
                name="request_window_runs",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-created_at"], name="request_of_client"),
            models.Index(fields=["category", "city"], name="request_open", condition=Q(phase="open")),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    def topics(self) -> list[str]:
        return [self.stream, f"user:{self.client_id}", "ops"]

    def moved(self, now: datetime) -> None:
        set_status(self, None)

    def live_job(self) -> Job | None:
        """The job that counts: the live one, else the last."""
        jobs = self.jobs.order_by("-pk")
        return next((job for job in jobs if job.phase != Phase.CLOSED), None) or jobs.first()


class Offer(Stateful):
    """One worker's candidacy for a request, from whichever side it began.

    ``exclusive`` offers (the market shows one at a time) are unique per request while open: the database decides.
    """

    NOUN = "offer"
    ROOT = "request"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="offers")
    worker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="offers")
    source = models.CharField(max_length=24)
    exclusive = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    quote = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    made_by_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(exclusive=True, phase="open"), name="one_exclusive_live_offer"
            ),
            models.UniqueConstraint(
                fields=["request", "worker"], condition=Q(phase="open"), name="one_live_offer_per_worker"
            ),
        ]
        indexes = [
            models.Index(fields=["worker", "-created_at"], name="offer_of_worker"),
            models.Index(fields=["worker"], name="offer_waiting", condition=Q(phase="open")),
        ]

    def __str__(self) -> str:
        return f"offer {self.pk}"

    def topics(self) -> list[str]:
        return [*self.request.topics(), f"user:{self.worker_id}"]


class Job(Stateful):
    """The agreed work of one client and one worker, until it is settled. A request has one live job at a time."""

    NOUN = "job"
    ROOT = "request"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="jobs")
    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, related_name="job")
    client = models.ForeignKey(User, on_delete=models.PROTECT, related_name="client_jobs")
    worker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="worker_jobs")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    progress = models.CharField(max_length=16, blank=True)
    #: frozen at agreement; ``final`` is what the work came to
    quote = models.JSONField(default=dict, blank=True)
    final = models.JSONField(default=dict, blank=True)
    terms = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    set_off_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=32, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=~Q(phase="closed"), name="one_live_job_per_request"
            ),
            models.CheckConstraint(condition=~Q(client=F("worker")), name="job_takes_two_people"),
        ]
        indexes = [
            models.Index(fields=["worker", "start_at"], name="job_of_worker"),
            models.Index(fields=["client", "start_at"], name="job_of_client"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"

    def moved(self, now: datetime) -> None:
        set_status(self.request, self)

    @property
    def reference(self) -> str:
        """How money, calendar and cases name this job."""
        return f"job:{self.pk}"

    def topics(self) -> list[str]:
        return [*self.request.topics(), f"user:{self.worker_id}"]


def set_status(request: Request, job: Job | None) -> None:
    """Keep the request's ``status``: its job's state once there is one, else its own."""
    own_word = request.phase != Phase.AGREED
    if not own_word and job is None:
        job = request.live_job()
    word = request.state if own_word or job is None else job.state
    if request.status != word:
        request.status = word
        Request.objects.filter(pk=request.pk).update(status=word)


class TimerEntry(models.Model):
    """One running interval of the work timer; at most one runs per job."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="timer")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job"], condition=Q(stopped_at__isnull=True), name="one_running_timer"
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=F("started_at")),
                name="timer_runs_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at}–{self.stopped_at or '…'}"


class Evidence(models.Model):
    """A photo or note that belongs to the proof of a job."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="evidence")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True)
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} of {self.job_id}"


class RequestPhoto(models.Model):
    """A picture that the client added to the request; shown to workers who may see it."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="photos")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"photo of request {self.request_id}"


class Ping(models.Model):
    """Where a worker was, on the way to a job. Kept for a short time; shown to the client only while it is needed."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="pings")
    at = models.DateTimeField()
    lat = models.FloatField()
    lng = models.FloatField()
    accuracy_m = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["job", "-at"], name="ping_latest")]

    def __str__(self) -> str:
        return f"ping of {self.job_id} at {self.at}"
