"""What work there is: categories in a tree, the skills they need, the words of reviews.

Operators edit the catalogue while work runs. Each edit of a category raises ``version`` and keeps a
``CategoryVersion``; a request stores ``(category, version)`` and reads its terms from there for ever after.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from mahalla.kit.text import pick


class Skill(models.Model):
    code = models.SlugField(max_length=64, unique=True)
    names = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return pick(self.names) or self.code


class Category(models.Model):
    """A category (no parent) or sub-category.

    ``pricing_models``, ``required_skills`` and ``tools`` are lists of codes. ``inputs`` is a list of input specs
    (see ``catalog.inputs``). ``flags`` are facts that a market's rules read, by name.
    """

    class Risk(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    class WorkPlace(models.TextChoices):
        ON_SITE = "on_site", _("On site")
        REMOTE = "remote", _("Remote")

    code = models.SlugField(max_length=64, unique=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    names = models.JSONField(default=dict)
    icon = models.CharField(max_length=64, blank=True)
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    pricing_models = models.JSONField(default=list)
    risk_class = models.CharField(max_length=8, choices=Risk, default=Risk.LOW)
    work_place = models.CharField(max_length=8, choices=WorkPlace, default=WorkPlace.ON_SITE)
    default_minutes = models.PositiveIntegerField(default=60, validators=[MinValueValidator(1)])
    required_skills = models.JSONField(default=list, blank=True)
    tools = models.JSONField(default=list, blank=True)
    inputs = models.JSONField(default=list, blank=True)
    flags = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return pick(self.names) or self.code


class CategoryVersion(models.Model):
    """What a category said from ``made_at`` on. ``terms`` is the JSON of ``catalog.terms.Terms``."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    terms = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["category_id", "number"]
        constraints = [models.UniqueConstraint(fields=["category", "number"], name="category_version_once")]

    def __str__(self) -> str:
        return f"{self.category_id} v{self.number}"


class ReviewTag(models.Model):
    """A word that a review may carry. Without a category it fits all; ``about`` is the role it speaks of."""

    code = models.SlugField(max_length=64, unique=True)
    names = models.JSONField(default=dict)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="review_tags"
    )
    about = models.CharField(max_length=32, default="worker")
    positive = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return pick(self.names) or self.code
