"""The refusals that a user can act on.

Every rule that says no raises one of these, beside the rule, with a stable ``code`` (for programs) and a
sentence (for people, translated lazily). Pages show the sentence; the API turns it into an RFC 9457 problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """A rule said no and nothing was changed. ``status`` is the HTTP status the surfaces answer with."""

    status = 409

    def __init__(self, code: str, message: Any, *, field: str = "", **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.detail = detail

    def __str__(self) -> str:
        return str(self.message)


class Denied(Refused):
    """The viewer is known and may not do this, whatever the state."""

    status = 403


class NotFound(Refused):
    """Nothing here for this viewer: absent and forbidden look the same from outside."""

    status = 404

    def __init__(self, code: str = "not_found", message: Any = "", **detail: Any) -> None:
        super().__init__(code, message or _("There is nothing here for you."), **detail)


class Invalid(Refused):
    """Input that cannot be taken; ``fields`` maps each field to its sentence."""

    status = 422

    def __init__(self, fields: Mapping[str, Any], *, code: str = "invalid") -> None:
        first = next(iter(fields.values()), "")
        super().__init__(code, first, field=next(iter(fields), ""))
        self.fields = dict(fields)


class TooMany(Refused):
    """A rate limit; ``retry_after_s`` says when it is worth trying again."""

    status = 429

    def __init__(self, code: str, message: Any, *, retry_after_s: int) -> None:
        super().__init__(code, message, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s
