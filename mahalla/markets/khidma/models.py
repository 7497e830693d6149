"""What only Khidma knows: the Tasker's side of a profile, favourites, templates, series, receipts and statistics."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.catalog.models import Category, Skill
from mahalla.kernel.media.models import Asset
from mahalla.kernel.places.models import Address, City, District
from mahalla.kernel.work.models import Job, Request

User = settings.AUTH_USER_MODEL


class ClientProfile(models.Model):
    """The demand side of a person. Household segments are computed, business ones declared (KH-PROFILE-05)."""

    class Declared(models.TextChoices):
        NONE = "", _("Household")
        SMALL_OFFICE = "small_office", _("Small office")
        PROPERTY_MANAGER = "property_manager", _("Property manager")
        ENTERPRISE = "enterprise", _("Enterprise")

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="client_profile")
    declared = models.CharField(max_length=20, choices=Declared, blank=True, default=Declared.NONE)
    completed = models.PositiveIntegerField(default=0)
    auto_match = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"client {self.user_id}"

    @property
    def segment(self) -> str:
        return self.declared or ("repeat_household" if self.completed >= 2 else "one_time")


class TaskerProfile(models.Model):
    """The supply side of a person (KH-PROFILE-06). Home is where distances count from; nobody else sees it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="tasker")
    bio = models.TextField(blank=True)
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    tools = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    photo = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    city = models.ForeignKey(City, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    district = models.ForeignKey(District, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    radius_km = models.PositiveSmallIntegerField(default=10)
    accepts_pets = models.BooleanField(default=True)
    high_skill = models.BooleanField(default=False)
    push_new_tasks = models.BooleanField(default=True)
    contract_version = models.CharField(max_length=16, blank=True)
    contract_accepted_at = models.DateTimeField(null=True, blank=True)
    review_requested_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    rejected_reason = models.TextField(blank=True)
    #: when the feed was last looked at: what was posted later is marked new (KH-REQ-15)
    feed_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"tasker {self.user_id}"


class TaskerSkill(models.Model):
    profile = models.ForeignKey(TaskerProfile, on_delete=models.CASCADE, related_name="skills")
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT)
    years = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "skill"], name="khidma_skill_once")]

    def __str__(self) -> str:
        return f"{self.skill_id} of {self.profile_id}"


class PortfolioPhoto(models.Model):
    profile = models.ForeignKey(TaskerProfile, on_delete=models.CASCADE, related_name="portfolio")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT)
    caption = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"photo of {self.profile_id}"


class Rate(models.Model):
    """What a Tasker asks in a category; also the choice to work in it (KH-PROFILE-07, KH-PRICE-02..04).

    Amounts are in minor units, as the Tasker receives them. ``travel_fee_minor`` null means the region's default.
    """

    worker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="rates")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="rates")
    hourly_minor = models.PositiveIntegerField(null=True, blank=True)
    fixed_minor = models.PositiveIntegerField(null=True, blank=True)
    minimum_min = models.PositiveSmallIntegerField(default=60)
    travel_fee_minor = models.PositiveIntegerField(null=True, blank=True)
    instant = models.BooleanField(default=False)
    suspended_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worker", "category"], name="khidma_one_rate_per_category"),
            models.CheckConstraint(
                condition=Q(hourly_minor__isnull=False) | Q(fixed_minor__isnull=False),
                name="khidma_rate_names_a_price",
            ),
        ]

    def __str__(self) -> str:
        return f"rate of {self.worker_id} in {self.category_id}"


class TaskerStats(models.Model):
    """Counters of one Tasker, kept by the flow's effects: what ranking reads (KH-PROFILE-10, KH-MATCH-05).

    ``answered`` = accepted + declined + expired. Unsafe cancellations and withdrawn offers are in none of them.
    """

    worker = models.OneToOneField(User, on_delete=models.CASCADE, related_name="tasker_stats")
    accepted = models.PositiveIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    recent_outcomes = ArrayField(models.BooleanField(), default=list)
    last_active_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"stats of {self.worker_id}"

    @property
    def answered(self) -> int:
        return self.accepted + self.declined + self.expired

    @property
    def taken(self) -> int:
        return self.completed + self.cancelled

    @property
    def acceptance_pct(self) -> int | None:
        return round(100 * self.accepted / self.answered) if self.answered else None

    @property
    def completion_pct(self) -> int | None:
        return round(100 * self.completed / self.taken) if self.taken else None


class Interest(models.Model):
    """A Tasker would like this task (KH-REQ-17); it decides ties and is shown to the client."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="interests")
    worker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "worker"], name="khidma_interest_once")]

    def __str__(self) -> str:
        return f"{self.worker_id} likes {self.request_id}"


class Exclusion(models.Model):
    """A Tasker who is not asked again for this task: declined, let expire, or cancelled."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="exclusions")
    worker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    why = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "worker"], name="khidma_excluded_once")]

    def __str__(self) -> str:
        return f"{self.worker_id} not for {self.request_id}"


class Favourite(models.Model):
    client = models.ForeignKey(User, on_delete=models.CASCADE, related_name="favourites")
    worker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "worker"], name="khidma_favourite_once")]

    def __str__(self) -> str:
        return f"{self.client_id} likes {self.worker_id}"


class Template(models.Model):
    """A named task to start from (KH-REQ-10): everything but date; ``data`` as the wizard keeps it."""

    client = models.ForeignKey(User, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(max_length=80)
    data = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="khidma_template_name")]

    def __str__(self) -> str:
        return self.name


class Series(models.Model):
    """A recurring task (KH-REQ-12). ``first_day`` and the wall times are local to ``zone`` and survive clock changes."""

    class Every(models.TextChoices):
        WEEKLY = "weekly", _("Every week")
        EVERY_2_WEEKS = "every_2_weeks", _("Every two weeks")
        MONTHLY = "monthly", _("Every month")

    client = models.ForeignKey(User, on_delete=models.PROTECT, related_name="series")
    address = models.ForeignKey(Address, on_delete=models.PROTECT, related_name="+")
    every = models.CharField(max_length=16, choices=Every)
    zone = models.CharField(max_length=40)
    first_day = models.DateField()
    from_time = models.TimeField()
    to_time = models.TimeField()
    until = models.DateField(null=True, blank=True)
    count = models.PositiveSmallIntegerField(null=True, blank=True)
    data = models.JSONField()
    skipped = ArrayField(models.DateField(), default=list, blank=True)
    posted_through = models.DateField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(condition=Q(to_time__gt=F("from_time")), name="khidma_series_window_runs")
        ]

    def __str__(self) -> str:
        return f"series {self.pk}"


class Occurrence(models.Model):
    """One day of a series and the request that it became; the pair is unique, so a day is posted once."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="occurrences")
    day = models.DateField()
    request = models.OneToOneField(Request, on_delete=models.PROTECT, null=True, related_name="occurrence")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "day"], name="khidma_occurrence_once")]

    def __str__(self) -> str:
        return f"{self.series_id} on {self.day}"


class PriceStat(models.Model):
    """Quartiles of accepted hourly rates of a category in a city over the guidance days (KH-PRICE-11), refreshed daily."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="+")
    p25_minor = models.PositiveIntegerField()
    median_minor = models.PositiveIntegerField()
    p75_minor = models.PositiveIntegerField()
    tasks = models.PositiveIntegerField(default=0)
    median_billed_min = models.PositiveIntegerField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category", "city"], name="khidma_price_stat_once")]

    def __str__(self) -> str:
        return f"prices of {self.category_id} in {self.city_id}"


class TaxRule(models.Model):
    """Tax on the platform's fee, or withholding on a Tasker's earnings, per region and date (KH-PRICE-15)."""

    class Base(models.TextChoices):
        FEE = "fee", _("Platform fee")
        EARNINGS = "earnings", _("Tasker earnings")

    region = models.CharField(max_length=16)
    base = models.CharField(max_length=12, choices=Base)
    rate_pct = models.DecimalField(max_digits=5, decimal_places=2)
    valid_from = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.base} {self.rate_pct}% in {self.region}"


class Receipt(models.Model):
    """A numbered document of a job (KH-PAY-10). Numbers are gapless: taken under a lock, in the posting's transaction."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Receipt")
        CREDIT_NOTE = "credit_note", _("Credit note")
        TIP = "tip", _("Tip receipt")

    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    #: what it documents ("hold:7", "refund:3"): one document each
    key = models.CharField(max_length=64, unique=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="receipts")
    lines = models.JSONField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    issued_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
