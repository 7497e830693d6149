"""The account's own pages: profile, number, terms, sessions, data, leaving."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mahalla.kernel.identity import operations, phones, privacy, queries, roles
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.numbers import number
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Refused
from mahalla.web import nav
from mahalla.web.doors import signed_in
from mahalla.web.forms.identity import CodeForm, PhoneForm, ProfileForm, TermsForm
from mahalla.web.middleware import ROLE_KEY
from mahalla.web.views.identity import address_of, answer, instant, safe_next, terms_url

CHANGE = "phone_change"


@nav.register
def in_the_menu(request: HttpRequest) -> list[nav.NavItem]:
    if not request.user.is_authenticated:
        return []
    return [nav.NavItem(_lazy("Your account"), reverse("account"), "user", place="menu", order=90)]


def person(request: HttpRequest) -> User:
    """The signed-in person (after ``signed_in``)."""
    return cast(User, request.user)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Name and language to change; everything else to see, each with its own page or button."""
    user = person(request)
    form = ProfileForm(request.POST or None, initial={"name": user.name, "language": user.language})
    if request.method == "POST" and form.is_valid():
        try:
            operations.update_profile(user, now=instant(request), **form.cleaned_data)
        except Refused as refusal:
            return answer(request, "web/identity/account.html", form, refusal, **_overview(request))
        messages.success(request, _("Saved."))
        return redirect("account")
    return answer(request, "web/identity/account.html", form, **_overview(request))


def _overview(request: HttpRequest) -> dict[str, Any]:
    user = person(request)
    return {
        "contact": queries.contact_for(user, user),
        "sessions": queries.sessions_for(
            user, now=instant(request), session_key=request.session.session_key or ""
        ),
        "held": [role for role in roles.signup_roles() if user.has_role(role.code)],
        "offered": [role for role in roles.signup_roles() if not user.has_role(role.code)],
        "acting": request.actor.role,  # type: ignore[attr-defined]
        "consents": user.consents.order_by("-accepted_at", "document"),
        "terms_url": terms_url(),
    }


@signed_in
@require_POST
def role(request: HttpRequest) -> HttpResponse:
    """Act in another role; a sign-up role that is not held yet is taken (S2)."""
    user, wanted = person(request), request.POST.get("role", "")
    if not user.has_role(wanted):
        operations.grant_role(user, wanted, actor=Actor(user.pk, "user"), now=instant(request))
    request.session[ROLE_KEY] = wanted
    return redirect(safe_next(request))


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """Accept the terms in force (KH-ID-06); leads back to where they were asked for."""
    user = person(request)
    version = queries.terms_version()
    form = TermsForm(request.POST or None, initial={"version": version})
    context: dict[str, Any] = {
        "next": safe_next(request, "/account/"),
        "terms_url": terms_url(),
        "version": version,
    }
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/terms.html", form, **context)
    try:
        operations.accept_terms(
            user, version=form.cleaned_data["version"], language=user.language, now=instant(request)
        )
    except Refused as refusal:
        fresh = TermsForm(initial={"version": version})
        return render(
            request, "web/identity/terms.html", {"form": fresh, "refusal": refusal, **context}, status=409
        )
    return redirect(context["next"])


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """The new number (KH-ID-05)."""
    form = PhoneForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/phone_change.html", form)
    try:
        sent = operations.request_phone_change(
            person(request), form.cleaned_data["phone"], now=instant(request), address=address_of(request)
        )
    except Refused as refusal:
        return answer(request, "web/identity/phone_change.html", form, refusal)
    request.session[CHANGE] = {"phone": sent.phone, "expires_at": sent.expires_at.isoformat()}
    return redirect("account-phone-code")


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def phone_code(request: HttpRequest) -> HttpResponse:
    """The code that the new number received."""
    step = request.session.get(CHANGE)
    if step is None:
        return redirect("account-phone")
    form = CodeForm(request.POST or None)
    context: dict[str, Any] = {
        "phone": phones.shown(step["phone"]),
        "expires_at": datetime.fromisoformat(step["expires_at"]),
    }
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/phone_change_code.html", form, **context)
    try:
        operations.change_phone(
            person(request), step["phone"], code=form.cleaned_data["code"], now=instant(request)
        )
    except Refused as refusal:
        return answer(request, "web/identity/phone_change_code.html", form, refusal, **context)
    del request.session[CHANGE]
    messages.success(request, _("Your number was changed. From now on you sign in with the new one."))
    return redirect("account")


@signed_in
@require_POST
def end_session(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """End one of the own sessions; anybody else's is not found."""
    operations.end_session(person(request), kind, pk, now=instant(request))
    messages.success(request, _("That device was signed out."))
    return redirect("account")


@signed_in
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere, here too (KH-ID-04)."""
    operations.end_sessions(person(request), now=instant(request))
    logout(request)
    return redirect("sign-in")


@never_cache
@signed_in
@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """Everything kept of the person, as a file (KH-SEC-01)."""
    response = JsonResponse(
        privacy.export(person(request), now=instant(request)),
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Switch the account off, or ask for its deletion (KH-ID-07)."""
    user, now = person(request), instant(request)
    context: dict[str, Any] = {"days": number("deactivation_purge_days", now=now)}
    choice = request.POST.get("choice", "")
    if request.method != "POST" or choice not in {"deactivate", "delete"}:
        return render(request, "web/identity/leave.html", context)
    try:
        if choice == "delete":
            context["erase_at"] = operations.request_deletion(user, now=now)
        else:
            operations.deactivate(user, now=now)
    except Refused as refusal:
        return render(
            request, "web/identity/leave.html", context | {"refusal": refusal}, status=refusal.status
        )
    logout(request)
    return render(request, "web/identity/left.html", context)
