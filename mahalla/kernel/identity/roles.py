"""Roles: declared by the market, held by people (KH-ID-08)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity import policies
from mahalla.kernel.identity.models import RoleGrant, User
from mahalla.kernel.identity.record import note
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, Refused
from mahalla.kit.market import Role, active, hook


def signup_roles() -> list[Role]:
    """The roles that a person may take without being given them."""
    return [role for role in active().roles if role.signup]


def declared(code: str) -> Role:
    """Raises ``Invalid`` for a role that the market does not know."""
    for role in active().roles:
        if role.code == code:
            return role
    raise Invalid({"role": _("There is no such role.")})


def require_signup(code: str) -> Role:
    """The role, when one may sign up for it. Raises ``Invalid``: staff are never made by registration."""
    role = declared(code)
    if not role.signup:
        raise Invalid({"role": _("One cannot register for this role.")})
    return role


def acting_role(user: User, preferred: str = "") -> str:
    """The role in which a person acts now: the preferred one if held, else the first held in the market's order."""
    if preferred and user.has_role(preferred):
        return preferred
    return next((role.code for role in active().roles if user.has_role(role.code)), "user")


def _any_roles(codes: frozenset[str]) -> Refused | None:
    return None


def grant_role(user: User, role: str, *, actor: Actor, now: datetime) -> bool:
    """Give ``role``; False when it was held already.

    A person takes a sign-up role alone; every other grant asks the market who may. The socket
    ``roles_together(codes) -> Refused | None`` may refuse a combination (one role an account, say).
    """
    wanted = declared(role)
    if not (wanted.signup and actor.user_id == user.pk):
        policies.require_staff_may(actor, "identity.grant_role")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        held = frozenset(user.grants.values_list("role", flat=True))
        if role in held:
            return False
        refusal = hook("roles_together", _any_roles)(held | {role})
        if refusal is not None:
            raise refusal
        RoleGrant.objects.create(user=user, role=role, granted_at=now, granted_by_id=actor.user_id)
        if wanted.staff and not user.is_staff:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        note(user, "role_granted", actor=actor, now=now, payload={"role": role})
    user.forget_roles()
    return True


def revoke_role(user: User, role: str, *, actor: Actor, now: datetime) -> bool:
    """Take ``role`` back; False when it was not held."""
    policies.require_staff_may(actor, "identity.grant_role")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        gone, _rows = RoleGrant.objects.filter(user=user, role=role).delete()
        if not gone:
            return False
        staff = {declared.code for declared in active().roles if declared.staff}
        if user.is_staff and not user.is_superuser and not user.grants.filter(role__in=staff).exists():
            user.is_staff = False
            user.save(update_fields=["is_staff"])
        note(user, "role_revoked", actor=actor, now=now, payload={"role": role})
    user.forget_roles()
    return True
