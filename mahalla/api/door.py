"""What stands before every operation: the language, the count of calls, and problems for addresses that nobody serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from mahalla.api import limits, problems
from mahalla.api.callers import address_of, caller_of, instant, language_of
from mahalla.kit.errors import Refused

View = Callable[..., HttpResponse]


def door(view: View) -> View:
    """Wraps the view of one address (whatever its methods)."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kw: Any) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = _counted(view, request, *args, **kw)
            if response.status_code == 405 and response.get("Content-Type") != problems.CONTENT_TYPE:
                allowed = response.get("Allow", "")
                response = problems.problem(405, "method_not_allowed", _("This address does not do that."))
                response["Allow"] = allowed
        response["Content-Language"] = language
        response["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ("Accept-Language", "Authorization", "Cookie"))
        return response

    return wrapped


def _counted(view: View, request: HttpRequest, *args: Any, **kw: Any) -> HttpResponse:
    caller = caller_of(request)
    address = "" if caller else address_of(request)
    who = f"user:{caller.user.pk}" if caller else f"address:{address}" if address else ""
    try:
        if who:
            limits.count(who, now=instant(request))
    except Refused as refusal:
        return problems.of_refusal(refusal)
    return view(request, *args, **kw)


def guard(patterns: Sequence[Any]) -> list[Any]:
    """The same patterns with the door before each."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = door(pattern.callback)
    return list(patterns)
