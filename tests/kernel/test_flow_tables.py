"""Flow tables as data: what may move, what the static checks find, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mahalla.kit.errors import Denied
from mahalla.kit.flow import NEW, STAY, Deadline, Flow, IllegalMove, Phase, State, Transition, check, draw
from mahalla.kit.market import registered

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def later(c: object) -> datetime:
    return NOON


LOAN = Flow(
    noun="loan",
    states=(
        State("asked", Phase.OPEN, "asked"),
        State("lent", Phase.UNDER_WAY, "lent", money_held=True),
        State("back", Phase.CLOSED, "back", waits="over"),
    ),
    transitions=(
        Transition("ask", (NEW,), "asked", ("client",), starts=("patience",), silent="own act"),
        Transition("lend", ("asked",), "lent", ("worker",), starts=("due",), notices=("lent",), label="Lend"),
        Transition(
            "give_back", ("lent",), "back", ("client", "system"), notices=("back",), label="Give back"
        ),
        Transition("extend", ("lent",), STAY, ("worker",), starts=("due",), notices=("more",)),
        Transition("forget", ("asked",), "back", ("system",), silent="nobody waits"),
    ),
    deadlines=(
        Deadline("patience", "forget", ("asked",), later),
        Deadline("due", "give_back", ("lent",), later),
    ),
)


def without(event: str) -> Flow:
    return replace(LOAN, transitions=tuple(t for t in LOAN.transitions if t.event != event))


def changed(event: str, **fields: object) -> Flow:
    return replace(
        LOAN, transitions=tuple(replace(t, **fields) if t.event == event else t for t in LOAN.transitions)
    )


def test_a_sound_table_has_no_problems() -> None:
    assert check(LOAN) == []


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        (without("lend"), "no transition reaches 'lent'"),
        (replace(LOAN, deadlines=LOAN.deadlines[1:]), "unknown deadline 'patience'"),
        (changed("lend", notices=()), "sends no notice"),
        (changed("give_back", actors=("client",)), "the system cannot 'give_back' in 'lent'"),
        (changed("give_back", actors=("client",)), "money can be held for ever in 'lent'"),
        (changed("lend", target="gone"), "unknown state 'gone'"),
        (changed("lend", target=("lent", "back")), "several targets and no choice"),
        (changed("forget", starts=("due",)), "which does not live in"),
        (changed("ask", starts=()), "nothing starts it"),
    ],
)
def test_each_kind_of_fault_is_found(table: Flow, finding: str) -> None:
    assert any(finding in problem for problem in check(table)), check(table)


def test_a_state_must_have_a_deadline_or_a_reason() -> None:
    states = tuple(replace(s, waits="") for s in LOAN.states)
    assert check(replace(LOAN, states=states)) == ["loan: 'back' waits for ever and does not say why"]


def test_every_state_and_event_is_either_in_the_table_or_refused() -> None:
    """The whole product of states, events and roles, asked of each market's tables."""
    for market in registered().values():
        for flow in market.flows.values():
            roles = {role for row in flow.transitions for role in row.actors} | {"nobody"}
            for state in flow.states:
                for event in flow.events():
                    rows = [t for t in flow.transitions if t.event == event and state.name in t.source]
                    for role in roles:
                        wanted = next((t for t in rows if role in t.actors), None)
                        if wanted is not None:
                            assert flow.judge(state.name, event, role) is wanted
                        elif rows:
                            with pytest.raises(Denied):
                                flow.judge(state.name, event, role)
                        else:
                            with pytest.raises(IllegalMove) as refused:
                                flow.judge(state.name, event, role)
                            assert refused.value.detail["state"] == state.name


def test_every_market_is_clean() -> None:
    assert registered()
    for market in registered().values():
        assert [problem for flow in market.flows.values() for problem in check(flow)] == []


def test_the_drawing_names_every_move() -> None:
    page = draw(LOAN)
    assert "asked --> lent: lend" in page
    assert "| lent | extend | worker |" in page
