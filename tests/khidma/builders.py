"""People and places of the tests: one line each, through the real rows, without the forms in front of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mahalla.kernel.catalog.models import Category, Skill
from mahalla.kernel.catalog.operations import create_category
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import RoleGrant, User
from mahalla.kernel.identity.queries import terms_version
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.sandbox_cards import tokenise
from mahalla.kernel.places import operations as places
from mahalla.kernel.places.models import Address, City, District
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.markets.khidma import pricing, supply
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerSkill, TaskerStats

RIYADH = ZoneInfo("Asia/Riyadh")
#: Sunday 1 March 2026, 20:00 in Riyadh
EVENING = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
HOME = (24.7136, 46.6753)
WEEK = [(day, 7 * 60, 22 * 60) for day in range(7)]
GOOD_CARD, BAD_CARD, SECURE_CARD = "4242424242424242", "4000000000000002", "4000002760003184"
_phones = iter(range(500_000_000, 599_999_999))


def at(day: int, clock: str, *, month: int = 3, year: int = 2026) -> datetime:
    """``at(2, "14:00")``: that wall time in Riyadh, as an instant."""
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(year, month, day, hour, minute, tzinfo=RIYADH).astimezone(UTC)


def client_of(user: User) -> Actor:
    return Actor(user.pk, "client")


def tasker_of(user: User) -> Actor:
    return Actor(user.pk, "tasker")


def staff_of(user: User, role: str, reason: str = "") -> Actor:
    return Actor(user.pk, role, reason=reason)


def city() -> City:
    made, fresh = City.objects.get_or_create(
        code="riyadh",
        defaults={
            "names": {"en": "Riyadh", "ar": "الرياض"},
            "timezone": "Asia/Riyadh",
            "currency": "SAR",
            "lat": HOME[0],
            "lng": HOME[1],
        },
    )
    if fresh:
        District.objects.create(
            city=made, code="olaya", names={"en": "Al Olaya", "ar": "العليا"}, lat=HOME[0], lng=HOME[1]
        )
    return made


def category(code: str = "cleaning", *, now: datetime = EVENING, **fields: Any) -> Category:
    found = Category.objects.filter(code=code).first()
    if found is not None:
        return found
    terms: dict[str, Any] = {
        "names": {"en": code.capitalize(), "ar": code},
        "pricing_models": ["hourly"],
        "default_minutes": 180,
        "inputs": [
            {"name": "items", "kind": "integer", "min": 1, "names": {"en": "Items", "ar": "عدد القطع"}},
            {"name": "floor", "kind": "integer", "names": {"en": "Floor", "ar": "الطابق"}},
            {"name": "elevator", "kind": "boolean", "names": {"en": "Lift", "ar": "مصعد"}},
            {
                "name": "parking",
                "kind": "choice",
                "choices": [
                    {"code": "none", "names": {"en": "Free", "ar": "متاح"}},
                    {"code": "limited", "names": {"en": "Limited", "ar": "محدود"}},
                    {"code": "no_parking", "names": {"en": "None", "ar": "لا يوجد"}},
                ],
                "names": {"en": "Parking", "ar": "المواقف"},
            },
            {"name": "heavy_lifting", "kind": "boolean", "names": {"en": "Heavy", "ar": "ثقيل"}},
            {"name": "pets", "kind": "boolean", "names": {"en": "Pets", "ar": "حيوانات"}},
        ],
        "flags": {"guide_minor": [2500, 3000, 3500], "guide_fixed_minor": [9000, 10000, 11000]},
    }
    return create_category(code=code, actor=SYSTEM, now=now, **{**terms, **fields})


def person(name: str, *roles: str, now: datetime = EVENING, language: str = "en") -> User:
    user = User.objects.create(
        phone=f"+966{next(_phones)}", name=name, language=language, phone_verified_at=now, date_joined=now
    )
    for role in roles:
        RoleGrant.objects.create(user=user, role=role, granted_at=now)
    identity.accept_terms(user, version=terms_version(), language=language, now=now)
    return user


def client(name: str = "Lina", *, card: str = GOOD_CARD, now: datetime = EVENING, **fields: Any) -> User:
    """A client with a home of two floors without lift and a card."""
    user = person(name, "client", now=now, **fields)
    home(user, now=now)
    add_card(user, card, now=now)
    return user


def home(user: User, *, now: datetime = EVENING, lat: float = HOME[0], lng: float = HOME[1]) -> Address:
    city()
    return places.add(
        user,
        now=now,
        label="Home",
        lines="12 Olaya Street",
        floor=2,
        elevator=False,
        parking="none",
        lat=lat,
        lng=lng,
    )


def add_card(user: User, number: str = GOOD_CARD, *, now: datetime = EVENING, default: bool = False) -> Any:
    card = tokenise(number, expiry="2030-12")
    return payments.add_method(
        user.pk,
        kind=card.kind,
        token=card.token,
        brand=card.brand,
        last4=card.last4,
        expiry=card.expiry,
        now=now,
        default=default,
    )


def tasker(
    name: str = "Sara",
    *,
    now: datetime = EVENING,
    km: float = 5.0,
    rate: int = 3000,
    minimum_min: int = 120,
    travel: int | None = 500,
    skills: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
    category_: Category | None = None,
    week: list[tuple[int, int, int]] | None = None,
    approved_days_ago: int = 365,
    **rate_fields: Any,
) -> User:
    """A Tasker who may work at once: checked, approved, priced, with hours, ``km`` north of HOME."""
    user = person(name, "tasker", now=now)
    where = city()
    profile = TaskerProfile.objects.create(
        user=user,
        bio="I work with care.",
        languages=["ar", "en"],
        tools=list(tools),
        city=where,
        lat=HOME[0] + km / 111.195,
        lng=HOME[1],
        radius_km=50,
        contract_version=supply.CONTRACT_VERSION,
        contract_accepted_at=now,
        approved_at=now - timedelta(days=approved_days_ago),
        created_at=now,
    )
    for code in skills:
        skill, _fresh = Skill.objects.get_or_create(code=code, defaults={"names": {"en": code}})
        TaskerSkill.objects.create(profile=profile, skill=skill, years=3)
    for kind in supply.CHECKS:
        approve_check(user, kind, now=now)
    Rate.objects.create(
        worker=user,
        category=category_ or category(),
        hourly_minor=rate,
        minimum_min=minimum_min,
        travel_fee_minor=travel,
        updated_at=now,
        **rate_fields,
    )
    payments.set_payout_method(
        user.pk, kind="bank", account="SA0380000000608010167519", holder=user.name, now=now
    )
    TaskerStats.objects.create(worker=user)
    schedule.set_week(user.pk, week if week is not None else WEEK)
    schedule.switch(user.pk, True, now=now)
    supply.refresh_spots(user.pk, now=now)
    return user


def approve_check(user: User, kind: str, *, now: datetime, days: int = 365) -> Verification:
    """An approval as operations give it, without the pictures."""
    check = Verification(
        user=user, kind=kind, submitted_at=now, valid_until=now + timedelta(days=days), decided_at=now
    )
    check.state, check.phase, check.state_since = "approved", "settled", now
    check.save()
    return check


def draft(client_: User, *, now: datetime = EVENING, **fields: Any) -> Request:
    """Five items, second floor, no lift, tomorrow 14:00–18:00, by card: the wizard's end without the wizard."""
    address = Address.objects.get(user=client_, is_default=True)
    method = client_.payment_methods.filter(removed_at=None, is_default=True).get()
    values: dict[str, Any] = {
        "category": category(),
        "details": {"items": 5, "floor": 2, "elevator": False, "parking": "none"},
        "pricing_model": "hourly",
        "place": places.snapshot(address),
        "lat": address.lat,
        "lng": address.lng,
        "city": city(),
        "district": address.district,
        "window_start": at(2, "14:00"),
        "window_end": at(2, "18:00"),
        "method_id": method.pk,
        "method_kind": method.kind,
        "created_at": now,
    }
    request = Request(client=client_, **{**values, **fields})
    request = engine.create(request, "create", actor=client_of(client_), now=now)
    request.quote = pricing.preview(request, now=now)
    request.save()
    return request


def posted(client_: User, *, now: datetime = EVENING, **fields: Any) -> Request:
    return engine.apply(draft(client_, now=now, **fields), "post", actor=client_of(client_), now=now)


def offered(client_: User, tasker_: User, *, now: datetime = EVENING, **fields: Any) -> Offer:
    request = posted(client_, now=now, **fields)
    engine.apply(request, "select", actor=client_of(client_), now=now, data={"worker_id": tasker_.pk})
    return Offer.objects.get(request=request, worker=tasker_)


def accepted(
    client_: User, tasker_: User, *, now: datetime = EVENING, start: datetime | None = None, **fields: Any
) -> Job:
    offer = offered(client_, tasker_, now=now, **fields)
    engine.apply(
        offer, "accept", actor=tasker_of(tasker_), now=now, data={"start_at": start} if start else {}
    )
    return Job.objects.get(offer=offer)


# --- later in the story ---------------------------------------------------------------------------------------------


def step(subject: Any, event: str, actor: Actor, now: datetime, **data: Any) -> Any:
    """One transition, and what it sets off at the same instant (provider, notices)."""
    out = engine.apply(subject, event, actor=actor, now=now, data=data)
    run_until(now, start=now)
    return type(out).objects.get(pk=out.pk)


def confirmed(client_: User, tasker_: User, *, now: datetime = EVENING, **fields: Any) -> Job:
    """Accepted and paid for: Confirmed, for 14:30 tomorrow unless said otherwise."""
    fields.setdefault("start", at(2, "14:30"))
    job = accepted(client_, tasker_, now=now, **fields)
    run_until(now, start=now)
    return Job.objects.get(pk=job.pk)


def started(client_: User, tasker_: User, **fields: Any) -> Job:
    """Arrived at 14:28 and working since 14:30."""
    job = confirmed(client_, tasker_, **fields)
    who = tasker_of(tasker_)
    here = {"lat": HOME[0], "lng": HOME[1]}
    if job.terms["work_place"] != "remote":
        step(job, "set_off", who, at(2, "14:10"), **here)
        step(job, "arrive", who, at(2, "14:28"), **here)
    return step(job, "start_timer", who, at(2, "14:30"), **here)


def completed(
    client_: User,
    tasker_: User,
    *,
    end: datetime | None = None,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> Job:
    """Two and a half hours of work, submitted at 17:00."""
    job = started(client_, tasker_, **fields)
    return step(job, "submit", tasker_of(tasker_), end or at(2, "17:00"), **(data or {}))


def fresh(subject: Any) -> Any:
    return type(subject).objects.get(pk=subject.pk)
