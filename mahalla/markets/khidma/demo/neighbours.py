"""Sixty more households, so that the city's half year of work was not done for a dozen people."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from mahalla.kernel.identity.models import Consent, RoleGrant, User
from mahalla.kernel.identity.queries import DOCUMENTS, terms_version
from mahalla.kernel.payments.models import PaymentMethod
from mahalla.kernel.places.models import Address, District
from mahalla.markets.khidma.models import ClientProfile

FIRST_AR = (
    "عبدالعزيز",
    "محمد",
    "سارة",
    "لمى",
    "عبدالله",
    "ريما",
    "نايف",
    "غادة",
    "مشعل",
    "العنود",
    "سلمان",
    "دانة",
)
LAST_AR = ("القرني", "الشمري", "الحربي", "العتيبي", "الدوسري", "الزهراني", "العنزي", "السهلي")
FIRST_EN = (
    "Ahmed",
    "Layla",
    "Hassan",
    "Nadia",
    "Ravi",
    "Priya",
    "James",
    "Sofia",
    "Bilal",
    "Ayesha",
    "Karim",
    "Hana",
)
LAST_EN = ("Rahman", "Nasser", "Iyer", "Khan", "Mitchell", "Farouk", "Aziz", "Santos")
COUNT = 60


def plant(chance: Random, districts: dict[str, District], now: datetime) -> list[User]:
    """The people with a home and a card each."""
    places, joined = list(districts.values()), now - timedelta(days=200)
    users = User.objects.bulk_create(_person(chance, index, joined) for index in range(COUNT))
    RoleGrant.objects.bulk_create(RoleGrant(user=u, role="client", granted_at=joined) for u in users)
    Consent.objects.bulk_create(
        Consent(user=u, document=d, version=terms_version(), language=u.language, accepted_at=joined)
        for u in users
        for d in DOCUMENTS
    )
    ClientProfile.objects.bulk_create(ClientProfile(user=user) for user in users)
    Address.objects.bulk_create(_home(chance, user, chance.choice(places), joined) for user in users)
    PaymentMethod.objects.bulk_create(
        PaymentMethod(
            user=user,
            kind="card",
            provider="sandbox",
            token="sbx_ok_visa_4242",  # noqa: S106 - the sandbox's test card
            brand="visa",
            last4="4242",
            expiry=f"{now.year + 3}-05",
            holder=user.name,
            is_default=True,
            added_at=joined,
        )
        for user in users
    )
    return users


def _person(chance: Random, index: int, joined: datetime) -> User:
    arabic = chance.random() < 0.6
    first, last = (FIRST_AR, LAST_AR) if arabic else (FIRST_EN, LAST_EN)
    return User(
        phone=f"+9665530{index:05d}",
        name=f"{chance.choice(first)} {chance.choice(last)}",
        language="ar" if arabic else "en",
        password="!",  # noqa: S106 - unusable
        phone_verified_at=joined,
        date_joined=joined,
    )


def _home(chance: Random, user: User, district: District, joined: datetime) -> Address:
    house = chance.randint(2, 90)
    return Address(
        user=user,
        label="المنزل" if user.language == "ar" else "Home",
        lines=f"فيلا {house}" if user.language == "ar" else f"Villa {house}",
        floor=chance.choice((0, 0, 1, 2, 4)),
        elevator=chance.random() < 0.5,
        lat=district.lat + chance.uniform(-0.008, 0.008),
        lng=district.lng + chance.uniform(-0.008, 0.008),
        district=district,
        is_default=True,
        created_at=joined,
    )
