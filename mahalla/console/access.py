"""Who works in the console, and in which part of it (KH-ADMIN-08).

The parts are the same in every market; which role works where is the market's own table, hook ``console_sections``:
``() -> {role: {section, …}}``. Nobody is let in for being a superuser: without a role there is nothing to see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kit.errors import Denied
from mahalla.kit.market import active, hook

OPERATIONS, VERIFICATION, DISPUTES, TRUST = "operations", "verification", "disputes", "trust"
PEOPLE, ANALYTICS, SETTINGS, OVERSIGHT = "people", "analytics", "settings", "oversight"


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    label: Any


#: in the order of the sidebar
SECTIONS = (
    Section(OPERATIONS, _("Operations")),
    Section(DISPUTES, _("Disputes")),
    Section(TRUST, _("Trust and safety")),
    Section(VERIFICATION, _("Verification")),
    Section(PEOPLE, _("People")),
    Section(ANALYTICS, _("Analytics")),
    Section(SETTINGS, _("Settings")),
    Section(OVERSIGHT, _("Oversight")),
)


def _nobody() -> Mapping[str, Collection[str]]:
    return {}


def sections_by_role() -> Mapping[str, Collection[str]]:
    table: Mapping[str, Collection[str]] = hook("console_sections", _nobody)()
    return table


def staff_roles(user: Any) -> list[str]:
    """The staff roles that a person holds, in the market's order; none for a guest or a stopped account."""
    if not isinstance(user, User) or user.status != User.Status.ACTIVE:
        return []
    return [role.code for role in active().roles if role.staff and user.has_role(role.code)]


def sections_of(user: Any) -> frozenset[str]:
    """The parts of the console that the person's roles open."""
    table = sections_by_role()
    return frozenset(section for role in staff_roles(user) for section in table.get(role, ()))


def roles_in(user: Any, section: str) -> list[str]:
    """The person's roles that open this part, in the market's order."""
    table = sections_by_role()
    return [role for role in staff_roles(user) if section in table.get(role, ())]


def require_staff(user: Any) -> None:
    """Raises ``Denied`` for people without a staff role."""
    if not staff_roles(user):
        raise Denied("staff_only", _("This part is for staff."))


def require_section(user: Any, section: str) -> None:
    """Raises ``Denied`` where no role of the person opens the part."""
    require_staff(user)
    if section not in sections_of(user):
        raise Denied("section_closed", _("Your role does not open this part of the console."))
