"""Who may see a file: its owner, and whoever the rule of its purpose lets in. No rule means nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mahalla.kit.market import UnknownMarket, active

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.media.models import Asset

Rule = Callable[["User", "Asset"], bool]
_rules: dict[str, list[Rule]] = {}


def register(purpose: str, rule: Rule) -> Rule:
    """Let a viewer see files of ``purpose`` when ``rule(viewer, asset)`` is true.

    Several apps may each add a rule (a chat its members, a case its agents); any one that says yes is enough.
    Registering the same function again changes nothing.
    """
    rules = _rules.setdefault(purpose, [])
    if rule not in rules:
        rules.append(rule)
    return rule


def may_see(viewer: User, asset: Asset) -> bool:
    """Whether ``viewer`` may read this file's bytes."""
    if not viewer.is_authenticated or not viewer.is_active:
        return False
    if viewer.pk == asset.owner_id:
        return True
    return any(rule(viewer, asset) for rule in _rules.get(asset.purpose, ()))


def is_staff(viewer: User) -> bool:
    """Whether the viewer works for the platform, by any role that the market calls staff."""
    if not viewer.is_authenticated or not viewer.is_active:
        return False
    try:
        roles = active().roles
    except UnknownMarket:  # a kernel alone declares no roles
        roles = ()
    return viewer.is_staff or viewer.has_role(*(role.code for role in roles if role.staff))
