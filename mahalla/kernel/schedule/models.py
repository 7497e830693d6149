"""A worker's time: the week as wished, the times blocked, and the times taken.

``Busy`` is the single place where a worker's time is spent. Work and every occurrence of a block are rows of it,
and one exclusion constraint (``0002_no_overlap``) lets no two of them meet: whoever inserts first has the time.
Only blocks may lie over other blocks of the same worker.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q

DAY_MIN = 1440


class WorkerCalendar(models.Model):
    """The zone in which the worker's hours are meant, and the switch that stands above them."""

    worker = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="calendar"
    )
    timezone = models.CharField(max_length=64)
    switched_on = models.BooleanField(default=True)
    switched_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"calendar of {self.worker_id}"


class WeeklyHours(models.Model):
    """Local minutes from midnight, half-open. ``weekday`` 0 is Monday, as in ``date.weekday()``.

    Ranges of one worker never overlap (a database constraint); a night is two rows that meet at midnight.
    """

    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="weekly_hours"
    )
    weekday = models.PositiveSmallIntegerField()
    start_min = models.PositiveSmallIntegerField()
    end_min = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["worker_id", "weekday", "start_min"]
        verbose_name_plural = "weekly hours"
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__lte=6, start_min__lt=F("end_min"), end_min__lte=DAY_MIN),
                name="weekly_hours_within_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.worker_id}: {self.weekday} {self.start_min}-{self.end_min}"


class Block(models.Model):
    """Time that the worker keeps free, once or every week at the same local hour until ``repeats_until``."""

    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    timezone = models.CharField(max_length=64)
    repeats_until = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["start_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(start_at__lt=F("end_at")), name="block_has_a_length")
        ]

    def __str__(self) -> str:
        return f"{self.worker_id}: {self.start_at:%Y-%m-%d %H:%M}"


class Busy(models.Model):
    """Taken time. ``during`` holds the work and ``buffer_min`` minutes of travel at its end.

    ``reference`` names what takes it (``"job:12"``); ``kind`` is the market's word for why.
    """

    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="busy", db_index=False
    )
    during = DateTimeRangeField()
    reference = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=24, default="work")
    buffer_min = models.PositiveSmallIntegerField(default=0)
    block = models.ForeignKey(
        Block, on_delete=models.CASCADE, null=True, blank=True, related_name="occurrences"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["worker_id", "during"]
        verbose_name_plural = "busy"

    def __str__(self) -> str:
        return f"{self.worker_id}: {self.reference}"
