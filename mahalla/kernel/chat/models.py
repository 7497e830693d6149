"""Conversations: a thread belongs to one piece of work, its members write in it, and what was written stands."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.media.models import Asset


class Thread(models.Model):
    """``subject`` is the stream of what is talked about (``"request:12"``, ``"offer:7"``).

    The people of a thread never change: another worker on the same work is another thread, and neither worker reads what
    the client wrote to the other. ``party`` is their ids, so that the database holds one thread per subject and party.
    """

    class Access(models.TextChoices):
        OPEN = "open", _("Open")
        READ_ONLY = "read_only", _("Read only")

    subject = models.CharField(max_length=64)
    kind = models.CharField(max_length=24)
    party = models.CharField(max_length=200)
    access = models.CharField(max_length=12, choices=Access, default=Access.OPEN)
    #: while on, contact details are hidden in each new message
    mask_contacts = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    #: from this instant nothing may be sent, whether or not somebody has closed the thread
    closes_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "kind", "party"], name="chat_one_thread_per_party")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def stream(self) -> str:
        return f"thread:{self.pk}"


class ThreadMember(models.Model):
    """Who talks, and how far they have come. A message is read when its id is at most ``last_read_id``."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, blank=True)
    last_delivered_id = models.BigIntegerField(default=0)
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    last_read_id = models.BigIntegerField(default=0)
    last_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="chat_member_once"),
            models.CheckConstraint(
                condition=Q(last_read_id__lte=models.F("last_delivered_id")), name="chat_read_is_delivered"
            ),
        ]
        indexes = [models.Index(fields=["user", "thread"], name="chat_threads_of")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.thread_id}"


class Message(models.Model):
    """One message; a trigger refuses to change its words, only their erasure is allowed.

    Ids rise in the order in which a thread's messages become visible (senders hold the thread's row), so that "all after
    the last one I have" misses none.
    """

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = models.TextField(blank=True)
    #: what members see instead of ``text`` when contact details were hidden, else empty
    masked_text = models.TextField(blank=True)
    asset = models.OneToOneField(
        Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="chat_message"
    )
    sent_at = models.DateTimeField()
    #: what was detected: ``contact_phone``, ``contact_email``, ``contact_link``, ``off_platform_payment``
    flags = models.JSONField(default=list, blank=True)
    system = models.BooleanField(default=False)
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "author", "client_key"],
                condition=~Q(client_key=""),
                name="chat_message_once_per_key",
            ),
            models.CheckConstraint(
                condition=Q(system=True, author__isnull=True) | Q(system=False, author__isnull=False),
                name="chat_author_or_system",
            ),
        ]
        indexes = [
            models.Index(fields=["thread", "id"], name="chat_history"),
            models.Index(fields=["author", "sent_at"], name="chat_rate"),
            models.Index(fields=["sent_at"], name="chat_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} in {self.thread_id}"

    @property
    def shown_text(self) -> str:
        """What members see, the author too, so that nobody wonders what the other side got."""
        return self.masked_text or self.text
