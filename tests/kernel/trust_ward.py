"""A market for the tests of trust and cases, with the people who are in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from mahalla.kernel.cases import kinds as case_kinds
from mahalla.kernel.cases import notices as case_notices
from mahalla.kernel.cases.flows import case_flow
from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import RoleGrant, User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.trust import flows, notices
from mahalla.kernel.trust.kinds import Kind
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit import market
from mahalla.kit.actors import Actor
from mahalla.kit.market import Market, Role
from mahalla.kit.policy import Number
from tests.kernel.media_samples import image

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PARTIES = ("client", "worker")
DESK = {
    "warden": {"identity.ban", "identity.suspend", "identity.reinstate"},
    "safety": {"identity.suspend", "identity.reinstate"},
}


@dataclass
class Rules:
    """What a test may turn: the proposal of the market's rules."""

    proposal: dict[str, Any] = field(default_factory=dict)


RULES = Rules()
WARD = Market(
    name="ward",
    title="Ward",
    currency="SAR",
    timezone="UTC",
    languages=(("en", "English"),),
    roles=(
        Role("client", "Client", signup=True),
        Role("worker", "Worker", signup=True),
        *(Role(code, code, staff=True) for code in ("warden", "safety", "agent")),
    ),
    flows={
        **flows.default(owners=PARTIES, deciders=("warden",), agents=("warden", "safety")),
        "case": case_flow(parties=PARTIES, agents=("agent", "safety"), seniors=("warden",)),
    },
    notices={**notices.defaults(), **case_notices.defaults()},
    policy=(
        Number("recheck_days", 365),
        Number("recheck_warn_days", [30, 7]),
        Number("fraud_alert_score", 60),
        Number("strike_limit", 3),
        Number("strike_days", 30),
        Number("dispute_first_answer_hours", 24),
        Number("dispute_sla_hours", 72),
        Number("refund_second_approval", 200_00),
        Number("appeal_days", 7),
    ),
    hooks={
        "staff_may": lambda actor, action: action in DESK.get(actor.role, set()),
        "document_readers": lambda: {"warden"},
        "verification_kinds": lambda: {
            kind.code: kind
            for kind in (
                Kind(
                    "national_id",
                    "National ID",
                    parts=("front", "back", "selfie"),
                    number=r"\d{10}",
                    expires=True,
                    badge="id_verified",
                ),
                Kind("background_check", "Background check", consent=True, badge="background_checked"),
                Kind("licence", "Licence", number=r"\d{6}", provider="development", purge_rejected=True),
            )
        },
        "case_agents": lambda: {
            "dispute": {"agent", "warden"},
            "incident": {"safety", "warden"},
            "report": {"safety", "warden"},
        },
        "case_kinds": lambda: (
            case_kinds.Kind("hours", Case.Group.DISPUTE, "Hours", money=True),
            case_kinds.Kind("no_show", Case.Group.DISPUTE, "No-show", money=True),
            case_kinds.Kind("unfair_rating", Case.Group.DISPUTE, "Rating", outcomes=("upheld", "dismissed")),
            case_kinds.Kind("behaviour", Case.Group.INCIDENT, "Behaviour", Case.Severity.HIGH),
            case_kinds.Kind("violence", Case.Group.INCIDENT, "Violence", Case.Severity.CRITICAL),
        ),
        "case_proposal": lambda case, *, now: RULES.proposal,
    },
)


@dataclass(frozen=True)
class Person:
    user: User
    role: str

    @property
    def actor(self) -> Actor:
        return Actor(self.user.pk, self.role)

    @property
    def pk(self) -> int:
        return int(self.user.pk)


@dataclass(frozen=True)
class People:
    """Lina has work done, Sara does it, Basil is another worker; Wafa guards documents and accounts, Sami is trust &
    safety, Aida and Adel settle disputes, Nadir is the outsider."""

    lina: Person
    sara: Person
    basil: Person
    wafa: Person
    sami: Person
    aida: Person
    adel: Person
    nadir: Person


ROLES = {
    "lina": "client",
    "sara": "worker",
    "basil": "worker",
    "wafa": "warden",
    "sami": "safety",
    "aida": "agent",
    "adel": "agent",
    "nadir": "client",
}


def make_people() -> People:
    made = {}
    for index, (name, role) in enumerate(ROLES.items()):
        user = User.objects.create_user(phone=f"+9665012345{index:02d}", name=name.title(), date_joined=NOON)
        RoleGrant.objects.create(user=user, role=role, granted_at=NOON)
        made[name] = Person(user, role)
    return People(**made)


@pytest.fixture
def ward() -> Iterator[Market]:
    market.register(WARD)
    RULES.proposal = {}
    with market.activate("ward") as active:
        yield active


@pytest.fixture
def people(ward: Market, db: None, settings: Any, tmp_path: Path) -> People:
    settings.MEDIA_ROOT = tmp_path
    return make_people()


def picture(owner: Person, purpose: str = "document") -> Asset:
    return media.store(BytesIO(image(size=(64, 48))), owner=owner.user, purpose=purpose, now=NOON)


def pages(owner: Person) -> dict[str, int]:
    """The three pictures of a national ID."""
    return {part: picture(owner).pk for part in ("front", "back", "selfie")}


def make_job(people: People) -> Job:
    """A finished piece of work of Lina and Sara, as the apps above would have made it."""
    category = Category.objects.create(code="cleaning", names={"en": "Cleaning"})
    at = {"state_since": NOON, "created_at": NOON}
    request = Request.objects.create(
        client=people.lina.user, category=category, state="agreed", phase="agreed", **at
    )
    offer = Offer.objects.create(
        request=request, worker=people.sara.user, source="client", state="accepted", phase="agreed", **at
    )
    return Job.objects.create(
        request=request,
        offer=offer,
        client=people.lina.user,
        worker=people.sara.user,
        start_at=NOON,
        end_at=NOON.replace(hour=15),
        state="completed",
        phase="done",
        **at,
    )
