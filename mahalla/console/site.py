"""The console's frame: Django's admin site in unfold's dress, without the admin's own doors.

No model is registered: a state changes only through its flow, so there is nothing to edit row by row. The frame gives
the sidebar by role, the command palette (Ctrl K), languages and messages; pages come from ``console.pages``.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from mahalla.console import access, pages, search


class Console(UnfoldAdminSite):
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(access.staff_roles(request.user))

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """unfold's sidebar with our words in its search field."""
        return {**context, "templates": {"navigation": "console/navigation.html"}}

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", self._staff(self.home), name="index"),
            path("login/", self.door, name="login"),
            path("logout/", self.leave, name="logout"),
            path("password/", self._staff(self.password_change), name="password_change"),
            path("password/done/", self._staff(self.password_change_done), name="password_change_done"),
            path("search/", self._staff(self.find), name="search"),
            *pages.patterns(),
        ]

    def _staff(self, view: pages.View) -> pages.View:
        @never_cache
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return pages.to_sign_in(request)
            access.require_staff(request.user)
            return view(request, *args, **kwargs)

        return guarded

    def door(self, request: HttpRequest) -> HttpResponse:
        """The shared sign-in page is the console's door too; staff who are in already go on."""
        if request.user.is_authenticated:
            access.require_staff(request.user)
            return redirect("admin:index")
        return pages.to_sign_in(request)

    def leave(self, request: HttpRequest) -> HttpResponse:
        """Out, by a form and not by a link."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        logout(request)
        return redirect("sign-in")

    def home(self, request: HttpRequest) -> HttpResponse:
        """What waits for this person, part by part."""
        now = pages.moment(request)
        mine = [
            (page, page.badge(request.user, now) if page.badge else None) for page in pages.sidebar(request)
        ]
        groups = [
            (section, [card for card in mine if card[0].section == section.code])
            for section in access.SECTIONS
        ]
        return pages.screen(
            request, "console/home.html", _("Console"), groups=[(s, found) for s, found in groups if found]
        )

    def find(self, request: HttpRequest) -> HttpResponse:
        """The command palette's answers; unfold's own would be kept for minutes, whoever asks."""
        found = search.results(request, request.GET.get("s", "").strip())
        template = "command_results" if "extended" in request.GET else "search_results"
        return TemplateResponse(
            request,
            f"unfold/helpers/{template}.html",
            search.page_of(found),
            headers={"HX-Trigger": "search"},
        )


site = Console(name="admin")
