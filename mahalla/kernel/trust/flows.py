"""The flow tables of checks, sanctions and flags. A market includes them in its ``flows``, with its own roles:

    flows = {**trust.flows.default(owners=("client", "worker"), deciders=("admin",), agents=("agent",)), …}

and the notices that they name from ``trust.notices`` (or its own of the same names).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.trust import checking, flags, sanctions
from mahalla.kit.flow import Deadline, Flow, Phase, Reminder, State, Transition

SYSTEM = "system"


def default(
    *, owners: tuple[str, ...], deciders: tuple[str, ...], agents: tuple[str, ...] | None = None
) -> dict[str, Flow]:
    """All three tables. ``owners`` are checked and sanctioned, ``deciders`` judge checks, ``agents`` (default: the
    deciders) impose sanctions and judge flags."""
    staff = agents or deciders
    return {
        "verification": verification_flow(owners=owners, deciders=deciders),
        "sanction": sanction_flow(owners=owners, agents=tuple(dict.fromkeys((*staff, *deciders)))),
        "flag": flag_flow(agents=staff),
    }


def verification_flow(
    *,
    owners: tuple[str, ...],
    deciders: tuple[str, ...],
    recheck: str = "recheck_days",
    warn: str = "recheck_warn_days",
    warnings: int = 2,
) -> Flow:
    """``not_started → submitted → approved | rejected``, ``approved → expired`` (KH-TRUST-01 to 04).

    ``recheck`` names the policy number of days that an approval counts (empty: for good, unless the document ends);
    ``warn`` names the policy list of days before the end at which the person is warned, ``warnings`` how long it may be.
    """

    def recheck_days(c: Ctx) -> None:
        """Guard that refuses nothing: how long the approval will count."""
        c.cache["recheck_days"] = c.policy(recheck) if recheck else None

    return Flow(
        noun="verification",
        title="Check of a person",
        states=(
            State("not_started", Phase.DRAFT, _("not started"), waits="a check that was asked for and not sent yet"),
            State("submitted", Phase.OPEN, _("submitted"), waits="a person or a provider decides; the queue shows its age"),
            State("approved", Phase.SETTLED, _("approved"), waits="kinds without a date stay approved"),
            State("rejected", Phase.CLOSED, _("rejected"), waits="it can be contested once, or sent anew"),
            State("expired", Phase.CLOSED, _("expired"), waits="a new check is a new row"),
        ),
        transitions=(
            Transition("ask", (), "not_started", (*deciders, SYSTEM), notices=("verification_asked",)),
            Transition("submit", (), "submitted", owners, (checking.is_own,), (checking.examine,),
                       silent="the person has just sent it; the queue shows it"),
            Transition("submit", ("not_started",), "submitted", owners, (checking.is_own,), (checking.examine,),
                       silent="the person has just sent it; the queue shows it", label=_("Send")),
            Transition("approve", ("submitted",), "approved", (*deciders, SYSTEM),
                       (checking.not_by_the_person, checking.reclaim, recheck_days), (checking.approve,),
                       starts=("recheck",), notices=("verification_approved",), label=_("Approve")),
            Transition("reject", ("submitted",), "rejected", (*deciders, SYSTEM),
                       (checking.not_by_the_person, checking.says_why), (checking.reject,),
                       notices=("verification_rejected",), label=_("Reject")),
            Transition("contest", ("rejected",), "submitted", owners, (checking.is_own, checking.not_contested_yet),
                       (checking.contest,), silent="the person has just sent it; the queue shows it", label=_("Contest")),
            Transition("revoke", ("approved",), "expired", deciders, (checking.not_by_the_person, checking.says_why),
                       (checking.lapse,), notices=("verification_expired",), label=_("Revoke")),
            Transition("expire", ("approved",), "expired", (SYSTEM,), effects=(checking.lapse,),
                       notices=("verification_expired",)),
            Transition("supersede", ("approved",), "expired", (SYSTEM,), silent="a newer check of this kind counts now"),
        ),
        deadlines=(
            Deadline("recheck", "expire", ("approved",), _valid_until,
                     reminders=tuple(
                         Reminder(f"warning_{index + 1}", _warning(warn, index), ("verification_warning",))
                         for index in range(warnings)
                     ),
                     about="the yearly re-check, or the document's own end"),
        ),
        final=("rejected", "expired"),
    )  # fmt: skip


def _valid_until(c: Ctx) -> datetime | None:
    until: datetime | None = c.subject.valid_until
    return until


def _warning(policy: str, index: int) -> Callable[[Ctx, datetime], datetime | None]:
    def at(c: Ctx, due: datetime) -> datetime | None:
        days = c.policy(policy)
        return due - timedelta(days=days[index]) if index < len(days) else None

    return at


def sanction_flow(*, owners: tuple[str, ...], agents: tuple[str, ...]) -> Flow:
    """``active ↔ appealed``, then ``lifted`` by a person or ``ended`` by time (KH-TRUST-14)."""
    own, no_self = checking.is_own, sanctions.not_ones_own
    return Flow(
        noun="sanction",
        title="Sanction",
        states=(
            State("active", Phase.UNDER_WAY, _("in force"), waits="without an end it holds until somebody lifts it"),
            State("appealed", Phase.UNDER_WAY, _("in force, appealed"), waits="somebody else hears the appeal"),
            State("lifted", Phase.CLOSED, _("lifted"), waits="it is over"),
            State("ended", Phase.CLOSED, _("ended"), waits="it is over"),
        ),
        transitions=(
            Transition("impose", (), "active", (*agents, SYSTEM), (no_self, checking.says_why), (sanctions.enforce,),
                       starts=("end",), notices=("sanction_imposed",)),
            Transition("appeal", ("active",), "appealed", owners, (own, sanctions.not_appealed_yet),
                       (sanctions.keep_appeal,), silent="the person has just sent it; the queue shows it",
                       label=_("Appeal")),
            Transition("uphold", ("appealed",), "active", agents,
                       (no_self, sanctions.not_by_who_imposed, checking.says_why),
                       notices=("sanction_upheld",), label=_("Uphold")),
            Transition("lift", ("active", "appealed"), "lifted", agents, (no_self, checking.says_why),
                       (sanctions.release,), notices=("sanction_lifted",), label=_("Lift")),
            Transition("end", ("active", "appealed"), "ended", (SYSTEM,), effects=(sanctions.release,),
                       notices=("sanction_ended",)),
        ),
        deadlines=(Deadline("end", "end", ("active", "appealed"), _ends_at, about="the end that was set with it"),),
        final=("lifted", "ended"),
    )  # fmt: skip


def _ends_at(c: Ctx) -> datetime | None:
    ends_at: datetime | None = c.subject.ends_at
    return ends_at


def flag_flow(*, agents: tuple[str, ...]) -> Flow:
    """``open → confirmed | false_alarm``, by a person only (KH-TRUST-11, KH-TRUST-12)."""
    judged = (checking.says_why,)
    return Flow(
        noun="flag",
        title="Flag",
        states=(
            State("open", Phase.OPEN, _("open"), waits="a person judges; a flag alone changes nothing"),
            State("confirmed", Phase.CLOSED, _("confirmed"), waits="it is judged"),
            State("false_alarm", Phase.CLOSED, _("false alarm"), waits="it is judged"),
        ),
        transitions=(
            Transition("raise", (), "open", (*agents, SYSTEM), effects=(flags.name_others,),
                       silent="the person flagged is not told; the staff's queue shows it"),
            Transition("confirm", ("open",), "confirmed", agents, judged, (flags.settle,),
                       silent="a sanction, if any, tells the person", label=_("Confirm")),
            Transition("clear", ("open",), "false_alarm", agents, judged, (flags.settle,),
                       silent="the person was not told of the flag", label=_("False alarm")),
        ),
        final=("confirmed", "false_alarm"),
    )  # fmt: skip
