"""What people are told, by which way, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    PUSH = "push", _("Push")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    WHATSAPP = "whatsapp", _("WhatsApp")
    IN_APP = "in_app", _("In the app")


class Notice(models.Model):
    """One thing told to one person, in the language they had then. ``key`` makes telling it twice impossible."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    name = models.CharField(max_length=64)
    group = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    body = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    params = models.JSONField(default=dict)
    key = models.CharField(max_length=200)
    merge = models.CharField(max_length=120, blank=True)
    #: false where the person switched this group off in the app; the row still carries its deliveries
    shown = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once_per_user")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_list"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None, shown=True)),
            models.Index(fields=["user", "merge", "-id"], name="notice_merge", condition=~Q(merge="")),
        ]

    def __str__(self) -> str:
        return f"{self.name} to {self.user_id}"


class Delivery(models.Model):
    """One notice by one way out; a queued one has a promise in the outbox. ``reason`` says why it failed or was spared."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Not needed")

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=12, choices=Channel)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_per_channel")
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.channel} {self.state} of notice {self.notice_id}"


class Text(models.Model):
    """A message to an address rather than to an account (a sign-in code); no switch holds it back.

    The words go when it is settled; the row stays ``LOG_DAYS`` as the log of what was sent.
    """

    channel = models.CharField(max_length=12, choices=Channel)
    to = models.CharField(max_length=254)
    text = models.TextField()
    state = models.CharField(max_length=12, choices=Delivery.State, default=Delivery.State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.channel} text {self.pk}"


class Preference(models.Model):
    """A switch that a person turned; what has no row is on."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_switches"
    )
    group = models.CharField(max_length=32)
    channel = models.CharField(max_length=12, choices=Channel)
    on = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "group", "channel"], name="one_switch_each")]

    def __str__(self) -> str:
        return f"{self.group}/{self.channel} {'on' if self.on else 'off'} for {self.user_id}"


class QuietHours(models.Model):
    """The hours of the day, by the wall clock of ``zone``, in which what can wait is held back."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quiet_hours"
    )
    start = models.TimeField()
    end = models.TimeField()
    zone = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "quiet hours"

    def __str__(self) -> str:
        return f"{self.start}–{self.end} {self.zone}"


class PushSubscription(models.Model):
    """A browser that shows a person's notices (Web Push). ``ended_at``: the push service says it is gone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    endpoint = models.URLField(max_length=600, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user"], name="push_open", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"browser {self.pk} of {self.user_id}"


class OutboxMessage(models.Model):
    """What the development gateways would have sent; shown at /dev/outbox/. ``key`` makes a repeated send one row."""

    key = models.CharField(max_length=80, unique=True)
    channel = models.CharField(max_length=12, choices=Channel)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.channel} to {self.to}"
