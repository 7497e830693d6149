"""What the sandbox provider remembers. It is another company: nothing here refers to a row of ours."""

from __future__ import annotations

from django.db import models


class SandboxCall(models.Model):
    """The answer given under an idempotency key; the same key hears it again."""

    key = models.CharField(max_length=160, unique=True)
    verb = models.CharField(max_length=24)
    request = models.JSONField()
    answer = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"


class SandboxCharge(models.Model):
    """A payment, refund or payout (``verb``), as the provider's books have it."""

    ref = models.CharField(max_length=64, unique=True)
    subject = models.CharField(max_length=160, unique=True)
    verb = models.CharField(max_length=24)
    token = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    status = models.CharField(max_length=24)
    capture_now = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.ref} {self.status}"


class SandboxSwitch(models.Model):
    """What a tester switched: ``down`` (nothing answers), ``healed`` (the outage token answers again)."""

    name = models.CharField(max_length=24, unique=True)
    on = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.name} {'on' if self.on else 'off'}"
