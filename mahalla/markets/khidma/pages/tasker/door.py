"""Who comes in to the Taskers' pages, and what every one of them does alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers

from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.markets.khidma.models import TaskerProfile
from mahalla.markets.khidma.pages.common import once, show_refusal

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
TASKER = "tasker"


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def now_of(request: HttpRequest) -> datetime:
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def as_tasker(request: HttpRequest) -> Actor:
    """The signed-in person as a Tasker, whatever role the session acts in: own work is own work."""
    return Actor(person(request).pk, TASKER)


def profile_of(request: HttpRequest) -> TaskerProfile:
    """The own profile, read once a request and only by pages that need it."""
    if not hasattr(request, "tasker"):
        rows = TaskerProfile.objects.select_related("photo", "city", "district")
        found = rows.filter(user=person(request)).first()
        if found is None:
            raise _NotStarted
        found.user = person(request)
        request.tasker = found  # type: ignore[attr-defined]
    return cast(TaskerProfile, request.tasker)  # type: ignore[attr-defined]


def tasker_page(view: View[P]) -> View[P]:
    """Only for Taskers. Guests are asked to sign in, others are shown how to become one, both with 403 (KH-UX-03).

    Who has the role and no profile yet (registration gives only the role) starts with one press.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            return render(request, "khidma/tasker/guest.html", status=403)
        if not request.user.has_role(TASKER):
            return render(request, "khidma/tasker/start.html", status=403)
        try:
            response = view(request, *args, **kwargs)
        except _NotStarted:
            response = render(request, "khidma/tasker/start.html")
        add_never_cache_headers(response)
        return response

    return guarded


class _NotStarted(Exception):
    """There is no profile yet."""


# --- forms ----------------------------------------------------------------------------------------------------------


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: nothing on a first look."""
    return request.POST if request.method == "POST" else None


@contextmanager
def attempt(request: HttpRequest, form: Form, aliases: dict[str, str] | None = None) -> Iterator[bool]:
    """Do the deed once; a refusal lands on the form, beside the field that it names, and what was typed stays.

    with attempt(request, form) as fresh:
        if fresh: …
    if form.is_valid(): return redirect(…)
    """
    try:
        with once(request) as fresh:
            yield fresh
    except NotFound:
        raise
    except Refused as refusal:
        show_refusal(form, refusal, aliases)


@contextmanager
def told(request: HttpRequest, done: Any = "") -> Iterator[bool]:
    """For a button without a form of its own: do it once, and say what came of it on the page that follows."""
    try:
        with once(request) as fresh:
            yield fresh
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        if done:
            messages.success(request, str(done))


def back(request: HttpRequest, to: str, *args: Any) -> HttpResponse:
    """Go on to a page, also from a part that asked through htmx."""
    found = redirect(to, *args)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": found["Location"]})
    return found


def files(request: HttpRequest, field: str) -> list[UploadedFile[Any]]:
    return [file for file in request.FILES.getlist(field) if file]


def keep(request: HttpRequest, file: UploadedFile[Any], purpose: str, *, field: str) -> Asset:
    """Take an uploaded file in. Raises ``Invalid`` with a sentence under ``field``."""
    return media.store(file, owner=person(request), purpose=purpose, now=now_of(request), field=field)


def need(request: HttpRequest, field: str, sentence: Any) -> UploadedFile[Any]:
    """The one file of a field. Raises ``Invalid`` where there is none."""
    found = files(request, field)
    if not found:
        raise Invalid({field: sentence})
    return found[0]
