"""What every page of this market stands on: who may enter, how a refusal lands in a form, who hears what live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Request
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, Refused
from mahalla.web import brand, topics
from mahalla.web.doors import sign_in_first

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
CLIENT = "client"
SENT, SENT_MOST = "sent_forms", 30


def register() -> None:
    """Once, at start: the house's look and who may listen to a task."""
    from mahalla.markets.khidma.pages import nav  # noqa: F401 - registers the bar

    brand.register("khidma", brand.Brand(name=_brand_name(), accent="palm", mark="arch"))
    topics.register("request", may_hear_request)


def _brand_name() -> Any:
    from django.utils.translation import gettext_lazy as _

    return _("Khidma")


def may_hear_request(user: User, pk: int) -> bool:
    """A task is heard by its client, by the Tasker who is asked or does it, and by the staff (KH-FLOW-03)."""
    mine = Q(client=user) | Q(jobs__worker=user) | Q(offers__worker=user, offers__state="pending")
    if Request.objects.filter(mine, pk=pk).exists():
        return True
    return user.is_staff or user.has_role("ops_admin", "admin", "support_agent", "ts_agent")


# --- who comes in ---------------------------------------------------------------------------------------------------


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def now_of(request: HttpRequest) -> datetime:
    """The instant of this request; every page reads the clock once."""
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def as_client(request: HttpRequest) -> Actor:
    """The signed-in person as a client, whatever role the session acts in: own tasks are own tasks."""
    return Actor(person(request).pk, CLIENT)


def for_role(role: str, template: str) -> Callable[[View[P]], View[P]]:
    """Only for people who hold ``role``; guests and others are shown what to do, with 403 (KH-UX-03)."""

    def door(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = request.user
            if not isinstance(user, User):
                return sign_in_first(request)
            if not user.has_role(role):
                return render(request, template, {"role": role}, status=403)
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return guarded

    return door


client_page = for_role(CLIENT, "khidma/shared/become_client.html")


# --- forms ----------------------------------------------------------------------------------------------------------


def show_refusal(form: Form, refusal: Refused, aliases: Mapping[str, str] | None = None) -> None:
    """Put the sentence where it belongs: beside the field that it names, else above the form."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {refusal.field: refusal.message}
    for name, sentence in fields.items():
        shown = (aliases or {}).get(name, name)
        form.add_error(shown if shown in form.fields else None, str(sentence))


def answer(request: HttpRequest, template: str, form: Form, **context: Any) -> HttpResponse:
    """The page with its form and what was typed; 422 while something is to be mended."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)


@contextmanager
def once(request: HttpRequest) -> Iterator[bool]:
    """Whether this form comes for the first time: pressing twice on a bad line does a thing once.

        with once(request) as fresh:
            if fresh: …

    The key comes with ``{% once %}``. It is kept with the session, under a lock and in the deed's own transaction: of
    two presses at once the second waits, and what was refused may be sent again.
    """
    key = request.POST.get("idempotency_key", "")[:64]
    session_key = request.session.session_key
    if not key or not session_key:
        yield True
        return
    with transaction.atomic():
        row = Session.objects.select_for_update().filter(pk=session_key).first()
        sent = row.get_decoded().get(SENT, []) if row else []
        fresh = key not in sent
        yield fresh
        if fresh:
            request.session[SENT] = [*sent, key][-SENT_MOST:]
            request.session.save()


def go(request: HttpRequest, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """Redirect, also for a page that asked through htmx."""
    found: HttpResponse = redirect(to, *args, **kwargs)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": found["Location"]})
    return found


def back_to(request: HttpRequest, default: str) -> HttpResponse:
    """Where the form says it came from, within this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect(default)
