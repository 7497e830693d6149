"""What the API remembers of calls: answers that may be asked for again, and how many came in a minute."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class IdempotentAnswer(models.Model):
    """The answer to a person's ``Idempotency-Key``, written in the transaction of its effect, kept for a day.

    ``fingerprint`` is of method, path and body: a key that comes again with another one is refused.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="api_key_once_per_user")]
        indexes = [models.Index(fields=["created_at"], name="api_answer_by_age")]

    def __str__(self) -> str:
        return f"answer to {self.key} of {self.user_id}"


class CallCount(models.Model):
    """Calls of one caller (a person, or an address where nobody is signed in) in one minute."""

    who = models.CharField(max_length=64)
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "minute"], name="api_calls_once_a_minute")]
        indexes = [models.Index(fields=["minute"], name="api_calls_by_age")]

    def __str__(self) -> str:
        return f"{self.calls} of {self.who} at {self.minute}"
