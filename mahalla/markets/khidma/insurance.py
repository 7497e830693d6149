"""What is insured, up to what, and what never is (KH-TRUST-06; C24, S34).

Liability and property damage are covered for each eligible task without asking; whether a task is eligible follows from
its category, its risk class and its inputs. The answer is shown before posting and before accepting, and the job keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.work.models import Request
from mahalla.kit.market import active

STANDARD, EXCLUDED = "standard", "excluded"
#: the lists in force, newest last; an old one is never edited, because accepted work names the one it was accepted with
EXCLUSIONS: Mapping[str, tuple[str, ...]] = {
    "1": ("cash_jewellery", "gas_mains", "pre_existing", "undeclared_lifting"),
}
VERSION = list(EXCLUSIONS)[-1]
WORDS: Mapping[str, Any] = {
    "cash_jewellery": _("Cash and jewellery"),
    "gas_mains": _("Work on gas or mains electricity without a certificate"),
    "pre_existing": _("Damage that was there before"),
    "undeclared_lifting": _("Heavy lifting that was not declared"),
}
REASONS: Mapping[str, Any] = {
    "high_risk": _("This kind of work has a high risk and is not on the list of insured work."),
    "not_insured": _("This kind of work is not insured."),
    "gas_mains": _("Work on gas or mains electricity is insured only with a certificate."),
}


class Insurable(Protocol):
    """A category, or the version of it that work was posted with."""

    @property
    def risk_class(self) -> str: ...

    @property
    def flags(self) -> Mapping[str, Any]: ...


def cover_of(
    terms: Insurable, details: Mapping[str, Any], *, now: datetime, extended: bool = False
) -> dict[str, Any]:
    """The cover of such work: ``status``, ``reasons``, ``exclusions``, their ``version``, and the limits in minor units.

    ``flags["insured"]`` is the operator's list: ``high`` risk needs it, and False takes any category out.
    ``flags["certified"]`` says that whoever does this work holds the certificate for gas and mains electricity.
    ``extended`` raises the limits by the sold factor; an excluded task has none to raise.
    """
    reasons = _reasons(terms, details)
    factor = int(policy.get("extended_cover_factor", now=now)) if extended else 1
    out: dict[str, Any] = {
        "status": EXCLUDED if reasons else STANDARD,
        "reasons": reasons,
        "exclusions": _exclusions(terms, details),
        "version": VERSION,
        "currency": active().currency,
        "liability_minor": 0,
        "damage_minor": 0,
    }
    if not reasons:
        out["liability_minor"] = int(policy.get("insurance_liability_limit", now=now)) * factor
        out["damage_minor"] = int(policy.get("insurance_damage_limit", now=now)) * factor
    return out


def _reasons(terms: Insurable, details: Mapping[str, Any]) -> list[str]:
    listed, reasons = terms.flags.get("insured"), []
    if listed is False:
        reasons.append("not_insured")
    elif terms.risk_class == "high" and not listed:
        reasons.append("high_risk")
    if details.get("gas_mains") and not terms.flags.get("certified"):
        reasons.append("gas_mains")
    return reasons


def _exclusions(terms: Insurable, details: Mapping[str, Any]) -> list[str]:
    """What the cover leaves out: what was declared, or is done with a certificate, is not left out."""
    settled = {"undeclared_lifting": details.get("heavy_lifting"), "gas_mains": terms.flags.get("certified")}
    return [code for code in EXCLUSIONS[VERSION] if not settled.get(code)]


def cover_for(request: Request, *, now: datetime) -> dict[str, Any]:
    """The cover of this task as it stands, by the version of the category that it keeps (KH-CAT-04)."""
    assert request.category is not None
    if request.posted_at is None:
        return cover_of(request.category, request.details, now=now)
    terms = catalog.terms_at(request.category.pk, request.category_version)
    return cover_of(terms, request.details, now=now)


# --- in words -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A cover for people: the word, why not, the limits, and what is left out."""

    covered: bool
    label: Any
    reasons: tuple[Any, ...]
    exclusions: tuple[Any, ...]
    liability_minor: int
    damage_minor: int
    currency: str


def shown(cover: Mapping[str, Any] | None) -> Shown | None:
    """A stored cover in words; None for work that was agreed before there was one."""
    if not cover:
        return None
    covered = cover["status"] == STANDARD
    return Shown(
        covered=covered,
        label=_("Insured") if covered else _("Not insured: excluded"),
        reasons=tuple(REASONS[code] for code in cover["reasons"]),
        exclusions=tuple(WORDS[code] for code in cover["exclusions"]),
        liability_minor=cover["liability_minor"],
        damage_minor=cover["damage_minor"],
        currency=cover["currency"],
    )
