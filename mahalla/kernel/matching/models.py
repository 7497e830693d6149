"""Where workers can be found, and how each ranking came about."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.matching.fields import PointField


class Spot(models.Model):
    """One narrow row per worker and category, written by ``matching.spots`` and read by ``matching.retrieve``.

    ``at`` is the Mercator point of (lat, lng), its x shifted by the category, so that one GiST index sorts every
    category by distance on its own (docs/decisions/0004). ``live``: eligible and switched on.
    """

    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="spots")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = PointField()
    lat = models.FloatField()
    lng = models.FloatField()
    radius_m = models.PositiveIntegerField()
    live = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "category"], name="one_spot_per_category")]

    def __str__(self) -> str:
        return f"{self.worker_id} in {self.category_id}"


class RankingRun(models.Model):
    """One ranking as it was made: inputs, factors, adjustments and final order, with the model's version.

    ``request_id`` is the request it was made for; ``purpose`` tells lists from automatic choices.
    """

    request_id = models.BigIntegerField(db_index=True)
    purpose = models.CharField(max_length=24)
    version = models.CharField(max_length=40)
    fallback = models.BooleanField(default=False)
    ranking = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"run {self.pk} of request {self.request_id}"


class Showing(models.Model):
    """Somebody shown in one of the first places of a list; counted for exposure."""

    run = models.ForeignKey(RankingRun, on_delete=models.CASCADE, related_name="showings")
    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    place = models.PositiveSmallIntegerField()
    shown_at = models.DateTimeField()

    class Meta:
        ordering = ["-shown_at", "place"]
        indexes = [models.Index(fields=["worker", "shown_at"], name="showing_by_worker_and_time")]

    def __str__(self) -> str:
        return f"{self.worker_id} at {self.place} in run {self.run_id}"
