"""The console's pages as data: address, part, view, place in the sidebar. A market adds its own by the hook
``console_pages``: ``() -> (Page, …)``. The guard of every page is made here from its part, in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from mahalla.console.access import require_section, sections_of
from mahalla.kit.errors import Denied, NotFound, Refused
from mahalla.kit.market import UnknownMarket, hook

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Page:
    """``label`` and ``icon`` (Material Symbols) put it in the sidebar, ``order`` says where; ``badge(user, now)``
    counts what waits. A page without a label is reached from others."""

    name: str
    route: str
    view: View
    section: str
    label: Any = ""
    icon: str = ""
    order: int = 50
    badge: Callable[[Any, Any], int] | None = None

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.name}")


def all_pages() -> tuple[Page, ...]:
    """The console's own pages and those of the active market."""
    from mahalla.console.contents import PAGES

    try:
        own: Iterable[Page] = hook("console_pages", tuple)()
    except UnknownMarket:
        own = ()
    return (*PAGES, *own)


def patterns() -> list[URLPattern]:
    return [path(page.route, guarded(page), name=page.name) for page in all_pages()]


def guarded(page: Page) -> View:
    """Guests are asked to sign in; staff whose roles do not open the part are refused (403)."""

    @wraps(page.view)
    @never_cache
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        require_section(request.user, page.section)
        return page.view(request, *args, **kwargs)

    return view


def to_sign_in(request: HttpRequest) -> HttpResponse:
    at_the_door = request.path == reverse("admin:login")
    asked = request.GET.get("next", "") if at_the_door else request.get_full_path()
    safe = request.method == "GET" and url_has_allowed_host_and_scheme(asked, {request.get_host()})
    back = asked if safe else reverse("admin:index")
    return redirect(f"{reverse('sign-in')}?{urlencode({'next': back})}")


def sidebar(request: HttpRequest) -> list[Page]:
    """The pages that stand in this person's sidebar, in order."""
    mine = sections_of(request.user)
    listed = [page for page in all_pages() if page.label and page.section in mine]
    return sorted(listed, key=lambda page: page.order)


def screen(
    request: HttpRequest, template: str, title: Any, *, status: int = 200, **context: Any
) -> HttpResponse:
    """One page inside the console's frame."""
    from mahalla.console.site import site

    frame = site.each_context(request)
    mine = sections_of(request.user)
    return render(
        request,
        template,
        {**frame, "title": title, "my_sections": mine, "now": moment(request), **context},
        status=status,
    )


def moment(request: HttpRequest) -> Any:
    """The instant of this request, read once by the surface."""
    return request.now  # type: ignore[attr-defined]


def carry_out(
    request: HttpRequest, deed: Callable[[], object], *, done: Any, back: str, undone: str = ""
) -> HttpResponse:
    """Do one thing and go back to its page. A rule that says no is shown there, with nothing changed; what the
    person may not do at all stays an error page (403, 404)."""
    try:
        deed()
    except (Denied, NotFound):
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(undone or back)
    messages.success(request, str(done))
    return redirect(back)


def safe_back(request: HttpRequest, default: str) -> str:
    """Where a form asks to return to, if that is a page of this site."""
    wanted = request.POST.get("back", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else default
