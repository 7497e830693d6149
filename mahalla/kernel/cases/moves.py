"""Guards and effects of a case's flow, decisions apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases import kinds, listeners
from mahalla.kernel.cases.models import Case, CaseEvidence, CaseMessage, Side
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.trust import sanctions
from mahalla.kernel.trust.models import Sanction
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, Refused
from mahalla.kit.market import hook


def reason_of(c: Ctx) -> str:
    return str(c.data.get("reason") or c.actor.reason).strip()


def says_why(c: Ctx) -> None:
    """Guard: the reason is mandatory, and part of the event."""
    reason = reason_of(c)
    if not reason:
        raise Invalid({"reason": _("Give a reason.")}, code="reason_missing")
    c.payload["reason"] = reason


def side_of(case: Case, user_id: int | None) -> str:
    """``opener``, ``other`` or nothing for somebody who is no party of the case."""
    if user_id is None:
        return ""
    if user_id == case.opened_by_id:
        return Side.OPENER
    if user_id == case.against_id and not case.one_sided:
        return Side.OTHER
    return ""


def is_party(c: Ctx) -> None:
    """Guard: parties speak for themselves or through somebody who acts for them."""
    if not side_of(c.subject, c.actor.on_behalf_of_id or c.actor.user_id):
        raise Denied("not_a_party", _("This case is between other people."))


def is_opener(c: Ctx) -> None:
    """Guard: only who opened a case withdraws it."""
    if side_of(c.subject, c.actor.on_behalf_of_id or c.actor.user_id) != Side.OPENER:
        raise Denied("not_the_opener", _("Only who opened the case can withdraw it."))


def at_their_desk(c: Ctx) -> None:
    """Guard: staff work on the groups of their role, and never on a case of their own."""
    if c.actor.role not in kinds.agents(c.subject.group):
        raise Denied("other_desk", _("Another desk works on cases like this."))
    if c.actor.user_id is not None and c.actor.user_id in {c.subject.opened_by_id, c.subject.against_id}:
        raise Denied("own_case", _("Somebody else must work on a case of your own."))


def free_to_take(c: Ctx) -> None:
    """Guard: a case that somebody holds is passed, not taken away."""
    if c.subject.owner_id not in {None, c.actor.user_id}:
        raise Refused("case_taken", _("Somebody else is working on this case."), owner=c.subject.owner_id)


def future_due(c: Ctx) -> None:
    """Guard: what is asked for has a date ahead, from one side or both."""
    due = c.data.get("due")
    if not isinstance(due, datetime) or due <= c.now:
        raise Invalid({"due": _("Give a date in the future.")})
    if c.data.get("of") not in {Side.OPENER, Side.OTHER, Side.BOTH}:
        raise Invalid({"of": _("Say from whom.")})
    if not str(c.data.get("text", "")).strip():
        raise Invalid({"text": _("Say what is needed.")})
    c.payload |= {"due": due.isoformat(), "of": str(c.data["of"])}


def has_held_part(c: Ctx) -> None:
    """Guard: only a dispute's held amount can be paid ahead of the decision, once (KH-PAY-13)."""
    if c.subject.group != Case.Group.DISPUTE or not c.subject.claimed_minor:
        raise Refused("nothing_held", _("Nothing is held because of this case."))
    if c.subject.released_at:
        raise Refused("released_before", _("The held part has been released already."))


# --- effects ------------------------------------------------------------------------------------------------------


def begin(c: Ctx) -> None:
    """The opener's evidence, the rules' proposal for the agent (KH-CASE-06), then money and state by the market."""
    case: Case = c.subject
    for piece in c.data.get("pieces", ()):
        CaseEvidence.objects.create(case=case, by_id=case.opened_by_id, at=c.now, **piece)
    propose(case, c.now)
    listeners.tell("opened", case, actor=c.actor, now=c.now)
    if case.severity >= Case.Severity.CRITICAL and c.actor.role in kinds.agents(case.group):
        suspend_at_once(
            c
        )  # a person's word; what a party alone reports waits for an agent to escalate it (S25)


def propose(case: Case, now: datetime) -> dict[str, Any]:
    """Ask the market's rules (hook ``case_proposal``: ``(case, *, now) -> dict``) and keep their answer.

    ``{"outcome", "refund_minor", "because", "facts"}``; empty where no rule speaks.
    """
    proposal: dict[str, Any] = hook("case_proposal", _no_proposal)(case, now=now) or {}
    if proposal != case.proposal:
        case.proposal = proposal
        case.save(update_fields=["proposal"])
    return proposal


def _no_proposal(case: Case, *, now: datetime) -> dict[str, Any]:
    return {}


def own(c: Ctx) -> None:
    _set(c, owner_id=c.actor.user_id)


def hand_over(c: Ctx) -> None:
    _set(c, owner_id=c.data.get("to"))


def ask(c: Ctx) -> None:
    """What is needed, from whom and until when; that is an answer too."""
    _set(c, due_evidence=c.data["due"], data={**c.subject.data, "asked_of": str(c.data["of"])})
    _answered(c)
    CaseMessage.objects.create(
        case=c.subject, by_id=c.actor.user_id, by_staff=True, visible_to=c.data["of"], at=c.now,
        text=str(c.data["text"]).strip(),
    )  # fmt: skip


def asked_side_answered(c: Ctx) -> str:
    """Choice: evidence from the side that was asked ends the waiting; further evidence leaves it as it is."""
    side = side_of(c.subject, c.actor.on_behalf_of_id or c.actor.user_id)
    asked = c.subject.data.get("asked_of")
    if asked == Side.BOTH:
        before = CaseEvidence.objects.filter(case=c.subject, at__gte=c.subject.state_since, by_staff=False)
        others = {side_of(c.subject, by) for by in before.values_list("by_id", flat=True)}
        return "under_review" if others | {side} >= {Side.OPENER, Side.OTHER} else ""
    return "under_review" if side == asked else ""


def keep_evidence(c: Ctx) -> None:
    for piece in c.data["pieces"]:
        CaseEvidence.objects.create(
            case=c.subject, by_id=c.actor.user_id, by_staff=bool(c.data.get("staff")), at=c.now, **piece
        )


def keep_message(c: Ctx) -> None:
    """A word in the case; one of the staff that a side can read is the first answer (KH-CASE-03)."""
    visible_to, staff = c.data.get("visible_to", Side.BOTH), bool(c.data.get("staff"))
    CaseMessage.objects.create(
        case=c.subject, by_id=c.actor.user_id, by_staff=staff, visible_to=visible_to, at=c.now,
        text=c.data["text"],
    )  # fmt: skip
    if staff and visible_to != Side.STAFF:
        _answered(c)


def mark_overdue(c: Ctx) -> None:
    """Late cases come first and go up; nothing is decided by the clock (S20)."""
    case: Case = c.subject
    _set(c, overdue_at=case.overdue_at or c.now, escalated_at=case.escalated_at or c.now)
    listeners.tell("escalated", case, actor=c.actor, now=c.now)


def escalate(c: Ctx) -> None:
    """Owner, time and, where critical, the suspension in one step (KH-CASE-10)."""
    case: Case = c.subject
    severity = max(case.severity, int(c.data.get("severity") or 0))
    _set(c, owner_id=c.data.get("to"), escalated_at=c.now, severity=severity)
    if severity >= Case.Severity.CRITICAL:
        suspend_at_once(c)
    listeners.tell("escalated", case, actor=c.actor, now=c.now)


def suspend_at_once(c: Ctx) -> None:
    """The reported account stands still until the case is reviewed."""
    case: Case = c.subject
    if case.against_id is None or _hard_sanction(case.against_id):
        return
    sanctions.impose(
        case.against_id,
        Sanction.Level.SUSPENSION,
        reason=str(_("Suspended while a serious report is reviewed.")),
        actor=SYSTEM,
        now=c.now,
        evidence={"case": case.code},
        source=case.code,
    )


def _hard_sanction(user_id: int) -> bool:
    return Sanction.objects.filter(
        user_id=user_id, state__in=sanctions.IN_FORCE, level__in=[Sanction.Level.SUSPENSION, Sanction.Level.BAN],
        ends_at__isnull=True,
    ).exists()  # fmt: skip


def release(c: Ctx) -> None:
    _set(c, released_at=c.now)
    listeners.tell("released", c.subject, actor=c.actor, now=c.now)


def withdraw(c: Ctx) -> None:
    _set(c, pending={})
    listeners.tell("withdrawn", c.subject, actor=c.actor, now=c.now)


def _answered(c: Ctx) -> None:
    if c.subject.answered_at is None:
        _set(c, answered_at=c.now)


def _set(c: Ctx, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(c.subject, name, value)
    c.subject.save(update_fields=[name.removesuffix("_id") for name in fields])
