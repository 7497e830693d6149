"""The person's notices: the list with its badge, following one, and the switches (KH-NOTE-01, KH-NOTE-06)."""

from __future__ import annotations

from datetime import time
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import operations, queries, switches
from mahalla.kernel.notices.models import Channel, QuietHours
from mahalla.kit import clock, market
from mahalla.kit.errors import Invalid, NotFound
from mahalla.web import nav
from mahalla.web.doors import signed_in

PAGE = 30
#: what the usual groups are called; a market names others with the hook ``notice_groups() -> {code: label}``
GROUPS: dict[str, Any] = {
    "tasks": _("Tasks"),
    "offers": _("Offers"),
    "messages": _("Messages"),
    "payments": _("Payments"),
    "marketing": pgettext_lazy("notices", "News and discounts"),
}


@nav.register
def bell(request: HttpRequest) -> list[nav.NavItem]:
    if not request.user.is_authenticated:
        return []
    unread = queries.unread_count(request.user)
    return [nav.NavItem(_("Notices"), reverse("notices"), "bell", badge=unread, order=80)]


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The newest first, thirty at a time; as a part of itself for the live stream."""
    user = cast(User, request.user)
    before = request.GET.get("before", "")
    rows = queries.notices_for(user)
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "found": found[:PAGE],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "unread": queries.unread_count(user),
        "before": before,
    }
    part = request.headers.get("HX-Target") == "notices"
    return render(request, "web/notices/list.html" if part else "web/notices/index.html", context)


@signed_in
@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one read and go where it leads; the own only."""
    user = cast(User, request.user)
    notice = queries.notices_for(user).filter(pk=pk).first()
    if notice is None:
        raise NotFound()
    operations.mark_read(user, ids=[pk], now=clock.now())
    inside = url_has_allowed_host_and_scheme(notice.link, None) and notice.link.startswith("/")
    return redirect(notice.link if inside else "notices")


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    operations.mark_read(cast(User, request.user), now=clock.now())
    return redirect("notices")


@signed_in
@require_POST
def arrived(request: HttpRequest, pk: int) -> HttpResponse:
    """The browser's service worker showed the push: no SMS needs to follow (KH-NOTE-05)."""
    operations.push_arrived(cast(User, request.user), notice_id=pk, now=clock.now())
    return HttpResponse(status=204)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Switches by group and channel, and the quiet hours."""
    user = cast(User, request.user)
    errors: dict[str, Any] = {}
    if request.method == "POST":
        try:
            _save(user, request)
        except Invalid as refusal:
            errors = refusal.fields
        else:
            messages.success(request, gettext("Saved."))
            return redirect("notice-preferences")
    labels = GROUPS | market.active().hooks.get("notice_groups", dict)()
    context = {
        "rows": [
            (code, labels.get(code, code), [(channel, Channel(channel).label, on) for channel, on in row])
            for code, row in switches.table(user)
        ],
        "quiet": QuietHours.objects.filter(user=user).first(),
        "errors": errors,
    }
    return render(request, "web/notices/preferences.html", context, status=422 if errors else 200)


def _save(user: User, request: HttpRequest) -> None:
    start, end = _time(request.POST.get("start", "")), _time(request.POST.get("end", ""))
    switches.set_quiet_hours(user, start=start, end=end)
    for group, row in switches.table(user):
        for channel, was in row:
            now_on = f"{group}.{channel}" in request.POST
            if now_on != was:
                switches.set_switch(user, group=group, channel=channel, on=now_on)


def _time(text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Invalid({"start": _("Write a time of day like 22:00.")}) from None
