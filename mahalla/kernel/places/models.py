"""Where things are: cities, their districts, and the addresses that people keep.

Latitude and longitude are WGS 84 degrees. ``floor`` 0 is the ground floor.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kit.text import pick

LATITUDE = [MinValueValidator(-85.0), MaxValueValidator(85.0)]
LONGITUDE = [MinValueValidator(-180.0), MaxValueValidator(180.0)]


def on_the_map(name: str) -> models.CheckConstraint:
    """The database's own word on coordinates (85 degrees is where Mercator ends)."""
    inside = Q(lat__gte=-85, lat__lte=85, lng__gte=-180, lng__lte=180)
    return models.CheckConstraint(condition=inside, name=name)


class City(models.Model):
    code = models.SlugField(max_length=64, unique=True)
    names = models.JSONField(default=dict)
    timezone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    lat = models.FloatField(validators=LATITUDE)
    lng = models.FloatField(validators=LONGITUDE)
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "cities"
        constraints = [on_the_map("city_on_the_map")]

    def __str__(self) -> str:
        return pick(self.names) or self.code


class District(models.Model):
    """A part of a city, by its centre: what others may know of where somebody is."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="districts")
    code = models.SlugField(max_length=64)
    names = models.JSONField(default=dict)
    lat = models.FloatField(validators=LATITUDE)
    lng = models.FloatField(validators=LONGITUDE)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["city", "code"], name="district_code_once_per_city"),
            on_the_map("district_on_the_map"),
        ]

    def __str__(self) -> str:
        return pick(self.names) or self.code


class Address(models.Model):
    """A saved address. Work keeps ``operations.snapshot`` of it, so that editing never rewrites the past."""

    class Parking(models.TextChoices):
        NONE = "none", _("No constraint")
        LIMITED = "limited", _("Limited parking")
        NO_PARKING = "no_parking", _("No parking")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=60)
    lines = models.TextField(max_length=400)
    building = models.CharField(max_length=80, blank=True)
    floor = models.SmallIntegerField(null=True, blank=True)
    elevator = models.BooleanField(null=True, blank=True)
    parking = models.CharField(max_length=12, choices=Parking, default=Parking.NONE)
    note = models.CharField(max_length=400, blank=True)
    lat = models.FloatField(validators=LATITUDE)
    lng = models.FloatField(validators=LONGITUDE)
    district = models.ForeignKey(District, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-is_default", "label", "id"]
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(is_default=True), name="one_default_address_per_user"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(removed_at__isnull=True),
                name="removed_address_is_no_default",
            ),
            on_the_map("address_on_the_map"),
        ]

    def __str__(self) -> str:
        return self.label
