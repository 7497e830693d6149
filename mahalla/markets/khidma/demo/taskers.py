"""Around a hundred Taskers, each with a trade, a home, hours and prices of their own; the same in every demo city."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mahalla.markets.khidma.catalogue_rows import GROUPS
from mahalla.markets.khidma.demo.districts import DISTRICTS
from mahalla.markets.khidma.demo.names import COMMUNITIES
from mahalla.markets.khidma.demo.people import FAHAD, SARA
from mahalla.markets.khidma.demo.trades import TRADES

#: where more of the workers live, besides the rest of the city
POPULAR = (
    "al-batha",
    "al-malaz",
    "al-suwaidi",
    "al-naseem-east",
    "al-aziziyah",
    "al-rawdah",
    "al-yasmin",
    "laban",
)
SUNDAY_TO_THURSDAY, FRIDAY, SATURDAY = (6, 0, 1, 2, 3), 4, 5
#: (days, from, to) in hours; Friday begins after the noon prayer
WEEKS: tuple[tuple[tuple[tuple[int, ...], int, int], ...], ...] = (
    ((SUNDAY_TO_THURSDAY, 8, 20), ((SATURDAY,), 9, 18)),
    ((SUNDAY_TO_THURSDAY, 7, 22), ((SATURDAY,), 8, 22), ((FRIDAY,), 14, 22)),
    ((SUNDAY_TO_THURSDAY, 9, 17),),
    ((SUNDAY_TO_THURSDAY, 16, 23), ((SATURDAY,), 9, 22), ((FRIDAY,), 15, 22)),
    ((SUNDAY_TO_THURSDAY, 8, 21), ((SATURDAY,), 8, 21), ((FRIDAY,), 16, 21)),
)
EVERY_DAY = ((tuple(range(7)), 7, 22),)
#: who plays in the stories, with the trade they need there; at work day and night, whenever the demo is opened
CAST = {
    "Grace Villanueva": "cleaner",
    "منى السيد": "cleaner",
    "Imran Ahmed": "fitter",
    "Rodel Santos": "fitter",
    "عماد رمضان": "electrician",
    "Asif Mehmood": "mover",
    "أحمد السيد": "repairer",
}
ALWAYS = ((tuple(range(7)), 0, 24),)
GUIDE = {kind.code: kind for group in GROUPS for kind in group.kinds}


@dataclass(slots=True)
class Person:
    """One Tasker of the demo. ``quality`` 0–1 is how well people speak of them; ``since_days`` since approval.

    ``rates``: category code → (hourly, fixed or None), in halalas.
    """

    phone: str
    name: str
    woman: bool
    language: str
    languages: list[str]
    trade: str
    bio: str
    district: str
    offset: tuple[float, float]
    radius_km: int
    quality: float
    since_days: int
    week: list[tuple[int, int, int]]
    rates: dict[str, tuple[int, int | None]]
    tools: list[str]
    skills: dict[str, int]
    minimum_min: int = 60
    travel_minor: int | None = None
    pets: bool = True
    instant: bool = False
    on: bool = True
    #: wants to be told of every new task nearby
    told: bool = False
    finished: int = 0


def everybody(chance: Random) -> list[Person]:
    """Sara and Fahad, who can be signed in as, then all the others."""
    people = [_sara(chance), _fahad(chance)]
    number = 0
    for community in COMMUNITIES:
        named = [(name, False) for name in community.men] + [(name, True) for name in community.women]
        for name, woman in named:
            number += 1
            phone = f"+9665510{number:05d}"
            people.append(_somebody(chance, phone, name, woman, community.language, list(community.spoken)))
    for index, person in enumerate(people[2:]):
        if person.name in CAST:
            _cast(chance, person)
        elif index % 8 == 3:
            _make_new(chance, person)
        elif index % 12 == 5:
            person.on = False
    return people


def _make_new(chance: Random, person: Person) -> None:
    person.since_days, person.finished = chance.randint(2, 45), chance.randint(0, 3)


def _cast(chance: Random, person: Person) -> None:
    trade = TRADES[CAST[person.name]]
    person.trade, person.bio = CAST[person.name], _bio(chance, CAST[person.name], person.language, 8)
    person.rates = {code: _price(chance, code) for code in trade.kinds}
    person.skills, person.tools = dict.fromkeys(trade.skills, 8), list(trade.tools)
    person.week, person.radius_km, person.pets, person.instant = hours(ALWAYS), 45, True, False
    person.quality = max(person.quality, 0.75)


def _bio(chance: Random, trade: str, language: str, years: int) -> str:
    return chance.choice(TRADES[trade].ar if language == "ar" else TRADES[trade].en).format(years=years)


def _somebody(
    chance: Random, phone: str, name: str, woman: bool, language: str, languages: list[str]
) -> Person:
    trades = [code for code, trade in TRADES.items() for _ in range(trade.women if woman else trade.men)]
    trade = chance.choice(trades)
    since = chance.randint(90, 420)
    quality = min(1.0, max(0.15, chance.gauss(0.78, 0.16)))
    return _person(
        chance,
        phone=phone,
        name=name,
        woman=woman,
        language=language,
        languages=languages,
        trade=trade,
        quality=quality,
        since_days=since,
        finished=min(12, max(2, round(min(since, 180) * quality * chance.uniform(0.005, 0.045)))),
        district=chance.choice(POPULAR) if chance.random() < 0.4 else "",
    )


def _sara(chance: Random) -> Person:
    """The demo's Tasker: near Lina, 30.00 an hour, two hours at least, 5.00 for the way."""
    person = _person(
        chance,
        phone=SARA,
        name="Sara Al-Qahtani",
        woman=True,
        language="en",
        languages=["ar", "en"],
        trade="cleaner",
        quality=0.97,
        since_days=310,
        finished=26,
        district="al-sahafah",
    )
    person.rates = {
        "home_cleaning": (3000, None),
        "deep_cleaning": (3500, None),
        "furniture_assembly": (4000, 15000),
        "shelf_mounting": (4000, 8000),
    }
    person.skills |= {"assembly": 4, "mounting": 3}
    person.tools = ["vacuum", "drill", "screwdriver"]
    person.week, person.told = hours(EVERY_DAY), True
    person.radius_km, person.minimum_min, person.travel_minor = 25, 120, 500
    return person


def _fahad(chance: Random) -> Person:
    """Speaks Arabic, hangs screens and moves furniture, and takes work without being asked twice."""
    person = _person(
        chance,
        phone=FAHAD,
        name="فهد الحربي",
        woman=False,
        language="ar",
        languages=["ar", "en"],
        trade="fitter",
        quality=0.9,
        since_days=240,
        finished=17,
        district="al-malqa",
    )
    person.rates = {
        code: (GUIDE[code].guide[1], GUIDE[code].fixed[1] if GUIDE[code].fixed else None)  # type: ignore[index]
        for code in TRADES["fitter"].kinds
    }
    person.tools = list(TRADES["fitter"].tools)
    person.week, person.radius_km, person.instant = hours(EVERY_DAY), 30, True
    return person


def _person(chance: Random, *, trade: str, district: str, **facts: object) -> Person:
    line = TRADES[trade]
    years = chance.randint(2, 15)
    kinds = [line.kinds[0], *(code for code in line.kinds[1:] if chance.random() < 0.75)]
    return Person(
        trade=trade,
        bio=_bio(chance, trade, str(facts["language"]), years),
        district=district or chance.choice(DISTRICTS).code,
        offset=(chance.uniform(-0.012, 0.012), chance.uniform(-0.012, 0.012)),
        radius_km=chance.choice((10, 12, 15, 20, 20, 25, 30, 40)),
        week=hours(chance.choice(WEEKS)),
        rates={code: _price(chance, code) for code in kinds},
        tools=[tool for tool in line.tools if chance.random() < 0.85],
        skills={skill: max(1, years - chance.randint(0, 2)) for skill in line.skills},
        minimum_min=chance.choice((60, 60, 90, 120)),
        travel_minor=chance.choice((None, None, 0, 500, 1000)),
        pets=chance.random() < 0.8,
        instant=chance.random() < 0.15,
        told=chance.random() < 0.3,
        **facts,  # type: ignore[arg-type]
    )


def _price(chance: Random, code: str) -> tuple[int, int | None]:
    """Around what is usual, in whole riyals."""
    kind = GUIDE[code]
    factor = chance.triangular(0.85, 1.2, 0.98)
    hourly = round(chance.choice(kind.guide) * factor, -2)
    fixed = round(kind.fixed[1] * factor, -3) if kind.fixed else None
    return int(hourly), int(fixed) if fixed else None


def hours(week: Iterable[tuple[tuple[int, ...], int, int]]) -> list[tuple[int, int, int]]:
    return [(day, start * 60, end * 60) for days, start, end in week for day in days]


def approved_at(person: Person, now: datetime) -> datetime:
    return now - timedelta(days=person.since_days)
