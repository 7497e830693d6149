"""Finding a page, a person or a piece of work from the keyboard, within the parts that one's roles open.

A market adds its own things by the hook ``console_search``: ``(user, term) -> [Found, …]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from mahalla.console import access, pages
from mahalla.kernel.cases import kinds
from mahalla.kernel.cases.models import Case
from mahalla.kernel.identity.models import User
from mahalla.kit.market import hook

MOST = 20


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    description: str
    link: str
    icon: str = "tag"


def results(request: HttpRequest, term: str) -> list[Found]:
    if not term:
        return []
    user = request.user
    low = term.lower()
    found = [
        Found(str(page.label), str(_("Page")), page.url, page.icon)
        for page in pages.sidebar(request)
        if low in str(page.label).lower()
    ]
    if access.PEOPLE in access.sections_of(user):
        found += people(term)
    found += cases(user, term)
    found += list(hook("console_search", lambda user, term: [])(user, term))
    return found[:MOST]


def people(term: str) -> list[Found]:
    """By name, number or phone. The list names nobody's phone; the person's page does, and logs the look."""
    wanted = Q(name__icontains=term)
    digits = term.lstrip("#")
    if digits.isdigit() and len(digits) < 18:
        wanted |= Q(pk=int(digits))
    if len(term) >= 5:
        wanted |= Q(phone__contains=term.replace(" ", ""))
    rows = User.objects.filter(wanted).order_by("name", "pk")[:MOST]
    return [
        Found(str(u), str(u.get_status_display()), reverse("admin:person", args=[u.pk]), "person")
        for u in rows
    ]


def cases(user: Any, term: str) -> list[Found]:
    groups = [group for group in Case.Group.values if kinds.works_on(user, group)]
    rows = Case.objects.filter(group__in=groups, code__icontains=term).order_by("-pk")[:MOST]
    return [
        Found(
            c.code,
            str(c.get_group_display()),
            reverse("admin:dispute" if c.group == "dispute" else "admin:incident", args=[c.pk]),
            "gavel",
        )
        for c in rows
    ]


def page_of(found: list[Found]) -> dict[str, Any]:
    """What unfold's palette wants to know."""
    paginator = Paginator(found, max(1, len(found)))
    return {
        "page_obj": paginator,
        "results": paginator.page(1),
        "page_counter": 0,
        "execution_time": 0,
        "command_show_history": False,
    }
