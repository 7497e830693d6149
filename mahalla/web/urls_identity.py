"""Signing in and the account's own pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from mahalla.web.views import account, identity

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", identity.phone, name="sign-in"),
    path("sign-in/code/", identity.code, name="sign-in-code"),
    path("sign-in/again/", identity.again, name="sign-in-again"),
    path("sign-in/welcome/", identity.welcome, name="sign-in-welcome"),
    path("sign-in/password/", identity.password, name="sign-in-password"),
    path("sign-out/", identity.sign_out, name="sign-out"),
    path("language/", identity.language, name="language"),
    path("account/", account.account, name="account"),
    path("account/role/", account.role, name="account-role"),
    path("account/terms/", account.terms, name="account-terms"),
    path("account/phone/", account.phone, name="account-phone"),
    path("account/phone/code/", account.phone_code, name="account-phone-code"),
    path("account/sessions/<str:kind>/<int:pk>/end/", account.end_session, name="account-session-end"),
    path("account/sessions/end/", account.end_sessions, name="account-sessions-end"),
    path("account/data/", account.data, name="account-data"),
    path("account/leave/", account.leave, name="account-leave"),
]
