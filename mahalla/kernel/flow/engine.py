"""The one function that changes a state.

``apply`` locks the root (a request before its offers before its job: one order, no deadlocks), finds the row in the
flow table, asks its guards, changes the state, runs the effects, keeps the deadlines, sends the notices and writes the
event, all in one transaction. Nothing else assigns ``state``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db import IntegrityError, transaction
from django.db.models import ForeignKey
from django.utils.translation import gettext_lazy as _
from psycopg import Error as PsycopgError
from psycopg.errors import ExclusionViolation, UniqueViolation

from mahalla.kernel.events.operations import append
from mahalla.kernel.flow import timers
from mahalla.kernel.flow.announce import announce
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.flow.models import Stateful
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Refused
from mahalla.kit.flow import NEW, Flow, Transition
from mahalla.kit.market import active

S = TypeVar("S", bound=Stateful)


def flow_of(subject: Stateful | type[Stateful]) -> Flow:
    return active().flows[subject.NOUN]


def lock(subject: S) -> S:
    """Lock the subject's root, then the subject, and return it as the database now has it.

    The root is locked by the key that the subject carries, so that nothing is read before the lock is held.
    """
    model = type(subject)
    if not subject.ROOT:
        root = subject.root()
        if root is not subject:
            type(root)._default_manager.select_for_update(no_key=True).get(pk=root.pk)
        return model._default_manager.select_for_update(no_key=True).get(pk=subject.pk)
    field = cast("ForeignKey[Any, Any]", model._meta.get_field(subject.ROOT))
    parents = cast("type[Stateful]", field.related_model)._default_manager.select_for_update(no_key=True)
    root = parents.get(pk=getattr(subject, field.attname))
    locked = model._default_manager.select_for_update(no_key=True).get(pk=subject.pk)
    setattr(locked, subject.ROOT, root)
    return locked


def apply(subject: S, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> S:
    """Make one transition and return the subject as it is after it.

    Raises ``IllegalMove`` (409) when the event does not leave the present state, ``Denied`` (403) when it is not this
    actor's, and whatever a guard refuses with; then nothing at all has changed.
    """
    with _refusing_doubles(), transaction.atomic():
        return step(lock(subject), event, actor=actor, now=now, data=data)


def create(
    subject: S, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> S:
    """Bring a new subject into its first state by a creation row of its table."""
    with _refusing_doubles(), transaction.atomic():
        return step(subject, event, actor=actor, now=now, data=data)


class AlreadyThere(Refused):
    """A constraint of the database said no: ``constraint`` is its name. Callers with a better sentence catch it."""

    def __init__(self, constraint: str) -> None:
        super().__init__(
            "already_there", _("Somebody was faster. Look again, then decide."), constraint=constraint
        )
        self.constraint = constraint


@contextmanager
def _refusing_doubles() -> Iterator[None]:
    """What only the database could still refuse (a second live offer, a second live job) is refused in a sentence.

    Locks make this rare: it is the last line, for writers that come without the root's lock.
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation | ExclusionViolation):
            raise AlreadyThere(_constraint(error)) from error
        raise


def _constraint(error: IntegrityError) -> str:
    cause = error.__cause__
    return str(cause.diag.constraint_name or "") if isinstance(cause, PsycopgError) else ""


def step(subject: S, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> S:
    """One transition inside a transaction that already holds the root's lock (used by ``apply`` and by effects)."""
    flow = flow_of(subject)
    before = subject.state or NEW
    row = flow.judge(before, event, actor.role)
    c = Ctx(subject, flow, row, event, actor, now, data or {}, before)
    for guard in row.guards:
        guard(c)
    target = _target(c, row)
    if target:
        subject.state, subject.phase, subject.state_since = target, flow.state(target).phase.value, now
    if subject._state.adding:
        subject.save(force_insert=True)
    elif target:
        subject.save(update_fields=["state", "phase", "state_since"])
    if target:
        subject.moved(now)
    c.event_id = _write(c)
    for effect in row.effects:
        effect(c)
    timers.keep(c)
    for notice in row.notices:
        announce(c, notice)
    return subject


def _target(c: Ctx, row: Transition) -> str:
    if row.choose is not None:
        chosen = row.choose(c)
        if chosen not in row.targets:
            raise AssertionError(f"{c.flow.noun}.{c.event} chose {chosen!r}, which its row does not name")
        return chosen
    return row.targets[0]


def _write(c: Ctx) -> int:
    """The event goes before the effects, so that what they move along is written after it. Guards fill its payload."""
    subject = c.subject
    written = append(
        name=c.event,
        noun=c.flow.noun,
        subject_id=subject.pk,
        stream=subject.stream,
        actor=c.actor,
        now=c.now,
        from_state=c.previous,
        to_state=subject.state,
        payload=c.payload,
        topics=subject.topics(),
    )
    return int(written.pk)


@dataclass(frozen=True, slots=True)
class Action:
    """A step that the flow offers to somebody now."""

    event: str
    label: Any
    noun: str


def actions(subject: Stateful, actor: Actor) -> list[Action]:
    """What ``actor`` may do with the subject in its present state: for pages, API and console alike."""
    flow = flow_of(subject)
    rows = flow.open_to(subject.state, actor.role)
    return list({row.event: Action(row.event, row.label, flow.noun) for row in rows}.values())
