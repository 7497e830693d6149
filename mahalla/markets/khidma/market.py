"""Khidma: clients post a task, Taskers are ranked, one is offered it and accepts. What the kernel is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases.flows import case_flow
from mahalla.kernel.cases.kinds import Kind as CaseKind
from mahalla.kernel.flow.recurring import Recurring
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import flows as trust
from mahalla.kernel.trust.kinds import Kind as CheckKind
from mahalla.kit.actors import Actor
from mahalla.kit.market import Market, Role, register
from mahalla.markets.khidma.flow.job import JOB
from mahalla.markets.khidma.flow.offer import OFFER
from mahalla.markets.khidma.flow.request import REQUEST
from mahalla.markets.khidma.notices import NOTICES
from mahalla.markets.khidma.policy import POLICY

ROLES = (
    Role("client", _("Client"), signup=True),
    Role("tasker", _("Tasker"), signup=True),
    Role("ops_admin", _("Operations"), staff=True),
    Role("admin", _("Administration"), staff=True),
    Role("support_agent", _("Support"), staff=True),
    Role("ts_agent", _("Trust and safety"), staff=True),
    Role("ops_manager", _("Reporting"), staff=True),
    Role("partner", _("Partner")),
)
PARTIES = ("client", "tasker")

#: what staff may do to another's account (KH-ID-08, KH-ADMIN-05)
STAFF_MAY: Mapping[str, frozenset[str]] = {
    "identity.suspend": frozenset({"admin"}),
    "identity.ban": frozenset({"admin"}),
    "identity.reinstate": frozenset({"admin"}),
    "identity.grant_role": frozenset({"admin"}),
    "identity.erase": frozenset({"admin"}),
}


def staff_may(actor: Actor, action: str) -> bool:
    if actor.user_id is None or actor.role not in STAFF_MAY.get(action, frozenset()):
        return False
    user = User.objects.filter(pk=actor.user_id, status=User.Status.ACTIVE).first()
    return user is not None and user.has_role(actor.role)


def verification_kinds() -> Mapping[str, CheckKind]:
    """National ID and criminal background check, both needed; an own insurance if there is one. All decided by hand
    (KH-TRUST-01, KH-TRUST-02, KH-PROFILE-09)."""
    kinds = (
        CheckKind(
            "national_id",
            _("National ID"),
            parts=("front", "back", "selfie"),
            number=r"[12]\d{9}",
            expires=True,
            badge="id_verified",
        ),
        CheckKind(
            "background_check",
            _("Background check"),
            parts=("certificate",),
            consent=True,
            badge="background_checked",
        ),
        CheckKind(
            "insurance",
            _("Liability insurance"),
            parts=("policy",),
            expires=True,
            badge="insured",
        ),
    )
    return {kind.code: kind for kind in kinds}


def case_kinds() -> tuple[CaseKind, ...]:
    return (
        CaseKind("hours", "dispute", _("The hours are wrong"), money=True),
        CaseKind("not_as_expected", "dispute", _("Not as agreed"), money=True),
        CaseKind("no_show", "dispute", _("The Tasker did not come"), money=True),
        CaseKind("partial", "dispute", _("Not finished"), money=True),
        CaseKind("damage", "dispute", _("Something was damaged"), money=True),
        CaseKind("cancellation_fee", "dispute", _("The cancellation fee"), money=True),
        CaseKind("unsafe", "incident", _("Work stopped as unsafe"), severity=3),
        CaseKind("behaviour", "report", _("Bad behaviour"), severity=2),
        CaseKind("harassment", "report", _("Harassment"), severity=3),
        CaseKind("violence", "report", _("Violence or threat"), severity=4),
        CaseKind("private_feedback", "incident", _("Private feedback")),
    )


def case_agents() -> Mapping[str, set[str]]:
    return {
        "dispute": {"support_agent", "admin"},
        "incident": {"ts_agent", "admin"},
        "report": {"ts_agent", "admin"},
    }


def case_proposal(case: Any, *, now: datetime) -> dict[str, Any]:
    """What the rules would decide (KH-CASE-06); the agent may deviate with a reason."""
    from mahalla.markets.khidma import evidence

    return evidence.propose(case, now=now)


def recurring() -> tuple[Recurring, ...]:
    from mahalla.markets.khidma import recurring as jobs

    return jobs.JOBS


def console_sections() -> Mapping[str, frozenset[str]]:
    from mahalla.markets.khidma.console import roles

    return roles.sections()


def console_pages() -> tuple[Any, ...]:
    from mahalla.markets.khidma.console import pages

    return pages.pages()


def console_search(user: User, term: str) -> list[Any]:
    from mahalla.markets.khidma.console import tasks

    return tasks.search(user, term)


def console_case_panels(case: Any, *, viewer: User, now: datetime) -> list[Any]:
    from mahalla.markets.khidma.console import panels

    return list(panels.case_panels(case, viewer=viewer, now=now))


def console_person_panels(person: User, *, viewer: User, now: datetime) -> list[Any]:
    from mahalla.markets.khidma.console import panels

    return list(panels.person_panels(person, viewer=viewer, now=now))


def console_check_panels(check: Any, *, viewer: User, now: datetime) -> list[Any]:
    from mahalla.markets.khidma.console import panels

    return list(panels.check_panels(check, viewer=viewer, now=now))


def demo_sign_ins() -> list[tuple[str, str, str]]:
    from mahalla.markets.khidma.demo.people import SIGN_INS

    return list(SIGN_INS)


KHIDMA = register(
    Market(
        name="khidma",
        title=_("Khidma"),
        currency="SAR",
        timezone="Asia/Riyadh",
        languages=(("ar", "العربية"), ("en", "English")),
        roles=ROLES,
        flows={
            "request": REQUEST,
            "offer": OFFER,
            "job": JOB,
            "case": case_flow(parties=PARTIES, agents=("support_agent", "ts_agent"), seniors=("admin",)),
            **trust.default(owners=PARTIES, deciders=("admin",), agents=("ts_agent", "admin")),
        },
        policy=POLICY,
        notices=NOTICES,
        terms_version="1",
        urls="mahalla.markets.khidma.urls",
        api="mahalla.markets.khidma.api",
        seed="mahalla.markets.khidma.demo.city:plant",
        hooks={
            "default_region": lambda: "SA",
            "staff_may": staff_may,
            "verification_kinds": verification_kinds,
            "document_readers": lambda: {"admin"},
            "case_kinds": case_kinds,
            "case_agents": case_agents,
            "case_proposal": case_proposal,
            "recurring": recurring,
            "demo_sign_ins": demo_sign_ins,
            "console_sections": console_sections,
            "console_pages": console_pages,
            "console_search": console_search,
            "console_case_panels": console_case_panels,
            "console_person_panels": console_person_panels,
            "console_check_panels": console_check_panels,
        },
    )
)
