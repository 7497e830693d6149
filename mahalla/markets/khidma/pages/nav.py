"""What a client, or a guest, finds in the bar."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mahalla.web import nav
from mahalla.web.nav import NavItem


@nav.register
def for_clients(request: HttpRequest) -> list[NavItem]:
    if not request.user.is_authenticated or request.actor.role != "client":  # type: ignore[attr-defined]
        return []
    return [
        NavItem(_("Home"), reverse("home"), "home", order=10),
        NavItem(_("Tasks"), reverse("tasks"), "list", order=20),
        NavItem(pgettext_lazy("navigation", "New"), reverse("task-new"), "plus", main=True, order=30),
        NavItem(pgettext_lazy("navigation", "Saved"), reverse("favourites"), "heart", order=40),
        NavItem(_("Me"), reverse("me"), "user", order=80),
    ]
