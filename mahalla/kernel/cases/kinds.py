"""The kinds of cases that a market has (hook ``case_kinds``) and the roles that work on them (hook ``case_agents``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases.models import Case
from mahalla.kernel.identity.models import User
from mahalla.kit.errors import Invalid
from mahalla.kit.market import hook


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of one group. ``money`` kinds claim an amount of the charge; ``severity`` is where it starts.

    ``outcomes`` are the market's own (``"upheld"``, ``"hide"``, ``"redo"`` …): with them a case without money ends in one
    of these, and a case with money may be given one beside its refund. Without, see ``cases.deciding``.
    """

    code: str
    group: str
    label: Any
    severity: int = Case.Severity.MEDIUM
    money: bool = False
    outcomes: tuple[str, ...] = ()


#: what a case's number begins with
SERIES = {Case.Group.DISPUTE: "DSP", Case.Group.INCIDENT: "INC", Case.Group.REPORT: "REP"}


def kinds(group: str = "") -> Mapping[str, Kind]:
    """The active market's kinds by code, of one group or all."""
    declared: list[Kind] = list(hook("case_kinds", tuple)())
    return {kind.code: kind for kind in declared if not group or kind.group == group}


def kind(code: str) -> Kind:
    """Raises ``Invalid`` for a kind that the market does not declare."""
    found = kinds().get(code)
    if found is None:
        raise Invalid({"kind": _("Choose what this is about.")})
    return found


def agents(group: str) -> set[str]:
    """The roles that work on cases of this group; nobody where the market names none."""
    by_group: Mapping[str, set[str]] = hook("case_agents", dict)()
    return set(by_group.get(group, ()))


def works_on(viewer: User, group: str) -> bool:
    return viewer.is_active and viewer.has_role(*agents(group))
