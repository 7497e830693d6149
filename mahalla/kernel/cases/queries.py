"""Reading cases: the staff's queue, and one case as its viewer may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, F, Q, QuerySet, Value, When
from django.db.models import Case as Either
from django.db.models.functions import Least

from mahalla.kernel.cases import kinds
from mahalla.kernel.cases.models import Case, CaseEvidence, CaseMessage, Side
from mahalla.kernel.cases.moves import side_of
from mahalla.kernel.identity.models import User
from mahalla.kit.errors import NotFound

OVER = ("settled", "closed", "done")


def queue(group: str, *, now: datetime, kind: str = "", owner_id: int | None = None) -> QuerySet[Case]:
    """The live cases of a group, overdue first, then by what is due next, then by severity (KH-CASE-03).

    Each carries ``overdue`` and ``next_due``; ``age(case, now)`` is how long it has been open.
    """
    rows = (
        Case.objects.filter(group=group)
        .exclude(phase__in=OVER)
        .select_related("opened_by", "against", "owner")
    )
    if kind:
        rows = rows.filter(kind=kind)
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    late = Q(due_decision__lte=now) | Q(answered_at__isnull=True, due_first_answer__lte=now)
    return rows.annotate(
        overdue=Either(When(late, then=Value(True)), default=Value(False), output_field=BooleanField()),
        next_due=Either(
            When(answered_at__isnull=True, then=Least("due_first_answer", "due_decision")),
            default=F("due_decision"),
        ),
    ).order_by("-overdue", "next_due", "-severity", "pk")


def waiting_for_second(*, group: str = Case.Group.DISPUTE) -> QuerySet[Case]:
    """Decisions that wait for a second person, the longest waiting first."""
    return (
        Case.objects.filter(group=group)
        .exclude(pending={})
        .exclude(phase__in=OVER)
        .order_by("due_decision", "pk")
    )


def age(case: Case, now: datetime) -> timedelta:
    return now - case.opened_at


def live_dispute(subject: str) -> Case | None:
    """The dispute that is open about this subject, if any."""
    return Case.objects.filter(group=Case.Group.DISPUTE, subject=subject).exclude(phase__in=OVER).first()


def history(subject: str) -> QuerySet[Case]:
    """Every case about this subject, newest first (staff)."""
    return Case.objects.filter(subject=subject).order_by("-opened_at", "-pk")


def cases_of(viewer: User) -> QuerySet[Case]:
    """A person's own cases: those they opened, and the disputes against them; newest first."""
    own = Q(opened_by=viewer) | Q(against=viewer, group=Case.Group.DISPUTE)
    return Case.objects.filter(own).order_by("-opened_at", "-pk")


def case_for(viewer: User, pk: int) -> Case:
    """A case for its parties and for the roles that work on its group. Raises ``NotFound`` for everybody else, also
    for somebody who was reported (KH-CASE-07)."""
    found = Case.objects.select_related("opened_by", "against", "owner").filter(pk=pk).first()
    if found is None or not (side_of(found, viewer.pk) or kinds.works_on(viewer, found.group)):
        raise NotFound()
    return found


@dataclass(frozen=True, slots=True)
class View:
    """A case as one viewer sees it. ``side`` is ``opener``, ``other`` or ``staff``; ``due`` is the date that matters in
    the present state. What only staff know (notes, proposal, a pending decision, who decides) is empty for parties.
    """

    case: Case
    side: str
    state: str
    due: datetime | None
    messages: list[CaseMessage]
    evidence: list[CaseEvidence]
    decision: dict[str, Any]
    proposal: dict[str, Any]
    pending: dict[str, Any]


#: what a party reads of a decision
PUBLIC_DECISION = ("outcome", "refund_minor", "reason", "at")


def view_for(viewer: User, pk: int) -> View:
    """One case with the entries that this viewer may read (KH-CASE-02, KH-CASE-04). Raises ``NotFound``."""
    case = case_for(viewer, pk)
    side = side_of(case, viewer.pk)
    staff = not side  # a party who is also staff sees a party's view of the own case
    seen = Q() if staff else Q(visible_to__in=[Side.BOTH, side]) | Q(by=viewer)
    due = case.due_evidence if case.state == "awaiting_evidence" else case.due_decision
    return View(
        case=case,
        side=Side.STAFF if staff else side,
        state=case.state,
        due=None if case.phase in OVER else due,
        messages=list(CaseMessage.objects.filter(seen, case=case).select_related("by")),
        evidence=list(CaseEvidence.objects.filter(seen, case=case).select_related("by", "asset")),
        decision=case.decision
        if staff
        else {k: case.decision[k] for k in PUBLIC_DECISION if k in case.decision},
        proposal=case.proposal if staff else {},
        pending=case.pending if staff else {},
    )
