"""Half a year of finished work, written as rows: tasks, offers and jobs.

Every job has the price that ``billing`` makes of its terms, and its money went through the ledger (``books``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments.models import PaymentMethod
from mahalla.kernel.places import operations as places
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.places.models import Address, City
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.money import round_half_up
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing, insurance
from mahalla.markets.khidma.demo import words
from mahalla.markets.khidma.demo.taskers import GUIDE, Person

RIYADH = ZoneInfo("Asia/Riyadh")
#: how far back the record goes, and how long before today the living stories take over
OLDEST, NEWEST = timedelta(days=180), timedelta(days=9)


@dataclass(slots=True)
class Past:
    """One finished job: who, what, when, and its rows as they come to exist."""

    person: Person
    worker: User
    address: Address
    category: Category
    start: datetime
    minutes: int
    terms: dict[str, Any]
    quote: Quote
    final: Quote
    incentive: int
    posted: datetime
    text: str
    reviewed: bool
    request: Request | None = None
    offer: Offer | None = None
    job: Job | None = None
    method: PaymentMethod | None = None
    refused: list[User] = field(default_factory=list)

    @property
    def client(self) -> User:
        return self.address.user

    @property
    def submitted(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    @property
    def confirmed(self) -> datetime:
        return self.submitted + timedelta(hours=3)

    @property
    def spoken(self) -> datetime:
        """When the client reviewed it."""
        return self.confirmed + timedelta(minutes=4)


def plan(chance: Random, people: list[Person], users: dict[str, User], now: datetime) -> list[Past]:
    """Who did what for whom: as much for each Tasker as ``finished`` says, the oldest first."""
    homes = list(Address.objects.select_related("user", "district__city").order_by("pk"))
    categories = {row.code: row for row in Category.objects.select_related("parent")}
    out: list[Past] = []
    for person in people:
        since = max(now - OLDEST, now - timedelta(days=person.since_days))
        days = (now - NEWEST - since).days
        if days < 1:
            continue
        for index, day in enumerate(sorted(chance.choices(range(days), k=person.finished))):
            code = chance.choice(list(person.rates))
            address = _home_near(chance, person, homes, code)
            start = _start(chance, person, since + timedelta(days=day))
            out.append(
                _past(chance, person, users[person.phone], address, categories[code], start, index, now)
            )
    return sorted(out, key=lambda past: past.submitted)


def _home_near(chance: Random, person: Person, homes: list[Address], code: str) -> Address:
    """Two tries to find a home not too far away: people choose near ones."""
    first, second = chance.choice(homes), chance.choice(homes)
    if GUIDE[code].place == "remote":
        return first
    return next((home for home in (first, second) if _district(home) == person.district), first)


def _district(home: Address) -> str:
    return home.district.code if home.district else ""


def _start(chance: Random, person: Person, day: datetime) -> datetime:
    """A half hour within the Tasker's week."""
    local = day.astimezone(RIYADH).replace(hour=0, minute=0, second=0, microsecond=0)
    weekday, begin, end = chance.choice(person.week)
    local += timedelta(days=(weekday - local.weekday()) % 7)
    slots = max(1, (end - begin - 300) // 30)
    return local + timedelta(minutes=begin + 30 * chance.randrange(slots))


def _past(
    chance: Random,
    person: Person,
    worker: User,
    address: Address,
    category: Category,
    start: datetime,
    index: int,
    now: datetime,
) -> Past:
    new = index < 5 and start - (now - timedelta(days=person.since_days)) <= timedelta(days=60)
    terms = _terms(chance, person, worker, address, category, new)
    planned = terms["estimate_min"]
    terms["insurance"] = insurance.cover_of(category, terms["details"], now=now)
    quote = billing.price(terms, minutes=max(planned, terms["minimum_min"]))
    terms["hold_minor"] = billing.hold_minor(quote, 20)
    minutes = max(30, planned + chance.choice((-60, -30, -15, 0, 0, 0, 15, 30)))
    final = billing.capped(billing.price(terms, minutes=_billed(terms, minutes)), terms["hold_minor"])
    earned = final.for_payee(billing.WORKER)
    return Past(
        person=person,
        worker=worker,
        address=address,
        category=category,
        start=start,
        minutes=minutes,
        terms=terms,
        quote=quote,
        final=final,
        incentive=round_half_up(Fraction(earned, 10)) if new and index < 3 else 0,
        posted=start - timedelta(hours=chance.choice((6, 20, 27, 44, 70))),
        text=words.wish(chance, category.code, address.user.language),
        reviewed=chance.random() < 0.86,
    )


def _terms(
    chance: Random, person: Person, worker: User, address: Address, category: Category, new: bool
) -> dict[str, Any]:
    """What was agreed, as ``billing`` documents it, but for the hold. The new ask no more than the median."""
    guide = GUIDE[category.code]
    hourly, fixed = person.rates[category.code]
    by_job = fixed is not None and chance.random() < 0.25
    rate = min(hourly, guide.guide[1]) if new else hourly
    flat = min(fixed or 0, guide.fixed[1]) if new and guide.fixed else fixed or 0
    return {
        "pricing_model": "fixed" if by_job else "hourly",
        "fee_pct": chance.choice(("18", "20", "20", "20", "22.5", "25")),
        "tax_pct": "0",
        "withholding_pct": "0",
        "cover_minor": 0,
        "currency": "SAR",
        "method_kind": "card",
        "work_place": category.work_place,
        "risk_class": category.risk_class,
        "estimate_min": category.default_minutes or guide.minutes,
        "details": _details(chance, category, address),
        "category_version": category.version,
        "rate_minor": 0 if by_job else rate,
        "fixed_minor": flat if by_job else 0,
        "minimum_min": 0 if by_job else person.minimum_min,
        "travel_minor": 0 if category.work_place == "remote" else _travel(person, worker, address),
        "new": new,
    }


def _billed(terms: dict[str, Any], minutes: int) -> int:
    """Quarters of an hour, at least the minimum; none at a fixed price."""
    if terms["pricing_model"] == "fixed":
        return 0
    return max(billing.rounded_minutes(minutes, 15), int(terms["minimum_min"]))


def _travel(person: Person, worker: User, address: Address) -> int:
    if person.travel_minor is not None:
        return person.travel_minor
    assert worker.tasker.lat is not None and worker.tasker.lng is not None
    metres = float(distance_m(worker.tasker.lat, worker.tasker.lng, address.lat, address.lng))
    return min(2000, max(0, round(metres) - 5000) // 10)


def _details(chance: Random, category: Category, address: Address) -> dict[str, Any]:
    asked = {spec["name"] for spec in category.inputs}
    known = {
        "items": chance.randint(1, 5),
        "floor": address.floor or 0,
        "elevator": bool(address.elevator),
        "parking": "none",
    }
    return {name: value for name, value in known.items() if name in asked}


# --- the rows -------------------------------------------------------------------------------------------------------


def write(chance: Random, pasts: list[Past], city: City, now: datetime) -> None:
    """Requests, offers and jobs; ``traces``, ``books`` and ``opinions`` follow."""
    methods = {m.user_id: m for m in PaymentMethod.objects.filter(is_default=True)}
    workers = [past.worker for past in pasts]
    for past in pasts:
        past.method = methods[past.client.pk]
        if chance.random() < 0.3:
            other = chance.choice(workers)
            past.refused = [other] if other.pk != past.worker.pk else []
    made = Request.objects.bulk_create(_request(past, city) for past in pasts)
    for past, request in zip(pasts, made, strict=True):
        past.request = request
    offers = Offer.objects.bulk_create(_offer(past, past.worker, "accepted", 20) for past in pasts)
    for past, offer in zip(pasts, offers, strict=True):
        past.offer = offer
    Offer.objects.bulk_create(
        _offer(past, worker, chance.choice(("declined", "declined", "expired")), 8)
        for past in pasts
        for worker in past.refused
    )
    jobs = Job.objects.bulk_create(_job(past, now) for past in pasts)
    for past, job in zip(pasts, jobs, strict=True):
        past.job = job


def _request(past: Past, city: City) -> Request:
    remote = past.terms["work_place"] == "remote"
    return Request(
        state="booked",
        phase="agreed",
        state_since=past.posted + timedelta(minutes=20),
        status="reviewed" if past.reviewed else "completed",
        client=past.client,
        category=past.category,
        category_version=past.category.version,
        pricing_model=past.terms["pricing_model"],
        text=past.text,
        details=past.terms["details"],
        place={} if remote else places.snapshot(past.address),
        lat=None if remote else past.address.lat,
        lng=None if remote else past.address.lng,
        city=None if remote else city,
        district=None if remote else past.address.district,
        window_start=past.start,
        window_end=past.start + timedelta(hours=8),
        estimate_min=past.terms["estimate_min"],
        method_id=past.method.pk if past.method else None,
        method_kind="card",
        quote=_preview(past),
        created_at=past.posted - timedelta(minutes=6),
        posted_at=past.posted,
    )


def _preview(past: Past) -> dict[str, Any]:
    """The range that was shown before posting, by the guidance of that time."""
    guide, fixed = GUIDE[past.category.code], past.terms["pricing_model"] == "fixed"
    low, _middle, high = (guide.fixed or guide.guide) if fixed else guide.guide
    terms = {**past.terms, "travel_minor": 0}
    ends = [
        billing.price(
            {**terms, "rate_minor": rate, "fixed_minor": rate}, minutes=terms["estimate_min"]
        ).total_minor
        for rate in (low, high)
    ]
    return {
        "currency": "SAR",
        "low_minor": ends[0],
        "high_minor": ends[1],
        "minutes": terms["estimate_min"],
        "complexity": 1.0,
        "demand_supply": 1.0,
        "hour_factor": 0,
        "fee_pct": terms["fee_pct"],
        "p25_minor": low,
        "p75_minor": high,
        "at": past.posted.isoformat(),
    }


def _offer(past: Past, worker: User, state: str, minutes: int) -> Offer:
    made = past.posted + timedelta(minutes=minutes - 6)
    return Offer(
        state=state,
        phase="agreed" if state == "accepted" else "closed",
        state_since=past.posted + timedelta(minutes=minutes),
        request=past.request,
        worker=worker,
        source="client",
        exclusive=True,
        quote=past.quote.to_json(),
        created_at=made,
        answered_at=None if state == "expired" else past.posted + timedelta(minutes=minutes),
        made_by_id=past.client.pk,
    )


def _job(past: Past, now: datetime) -> Job:
    end = past.submitted + timedelta(days=14)
    return Job(
        state="reviewed" if past.reviewed else "completed",
        phase="settled" if past.reviewed else "done",
        state_since=past.spoken if past.reviewed else past.submitted,
        request=past.request,
        offer=past.offer,
        client=past.client,
        worker=past.worker,
        start_at=past.start,
        end_at=past.start + timedelta(minutes=past.terms["estimate_min"]),
        progress="" if past.terms["work_place"] == "remote" else "arrived",
        quote=past.quote.to_json(),
        final=past.final.to_json(),
        terms=past.terms,
        created_at=past.posted + timedelta(minutes=20),
        set_off_at=past.start - timedelta(minutes=25),
        arrived_at=past.start - timedelta(minutes=3),
        submitted_at=past.submitted,
        confirmed_at=past.confirmed,
        closed_at=end if end <= now else None,
        data={
            "worked_min": past.minutes,
            "billed_min": _billed(past.terms, past.minutes),
            "share_pct": 100,
            "partial": False,
            "partial_reason": "",
            "incentive_minor": past.incentive,
        },
    )
