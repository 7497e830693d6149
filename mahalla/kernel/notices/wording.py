"""A notice's words in the language of who reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override

from mahalla.kernel.identity.models import User
from mahalla.kit.market import NoticeSpec, active
from mahalla.kit.text import pick


def language_of(user: User) -> str:
    """The person's language where the market speaks it, else the market's first."""
    spoken = [code for code, _label in active().languages]
    return user.language if user.language in spoken else active().default_language


def written(spec: NoticeSpec, params: Mapping[str, Any], language: str) -> tuple[str, str]:
    """``(title, body)``; lazy texts and ``{"en": …, "ar": …}`` names among the params are said in ``language`` too."""
    with override(language):
        said = {key: _said(value, language) for key, value in params.items()}
        return str(spec.title) % said, str(spec.body) % said


def kept(params: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The params as JSON keeps them."""
    with override(language):
        return {
            key: value if isinstance(value, str | int | bool | dict | list) else str(_said(value, language))
            for key, value in params.items()
        }


def whole_link(link: str) -> str:
    """A link as it stands in a message that is read outside the app."""
    return f"{settings.MAHALLA_PUBLIC_URL}{link}" if link.startswith("/") else link


def _said(value: Any, language: str) -> Any:
    if isinstance(value, Promise):
        return str(value)
    return pick(value, language) if isinstance(value, Mapping) else value
