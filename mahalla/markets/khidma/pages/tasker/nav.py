"""What a Tasker finds in the bar: five words with icons, the waiting offers counted."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mahalla.markets.khidma import inbox
from mahalla.markets.khidma.pages.tasker.door import TASKER
from mahalla.web import nav
from mahalla.web.nav import NavItem


@nav.register
def for_taskers(request: HttpRequest) -> list[NavItem]:
    if not request.user.is_authenticated or request.actor.role != TASKER:  # type: ignore[attr-defined]
        return []
    waiting = inbox.waiting(request.user)
    return [
        NavItem(_("Today"), reverse("work-home"), "home", order=10),
        NavItem(_("Tasks"), reverse("feed"), "search", order=20),
        NavItem(_("Offers"), reverse("offers"), "inbox", badge=waiting, main=True, order=30),
        NavItem(_("Earnings"), reverse("earnings"), "wallet", order=40),
        NavItem(_("Me"), reverse("work-me"), "user", order=50),
    ]
