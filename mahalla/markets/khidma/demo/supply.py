"""Putting the demo's Taskers into the database: many rows at once, each as the operations would have written it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from random import Random

from mahalla.kernel.catalog.models import Category, Skill
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import Consent, RoleGrant, User
from mahalla.kernel.identity.queries import DOCUMENTS, terms_version
from mahalla.kernel.payments.models import PayoutMethod
from mahalla.kernel.places.models import City, District
from mahalla.kernel.schedule.models import WeeklyHours, WorkerCalendar
from mahalla.kernel.trust.models import Verification
from mahalla.markets.khidma import supply
from mahalla.markets.khidma.demo.taskers import Person, approved_at
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerSkill, TaskerStats

RECHECK = timedelta(days=365)


def plant(people: list[Person], city: City, districts: dict[str, District], now: datetime) -> dict[str, User]:
    """All of ``people`` with everything that work needs; returns them by phone."""
    users = {user.phone or "": user for user in _users(people, now)}
    _profiles(people, users, city, districts, now)
    _prices(people, users, now)
    _hours(people, users, now)
    _checks(people, users, now)
    supply.sweep(now=now)
    return users


def _users(people: list[Person], now: datetime) -> list[User]:
    def joined(person: Person) -> datetime:
        return approved_at(person, now) - timedelta(days=9)

    users = User.objects.bulk_create(
        User(
            phone=person.phone,
            name=person.name,
            language=person.language,
            password="!",  # noqa: S106 - unusable: a Tasker signs in by phone
            phone_verified_at=joined(person),
            date_joined=joined(person),
        )
        for person in people
    )
    pairs = list(zip(users, people, strict=True))
    RoleGrant.objects.bulk_create(RoleGrant(user=u, role="tasker", granted_at=joined(p)) for u, p in pairs)
    Consent.objects.bulk_create(
        Consent(
            user=user,
            document=document,
            version=terms_version(),
            language=user.language,
            accepted_at=joined(person),
        )
        for user, person in pairs
        for document in DOCUMENTS
    )
    return users


def _profiles(
    people: list[Person], users: dict[str, User], city: City, districts: dict[str, District], now: datetime
) -> None:
    skills = {skill.code: skill for skill in Skill.objects.all()}
    profiles = TaskerProfile.objects.bulk_create(
        TaskerProfile(
            user=users[person.phone],
            bio=person.bio,
            languages=person.languages,
            tools=person.tools,
            city=city,
            district=districts[person.district],
            lat=districts[person.district].lat + person.offset[0],
            lng=districts[person.district].lng + person.offset[1],
            radius_km=person.radius_km,
            accepts_pets=person.pets,
            push_new_tasks=person.told,
            contract_version=supply.CONTRACT_VERSION,
            contract_accepted_at=approved_at(person, now) - timedelta(days=4),
            review_requested_at=approved_at(person, now) - timedelta(days=2),
            approved_at=approved_at(person, now),
            created_at=approved_at(person, now) - timedelta(days=9),
        )
        for person in people
    )
    TaskerSkill.objects.bulk_create(
        TaskerSkill(profile=profile, skill=skills[code], years=years)
        for profile, person in zip(profiles, people, strict=True)
        for code, years in person.skills.items()
    )


def _prices(people: list[Person], users: dict[str, User], now: datetime) -> None:
    categories = {category.code: category for category in Category.objects.all()}
    Rate.objects.bulk_create(
        Rate(
            worker=users[person.phone],
            category=categories[code],
            hourly_minor=hourly,
            fixed_minor=fixed,
            minimum_min=person.minimum_min,
            travel_fee_minor=person.travel_minor,
            instant=person.instant,
            updated_at=approved_at(person, now),
        )
        for person in people
        for code, (hourly, fixed) in person.rates.items()
    )
    serial = count(1)
    PayoutMethod.objects.bulk_create(
        PayoutMethod(
            user=users[person.phone],
            kind=PayoutMethod.Kind.BANK,
            account=iban(next(serial)),
            holder=person.name,
            set_at=approved_at(person, now) - timedelta(days=5),
            usable_from=approved_at(person, now) - timedelta(days=5),
        )
        for person in people
    )


def iban(serial: int) -> str:
    """A well-formed account number of a bank that does not exist (bank code 99)."""
    body = f"99{serial:018d}"
    check = 98 - int(f"{body}{ord('S') - 55}{ord('A') - 55}00") % 97
    return f"SA{check:02d}{body}"


def _hours(people: list[Person], users: dict[str, User], now: datetime) -> None:
    WorkerCalendar.objects.bulk_create(
        WorkerCalendar(
            worker=users[person.phone],
            timezone="Asia/Riyadh",
            switched_on=person.on,
            switched_at=approved_at(person, now),
        )
        for person in people
    )
    WeeklyHours.objects.bulk_create(
        WeeklyHours(worker=users[person.phone], weekday=day, start_min=start, end_min=end)
        for person in people
        for day, start, end in person.week
    )
    TaskerStats.objects.bulk_create(TaskerStats(worker=users[person.phone]) for person in people)


def _checks(people: list[Person], users: dict[str, User], now: datetime) -> None:
    """Approved checks that run a year, renewed where that is over, with the deadline that asks for the next."""
    chance = Random("checks")  # noqa: S311 - a demo's dates
    made = Verification.objects.bulk_create(
        _check(users[person.phone], kind, approved_at(person, now), chance.randint(1, 3), now)
        for person in people
        for kind in supply.CHECKS
    )
    warnings = (30, 7)
    rows = [
        DeadlineRow(noun="verification", subject_id=c.pk, name="recheck", due_at=c.valid_until) for c in made
    ]
    for check in made:
        assert check.valid_until is not None
        for index, days in enumerate(warnings):
            at = check.valid_until - timedelta(days=days)
            if at > now:
                rows.append(
                    DeadlineRow(
                        noun="verification",
                        subject_id=check.pk,
                        name="recheck",
                        reminder=f"warning_{index + 1}",
                        due_at=at,
                    )
                )
    DeadlineRow.objects.bulk_create(rows)


def _check(user: User, kind: str, approved: datetime, before_days: int, now: datetime) -> Verification:
    decided = approved - timedelta(days=before_days)
    while decided + RECHECK - timedelta(days=3) <= now:
        decided += timedelta(days=300)
    decided = min(decided, now - timedelta(days=1))
    return Verification(
        user=user,
        kind=kind,
        state="approved",
        phase="settled",
        state_since=decided,
        submitted_at=decided - timedelta(hours=20),
        decided_at=decided,
        valid_until=decided + RECHECK,
        consented_at=decided - timedelta(hours=20),
    )
