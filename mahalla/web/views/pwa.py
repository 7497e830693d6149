"""What makes the pages an installable application: manifest, service worker, offline page, icon."""

from __future__ import annotations

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from mahalla.web.context import Shell
from mahalla.web.photos import brand_icon

ICON_SIZES = (192, 512)
KEPT = ("app.css", "app.js", "live.js", "icons.svg", "icons/tick.svg", "icons/down.svg")


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """The web application manifest, in the reader's language."""
    shell = Shell(request)
    icons = [
        {
            "src": reverse("brand-icon", args=[size]),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in ICON_SIZES
        for purpose in ("any", "maskable")
    ]
    body = {
        "id": "/", "name": str(shell.title), "short_name": str(shell.title), "description": str(shell.brand.tagline),
        "lang": shell.language, "dir": shell.direction, "start_url": "/", "scope": "/", "display": "standalone",
        "background_color": shell.theme["light"], "theme_color": shell.theme["light"], "icons": icons,
    }  # fmt: skip
    response = JsonResponse(body, content_type="application/manifest+json")
    response["Vary"] = "Accept-Language, Cookie"
    return response


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """``sw.js`` with the addresses of this release before it, served from the root so that it covers every page."""
    found = finders.find("web/sw.js")
    if not isinstance(found, str):
        raise Http404
    kept = [static(f"web/{name}") for name in KEPT]
    head = f"const OFFLINE = {reverse('offline')!r}, KEPT = {[OFFLINE_SLOT, *kept]!r};\n".replace(
        f"'{OFFLINE_SLOT}'", "OFFLINE"
    )
    return HttpResponse(head + Path(found).read_text(), content_type="text/javascript")


OFFLINE_SLOT = "@offline"


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What a page without a network says."""
    return render(request, "web/offline.html")


@require_safe
@cache_control(max_age=86400, public=True)
def icon(request: HttpRequest, size: int) -> HttpResponse:
    """The application's icon as a PNG."""
    if size not in ICON_SIZES:
        raise Http404
    return HttpResponse(brand_icon(size, Shell(request).brand.colour), content_type="image/png")
