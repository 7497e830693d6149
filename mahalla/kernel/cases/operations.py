"""What people do with cases. Every verb is one transition of the case's flow; the money and the job's state follow in
the same transaction through ``cases.listeners``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases import deciding, kinds, moves
from mahalla.kernel.cases.models import Case, Side
from mahalla.kernel.cases.numbers import next_code
from mahalla.kernel.flow import engine
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.kit.market import active

TEXT_MAX = 4000
#: the media purposes that evidence may have
PURPOSES = ("dispute", "evidence")


class DisputeOpen(Refused):
    """One dispute about a thing is settled before the next begins."""


def open_case(
    *,
    kind: str,
    subject: str,
    opened_by_id: int | None,
    actor: Actor,
    now: datetime,
    against_id: int | None = None,
    text: str = "",
    claimed_minor: int = 0,
    charge_minor: int = 0,
    worker_minor: int = 0,
    currency: str = "",
    severity: int | None = None,
    assets: Iterable[int] = (),
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Open a dispute, incident or report; the group comes from the kind (KH-CASE-01, KH-CASE-07).

    ``subject`` is ``"job:12"`` or the like. ``charge_minor`` is what was paid and can come back, ``worker_minor`` the
    worker's part of it, ``claimed_minor`` what is disputed. Raises ``Invalid``, or ``DisputeOpen`` while there is a live
    dispute about the same subject, ``NotFound`` for an outsider to the job.
    """
    spec = kinds.kind(kind)
    _check_opening(spec, text=text, claimed=claimed_minor, charge=charge_minor, worker=worker_minor)
    job_id = _job_id(subject)
    pieces = _assets(assets, opened_by_id)
    try:
        with transaction.atomic():
            _lock_work(job_id)
            _check_party(spec, job_id, opened_by_id, actor)
            case = Case(
                code=next_code(kinds.SERIES[Case.Group(spec.group)], now),
                group=spec.group,
                kind=kind,
                subject=subject,
                job_id=job_id,
                opened_by_id=opened_by_id,
                against_id=against_id,
                opened_at=now,
                text=text.strip(),
                data=dict(data or {}),
                claimed_minor=claimed_minor,
                charge_minor=charge_minor,
                worker_minor=worker_minor,
                currency=currency or (active().currency if charge_minor else ""),
                severity=spec.severity if severity is None else severity,
            )
            return engine.create(case, "open", actor=actor, now=now, data={"pieces": pieces})
    except engine.AlreadyThere as error:
        if error.constraint == "one_live_dispute_per_subject":
            raise DisputeOpen("dispute_open", _("There is an open dispute about this already.")) from error
        raise


def take(case: Case, *, actor: Actor, now: datetime) -> Case:
    """Work on a case that nobody holds."""
    return engine.apply(case, "take", actor=actor, now=now)


def pass_on(case: Case, *, reason: str, actor: Actor, now: datetime, to_id: int | None = None) -> Case:
    """Hand a case to a colleague, or back to the queue."""
    return engine.apply(case, "pass", actor=replace(actor, reason=reason), now=now, data={"to": to_id})


def ask_evidence(case: Case, *, text: str, of: str, due: datetime, actor: Actor, now: datetime) -> Case:
    """Ask one side (``opener``, ``other``) or ``both`` for something until ``due``; both see the state and the date."""
    return engine.apply(case, "ask_evidence", actor=actor, now=now, data={"text": text, "of": of, "due": due})


def add_evidence(
    case: Case,
    *,
    actor: Actor,
    now: datetime,
    assets: Iterable[int] = (),
    text: str = "",
    reference: str = "",
    staff: bool = False,
) -> Case:
    """Put files, a text or the reference of a record forward. Evidence of the side that was asked ends the waiting."""
    pieces = _assets(assets, None if staff else actor.on_behalf_of_id or actor.user_id)
    if text.strip() or reference:
        pieces.append({"text": _text(text) if text.strip() else "", "reference": reference})
    if not pieces:
        raise Invalid({"evidence": _("Add a file or a text.")})
    visible = {"visible_to": Side.STAFF} if staff else {}
    data = {"pieces": [piece | visible for piece in pieces], "staff": staff}
    return engine.apply(case, "add_evidence", actor=actor, now=now, data=data)


def add_message(
    case: Case, *, text: str, actor: Actor, now: datetime, staff: bool = False, visible_to: str = Side.BOTH
) -> Case:
    """Write in a case. Staff choose who reads it (``staff``: a note among themselves); a party writes to all."""
    event = "say"
    if staff:
        event = "note" if visible_to == Side.STAFF else "answer"
    else:
        visible_to = moves.side_of(case, actor.user_id) if case.one_sided else Side.BOTH
    data = {"text": _text(text), "visible_to": visible_to or Side.BOTH, "staff": staff}
    return engine.apply(case, event, actor=actor, now=now, data=data)


def propose(case: Case, *, now: datetime) -> dict[str, Any]:
    """Ask the rules again, with what is known now (KH-CASE-06)."""
    with transaction.atomic():
        return moves.propose(engine.lock(case), now)


def decide(
    case: Case,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    refund_minor: int = 0,
    worker_part_minor: int | None = None,
    fee_part_minor: int | None = None,
    outcome: str = "",
    category: str = "",
    ends_at: datetime | None = None,
) -> Case:
    """Decide, with a reason that both sides read (KH-CASE-05).

    A dispute: ``refund_minor`` of the charge, split in proportion unless the parts are named. Above
    ``refund_second_approval`` the case keeps its state and the decision waits in ``pending`` for ``approve``. Other
    groups: ``outcome`` ``no_action`` or a sanction's level, with its ``category`` or ``ends_at``.
    """
    data = {
        "refund_minor": refund_minor,
        "worker_part_minor": worker_part_minor,
        "fee_part_minor": fee_part_minor,
        "outcome": outcome,
        "category": category,
        "ends_at": ends_at,
    }
    two = case.group == Case.Group.DISPUTE and deciding.needs_second(refund_minor, now)
    event = "propose_decision" if two else "decide"
    return engine.apply(case, event, actor=replace(actor, reason=reason), now=now, data=data)


def approve(case: Case, *, actor: Actor, now: datetime) -> Case:
    """Agree, as a second person, to the decision that waits; it then stands."""
    return engine.apply(case, "approve", actor=actor, now=now)


def turn_back(case: Case, *, reason: str, actor: Actor, now: datetime) -> Case:
    """Do not agree: the decision that waited is dropped and the case goes on."""
    return engine.apply(case, "turn_back", actor=replace(actor, reason=reason), now=now)


def release(case: Case, *, reason: str, actor: Actor, now: datetime) -> Case:
    """Pay the held part before the decision, at the platform's risk (C5)."""
    return engine.apply(case, "release", actor=replace(actor, reason=reason), now=now)


def withdraw(case: Case, *, actor: Actor, now: datetime) -> Case:
    """Who opened the case takes it back."""
    return engine.apply(case, "withdraw", actor=actor, now=now)


def escalate(
    case: Case, *, reason: str, to_id: int, actor: Actor, now: datetime, severity: int | None = None
) -> Case:
    """Give a serious case to a senior; ``critical`` suspends the reported account in the same step (KH-CASE-10)."""
    data = {"to": to_id, "severity": severity}
    return engine.apply(case, "escalate", actor=replace(actor, reason=reason), now=now, data=data)


def appeal(case: Case, *, text: str, actor: Actor, now: datetime) -> Case:
    """Ask once for another decision, where the market allows it."""
    return engine.apply(case, "appeal", actor=actor, now=now, data={"text": _text(text)})


def decide_appeal(
    case: Case, *, reason: str, actor: Actor, now: datetime, refund_minor: int = 0, outcome: str = ""
) -> Case:
    """The final word, by somebody who had no hand in the first; ``decision["first"]`` keeps that one."""
    data = {"refund_minor": refund_minor, "outcome": outcome}
    return engine.apply(case, "decide_appeal", actor=replace(actor, reason=reason), now=now, data=data)


def _lock_work(job_id: int | None) -> None:
    """The request first, as everywhere. A job that does not exist is nobody's."""
    if job_id is None:
        return
    found = Request.objects.select_for_update(no_key=True, of=("self",)).filter(jobs__pk=job_id)
    if found.first() is None:
        raise NotFound()


def _check_party(spec: kinds.Kind, job_id: int | None, opened_by_id: int | None, actor: Actor) -> None:
    """People open cases in their own name and about their own work; the platform and its agents about anybody's."""
    if actor == SYSTEM or actor.role in kinds.agents(spec.group):
        return
    if opened_by_id is None or opened_by_id != (actor.on_behalf_of_id or actor.user_id):
        raise Denied("not_in_your_name", _("A case is opened in one's own name."))
    if job_id is not None:
        own = Q(client_id=opened_by_id) | Q(worker_id=opened_by_id)
        if not Job.objects.filter(own, pk=job_id).exists():
            raise NotFound()


def _check_opening(spec: kinds.Kind, *, text: str, claimed: int, charge: int, worker: int) -> None:
    wrong: dict[str, Any] = {}
    if len(text) > TEXT_MAX:
        wrong["text"] = _("This is too long.")
    elif not text.strip() and spec.group != Case.Group.INCIDENT:  # who is in danger need not write
        wrong["text"] = _("Say what happened.")
    if spec.money and not 0 < claimed <= charge:
        wrong["claimed"] = _("The disputed amount must be above nothing and at most what was charged.")
    if not spec.money and claimed:
        wrong["claimed"] = _("This is not about an amount.")
    if not 0 <= worker <= charge:
        wrong["worker"] = _("The worker's part lies within the charge.")
    if wrong:
        raise Invalid(wrong)


def _text(text: str) -> str:
    if not text.strip():
        raise Invalid({"text": _("Write something.")})
    if len(text) > TEXT_MAX:
        raise Invalid({"text": _("This is too long.")})
    return text.strip()


def _job_id(subject: str) -> int | None:
    noun, colon, number = subject.partition(":")
    if not noun or not colon or not number.isdigit():
        raise Invalid({"subject": _("Say what it is about.")})
    return int(number) if noun == "job" else None


def _assets(assets: Iterable[int], owner_id: int | None) -> list[dict[str, Any]]:
    """Files that exist and belong to who puts them forward."""
    wanted = list(dict.fromkeys(assets))
    rows = Asset.objects.filter(pk__in=wanted, purpose__in=PURPOSES, removed_at__isnull=True)
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    found = set(rows.values_list("pk", flat=True))
    if found != set(wanted):
        raise Invalid({"evidence": _("One of the files is missing. Please add it again.")})
    return [{"asset_id": pk} for pk in wanted]
