"""What browsers are told not to do with our pages: only our own files run, only our own places are asked.

No page writes a script or a style into itself, so neither nonces nor ``unsafe-inline`` are needed. The operations
console is the exception: its frame (unfold) writes inline scripts, and only staff come there.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY, PERMISSIONS = "Content-Security-Policy", "Permissions-Policy"
OWN_RULES = ("/console/",)
ALLOWED = "geolocation=(self), microphone=(self), camera=(self), payment=(), usb=(), browsing-topics=()"


def origin(address: str) -> str:
    """``https://host:port`` of an absolute address; subdomains of a tile server (``{s}``) as ``*``."""
    parts = urlsplit(address.replace("{s}", "*"))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def content_policy() -> str:
    """The policy of every page: this site, the live stream and the tile server, as the settings name them."""
    stream, tiles = origin(settings.MAHALLA_STREAM_URL or ""), origin(settings.MAHALLA_MAP_TILES or "")
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", tiles],
        "media-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", stream],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join([name, *filter(None, sources)]) for name, sources in rules.items())


class Headers:
    """Both headers on every answer; what names its own policy (private files) keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(PERMISSIONS, ALLOWED)
        if not request.path.startswith(OWN_RULES) and not self._workshop(response):
            response.headers.setdefault(POLICY, content_policy())
        return response

    @staticmethod
    def _workshop(response: HttpResponse) -> bool:
        """Django's own page about a fault, which only developers see, is styled inline."""
        return bool(settings.DEBUG) and response.status_code >= 500
