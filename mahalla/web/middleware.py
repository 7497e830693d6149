"""What every page request carries: the language, the instant, who acts, and the surface's refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from mahalla.kernel.identity import policies, roles, sessions
from mahalla.kernel.identity.models import User
from mahalla.kit import clock, market
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, Refused, TooMany

Handler = Callable[[HttpRequest], HttpResponse]
SEEN_KEY = "seen_at"
ROLE_KEY = "acting_role"


def offered_languages() -> list[str]:
    """The market's languages, the default first."""
    try:
        return [code for code, _name in market.active().languages]
    except market.UnknownMarket:
        return [code for code, _name in settings.LANGUAGES]


def language_of(request: HttpRequest) -> str:
    """The person's own language, else the browser's chosen one, else what it accepts, else the market's first."""
    offered = offered_languages()
    wishes = []
    if request.user.is_authenticated:
        wishes.append(request.user.language)
    wishes.append(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
    wishes += [code for code, _q in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    for wish in wishes:
        for code in (wish, wish.split("-")[0]):
            if code in offered:
                return code
    return offered[0]


class Language:
    """Speaks the reader's language (KH-PROFILE-04); sets ``request.LANGUAGE_CODE`` and ``request.dir``."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            request.dir = "rtl" if translation.get_language_bidi() else "ltr"  # type: ignore[attr-defined]
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class Surface:
    """Reads the clock once (``request.now``), names the ``request.actor``, and turns refusals into pages."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = clock.now()  # type: ignore[attr-defined]
        request.actor = cast(Actor, SimpleLazyObject(lambda: actor_of(request)))  # type: ignore[attr-defined]
        stopped = _stopped(request)
        if stopped is not None:
            return stopped
        _write_seen(request)
        response = self.get_response(request)
        if "text/html" in request.headers.get("Accept", ""):
            if response.status_code == 405:
                return _nothing_to_open(request, response)
            if response.status_code == 404 and settings.DEBUG and request.resolver_match is None:
                return render(
                    request, "404.html", status=404
                )  # also where one develops: newcomers meet it first
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal_page(request, exception) if isinstance(exception, Refused) else None


class Compressed(GZipMiddleware):
    """Pages, scripts and styles travel gzipped (a cheap phone, a bad line); pictures and documents are small already."""

    kinds = (
        "text/",
        "application/json",
        "application/javascript",
        "application/manifest+json",
        "image/svg+xml",
    )

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 206 or not response.headers.get("Content-Type", "").startswith(self.kinds):
            return response
        return super().process_response(request, response)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts, in the role chosen for this session; ``guest`` where nobody is signed in."""
    if not isinstance(request.user, User):
        return Actor(None, "guest")
    return Actor(request.user.pk, roles.acting_role(request.user, request.session.get(ROLE_KEY, "")))


def refusal_page(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The refusal as its own page, or as a fragment whose sentence ``app.js`` shows as a toast."""
    if refusal.code == "terms_outdated" and request.user.is_authenticated:
        return _to_terms(request)
    fragment = bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]
    template = "web/partials/refusal.html" if fragment else "web/errors/refused.html"
    response = render(
        request, template, {"refusal": refusal, "back": came_from(request)}, status=refusal.status
    )
    if fragment:
        response["HX-Retarget"] = "[data-toasts]"
        response["HX-Reswap"] = "beforeend"
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after_s)
    return response


def _nothing_to_open(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """An address that only takes forms, opened by hand or reloaded: a way back instead of a blank page."""
    refusal = Refused(
        "form_only", _("This address only takes what a form sends. Go back and press the button again.")
    )
    page = refusal_page(request, refusal)
    page.status_code = 405
    page["Allow"] = response.headers.get("Allow", "")
    return page


def came_from(request: HttpRequest) -> str:
    """The page of this site that led here, else the front page."""
    referer = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(referer, {request.get_host()}, request.is_secure())
    return urlsplit(referer)._replace(scheme="", netloc="").geturl() if known and referer else "/"


def _to_terms(request: HttpRequest) -> HttpResponse:
    """Ask for the new terms, then lead back to the page from which the person acted (KH-ID-06)."""
    back = request.get_full_path()
    if request.method != "GET":
        back = came_from(request)
    address = f"{reverse('account-terms')}?{urlencode({'next': back})}"
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _stopped(request: HttpRequest) -> HttpResponse | None:
    """Show suspended and banned people out (KH-ID-10): their session no longer counts, and they are told why."""
    if request.user.is_authenticated or BACKEND_SESSION_KEY not in request.session:
        return None
    user = User.objects.filter(pk=request.session.get(SESSION_KEY) or 0).first()
    logout(request)
    if user is None:
        return None
    try:
        policies.require_active(user)
    except Denied as refusal:
        return refusal_page(request, refusal)
    return None


def _write_seen(request: HttpRequest) -> None:
    """Keep "last seen" of the session roughly right without a write on every page."""
    if not request.user.is_authenticated:
        return
    now: datetime = request.now  # type: ignore[attr-defined]
    seen = request.session.get(SEEN_KEY)
    if seen is None or datetime.fromisoformat(seen) < now - sessions.SEEN_EVERY:
        request.session[SEEN_KEY] = now.isoformat()
        sessions.seen(request.session.session_key or "", now=now)
