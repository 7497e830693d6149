from __future__ import annotations

from django.db import models


class PolicyValue(models.Model):
    """A policy number's value from ``valid_from`` on; the latest one that has begun counts."""

    name = models.CharField(max_length=64)
    value = models.JSONField()
    valid_from = models.DateTimeField()
    set_by_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    set_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name", "-valid_from"], name="policy_latest")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
