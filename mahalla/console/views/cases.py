"""Disputes, incidents and reports: the queue by what is due, the case with all evidence, the decision.

Disputes belong to their desk, incidents and reports to theirs (``cases.kinds.agents``); the flow says what may be done.
KH-CASE-03 to -06, -09, -10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import access, trail
from mahalla.console.acting import actor_for, acts
from mahalla.console.dates import instant_of
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel.cases import deciding, kinds, operations, queries
from mahalla.kernel.cases.models import Case, Side
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import audit
from mahalla.kernel.trust.models import Sanction
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.market import active, hook
from mahalla.kit.money import NotAnAmount, parse

GROUPS = {access.DISPUTES: ("dispute",), access.TRUST: ("incident", "report")}


@dataclass(frozen=True, slots=True)
class Panel:
    """What a market shows beside a case, a person or a check: its own template with its own context."""

    title: Any
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


def disputes(request: HttpRequest) -> HttpResponse:
    """Disputed work by deadline, what is overdue first (KH-CASE-03)."""
    return _queue(request, access.DISPUTES, _("Disputes"))


def incidents(request: HttpRequest) -> HttpResponse:
    """Incidents and reports by deadline, what is overdue first (KH-CASE-09)."""
    return _queue(request, access.TRUST, _("Incidents"))


def _queue(request: HttpRequest, section: str, title: str) -> HttpResponse:
    now, kind, mine = moment(request), request.GET.get("kind", ""), bool(request.GET.get("mine"))
    owner = request.user.pk if mine else None
    rows: list[Any] = []
    for group in GROUPS[section]:
        rows += queries.queue(group, now=now, kind=kind, owner_id=owner)
    rows.sort(key=lambda case: (not case.overdue, case.next_due or now, -case.severity, case.pk))
    labels = {spec.code: spec.label for group in GROUPS[section] for spec in kinds.kinds(group).values()}
    return screen(
        request,
        "console/cases.html",
        title,
        cases=[(case, labels.get(case.kind, case.kind), queries.age(case, now)) for case in rows[:200]],
        second=[case for group in GROUPS[section] for case in queries.waiting_for_second(group=group)],
        labels=labels,
        kind=kind,
        mine=mine,
        page_name=_name(section),
        case_url=f"admin:{_name(section)}",
    )


def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    return _case(request, pk, access.DISPUTES)


def incident(request: HttpRequest, pk: int) -> HttpResponse:
    return _case(request, pk, access.TRUST)


def _case(request: HttpRequest, pk: int, section: str) -> HttpResponse:
    """One case with what both sides said, the market's evidence, the rules' proposal and the possible steps."""
    viewer, now = request.user, moment(request)
    seen = queries.view_for(viewer, pk)  # type: ignore[arg-type]
    case = seen.case
    if case.group not in GROUPS[section] or seen.side != Side.STAFF:
        raise NotFound()
    desk = kinds.agents(case.group)
    steps = acts(viewer, case, among=desk)  # type: ignore[arg-type]
    panels = hook("console_case_panels", lambda case, *, viewer, now: [])
    audit.viewed(actor_for(viewer, case, "note", among=desk), "case", case.pk, now)  # type: ignore[arg-type]
    return screen(
        request,
        "console/case.html",
        case.code,
        case=case,
        seen=seen,
        kind=kinds.kinds().get(case.kind),
        acts=steps,
        panels=panels(case, viewer=viewer, now=now),
        charge=deciding.charge_of(case),
        colleagues=_colleagues(desk, viewer),
        outcomes=_outcomes(case),
        severities=Case.Severity.choices,
        categories=Category.objects.filter(enabled=True),
        sides=[(Side.BOTH, _("Both")), (Side.OPENER, _("Who opened it")), (Side.OTHER, _("The other side"))],
        entries=trail.told(trail.story(case.stream).filter(noun="case", subject_id=case.pk)),
        overdue=_is_overdue(case, now),
        act_url=f"admin:{_name(section)}-act",
        opens_people=access.PEOPLE in access.sections_of(viewer),
    )


def _is_overdue(case: Case, now: datetime) -> bool:
    """As the queue judges it."""
    rows: Any = queries.queue(case.group, now=now)
    return bool(rows.filter(pk=case.pk, overdue=True).exists())


def _name(section: str) -> str:
    return "dispute" if section == access.DISPUTES else "incident"


def _colleagues(desk: set[str], viewer: Any) -> list[User]:
    rows = User.objects.filter(Q(grants__role__in=desk), status=User.Status.ACTIVE).distinct()
    return list(rows.order_by("name", "pk"))


def _outcomes(case: Case) -> list[tuple[str, Any]]:
    """How a case without money can end: the market's own words, else nothing or a step of the ladder."""
    spec = kinds.kinds().get(case.kind)
    if spec is not None and spec.outcomes:
        return [(code, code.replace("_", " ")) for code in spec.outcomes]
    return [(deciding.NO_ACTION, _("No action")), *(Sanction.Level.choices if case.against_id else [])]


# --- steps ----------------------------------------------------------------------------------------------------------


@require_POST
def dispute_act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    return _act(request, pk, event, access.DISPUTES)


@require_POST
def incident_act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    return _act(request, pk, event, access.TRUST)


def _act(request: HttpRequest, pk: int, event: str, section: str) -> HttpResponse:
    case = queries.case_for(request.user, pk)  # type: ignore[arg-type]
    verb = VERBS.get(event)
    if verb is None or case.group not in GROUPS[section]:
        raise NotFound()
    desk = kinds.agents(case.group)
    actor = actor_for(request.user, case, event, among=desk)  # type: ignore[arg-type]
    here = reverse(f"admin:{_name(section)}", args=[pk])
    now = moment(request)
    return carry_out(request, lambda: verb(case, request.POST, actor, now), done=_("Done."), back=here)


Post = Mapping[str, str]


def _reason(post: Post) -> str:
    return post.get("reason", "").strip()


def _person(post: Post, field_name: str = "to") -> int | None:
    number = post.get(field_name, "")
    return int(number) if number.isdigit() else None


def _take(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.take(case, actor=actor, now=now)


def _pass(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.pass_on(case, reason=_reason(post), actor=actor, now=now, to_id=_person(post))


def _ask(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    due = instant_of(post.get("due", ""), field="due")
    if due is None:
        raise Invalid({"due": _("Give a date in the future.")})
    return operations.ask_evidence(
        case, text=post.get("text", ""), of=post.get("of", ""), due=due, actor=actor, now=now
    )


def _answer(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    to = post.get("visible_to") or Side.BOTH
    if to not in {Side.BOTH, Side.OPENER, Side.OTHER}:
        raise Invalid({"visible_to": _("Say who reads it.")})
    return operations.add_message(
        case, text=post.get("text", ""), actor=actor, now=now, staff=True, visible_to=to
    )


def _note(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.add_message(
        case, text=post.get("text", ""), actor=actor, now=now, staff=True, visible_to=Side.STAFF
    )


def _escalate(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    to, severity = _person(post), post.get("severity", "")
    if to is None:
        raise Invalid({"to": _("Say who takes it over.")})
    level = int(severity) if severity.isdigit() else None
    return operations.escalate(case, reason=_reason(post), to_id=to, severity=level, actor=actor, now=now)


def _release(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.release(case, reason=_reason(post), actor=actor, now=now)


def _decide(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    """A dispute: nothing, a part or all of the charge. Anything else: an outcome."""
    ends_at = instant_of(post.get("ends_at", ""), field="ends_at")
    refund = _refund(case, post) if case.charge_minor and case.group == Case.Group.DISPUTE else 0
    return operations.decide(
        case,
        reason=_reason(post),
        actor=actor,
        now=now,
        refund_minor=refund,
        outcome=post.get("outcome", ""),
        category=post.get("category", ""),
        ends_at=ends_at,
    )


def _refund(case: Case, post: Post) -> int:
    """The amount to give back in minor units: ``none``, ``full``, ``claimed``, ``proposed``, or a part as written."""
    choice = post.get("refund", "")
    known = {
        "none": 0,
        "full": case.charge_minor,
        "claimed": case.claimed_minor,
        "proposed": case.proposal.get("refund_minor"),
    }
    if choice in known and known[choice] is not None:
        return int(known[choice])
    try:
        return parse(post.get("amount", ""), case.currency or active().currency, get_language() or "en").minor
    except NotAnAmount:
        raise Invalid({"amount": _("Write the amount, like 18.00.")}) from None


def _approve(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.approve(case, actor=actor, now=now)


def _turn_back(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    return operations.turn_back(case, reason=_reason(post), actor=actor, now=now)


def _decide_appeal(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    refund = _refund(case, post) if case.charge_minor else 0
    outcome = post.get("outcome", "")
    return operations.decide_appeal(
        case, reason=_reason(post), actor=actor, now=now, refund_minor=refund, outcome=outcome
    )


def _propose(case: Case, post: Post, actor: Actor, now: datetime) -> object:
    if case.phase in queries.OVER:
        raise Refused("case_over", _("This case is closed."))
    return operations.propose(case, now=now)


Verb = Callable[[Case, Post, Actor, datetime], object]
VERBS: Mapping[str, Verb] = {
    "take": _take,
    "pass": _pass,
    "ask_evidence": _ask,
    "answer": _answer,
    "note": _note,
    "escalate": _escalate,
    "release": _release,
    "decide": _decide,
    "approve": _approve,
    "turn_back": _turn_back,
    "decide_appeal": _decide_appeal,
    "propose": _propose,
}
