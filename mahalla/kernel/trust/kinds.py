"""The kinds of checks that a market asks for, as it declares them through the hook ``verification_kinds``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kit.errors import NotFound
from mahalla.kit.market import hook

#: decided by operations, in the console
BY_HAND = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of check.

    ``parts`` are the documents that must be there (``front``, ``back``, ``selfie`` …), ``optional`` those that may.
    ``number`` is the pattern of the canonical document number (capital letters and digits), empty when there is none;
    a number belongs to one account. ``consent`` asks for the person's word; ``expires`` for the document's date.
    ``provider`` names who decides (``BY_HAND``: operations). ``badge`` is the public code shown with the check's date.
    ``purge_rejected`` deletes pictures and numbers once a rejection can no longer be contested.
    """

    code: str
    label: Any
    parts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    number: str = ""
    consent: bool = False
    expires: bool = False
    provider: str = BY_HAND
    badge: str = ""
    purge_rejected: bool = False

    def takes_number(self, canonical: str) -> bool:
        return bool(re.fullmatch(self.number, canonical))


def kinds() -> Mapping[str, Kind]:
    """The active market's kinds by code; a market without the hook has none."""
    declared: Mapping[str, Kind] = hook("verification_kinds", dict)()
    return declared


def kind(code: str) -> Kind:
    """Raises ``NotFound`` for a kind that the market does not declare."""
    found = kinds().get(code)
    if found is None:
        raise NotFound("unknown_verification", _("This market has no such check."))
    return found


def document_readers() -> set[str]:
    """The roles that may read personal documents (KH-SEC-04); nobody where the market names none."""
    return set(hook("document_readers", set)())
