"""Tips and best practices for who is new (KH-UX-05)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.identity.models import User
from mahalla.markets.khidma.models import TaskerStats


@dataclass(frozen=True, slots=True)
class Tip:
    code: str
    title: Any
    text: Any


TIPS = (
    Tip(
        "answer",
        _("Answer quickly"),
        _("Offers wait 30 minutes when the work is soon. A quick no is better than silence."),
    ),
    Tip(
        "hours",
        _("Keep your hours true"),
        _("You are only offered work that fits your calendar. Block what you need."),
    ),
    Tip(
        "price",
        _("Start at the middle"),
        _("While you are new, your price is at most the middle of your city. Your own price waits."),
    ),
    Tip(
        "arrive",
        _("Come on time"),
        _("Set off in the app and mark your arrival. Clients remember it in their reviews."),
    ),
    Tip(
        "photos",
        _("Take a photo of the finished work"),
        _("It protects you if somebody disagrees later."),
    ),
)


def tips_for(user: User, *, now: datetime) -> tuple[Tip, ...]:
    """All of them at onboarding and until the fifth completed task; then none (KH-UX-05)."""
    done = TaskerStats.objects.filter(worker=user).values_list("completed", flat=True).first() or 0
    return TIPS if done < policy.get("new_tasker_tasks", now=now) else ()
