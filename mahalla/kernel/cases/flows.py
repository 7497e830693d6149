"""The flow table of cases. A market includes it in its ``flows`` with its own roles and policy names:

flows = {"case": cases.flows.case_flow(parties=("client", "worker"), agents=("agent",), seniors=("admin",)), …}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases import deciding, moves
from mahalla.kernel.flow.context import Ctx
from mahalla.kit.flow import STAY, Deadline, Flow, Phase, State, Transition

SYSTEM = "system"
LIVE = ("open", "under_review", "awaiting_evidence")
#: policy names of the hours to the first answer and to the decision
HOURS = ("dispute_first_answer_hours", "dispute_sla_hours")


def case_flow(
    *,
    parties: tuple[str, ...],
    agents: tuple[str, ...],
    seniors: tuple[str, ...] = (),
    hours: Mapping[str, tuple[str, str]] | None = None,
    appeal_days: str = "",
) -> Flow:
    """``open → under_review ↔ awaiting_evidence → resolved | withdrawn`` (KH-CASE-02).

    ``agents`` work on cases, ``seniors`` besides them approve and hear appeals; which of these roles works on which group
    says the hook ``case_agents``, so that no desk decides the cases of another. The senior who hears an appeal is its
    second person. ``hours`` gives a group its own pair of
    policy names (default ``HOURS``). With ``appeal_days`` (a policy name) a resolved case can be appealed once, and
    closes when those days are over; without, ``resolved`` is the end.
    """
    staff = tuple(dict.fromkeys((*agents, *seniors)))
    final = not appeal_days
    states = (
        State("open", Phase.OPEN, _("open"), money_held=True, waits="a person decides; late cases escalate"),
        State("under_review", Phase.UNDER_WAY, _("under review"), money_held=True,
              waits="a person decides; late cases escalate"),
        State("awaiting_evidence", Phase.UNDER_WAY, _("awaiting evidence"), money_held=True,
              waits="a person decides; late cases escalate"),
        State("resolved", Phase.SETTLED if final else Phase.DONE, _("resolved"), waits="it is decided"),
        State("withdrawn", Phase.CLOSED, _("withdrawn"), waits="it is over"),
        *(() if final else (
            State("appealed", Phase.UNDER_WAY, _("appealed"), waits="a senior decides; the queue shows its age"),
            State("closed", Phase.CLOSED, _("closed"), waits="it is over"),
        )),
    )  # fmt: skip
    return Flow(
        noun="case",
        title="Case",
        states=states,
        transitions=(
            *_opening(parties, staff, _dues(hours or {})),
            *_working(parties, staff),
            *_deciding(parties, staff, final),
            *(() if final else _appealing(parties, tuple(seniors) or staff)),
        ),
        deadlines=(
            Deadline("first_answer", "answer_overdue", LIVE, lambda c: c.subject.due_first_answer,
                     about="the first word of the staff to a party"),
            Deadline("decision", "decision_overdue", LIVE, lambda c: c.subject.due_decision,
                     about="the decision; a late one goes up, it never makes itself"),
            Deadline("evidence", "evidence_over", ("awaiting_evidence",), lambda c: c.subject.due_evidence,
                     about="what was asked for; the review goes on without it"),
            *(() if final else (
                Deadline("appeal", "close", ("resolved",), _appeal_until(appeal_days), about="the days to appeal"),
            )),
        ),
        final=("resolved", "withdrawn") if final else ("closed", "withdrawn"),
    )  # fmt: skip


def _dues(hours: Mapping[str, tuple[str, str]]) -> Callable[[Ctx], None]:
    def promise_dates(c: Ctx) -> None:
        """Guard that refuses nothing: when the first answer and the decision are due."""
        answer, decision = hours.get(c.subject.group, HOURS)
        c.subject.due_first_answer = c.now + timedelta(hours=c.policy(answer))
        c.subject.due_decision = c.now + timedelta(hours=c.policy(decision))

    return promise_dates


def _appeal_until(days: str) -> Callable[[Ctx], datetime | None]:
    return lambda c: c.now + timedelta(days=c.policy(days))


def _opening(
    parties: tuple[str, ...], staff: tuple[str, ...], dues: Callable[[Ctx], None]
) -> tuple[Transition, ...]:
    return (
        Transition("open", (), "open", (*parties, *staff, SYSTEM), (dues,), (moves.begin,),
                   starts=("first_answer", "decision"), notices=("case_opened",)),
        Transition("withdraw", LIVE, "withdrawn", parties, (moves.is_opener,), (moves.withdraw,),
                   notices=("case_withdrawn",), label=_("Withdraw")),
    )  # fmt: skip


def _working(parties: tuple[str, ...], staff: tuple[str, ...]) -> tuple[Transition, ...]:
    mine = (moves.at_their_desk,)
    inside = "work among the staff"
    return (
        Transition("take", ("open",), "under_review", staff, (*mine, moves.free_to_take), (moves.own,),
                   notices=("case_taken",), label=_("Take")),
        Transition("take", ("under_review", "awaiting_evidence"), STAY, staff, (*mine, moves.free_to_take),
                   (moves.own,), silent=inside, label=_("Take")),
        Transition("pass", ("under_review", "awaiting_evidence"), STAY, staff, (*mine, moves.says_why),
                   (moves.hand_over,), silent=inside, label=_("Pass on")),
        Transition("ask_evidence", LIVE, "awaiting_evidence", staff, (*mine, moves.future_due), (moves.ask,),
                   starts=("evidence",), clears=("first_answer",), notices=("case_evidence_asked",),
                   label=_("Ask for evidence")),
        Transition("evidence_over", ("awaiting_evidence",), "under_review", (SYSTEM,),
                   silent="both saw the date; the review goes on"),
        Transition("add_evidence", ("open", "under_review"), STAY, parties, (moves.is_party,), (moves.keep_evidence,),
                   silent="the case page shows it", label=_("Add evidence")),
        Transition("add_evidence", ("awaiting_evidence",), ("under_review", STAY), parties, (moves.is_party,),
                   (moves.keep_evidence,), choose=moves.asked_side_answered, silent="the case page shows it",
                   label=_("Add evidence")),
        Transition("add_evidence", LIVE, STAY, staff, mine, (moves.keep_evidence,), silent=inside),
        Transition("say", LIVE, STAY, parties, (moves.is_party,), (moves.keep_message,),
                   silent="the case page shows it", label=_("Write")),
        Transition("answer", LIVE, STAY, staff, mine, (moves.keep_message,), clears=("first_answer",),
                   notices=("case_message",), label=_("Answer")),
        Transition("note", (*LIVE, "resolved"), STAY, staff, mine, (moves.keep_message,), silent=inside,
                   label=_("Note")),
        Transition("escalate", LIVE, STAY, staff, (*mine, moves.says_why), (moves.escalate,), silent=inside,
                   label=_("Escalate")),
        Transition("release", LIVE, STAY, staff, (*mine, moves.has_held_part, moves.says_why), (moves.release,),
                   notices=("case_released",), label=_("Release provisionally")),
        Transition("answer_overdue", LIVE, STAY, (SYSTEM,), effects=(moves.mark_overdue,),
                   silent="the queue shows it first"),
        Transition("decision_overdue", LIVE, STAY, (SYSTEM,), effects=(moves.mark_overdue,),
                   silent="the queue shows it first"),
    )  # fmt: skip


def _deciding(parties: tuple[str, ...], staff: tuple[str, ...], final: bool) -> tuple[Transition, ...]:
    sound = (moves.at_their_desk, moves.says_why, deciding.is_sound)
    starts = () if final else ("appeal",)
    return (
        Transition("decide", LIVE, "resolved", staff, (*sound, deciding.is_within_one_persons_reach),
                   (deciding.settle,), starts=starts, notices=("case_decided",), label=_("Decide")),
        Transition("propose_decision", LIVE, STAY, staff, sound, (deciding.keep_pending,),
                   silent="it waits for a second person", label=_("Put to a second person")),
        Transition("approve", LIVE, "resolved", staff, (moves.at_their_desk, deciding.another_person),
                   (deciding.settle_pending,), starts=starts, notices=("case_decided",), label=_("Approve")),
        Transition("turn_back", LIVE, STAY, staff, (moves.at_their_desk, deciding.has_pending, moves.says_why),
                   (deciding.drop_pending,), silent="work among the staff", label=_("Turn back")),
    )  # fmt: skip


def _appealing(parties: tuple[str, ...], seniors: tuple[str, ...]) -> tuple[Transition, ...]:
    return (
        Transition("appeal", ("resolved",), "appealed", parties, (moves.is_party, deciding.appeal_with_words),
                   (moves.keep_message,), notices=("case_appealed",), label=_("Appeal")),
        Transition("decide_appeal", ("appealed",), "closed", seniors,
                   (moves.at_their_desk, deciding.not_who_decided, moves.says_why, deciding.is_sound),
                   (deciding.settle,), notices=("case_decided",), label=_("Decide the appeal")),
        Transition("close", ("resolved",), "closed", (SYSTEM,), silent="nobody appealed"),
    )  # fmt: skip
