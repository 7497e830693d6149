"""What unfold's frame asks of us on each page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from mahalla.console import access, pages
from mahalla.kit.market import active


def title(request: HttpRequest) -> str:
    return str(active().title)


def subtitle(request: HttpRequest) -> str:
    labels = {role.code: str(role.label) for role in active().roles}
    return " · ".join(labels[role] for role in access.staff_roles(request.user))


def stylesheet(request: HttpRequest) -> str:
    return static("console/console.css")


def environment(request: HttpRequest) -> list[str] | None:
    """A mark that tells a trial from the real thing."""
    return None if settings.MAHALLA_ENVIRONMENT == "production" else [_("Trial"), "warning"]


def languages(request: HttpRequest) -> list[dict[str, Any]]:
    return [dict(get_language_info(code)) for code, _name in active().languages]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of this person: the parts that the roles open, with what waits in each."""
    now = pages.moment(request)
    listed = pages.sidebar(request)
    current = max((p.url for p in listed if request.path.startswith(p.url)), key=len, default="")
    groups = []
    for section in access.SECTIONS:
        items = [_item(page, request, now, current) for page in listed if page.section == section.code]
        if items:
            groups.append({"title": str(section.label), "items": items})
    return groups


def _item(page: pages.Page, request: HttpRequest, now: Any, current: str) -> dict[str, Any]:
    waiting = page.badge(request.user, now) if page.badge else 0
    item: dict[str, Any] = {
        "title": str(page.label),
        "icon": page.icon,
        "link": page.url,
        "active": page.url == current,
    }
    if waiting:
        item["badge"] = str(waiting)
    return item
