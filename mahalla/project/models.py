"""What the deployment remembers about itself."""

from __future__ import annotations

from django.db import models


class SeedMark(models.Model):
    """That a market's first data was put in, so that it is put in once."""

    market = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.market} seeded"
