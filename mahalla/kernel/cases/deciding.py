"""Deciding: what an agent may decide, when a second person must agree, and what then happens (KH-CASE-05).

``case.decision`` (and ``case.pending`` while it waits) is
``{outcome, refund_minor, worker_part_minor, fee_part_minor, reason, decided_by, second_approver, at, as_proposed}``.
A dispute's ``outcome`` is ``none``, ``partial`` or ``full``; an incident's or report's is ``no_action`` or a sanction's
level, which is then imposed. A kind with ``outcomes`` of the market's own takes those.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.cases import kinds, listeners
from mahalla.kernel.cases.models import Case
from mahalla.kernel.cases.moves import reason_of
from mahalla.kernel.cases.split import Parts, check_refund, split_refund
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.trust import sanctions
from mahalla.kernel.trust.models import Sanction
from mahalla.kit.errors import Invalid, Refused

NO_ACTION = "no_action"


def charge_of(case: Case) -> Parts:
    """What the client paid, by who has it: the worker's part and the platform's fee, in minor units."""
    return Parts(case.worker_minor, case.charge_minor - case.worker_minor)


def held_of(case: Case) -> Parts:
    """The disputed part that stays held until the decision, in proportion: 18.00 of 96.00 is 15.00 and 3.00 (C5)."""
    return split_refund(case.claimed_minor, captured=charge_of(case))


def is_sound(c: Ctx) -> None:
    """Guard: the decision fits the case; it is left in ``c.cache["decision"]``."""
    case: Case = c.subject
    own = _outcomes(case)
    of_money = case.group == Case.Group.DISPUTE and (case.charge_minor > 0 or not own)
    decision = _refund(c, own) if of_money else _measure(c, own)
    decision |= {
        "reason": reason_of(c),
        "decided_by": c.actor.user_id,
        "second_approver": None,
        "at": c.now.isoformat(),
        "as_proposed": bool(case.proposal)
        and case.proposal.get("outcome") == decision["outcome"]
        and case.proposal.get("refund_minor", 0) == decision["refund_minor"],
    }
    c.cache["decision"] = decision
    c.payload |= {"before": case.decision or {}, "after": decision, "case": case.code}


def _outcomes(case: Case) -> tuple[str, ...]:
    """The market's own outcomes of this kind; none where it has dropped the kind since."""
    spec = kinds.kinds().get(case.kind)
    return spec.outcomes if spec else ()


def _refund(c: Ctx, own: tuple[str, ...]) -> dict[str, Any]:
    case: Case = c.subject
    refund = c.data.get("refund_minor", 0)
    if isinstance(refund, bool) or not isinstance(refund, int):
        raise Invalid({"refund": _("Give the amount to refund.")})
    check_refund(refund, left_minor=case.charge_minor)
    parts = _parts(c, refund)
    outcome = "none" if refund == 0 else "full" if refund == case.charge_minor else "partial"
    if c.data.get("outcome") in own:
        outcome = str(c.data["outcome"])
    return {
        "outcome": outcome,
        "refund_minor": refund,
        "worker_part_minor": parts.worker_minor,
        "fee_part_minor": parts.fee_minor,
    }


def _parts(c: Ctx, refund: int) -> Parts:
    """In proportion, unless the agent names both parts; then they add up and neither exceeds what that side has."""
    charge = charge_of(c.subject)
    worker, fee = c.data.get("worker_part_minor"), c.data.get("fee_part_minor")
    if worker is None and fee is None:
        return split_refund(refund, captured=charge)
    worker = worker if worker is not None else refund - int(fee or 0)
    named = Parts(worker, fee if fee is not None else refund - worker)
    fits = 0 <= named.worker_minor <= charge.worker_minor and 0 <= named.fee_minor <= charge.fee_minor
    if named.total_minor != refund or not fits:
        raise Invalid(
            {"worker_part": _("The two parts must add up to the refund, each within what that side got.")}
        )
    return named


def _measure(c: Ctx, own: tuple[str, ...]) -> dict[str, Any]:
    outcome, case = str(c.data.get("outcome", "")), c.subject
    if outcome not in (own or (NO_ACTION, *Sanction.Level.values)):
        raise Invalid({"outcome": _("Choose an outcome.")})
    if outcome in Sanction.Level.values and case.against_id is None:
        raise Invalid({"outcome": _("This case is about nobody in particular.")})
    ends_at = c.data.get("ends_at")
    return {
        "outcome": outcome,
        "refund_minor": 0,
        "category": str(c.data.get("category", "")),
        "ends_at": ends_at.isoformat() if ends_at else None,
    }


def is_within_one_persons_reach(c: Ctx) -> None:
    """Guard: above ``refund_second_approval`` a decision is put to a second person (S20)."""
    if needs_second(c.cache["decision"]["refund_minor"], c.now):
        raise Refused("second_person_needed", _("A refund this large needs a second person."))


def needs_second(refund_minor: int, now: datetime) -> bool:
    return bool(refund_minor > policy.get("refund_second_approval", now=now))


def another_person(c: Ctx) -> None:
    """Guard: the second approval is by somebody other than who decided, of a decision that waits."""
    pending = c.subject.pending
    if not pending:
        raise Refused("nothing_pending", _("No decision waits for a second person."))
    if c.actor.user_id is None or c.actor.user_id == pending["decided_by"]:
        raise Refused("second_person_needed", _("Somebody else must approve this refund."))
    c.payload |= {"before": c.subject.decision or {}, "after": pending, "case": c.subject.code}


def has_pending(c: Ctx) -> None:
    """Guard: there is a decision to turn back."""
    if not c.subject.pending:
        raise Refused("nothing_pending", _("No decision waits for a second person."))


def not_who_decided(c: Ctx) -> None:
    """Guard: an appeal is decided by somebody who had no hand in the first decision."""
    first = c.subject.decision
    if c.actor.user_id in {first.get("decided_by"), first.get("second_approver")}:
        raise Refused("second_person_needed", _("Somebody else must decide the appeal."))


def settle(c: Ctx) -> None:
    """Effect: the decision stands."""
    _stand(c, c.cache["decision"])


def keep_pending(c: Ctx) -> None:
    """Effect: the decision waits for its second person."""
    c.subject.pending = c.cache["decision"]
    c.subject.save(update_fields=["pending"])


def settle_pending(c: Ctx) -> None:
    _stand(c, {**c.subject.pending, "second_approver": c.actor.user_id})


def drop_pending(c: Ctx) -> None:
    c.subject.pending = {}
    c.subject.save(update_fields=["pending"])


def _stand(c: Ctx, decision: dict[str, Any]) -> None:
    case: Case = c.subject
    if case.decision:
        decision = {**decision, "first": case.decision}
    case.decision, case.pending, case.decided_at = decision, {}, c.now
    case.answered_at = case.answered_at or c.now
    case.save(update_fields=["decision", "pending", "decided_at", "answered_at"])
    if "category" in decision:
        _sanction(c, decision)
    listeners.tell("decided", case, actor=c.actor, now=c.now)


def _sanction(c: Ctx, decision: dict[str, Any]) -> None:
    """The outcome goes on the person's file (KH-CASE-09); what was suspended pending this review ends with it."""
    case: Case = c.subject
    level = decision["outcome"]
    if level in Sanction.Level.values and case.against_id is not None:
        sanctions.impose(
            case.against_id,
            level,
            reason=decision["reason"],
            actor=c.actor,
            now=c.now,
            ends_at=parse_datetime(decision["ends_at"]) if decision["ends_at"] else None,
            category=decision["category"],
            evidence={"case": case.code},
            source=case.code,
        )
    interim = Sanction.objects.filter(
        source=case.code,
        level=Sanction.Level.SUSPENSION,
        imposed_by__isnull=True,
        state__in=sanctions.IN_FORCE,
    )
    for suspension in interim.order_by("pk"):
        sanctions.end(suspension, now=c.now)


def appeal_with_words(c: Ctx) -> None:
    """Guard: an appeal says what is wrong."""
    if not str(c.data.get("text", "")).strip():
        raise Invalid({"text": _("Say what is wrong about the decision.")})
