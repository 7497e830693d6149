"""Every refusal as RFC 9457 ``application/problem+json``, in the reader's language.

``code`` is for programs and stable; ``detail`` is for people; ``errors`` maps a field to its sentence; what else a
refusal knows (the present ``state``, a ``version``) stands beside them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from mahalla.kit.errors import Denied, Invalid, NotFound, Refused, TooMany

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger("mahalla.api")

TITLES: Mapping[int, Any] = {
    400: gettext_lazy("This call cannot be read"),
    401: gettext_lazy("Sign in first"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("This address does not do that"),
    409: gettext_lazy("Not possible now"),
    422: gettext_lazy("Some values cannot be taken"),
    429: gettext_lazy("Too many calls"),
    500: gettext_lazy("Something went wrong here"),
}
#: what pydantic finds wrong, in words for people
WRONG: Mapping[str, Any] = {
    "missing": gettext_lazy("This is needed."),
    "extra_forbidden": gettext_lazy("This is not known here."),
    "string_too_short": gettext_lazy("This is too short."),
    "string_too_long": gettext_lazy("This is too long."),
    "too_long": gettext_lazy("These are too many."),
    "too_short": gettext_lazy("These are too few."),
    "greater_than": gettext_lazy("This is too small."),
    "greater_than_equal": gettext_lazy("This is too small."),
    "less_than": gettext_lazy("This is too big."),
    "less_than_equal": gettext_lazy("This is too big."),
    "int_parsing": gettext_lazy("Give a whole number."),
    "int_type": gettext_lazy("Give a whole number."),
    "int_from_float": gettext_lazy("Give a whole number."),
    "bool_parsing": gettext_lazy("Give true or false."),
    "string_type": gettext_lazy("Give a text."),
    "timezone_aware": gettext_lazy("Give the time with its zone, as 2026-03-02T14:00:00+03:00."),
    "datetime_from_date_parsing": gettext_lazy("Give the time with its zone, as 2026-03-02T14:00:00+03:00."),
    "literal_error": gettext_lazy("Choose one of the values that are offered."),
    "enum": gettext_lazy("Choose one of the values that are offered."),
}


def problem(status: int, code: str, detail: Any = "", more: Mapping[str, Any] | None = None) -> HttpResponse:
    """One problem; ``more`` are its extension members."""
    body = {
        "type": f"urn:mahalla:problem:{code}",
        "title": str(TITLES.get(status) or HTTPStatus(status).phrase),
        "status": status,
        "detail": str(detail or TITLES.get(status, "")),
        "code": code,
        **{name: plain(value) for name, value in (more or {}).items() if name not in RESERVED},
    }
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=CONTENT_TYPE)


RESERVED = {"type", "title", "status", "detail", "code"}


def plain(value: Any) -> Any:
    """``value`` as JSON takes it; lazy texts become words."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def of_refusal(refusal: Refused) -> HttpResponse:
    """The problem that a rule's refusal is."""
    more = dict(refusal.detail)
    if isinstance(refusal, Invalid):
        more["errors"] = refusal.fields
    elif refusal.field:
        more["errors"] = {refusal.field: refusal.message}
    detail = _("There is nothing here for you.") if refusal.code == "not_found" else refusal.message
    response = problem(refusal.status, refusal.code, detail, more)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after_s)
    return response


def of_validation(errors: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """What the schema refused, in the same form as the rules' own refusals."""
    fields: dict[str, Any] = {}
    for error in errors:
        said = WRONG.get(str(error.get("type")), gettext_lazy("This value cannot be taken."))
        fields.setdefault(_field(error.get("loc", ())), said)
    return of_refusal(Invalid(fields))


def _field(where: Sequence[Any]) -> str:
    """``("body", "payload", "stars")`` is the field ``stars``; a body that is missing as a whole is ``body``."""
    source, *parts = [str(part) for part in where] or ["body"]
    if source == "body":
        parts = parts[1:]
    return ".".join(parts) or source


def unauthenticated() -> HttpResponse:
    response = problem(401, "sign_in", _("Sign in, then send the token with every call."))
    response["WWW-Authenticate"] = 'Bearer realm="mahalla"'
    return response


def install(api: NinjaAPI) -> None:
    """Teach the API how each kind of error is said."""

    def refused(request: HttpRequest, error: Any) -> HttpResponse:
        return of_refusal(error)

    def invalid(request: HttpRequest, error: Any) -> HttpResponse:
        return of_validation(error.errors)

    def stranger(request: HttpRequest, error: Any) -> HttpResponse:
        return unauthenticated()

    def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(error.status_code, "unreadable" if error.status_code == 400 else "refused")

    def missing(request: HttpRequest, error: Any) -> HttpResponse:
        return of_refusal(NotFound())

    def forbidden(request: HttpRequest, error: Any) -> HttpResponse:
        return of_refusal(Denied("not_allowed", _("Your role does not allow this.")))

    def broken(request: HttpRequest, error: Any) -> HttpResponse:
        log.error("api call failed: %s %s", request.method, request.path, exc_info=error)
        return problem(500, "internal", _("Something went wrong here. Try again; nothing was changed."))

    api.add_exception_handler(Refused, refused)
    api.add_exception_handler(ValidationError, invalid)
    api.add_exception_handler(AuthenticationError, stranger)
    api.add_exception_handler(HttpError, unreadable)
    api.add_exception_handler(Http404, missing)
    api.add_exception_handler(PermissionDenied, forbidden)
    api.add_exception_handler(Exception, broken)
