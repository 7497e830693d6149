"""Who comes in to the shared pages: people who are signed in; a guest is told so, with the way in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: View[P]) -> View[P]:
    """A guest who opens the page gets 403 and a link to the sign-in that leads back here (KH-UX-03).

    A guest's form cannot be taken up again after the sign-in, so it goes to the sign-in at once.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            return sign_in_first(request)
        return redirect_to_login(request.get_full_path())

    return guarded


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """The page that offers the sign-in, and leads back here after it."""
    response = render(request, "web/identity/sign_in_first.html", status=403)
    add_never_cache_headers(response)
    return response
