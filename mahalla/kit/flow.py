"""Flow tables: how a stateful noun may move, as data.

A ``Flow`` holds the states of one noun (a request, an offer, a job, a case …), its transitions and its deadlines. The
tables are plain data with references to small functions (guards, effects); this module knows no database. One function
elsewhere (``kernel.flow.engine.apply``) makes the moves. From the same table come the API's actions, the buttons, the
console, the diagrams, the notice matrix and the static checks of ``check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mahalla.kit.errors import Denied, Refused

if TYPE_CHECKING:
    from mahalla.kernel.flow.context import Ctx

Guard = Callable[["Ctx"], None]
Effect = Callable[["Ctx"], None]
Due = Callable[["Ctx"], "datetime | None"]

#: target of a transition that leaves the state as it is
STAY = ""
#: source of a transition that creates its subject
NEW = ""


class Phase(StrEnum):
    """What feeds, metrics and shared pages ask, whatever the market calls its states."""

    DRAFT = "draft"
    OPEN = "open"
    AGREED = "agreed"
    UNDER_WAY = "under_way"
    DONE = "done"
    SETTLED = "settled"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class State:
    """``money_held`` says that somebody's money may be locked in here; ``waits`` says why no deadline is needed."""

    name: str
    phase: Phase
    label: Any = ""
    money_held: bool = False
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: ``event`` by one of ``actors`` takes ``source`` to ``target``.

    ``target`` is a state's name, ``STAY``, or several names with ``choose`` picking one (from the context, after the
    guards). ``starts``/``clears`` name deadlines; a deadline is also cleared by leaving its ``during`` states.
    ``notices`` are sent in this order; where none is sent, ``silent`` says why. ``label`` is the button's text; without
    one the transition is not offered as an action. ``also`` moves further subjects in the same transaction and names
    them for the diagram, e.g. ``("offer.withdraw",)``. ``frees`` says that money held is paid on or given back by it.
    """

    event: str
    source: tuple[str, ...]
    target: str | tuple[str, ...]
    actors: tuple[str, ...]
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    starts: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    silent: str = ""
    label: Any = ""
    choose: Callable[[Ctx], str] | None = None
    also: tuple[str, ...] = ()
    frees: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        return self.target if isinstance(self.target, tuple) else (self.target,)


@dataclass(frozen=True, slots=True)
class Reminder:
    """``at(c, due)`` gives when to remind before ``due`` (or None); ``notices`` are sent then."""

    name: str
    at: Callable[[Ctx, datetime], datetime | None]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A transition that the system makes when it is due.

    It lives while the subject is in one of ``during``, stands still in ``pauses`` (keeping what was left, at least
    ``resume_min``) and is gone in every other state. ``due(c)`` is asked when a transition ``starts`` it.
    """

    name: str
    event: str
    during: tuple[str, ...]
    due: Due
    pauses: tuple[str, ...] = ()
    resume_min: timedelta = timedelta(0)
    reminders: tuple[Reminder, ...] = ()
    about: str = ""


class IllegalMove(Refused):
    """The event does not leave the current state; ``detail['state']`` names it."""


@dataclass(frozen=True)
class Flow:
    noun: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    deadlines: tuple[Deadline, ...] = ()
    initial: tuple[str, ...] = ()
    title: str = ""
    #: states in which nothing waits any more, and what else to say about the table in the docs
    final: tuple[str, ...] = ()
    _rows: Mapping[tuple[str, str], tuple[Transition, ...]] = field(init=False, repr=False, compare=False)
    _by_name: Mapping[str, State] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows: dict[tuple[str, str], list[Transition]] = {}
        for row in self.transitions:
            for source in row.source or (NEW,):
                rows.setdefault((source, row.event), []).append(row)
        object.__setattr__(self, "_rows", {key: tuple(value) for key, value in rows.items()})
        object.__setattr__(self, "_by_name", {state.name: state for state in self.states})

    def state(self, name: str) -> State:
        return self._by_name[name]

    def has(self, name: str) -> bool:
        return name in self._by_name

    def deadline(self, name: str) -> Deadline:
        return next(d for d in self.deadlines if d.name == name)

    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.event for row in self.transitions))

    def judge(self, state: str, event: str, role: str) -> Transition:
        """The row that ``role``'s ``event`` takes in ``state``.

        Raises ``IllegalMove`` (409, with the current state) when the event does not leave this state, ``Denied``
        (403) when it does, but not for this role.
        """
        rows = self._rows.get((state, event), ())
        if not rows:
            known = self._by_name.get(state)
            label = (known.label or known.name) if known else state
            raise IllegalMove(
                "illegal_state",
                _say_state(label),
                state=state,
                event=event,
                noun=self.noun,
            )
        for row in rows:
            if role in row.actors:
                return row
        raise Denied("not_yours_to_do", _say_denied(), state=state, event=event)

    def open_to(self, state: str, role: str) -> Iterator[Transition]:
        """The labelled rows that ``role`` could take from ``state``: buttons, API actions, console actions."""
        for row in self.transitions:
            if row.label and state in row.source and role in row.actors:
                yield row


def _say_state(label: Any) -> Any:
    from django.utils.text import format_lazy
    from django.utils.translation import gettext_lazy as _

    return format_lazy(_("That is not possible any more: this is now “{state}”."), state=label)


def _say_denied() -> Any:
    from django.utils.translation import gettext_lazy as _

    return _("This step belongs to somebody else.")


# --- static checks ------------------------------------------------------------------------------------------------


def check(flow: Flow) -> list[str]:
    """What is wrong with a table, one sentence each: an empty list is a proof of the points below.

    Every name used is declared; every state can be reached; every state that can be left only by people has a deadline
    or a written reason to wait; money held can always come free without any person acting, or by a deadline that
    fires; every transition sends a notice or says why not; every deadline fires a transition that the system may make.
    """
    problems = _check_names(flow)
    if problems:
        return problems
    problems += _check_reachable(flow)
    problems += _check_waiting(flow)
    problems += _check_money(flow)
    problems += _check_notices(flow)
    problems += _check_deadlines(flow)
    return problems


def _check_names(flow: Flow) -> list[str]:
    names = {state.name for state in flow.states}
    deadlines = {deadline.name for deadline in flow.deadlines}
    out: list[str] = []
    for row in flow.transitions:
        used = {*row.source, *row.targets} - {NEW}
        out += [f"{flow.noun}.{row.event}: unknown state {name!r}" for name in sorted(used - names)]
        marks = {*row.starts, *row.clears}
        out += [f"{flow.noun}.{row.event}: unknown deadline {name!r}" for name in sorted(marks - deadlines)]
        if len(row.targets) > 1 and row.choose is None:
            out.append(f"{flow.noun}.{row.event}: several targets and no choice between them")
        if not row.source and STAY in row.targets:
            out.append(f"{flow.noun}.{row.event}: a creation needs a state to create")
    for deadline in flow.deadlines:
        used = {*deadline.during, *deadline.pauses}
        out += [f"{flow.noun} deadline {deadline.name}: unknown state {n!r}" for n in sorted(used - names)]
    out += [f"{flow.noun}: unknown final state {name!r}" for name in sorted(set(flow.final) - names)]
    return out


def _edges(flow: Flow) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {NEW: set()}
    for row in flow.transitions:
        for source in row.source or (NEW,):
            edges.setdefault(source, set()).update(target for target in row.targets if target)
    return edges


def _reach(edges: Mapping[str, set[str]], start: set[str]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for target in edges.get(todo.pop(), ()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _check_reachable(flow: Flow) -> list[str]:
    reached = _reach(_edges(flow), {NEW})
    return [f"{flow.noun}: no transition reaches {s.name!r}" for s in flow.states if s.name not in reached]


def _check_waiting(flow: Flow) -> list[str]:
    out = []
    for state in flow.states:
        timed = any(state.name in d.during or state.name in d.pauses for d in flow.deadlines)
        if not timed and not state.waits:
            out.append(f"{flow.noun}: {state.name!r} waits for ever and does not say why")
    return out


def _check_money(flow: Flow) -> list[str]:
    """From each state with money held, time alone must lead out, or the state says in ``waits`` who decides."""
    moved_by_time: dict[str, set[str]] = {}
    freed: set[str] = set()
    for state, row in _rows_by_time(flow):
        moved_by_time.setdefault(state, set()).update(target or state for target in row.targets)
        if row.frees:
            freed.add(state)
    free = {state.name for state in flow.states if not state.money_held} | freed
    return [
        f"{flow.noun}: money can be held for ever in {state.name!r}"
        for state in flow.states
        if state.money_held and not state.waits and not (_reach(moved_by_time, {state.name}) & free)
    ]


def _rows_by_time(flow: Flow) -> Iterator[tuple[str, Transition]]:
    for deadline in flow.deadlines:
        for state in deadline.during:
            for row in flow._rows.get((state, deadline.event), ()):
                if "system" in row.actors:
                    yield state, row


def _check_notices(flow: Flow) -> list[str]:
    return [
        f"{flow.noun}.{row.event} from {'/'.join(row.source) or 'nothing'}: sends no notice and does not say why"
        for row in flow.transitions
        if not row.notices and not row.silent
    ]


def _check_deadlines(flow: Flow) -> list[str]:
    out = []
    started = {name for row in flow.transitions for name in row.starts}
    for deadline in flow.deadlines:
        if deadline.name not in started:
            out.append(f"{flow.noun} deadline {deadline.name}: nothing starts it")
        for source in deadline.during:
            rows = flow._rows.get((source, deadline.event), ())
            if not any("system" in row.actors for row in rows):
                out.append(
                    f"{flow.noun} deadline {deadline.name}: the system cannot {deadline.event!r} in {source!r}"
                )
    for row in flow.transitions:
        for name in row.starts:
            alive = set(flow.deadline(name).during) | set(flow.deadline(name).pauses)
            targets = {t or s for t in row.targets for s in (row.source or (t,))}
            if not targets & alive:
                out.append(
                    f"{flow.noun}.{row.event}: starts {name!r}, which does not live in {sorted(targets)}"
                )
    return out


# --- drawing ------------------------------------------------------------------------------------------------------


def draw(flow: Flow) -> str:
    """The flow as a Markdown page: a Mermaid state diagram and the transition table."""
    lines = [f"## {flow.title or flow.noun.capitalize()}", "", "```mermaid", "stateDiagram-v2"]
    for row in flow.transitions:
        for source in row.source or (NEW,):
            for target in row.targets:
                if target:
                    lines.append(f"    {source or '[*]'} --> {target}: {row.event}")
    lines += [f"    {name} --> [*]" for name in flow.final]
    lines += [
        "```",
        "",
        "| from | event | who | guards | to | effects | deadlines | notices |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_table_row(row) for row in flow.transitions]
    if flow.deadlines:
        lines += ["", "| deadline | fires | lives in | pauses in | about |", "|---|---|---|---|---|"]
        lines += [
            f"| {d.name} | {d.event} | {', '.join(d.during)} | {', '.join(d.pauses)} | {d.about} |"
            for d in flow.deadlines
        ]
    waits = [state for state in flow.states if state.waits]
    if waits:
        lines += ["", "Waiting without a deadline:", ""]
        lines += [f"- **{state.name}**: {state.waits}" for state in waits]
    return "\n".join(lines) + "\n"


def _table_row(row: Transition) -> str:
    def names(functions: Sequence[Callable[..., Any]]) -> str:
        return ", ".join(getattr(f, "__name__", repr(f)) for f in functions)

    marks = [f"+{name}" for name in row.starts] + [f"−{name}" for name in row.clears]
    effects = ", ".join(part for part in (names(row.effects), ", ".join(row.also)) if part)
    notices = ", ".join(row.notices) or f"({row.silent})"
    targets = " / ".join(target or "(stays)" for target in row.targets)
    cells = (
        ", ".join(row.source) or "—",
        row.event,
        ", ".join(row.actors),
        names(row.guards),
        targets,
        effects,
        ", ".join(marks),
        notices,
    )
    return "| " + " | ".join(cells) + " |"
