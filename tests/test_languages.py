"""Arabic and English throughout: whole catalogues, and pages, labels, notices and figures in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polib
import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.chat.models import Message
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.notices.models import Notice, OutboxMessage
from mahalla.kernel.places.models import Address
from mahalla.kernel.reviews.models import Reply, Review
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import clock
from mahalla.kit.market import activate
from mahalla.kit.money import Money
from mahalla.kit.money import format as format_money
from mahalla.markets.khidma import catalogue, wizard
from mahalla.markets.khidma.demo import city
from mahalla.markets.khidma.demo.people import FAHAD, KHALID, LINA, MARIAM, SARA
from mahalla.markets.khidma.models import PortfolioPhoto, TaskerProfile, TaskerSkill, Template
from mahalla.project import extraction
from mahalla.web import units
from mahalla.web.templatetags import mahalla as filters
from tests.khidma import builders as b
from tests.page_words import Page

LAYERS = extraction.layers()
PLACES = re.compile(r"%\(\w+\)[sd]|%%|%[sd]|\{\w+\}")
#: words that Arabic pages write in Latin letters too
ALLOWED = {
    *("English", "Visa", "Mastercard", "mada", "Apple", "Pay", "STC", "PayPal", "IBAN", "SAR", "SMS", "PDF", "CSV"),
    *("JPEG", "PNG", "WebP", "HEIC", "Webhook", "Secure", "SA", "Chrome", "Firefox", "Safari", "Linux", "Android"),
}  # fmt: skip


# --- the catalogues -------------------------------------------------------------------------------------------------


def committed(layer: Any) -> polib.POFile:
    return polib.pofile(str(extraction.catalogue(layer, "ar")))


def places(text: str) -> list[str]:
    return sorted(PLACES.findall(text))


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_every_text_is_translated_and_keeps_its_places(layer: Any) -> None:
    for entry in committed(layer):
        assert entry.translated(), entry.msgid
        assert not entry.fuzzy, entry.msgid
        if not entry.msgid_plural:
            assert places(entry.msgstr) == places(entry.msgid), entry.msgid
            continue
        assert sorted(entry.msgstr_plural) == list(range(6)), entry.msgid
        for number, form in entry.msgstr_plural.items():
            assert form, entry.msgid
            lost = set(places(entry.msgid_plural)) - set(places(form))
            assert not set(places(form)) - set(places(entry.msgid_plural)), form
            assert not lost or (number < 3 and len(lost) == 1), (entry.msgid, form)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_arabic_is_written_with_arabic_marks(layer: Any) -> None:
    for entry in committed(layer):
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            assert not re.search(r"[؀-ۿ]\s*[,;?](\s|$)", text), text
            assert not re.search(r"[٠-٩“”]", text), text


@pytest.mark.skipif(not extraction.possible(), reason="the GNU gettext tools are not on this machine")
def test_the_catalogues_hold_just_what_the_code_says() -> None:
    for layer, pot in extraction.extract().items():
        said = {(entry.msgctxt, entry.msgid) for entry in pot}
        kept = {(entry.msgctxt, entry.msgid) for entry in committed(layer)}
        assert kept == said, f"make messages: {layer} lacks {said - kept}, holds {kept - said} for nothing"


def test_a_text_stands_in_one_catalogue_only() -> None:
    seen: set[tuple[str | None, str]] = set()
    for layer in LAYERS:
        keys = {(entry.msgctxt, entry.msgid) for entry in committed(layer)}
        assert not keys & seen
        seen |= keys


# --- figures --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("khidma")
def test_figures_and_dates_are_written_as_saudi_applications_do() -> None:
    clock.set_clock(b.EVENING)
    with translation.override("ar"):
        assert filters.daytime(b.at(2, "14:30")) == "غدًا، 14:30"
        assert filters.localtime(b.at(17, "09:05")) == "17 مارس، 09:05"
        assert filters.day(b.at(17, "09:05")) == "الثلاثاء 17 مارس"
        assert [units.minutes(n) for n in (9, 60, 90, 120, 240)] == [
            *("9 دقائق", "ساعة", "ساعة و30 دقيقة", "ساعتين", "4 ساعات")
        ]
        assert units.distance(3200).replace("\xa0", " ") == "3.2 كم"
        assert _drawn("{{ n|floatformat:1 }}", n=4.7) == "4.7"
    amount = format_money(Money(169000, "SAR"), "ar")
    assert "1,690.00" in amount
    assert "ر.س" in amount
    with translation.override("en"):
        assert filters.daytime(b.at(2, "14:30")) == "Tomorrow, 14:30"
        assert units.minutes(80) == "1 hr 20 min"


def _drawn(source: str, **names: Any) -> str:
    from django.template import engines

    return str(engines["django"].from_string(source).render(names))


# --- switching ------------------------------------------------------------------------------------------------------


def page(client: Client, path: str) -> Page:
    response = client.get(path, follow=True)
    assert response.status_code == 200, path
    return Page(response.content.decode())


@pytest.mark.spec("KH-PROFILE-04")
@pytest.mark.django_db
@pytest.mark.usefixtures("khidma")
def test_after_switching_the_next_notice_is_arabic_and_the_pages_run_from_the_right() -> None:
    clock.set_clock(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    web = Client()
    web.force_login(lina)
    offer = b.offered(lina, sara)
    before = page(web, "/tasks/").root
    assert (before["lang"], before["dir"]) == ("en", "ltr")
    web.post("/language/", {"language": "ar", "next": "/tasks/"})
    after = page(web, "/tasks/")
    assert (after.root["lang"], after.root["dir"]) == ("ar", "rtl")
    assert "مهامي" in {text for _tag, text in after.said}
    b.step(offer, "accept", b.tasker_of(sara), b.EVENING)
    assert Notice.objects.filter(user=lina).latest("pk").title == "تم التأكيد: cleaning"
    assert Notice.objects.filter(user=sara).latest("pk").title == "Confirmed: Cleaning"


@pytest.mark.spec("KH-NOTE-07")
@pytest.mark.django_db
@pytest.mark.usefixtures("khidma")
def test_one_event_pushes_arabic_to_one_and_english_to_the_other() -> None:
    lina, sara = b.client("Lina", language="ar"), b.tasker("Sara")
    for user in (lina, sara):
        notices.subscribe(
            user, endpoint=f"https://push.example.org/{user.pk}", p256dh="key", auth="auth", now=b.EVENING
        )
    job = b.completed(lina, sara)
    b.step(job, "confirm", b.client_of(lina), b.at(2, "18:00"))
    run_until(b.at(2, "18:05"), start=b.at(2, "18:00"))
    assert _pushed(lina, "تم تأكيد العمل") == 1
    assert _pushed(sara, "The work is confirmed") == 1
    assert not _pushed(lina, "The work is confirmed")
    assert not _pushed(sara, "تم تأكيد العمل")


def _pushed(user: User, words: str) -> int:
    rows = OutboxMessage.objects.filter(channel="push", to=str(user.pk))
    return sum(words in f"{row.subject} {row.text}" for row in rows)


@pytest.mark.spec("KH-UX-02")
@pytest.mark.django_db
@pytest.mark.usefixtures("khidma")
def test_every_label_of_the_wizard_is_arabic_and_the_layout_is_mirrored() -> None:
    clock.set_clock(b.EVENING)
    catalogue.plant(b.EVENING)
    lina = b.client("لينا")
    web = Client()
    web.force_login(lina)
    shown: dict[str, dict[str, list[str]]] = {}
    for language in ("en", "ar"):
        web.post("/language/", {"language": language})
        shown[language] = {}
        for path in _wizard_pages(web, lina):
            seen = page(web, path)
            assert seen.root["dir"] == ("rtl" if language == "ar" else "ltr")
            shown[language][re.sub(r"\d+", "N", path)] = seen.labels()
    assert len(shown["ar"]) >= 9
    for path, labels in shown["ar"].items():
        assert labels
        for label in labels:
            assert not re.search(r"[A-Za-z]{3,}", re.sub("Visa|English|Home|12 Olaya Street", "", label)), (
                path,
                label,
            )
        assert len(labels) == len(shown["en"][path]), path


def _wizard_pages(web: Client, user: User) -> Iterator[str]:
    yield "/tasks/new/"
    yield "/tasks/new/?group=moving"
    kind = Category.objects.get(code="furniture_move")
    task = b.draft(user, category=kind)
    for name in wizard.steps_of(task):
        if name != "category":
            yield f"/tasks/new/{task.pk}/{name}/"


# --- the walk -------------------------------------------------------------------------------------------------------

SKIPPED = re.compile(
    r"^/(dev|design|console|api|media|static|metrics|health)/|sign-out|/data/|\.(csv|pdf|ics)"
)


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[datetime]:
    """The demo city with everybody speaking Arabic, for tests that only look."""
    policy.forget()
    with django_db_blocker.unblock(), activate("khidma"):
        at = clock.now()
        with clock.travel(at), transaction.atomic():
            city.plant(at)
            Notice.objects.filter(
                user__language="en"
            ).delete()  # what was said before they switch stays as it was
            User.objects.update(language="ar")
            yield at
            transaction.set_rollback(True)
    policy.forget()


def own_words() -> set[str]:
    """What people wrote, and their names: nobody translates these."""
    fields = (
        (Request, "text"), (Message, "text"), (Message, "masked_text"), (Review, "text"), (Reply, "text"),
        (Case, "text"), (Case, "code"), (Address, "label"), (Address, "lines"), (Address, "building"), (Address, "note"),
        (TaskerProfile, "bio"), (TaskerSkill, "text"), (PortfolioPhoto, "caption"), (Template, "name"),
    )  # fmt: skip
    own = {
        line
        for model, field in fields
        for text in model.objects.values_list(field, flat=True)
        for line in text.splitlines()
    }
    for name in User.objects.values_list("name", flat=True):
        own |= {name, name.split(" ")[0], "".join(part[0] for part in name.split()[:2])}
    for place in Request.objects.values_list("place", flat=True):
        own |= {value for value in (place or {}).values() if isinstance(value, str)}
    return own


def walk(client: Client, starts: list[str], most: int = 90) -> Iterator[tuple[str, Page]]:
    """The pages that links lead to, at most four of a kind."""
    todo, seen, kinds = list(starts), set(), dict[str, int]()
    while todo and len(seen) < most:
        path = todo.pop(0)
        kind = re.sub(r"\d+", "N", path.split("?")[0])
        if path in seen or SKIPPED.search(path) or (path not in starts and kinds.get(kind, 0) >= 4):
            continue
        seen.add(path)
        kinds[kind] = kinds.get(kind, 0) + 1
        response = client.get(path, headers={"accept-language": "ar"})
        assert response.status_code < 500, path
        if response.status_code in {301, 302}:
            todo.append(response["Location"])
            continue
        if not response.headers["Content-Type"].startswith("text/html"):
            continue
        found = Page(response.content.decode())
        yield path, found
        todo += [link.split("#")[0] for link in found.links if link.startswith("/")]


CLIENTS = [
    "/",
    "/tasks/",
    "/tasks/past/",
    "/me/",
    "/notices/",
    "/account/",
    "/payments/",
    "/cases/",
    "/series/",
]
TASKERS = ["/", "/work/", "/feed/", "/offers/", "/earnings/", "/notices/", "/account/"]
GUESTS = ["/", "/sign-in/", "/offline/", "/tasks/", "/work/", "/nothing/at/all/"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phone", "starts"),
    [(LINA, CLIENTS), (KHALID, CLIENTS), (SARA, TASKERS), (FAHAD, TASKERS), (MARIAM, TASKERS), ("", GUESTS)],
    ids=["Lina", "Khalid", "Sara", "Fahad", "Mariam", "guest"],
)
def test_no_english_word_is_left_on_an_arabic_page(town: datetime, phone: str, starts: list[str]) -> None:
    client = Client()
    if phone:
        client.force_login(User.objects.get(phone=phone))
    own, left, count = own_words(), [], 0
    for path, seen in walk(client, starts):
        count += 1
        assert (seen.root.get("lang"), seen.root.get("dir")) == ("ar", "rtl"), path
        left += [(path, text) for text in seen.latin(own, ALLOWED)]
    assert not left, "\n".join(f"{path}  {text}" for path, text in left)
    assert count >= (20 if phone else 5)


@pytest.mark.django_db
def test_a_task_speaks_arabic_in_every_state(town: datetime) -> None:
    own, left = own_words(), []
    for status in set(Request.objects.values_list("status", flat=True)):
        for task in Request.objects.filter(status=status).select_related("client")[:2]:
            client = Client()
            client.force_login(task.client)
            left += _latin(client, f"/tasks/{task.pk}/", own)
    for word in set(Job.objects.values_list("state", "progress")):
        for job in Job.objects.filter(state=word[0], progress=word[1]).select_related("worker")[:2]:
            client = Client()
            client.force_login(job.worker)
            left += _latin(client, f"/jobs/{job.pk}/", own)
    assert not left, "\n".join(f"{path}  {text}" for path, text in left)


def _latin(client: Client, path: str, own: set[str]) -> list[tuple[str, str]]:
    response = client.get(path, follow=True)
    assert response.status_code == 200, path
    return [(path, text) for text in Page(response.content.decode()).latin(own, ALLOWED)]
