"""Signing in: number → code → (name and terms, or the staff's password) → in."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mahalla.kernel.identity import operations, phones, queries
from mahalla.kernel.identity.models import User
from mahalla.kit import market
from mahalla.kit.errors import Denied, Refused, TooMany
from mahalla.web.forms.identity import CodeForm, PasswordForm, PhoneForm, WelcomeForm, show
from mahalla.web.middleware import offered_languages

STEP = "sign_in"
#: how long a started sign-in is kept in the browser's session
STEP_LASTS = timedelta(minutes=30)


def instant(request: HttpRequest) -> datetime:
    """The request's ``now``."""
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def address_of(request: HttpRequest) -> str:
    """The asking network address, or nothing for the machine itself (it names nobody)."""
    try:
        address = get_adapter().get_client_ip(request)
        return "" if ipaddress.ip_address(address).is_loopback else str(address)
    except (PermissionDenied, ValueError):
        return ""


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """``next`` of the request where it stays on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fine = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if fine else fallback


def answer(
    request: HttpRequest, template: str, form: Form, refusal: Refused | None = None, **context: Any
) -> HttpResponse:
    """The page with its form; after a refusal with its sentence and status."""
    if refusal is not None:
        show(form, refusal)
    status = refusal.status if refusal else (422 if form.errors else 200)
    response = render(request, template, {"form": form, **context}, status=status)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after_s)
    return response


def _step(request: HttpRequest, key: str) -> dict[str, Any] | None:
    """The started sign-in, when it has come as far as ``key`` and is fresh."""
    kept = request.session.get(STEP) or {}
    if key not in kept or datetime.fromisoformat(kept["at"]) < instant(request) - STEP_LASTS:
        return None
    return cast(dict[str, Any], kept)


@never_cache
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """One field: the number. The answer is the same whether it has an account or not."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = PhoneForm(request.POST or None)
    context: dict[str, Any] = {"next": safe_next(request, "")}
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/phone.html", form, **context)
    try:
        _send(request, form.cleaned_data["phone"], next=context["next"])
    except Refused as refusal:
        return answer(request, "web/identity/phone.html", form, refusal, **context)
    return redirect("sign-in-code")


def _send(request: HttpRequest, number: str, *, next: str) -> None:
    now = instant(request)
    sent = operations.request_code(
        number, now=now, address=address_of(request), language=get_language() or ""
    )
    request.session[STEP] = {
        "phone": sent.phone,
        "next": next,
        "at": now.isoformat(),
        "expires_at": sent.expires_at.isoformat(),
        "resend_at": sent.resend_at.isoformat(),
    }


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    step = _step(request, "phone")
    if step is None:
        return redirect("sign-in")
    form = CodeForm(request.POST or None)
    context: dict[str, Any] = {
        "phone": phones.shown(step["phone"]),
        "expires_at": datetime.fromisoformat(step["expires_at"]),
        "resend_at": datetime.fromisoformat(step["resend_at"]),
    }
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/code.html", form, **context)
    try:
        done = operations.verify_code(step["phone"], code=form.cleaned_data["code"], now=instant(request))
    except Refused as refusal:
        if refusal.status == 403:
            del request.session[STEP]
            raise
        return answer(request, "web/identity/code.html", form, refusal, **context)
    at = instant(request).isoformat()
    if done.user is None:
        request.session[STEP] = {"proof": done.proof, "next": step["next"], "at": at}
        return redirect("sign-in-welcome")
    if done.needs_password:
        request.session[STEP] = {"user": done.user.pk, "next": step["next"], "at": at}
        return redirect("sign-in-password")
    return _enter(request, done.user, step)


@never_cache
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Another code for the same number."""
    step = _step(request, "phone")
    if step is None:
        return redirect("sign-in")
    _send(request, step["phone"], next=step["next"])
    return redirect("sign-in-code")


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """A verified number without an account: name, role, terms."""
    step = _step(request, "proof")
    if step is None:
        return redirect("sign-in")
    form = WelcomeForm(request.POST or None)
    context: dict[str, Any] = {"version": queries.terms_version(), "terms_url": terms_url()}
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/welcome.html", form, **context)
    try:
        user = operations.complete_registration(
            step["proof"],
            terms=request.POST.get("version", ""),
            role=form.cleaned_data.get("role", ""),
            name=form.cleaned_data["name"],
            language=get_language() or "",
            now=instant(request),
        )
    except Refused as refusal:
        return answer(request, "web/identity/welcome.html", form, refusal, **context)
    return _enter(request, user, step)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """What staff must know besides holding the phone."""
    step = _step(request, "user")
    user = User.objects.filter(pk=step["user"]).first() if step else None
    if step is None or user is None:
        return redirect("sign-in")
    form = PasswordForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return answer(request, "web/identity/password.html", form)
    try:
        operations.confirm_password(user, password=form.cleaned_data["password"], now=instant(request))
    except Refused as refusal:
        return answer(request, "web/identity/password.html", form, refusal)
    return _enter(request, user, step)


def _enter(request: HttpRequest, user: User, step: dict[str, Any]) -> HttpResponse:
    """Open the session through allauth, which lists it and asks for what else is configured."""
    request.session.pop(STEP, None)
    return cast(HttpResponse, perform_login(request, user, redirect_url=step["next"] or "/"))


def staff_door(request: HttpRequest) -> HttpResponse:
    """The console's door is the sign-in page too; whoever is in already and is no staff stays out (KH-ID-08)."""
    if request.user.is_authenticated:
        raise Denied("staff_only", _("This part is for staff."))
    return redirect(f"{reverse('sign-in')}?{urlencode({'next': safe_next(request, '/console/')})}")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language: kept on the account (KH-PROFILE-04), and in the browser for whoever is signed out."""
    wanted = request.POST.get("language", "")
    response = redirect(safe_next(request))
    if wanted in offered_languages():
        if isinstance(request.user, User):
            operations.update_profile(request.user, language=wanted, now=instant(request))
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def terms_url() -> str:
    """Where the market shows its terms (socket ``terms_url``); empty where it shows none."""
    return str(market.hook("terms_url", lambda: "")())
