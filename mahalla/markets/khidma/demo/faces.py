"""Pictures of the demo: some Taskers' portraits and finished work, and a newcomer's documents. All drawn, of nobody."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.places.models import District
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.trust import operations as trust
from mahalla.kit.actors import Actor
from mahalla.markets.khidma import onboarding, rates, supply
from mahalla.markets.khidma.demo.supply import iban
from mahalla.markets.khidma.demo.taskers import EVERY_DAY, Person, hours
from mahalla.markets.khidma.models import PortfolioPhoto, TaskerProfile
from mahalla.web.pictures import demo_photo

SIZE = (640, 480)
CAPTIONS = {"en": "Finished and tidied up", "ar": "بعد الانتهاء والترتيب"}
#: every so many Taskers show pictures
EVERY = 9


def plant(people: list[Person], users: dict[str, User], now: datetime) -> None:
    """Portraits and pictures of work for Sara, Fahad and every ninth of the others."""
    shown = [person for index, person in enumerate(people) if index < 2 or index % EVERY == 0]
    profiles = {row.user_id: row for row in TaskerProfile.objects.all()}
    for person in shown:
        profile = profiles[users[person.phone].pk]
        if person.language == "ar" or not person.woman or person.phone == people[0].phone:
            profile.photo = _store(users[person.phone], "avatar", person.name, now, woman=person.woman)
            profile.save(update_fields=["photo"])
        if person.trade != "desk":
            work = _store(users[person.phone], "portfolio", person.name, now)
            PortfolioPhoto.objects.create(profile=profile, asset=work, caption=CAPTIONS[person.language])


def _store(user: User, purpose: str, seed: str, now: datetime, *, woman: bool | None = None) -> Asset:
    picture = demo_photo(seed, purpose, size=SIZE, woman=woman)
    return media.store(BytesIO(picture), owner=user, purpose=purpose, now=now)


def newcomer(user: User, district: District, now: datetime) -> None:
    """A new Tasker who has done all her part: the checks and the approval wait for the administrators."""
    me = Actor(user.pk, "tasker")
    onboarding.start(user, now=now)
    onboarding.save_profile(
        user,
        actor=me,
        now=now,
        bio="I cleaned hotel rooms in Jeddah for six years and have just moved to Riyadh.",
        languages=["en", "ar"],
        lat=district.lat,
        lng=district.lng,
        radius_km=15,
    )
    onboarding.set_skills(user, [{"code": "cleaning", "years": 6}], actor=me, now=now)
    for code, hourly in (("home_cleaning", 2800), ("office_cleaning", 3000)):
        category = Category.objects.get(code=code)
        rates.set_rate(user, category, hourly_minor=hourly, minimum_min=120, actor=me, now=now)
    onboarding.set_payout_method(user, kind="bank", account=iban(9001), holder=user.name, actor=me, now=now)
    onboarding.accept_contract(user, version=supply.CONTRACT_VERSION, actor=me, now=now)
    schedule.set_week(user.pk, hours(EVERY_DAY))
    _send_checks(user, me, now)
    onboarding.request_review(user, actor=me, now=now)


def _send_checks(user: User, me: Actor, now: datetime) -> None:
    def pages(*parts: str) -> dict[str, int]:
        return {part: _store(user, "document", f"{user.name} {part}", now).pk for part in parts}

    trust.submit(
        user.pk,
        "national_id",
        actor=me,
        now=now,
        number="2301184465",
        documents=pages("front", "back", "selfie"),
        expires_on=date(now.year + 4, 6, 30),
    )
    trust.submit(
        user.pk,
        "background_check",
        actor=me,
        now=now + timedelta(minutes=2),
        documents=pages("certificate"),
        consent=True,
    )
