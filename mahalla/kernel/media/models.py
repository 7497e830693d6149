"""Files that people send: photos, voice notes, documents. All private; who may see one is decided by its purpose."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Asset(models.Model):
    """One stored file. The row outlives the bytes: a removed asset keeps its hash and dates, never its content."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("Picture")
        AUDIO = "audio", _("Voice note")
        DOCUMENT = "document", _("Document")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assets")
    purpose = models.CharField(max_length=24)
    kind = models.CharField(max_length=8, choices=Kind)
    #: what is served, found from the content, never the name or the claim of the sender
    mime = models.CharField(max_length=40)
    bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    #: of the bytes as they were sent, so that the same photo sent twice is known
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=120, blank=True)
    thumb_path = models.CharField(max_length=120, blank=True)
    encrypted = models.BooleanField(default=False)
    #: read from the file before it was stripped: ``taken_local``, ``taken_at`` (UTC, if known), ``lat``, ``lng``.
    #: Evidence for staff and for checks; never part of what is served.
    meta = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) ^ Q(path=""), name="media_removed_has_no_file"
            )
        ]
        indexes = [
            models.Index(fields=["owner", "purpose"], name="media_of_owner"),
            models.Index(fields=["sha256"], name="media_same_file"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @property
    def url(self) -> str:
        return f"/media/{self.pk}/full/"

    @property
    def thumb_url(self) -> str:
        """The small picture; a file without one has only itself."""
        return f"/media/{self.pk}/{'thumb' if self.thumb_path else 'full'}/"
