"""Private files over HTTP: each request asks anew whether this viewer may see this file."""

from __future__ import annotations

import re

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from mahalla.kernel.media import policies, queries
from mahalla.kit import clock
from mahalla.kit.errors import Denied, NotFound

EXTENSIONS = {"image/webp": "webp", "application/pdf": "pdf", "audio/mpeg": "mp3", "audio/mp4": "m4a"}
INLINE = ("image/", "audio/")
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@require_safe
def serve(request: HttpRequest, pk: int, variant: str) -> HttpResponse:
    """``/media/<pk>/<variant>/``: the bytes for a viewer who may have them, 404 for all others."""
    try:
        found = queries.open_for(request.user, pk, variant, now=clock.now(), role=_role(request))  # type: ignore[arg-type]
    except NotFound as refusal:
        raise Http404(str(refusal)) from None
    except Denied as refusal:
        raise PermissionDenied(str(refusal)) from None
    response = _ranged(request, found.data) or HttpResponse(found.data)
    response["Content-Type"] = found.mime
    shown = "inline" if found.mime.startswith(INLINE) else "attachment"
    extension = EXTENSIONS.get(found.mime, found.mime.partition("/")[2])
    response["Content-Disposition"] = f'{shown}; filename="{pk}-{variant}.{extension}"'
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    # the file is another person's making: if a browser ever renders it as a page, that page can do nothing
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store" if found.asset.encrypted else "private, max-age=3600"
    patch_vary_headers(response, ("Cookie",))
    return response


def _role(request: HttpRequest) -> str:
    return "staff" if policies.is_staff(request.user) else ""  # type: ignore[arg-type]


def _ranged(request: HttpRequest, data: bytes) -> HttpResponse | None:
    """One range, because Safari plays no sound from a server without them; anything odd gets the whole."""
    asked = RANGE.match(request.headers.get("Range", ""))
    if not asked or asked.groups() == ("", ""):
        return None
    first, last = asked.groups()
    start = int(first) if first else max(len(data) - int(last), 0)
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if start >= len(data) or end < start:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
    return HttpResponse(data[start : end + 1], status=206, headers=headers)
