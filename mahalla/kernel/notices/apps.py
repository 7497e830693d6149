from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "mahalla.kernel.notices"
    label = "notices"

    def ready(self) -> None:
        from mahalla.kernel.notices import deliveries, operations, queries  # noqa: F401 - registers the handlers

        with suppress(ImportError):
            from mahalla.kernel.identity import privacy, sms

            sms.register(operations.send_text)
            privacy.register_section("notices", queries.own_data)
            privacy.register_eraser(erase)


def erase(user_id: int, now: datetime) -> None:
    """Nothing that was told to a person stays when they leave, nor the number that it went to."""
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.notices.models import (
        Notice,
        OutboxMessage,
        Preference,
        PushSubscription,
        QuietHours,
        Text,
    )

    user = User.objects.get(pk=user_id)
    reached = [to for to in (user.phone, user.email) if to]
    Text.objects.filter(to__in=reached).delete()
    OutboxMessage.objects.filter(to__in=reached).delete()

    for model in (Notice, Preference, PushSubscription, QuietHours):
        model._default_manager.filter(user_id=user_id).delete()
