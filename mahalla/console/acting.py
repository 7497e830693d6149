"""In which role a member of staff acts: the one that the action's row names, among those the person holds.

Somebody who is support and administration decides a dispute as support where the table allows it; the event then says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from mahalla.console.access import roles_in, staff_roles
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.models import Stateful
from mahalla.kernel.identity.models import User
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied
from mahalla.kit.flow import NEW


@dataclass(frozen=True, slots=True)
class Act:
    """A step that the flow offers to this person, and the role in which it would be taken."""

    event: str
    label: Any
    role: str


def acts(user: User, subject: Stateful, *, among: Collection[str] | None = None) -> dict[str, Act]:
    """Exactly the steps that the subject's table allows to the person's roles in its present state, by event."""
    found: dict[str, Act] = {}
    for role in staff_roles(user):
        if among is None or role in among:
            for action in engine.actions(subject, Actor(user.pk, role)):
                found.setdefault(action.event, Act(action.event, action.label, role))
    return found


def actor_for(
    user: User,
    subject: Stateful,
    event: str,
    *,
    reason: str = "",
    on_behalf_of_id: int | None = None,
    among: Collection[str] | None = None,
) -> Actor:
    """The actor of one step. Where no role of the person may take it, the first: the engine then refuses it by name.

    Raises ``Denied`` for people without any staff role.
    """
    roles = [role for role in staff_roles(user) if among is None or role in among]
    if not roles:
        raise Denied("staff_only", "This part is for staff.")
    fitting = (role for role in roles if _open(subject, event, role))
    return Actor(user.pk, next(fitting, roles[0]), on_behalf_of_id, reason.strip())


def may_begin(user: User, subject: Stateful, event: str) -> bool:
    """Whether a role of the person may bring a new subject about by ``event``."""
    return any(_open(subject, event, role) for role in staff_roles(user))


def _open(subject: Stateful, event: str, role: str) -> bool:
    """Whether the subject's table has a row for this role's event in the present state (a new subject has none yet)."""
    state = subject.state or NEW
    rows = (row for row in engine.flow_of(subject).transitions if row.event == event and role in row.actors)
    return any(state in row.source or (state == NEW and not row.source) for row in rows)


def actor_in(user: User, section: str, *, reason: str = "", prefer: Sequence[str] = ()) -> Actor:
    """The actor of a deed that no flow names (a setting, a look): in a role that opens the part."""
    roles = roles_in(user, section) or staff_roles(user)
    if not roles:
        raise Denied("staff_only", "This part is for staff.")
    return Actor(user.pk, next((role for role in prefer if role in roles), roles[0]), reason=reason.strip())
