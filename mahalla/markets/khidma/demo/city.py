"""Khidma's first data: the catalogue and Riyadh's map anywhere; outside production a whole living city upon them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection

from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import User
from mahalla.kernel.identity.queries import terms_version
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.sandbox_cards import tokenise
from mahalla.kernel.places import operations as places
from mahalla.kernel.places.models import District
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma import catalogue, guidance
from mahalla.markets.khidma.demo import (
    books,
    districts,
    faces,
    history,
    neighbours,
    opinions,
    stories,
    supply,
    taskers,
    traces,
)
from mahalla.markets.khidma.demo.people import CLIENTS, MARIAM, PASSWORD, SIGN_INS, STAFF, Client
from mahalla.markets.khidma.demo.stage import Stage

SEED = "riyadh"
#: how long the staff and the clients of the stories have been there
SETTLED = timedelta(days=190)
#: how long the newcomer has waited for her approval
NEW = timedelta(hours=20)


def plant(now: datetime) -> None:
    """Sow what a fresh database needs; twice is once. People are invented only where no real ones will come."""
    catalogue.plant(now)
    city, map_ = districts.plant()
    if _for_real() or User.objects.filter(phone=CLIENTS[0].phone).exists():
        return
    chance = Random(SEED)  # noqa: S311 - the same city every time
    _staff(now - SETTLED)
    for row in CLIENTS:
        _client(row, map_, now - SETTLED)
    people = taskers.everybody(chance)
    users = supply.plant(people, city, map_, now)
    neighbours.plant(chance, map_, now)
    pasts = history.plan(chance, people, users, now)
    history.write(chance, pasts, city, now)
    traces.write(pasts, now)
    books.write(pasts, now)
    opinions.write(chance, pasts, now)
    guidance.refresh(now=now)
    faces.plant(people, users, now - SETTLED)
    mariam = identity.register(
        MARIAM, terms=terms_version(), now=now - NEW, role="tasker", name="Mariam Yusuf", language="en"
    )
    faces.newcomer(mariam, map_["al-rawdah"], now - NEW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # so many new rows: without figures the database plans badly
    stage = Stage(now)
    stage.play(stories.stories(stage))
    _catch_up([stage.who(phone) for _role, _name, phone in SIGN_INS], now)


def _for_real() -> bool:
    """Whether real people are served here, or could get the messages of invented ones."""
    gateways = settings.MAHALLA_GATEWAYS
    return settings.MAHALLA_ENVIRONMENT == "production" or gateways["sms"] != gateways["push"]


def _catch_up(users: list[User], now: datetime) -> None:
    """Those who can be signed in as have read what is older than half a day."""
    for user in users:
        old = user.notices.filter(created_at__lt=now - timedelta(hours=12))
        notices.mark_read(user, now=now, ids=list(old.values_list("pk", flat=True)))


def _staff(now: datetime) -> None:
    """One of each desk. All share the demo's password, hashed once."""
    password = make_password(PASSWORD)
    for row in STAFF:
        user = User.objects.create(
            phone=row.phone,
            name=row.name,
            language="en",
            password=password,
            phone_verified_at=now,
            date_joined=now,
        )
        identity.accept_terms(user, version=terms_version(), language="en", now=now)
        identity.grant_role(user, row.role, actor=SYSTEM, now=now)


def _client(row: Client, map_: dict[str, District], now: datetime) -> User:
    """Registered, at home in a district, with a card of the sandbox."""
    user = identity.register(
        row.phone, terms=terms_version(), now=now, role="client", name=row.name, language=row.language
    )
    home = map_[row.district]
    places.add(
        user,
        now=now,
        is_default=True,
        label="المنزل" if row.language == "ar" else "Home",
        lines=row.street,
        floor=row.floor,
        elevator=row.elevator,
        parking="none",
        lat=home.lat + 0.0021,
        lng=home.lng - 0.0017,
    )
    card = tokenise(row.card, expiry=f"{now.year + 4}-08")
    payments.add_method(
        user.pk,
        kind=card.kind,
        token=card.token,
        brand=card.brand,
        last4=card.last4,
        expiry=card.expiry,
        holder=row.name,
        now=now,
    )
    return user
