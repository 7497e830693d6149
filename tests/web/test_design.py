"""The page shell: direction, navigation, the components' page, what the templates may say."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from django import forms
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation
from PIL import Image

from mahalla.kernel.identity.models import User
from mahalla.kit import clock
from mahalla.web import brand, maps, nav, pictures
from mahalla.web.context import Shell

pytestmark = pytest.mark.django_db
PARTS = [
    "btn--primary",
    "segmented",
    "choices--tiles",
    "filedrop",
    "stars-input",
    "tracker",
    "receipt",
    "bubble--mine",
    "composer",
    "x-countdown",
    "x-elapsed",
    "week",
    "map",
    "tabs",
    "empty",
    "notice",
    "<dialog",
    "skeleton",
    "table-wrap",
    "stat",
]
OMAR_TO_HOME = [
    {"lat": 24.7136, "lng": 46.6753, "kind": "place", "label": "Home"},
    {"lat": 24.7312, "lng": 46.6520, "kind": "worker", "label": "<Omar>"},
]
NOW = datetime(2031, 3, 14, 9, 0, tzinfo=UTC)


def draw(text: str, language: str = "en", **context: object) -> str:
    with translation.override(language), clock.travel(NOW):
        return Template("{% load mahalla %}" + text).render(Context(context)).strip()


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_the_living_page_shows_the_components_in_both_directions(
    client: Client, language: str, direction: str
) -> None:
    page = client.get(f"/design/?lang={language}")
    text = page.content.decode()
    assert page.status_code == 200
    assert f'lang="{language}" dir="{direction}"' in text
    for part in PARTS:
        assert part in text, part


@pytest.mark.parametrize("path", ["/design/", "/offline/"])
def test_pages_hold_under_a_strict_content_policy(client: Client, path: str) -> None:
    text = client.get(path).content.decode()
    assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r'(?:href|src)="(?:https?:)?//', text), "nothing comes from another host"
    assert '"allowEval":false' in text


def test_every_icon_named_in_a_template_is_drawn(client: Client) -> None:
    text = client.get("/design/").content.decode()
    used = set(re.findall(r'icons\.svg#([\w-]+)"', text))
    from mahalla.web.views.design import icon_names

    assert used <= set(icon_names())
    assert set(pictures.EMPTY.values()) | set(pictures.CATEGORY_ICONS.values()) <= set(icon_names())


def test_a_directional_icon_turns_and_a_plain_one_does_not() -> None:
    assert "icon--flip" in draw('{% icon "forward" %}')
    assert "icon--flip" not in draw('{% icon "check" %}')
    assert 'role="img" aria-label="Rating &lt;5"' in draw('{% icon "star" label=said %}', said="Rating <5")
    assert 'aria-hidden="true"' in draw('{% icon "star" %}')


def test_money_is_written_in_the_readers_language_and_kept_in_its_own_direction() -> None:
    assert draw('{{ 30925|money:"SAR" }}').replace("\xa0", " ") == "<bdi>SAR 309.25</bdi>"
    assert "309.25" in draw('{{ 30925|money:"SAR" }}', "ar") and "ر.س" in draw(
        '{{ 30925|money:"SAR" }}', "ar"
    )
    assert draw('{{ nothing|money:"SAR" }}', nothing=None) == "–"


def test_times_are_said_as_people_say_them_on_the_wall_clock_of_the_place() -> None:
    at = datetime(2031, 3, 14, 11, 30, tzinfo=UTC)
    late = datetime(2031, 3, 14, 22, 30, tzinfo=UTC)
    assert draw('{{ at|daytime:"Asia/Riyadh" }}', at=at) == "Today, 14:30"
    assert draw('{{ at|daytime:"Asia/Riyadh" }}', at=late) == "Tomorrow, 01:30", (
        "the day is the place's, not UTC's"
    )
    assert (
        draw('{{ at|daytime:"Asia/Riyadh" }}', at=datetime(2031, 3, 20, 6, 0, tzinfo=UTC))
        == "Thu 20 March, 09:00"
    )
    assert (
        draw('{{ at|localtime:"Asia/Riyadh" }}', at=datetime(2030, 12, 31, 21, 5, tzinfo=UTC))
        == "1 January, 00:05"
    )
    assert (
        draw('{{ at|localtime:"Asia/Riyadh" }}', at=datetime(2030, 3, 1, 6, 0, tzinfo=UTC))
        == "1 March 2030, 09:00"
    )
    assert draw('{{ at|clocktime:"Asia/Riyadh" }}', at=at) == "14:30"
    assert "مارس" in draw('{{ at|day:"Asia/Riyadh" }}', "ar", at=at)
    assert draw("{{ at|ago }}", at=datetime(2031, 3, 14, 8, 57, tzinfo=UTC)) == "3 minutes ago"


@pytest.mark.parametrize(
    ("metres", "said"), [(12, "50 m"), (430, "450 m"), (949, "950 m"), (3240, "3.2 km"), (12_600, "13 km")]
)
def test_distances_are_short_and_not_too_exact(metres: int, said: str) -> None:
    assert draw("{{ m|distance }}", m=metres).replace("\xa0", " ") == said
    assert draw("{{ 80|minutes }}").replace("\xa0", " ") == "1 hr 20 min"


def test_an_avatar_is_the_photo_or_the_initials_never_a_made_up_face() -> None:
    assert draw("{% avatar 'Omar Al-Harbi' 'l' %}").endswith(">OA</span>")
    assert draw("{% avatar 'عمر الحربي' %}").endswith(">ع</span>")
    assert 'src="/media/7/small/"' in draw("{% avatar 'Omar' photo='/media/7/small/' %}")
    assert draw("{% avatar name %}", name="<b> Sara").endswith(">S</span>")
    assert "&quot;" in draw("{% avatar 'Sara' photo=url %}", url='/x" onload="')


class Order(forms.Form):
    budget = forms.DecimalField(help_text="Before the fee")
    model = forms.ChoiceField(widget=forms.RadioSelect, choices=[("hourly", "Hourly"), ("fixed", "Fixed")])
    pets = forms.BooleanField(required=False)


def test_a_field_ties_its_label_hint_and_error_to_the_control() -> None:
    text = draw('{% field form.budget suffix="SAR" inputmode="decimal" %}', form=Order({"budget": "many"}))
    assert '<label for="id_budget">' in text and "<span>SAR</span>" in text and 'inputmode="decimal"' in text
    assert 'aria-invalid="true"' in text and 'aria-describedby="id_budget_error id_budget_hint"' in text
    assert 'id="id_budget_error"' in text and "Enter a number." in text and 'id="id_budget_hint"' in text


def test_choices_are_a_group_with_a_legend_and_keep_what_was_chosen() -> None:
    text = draw(
        '{% field form.model look="choices" icons=icons %}',
        form=Order({"model": "fixed"}),
        icons={"fixed": "tag"},
    )
    assert text.count('type="radio"') == 2 and "<legend>Model</legend>" in text and "icons.svg#tag" in text
    assert re.search(r'value="fixed"[^>]* checked', text) and not re.search(
        r'value="hourly"[^>]* checked', text
    )
    assert 'class="switch"' in draw('{% field form.pets look="switch" %}', form=Order())


def test_each_form_gets_its_own_key() -> None:
    first, second = (re.search(r'value="([0-9a-f-]{36})"', draw("{% once %}")) for _ in range(2))
    assert first and second and first[1] != second[1]


def test_without_tiles_the_map_is_drawn_and_says_distance_and_time() -> None:
    points = OMAR_TO_HOME
    text = draw('{% map points caption="3.2 km" note="9 min" %}', points=points)
    assert "3.2 km" in text and "9 min" in text and "data-map" not in text
    assert 'aria-label="Map: Home, &lt;Omar&gt;"' in text and "<Omar>" not in text
    drawing = ElementTree.fromstring(maps.sketch(points))
    way = next(node.get("d") for node in drawing.iter("path") if node.get("class") == "map-way")
    assert way and way.startswith("M"), "a way leads from the worker to the place"


def test_a_map_of_nothing_and_of_one_point_is_no_error() -> None:
    assert maps.sketch([]) == ""
    ElementTree.fromstring(maps.sketch([{"lat": 24.7, "lng": 46.7}]))


def test_with_tiles_the_page_carries_the_points_for_the_tile_map(settings: object) -> None:
    settings.MAHALLA_MAP_TILES = "https://tiles.example/{z}/{x}/{y}.png"  # type: ignore[attr-defined]
    text = draw("{% map points %}", points=[{"lat": 24.7, "lng": 46.7, "kind": "place", "label": 'A "b"'}])
    assert "data-map" in text and "tiles.example/{z}" in text
    held = re.search(r'data-points="([^"]*)"', text)
    assert held and json.loads(held[1].replace("&quot;", '"').replace("&#x27;", "'"))[0]["label"] == 'A "b"'


def test_markets_add_navigation_and_the_longest_address_is_the_current_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nav, "_sources", [])
    asked: list[str] = []

    @nav.register
    def source(request: HttpRequest) -> list[nav.NavItem]:
        asked.append(request.path)
        return [nav.NavItem("Tasks", "/tasks/", "list", order=20), nav.NavItem("Home", "/", "home", order=10),
                nav.NavItem("Payments", "/pay/", "card", place="menu"),
                nav.NavItem("New", "/tasks/new/", "plus", main=True, badge=2, order=30)]  # fmt: skip

    nav.register(source)
    shell = Shell(RequestFactory().get("/tasks/new/step/2/"))
    assert [item.label for item in shell.tabs] == ["Home", "Tasks", "New"]
    assert [item.label for item in shell.menu] == ["Payments"]
    assert asked == ["/tasks/new/step/2/"], "every source is asked once a page"
    assert shell.current == "/tasks/new/"
    found = shell.bar
    assert nav.current(found, "/tasks/new/step/2/") == "/tasks/new/"
    assert nav.current(found, "/elsewhere/") == ""


def test_a_brand_must_name_an_accent_that_is_drawn() -> None:
    with pytest.raises(ValueError, match="no accent 'neon'"):
        brand.Brand("X", accent="neon")
    assert all(ElementTree.fromstring(pictures.logo(mark)) is not None for mark in pictures.MARKS)


def test_the_application_can_be_installed(client: Client) -> None:
    manifest = client.get("/manifest.webmanifest")
    said = json.loads(manifest.content)
    assert manifest["Content-Type"] == "application/manifest+json"
    assert said["display"] == "standalone" and {icon["sizes"] for icon in said["icons"]} == {
        "192x192",
        "512x512",
    }
    for icon in said["icons"]:
        image = Image.open(io.BytesIO(client.get(icon["src"]).content))
        assert f"{image.width}x{image.height}" == icon["sizes"] and image.format == "PNG"
    assert client.get("/brand/icon-33.png").status_code == 404


def test_the_service_worker_covers_the_site_and_keeps_no_page_of_anybody(client: Client) -> None:
    script = client.get("/service-worker.js")
    text = script.content.decode()
    assert script["Content-Type"].startswith("text/javascript") and "no-cache" in script["Cache-Control"]
    kept = re.search(r"KEPT = \[(.*?)\];", text)
    assert kept and kept[1].startswith("OFFLINE, ") and "app.css" in kept[1]
    assert re.search(r"const OFFLINE = ['\"]/offline/['\"]", text)


def test_the_page_kept_for_offline_says_nothing_about_a_person(client: Client) -> None:
    sara = User.objects.create_user(phone="+966501234567", name="Sara Qahtani")
    client.force_login(sara)
    assert "Sara" in client.get("/design/").content.decode()
    kept = client.get("/offline/").content.decode()
    assert "Sara" not in kept and "66501234567" not in kept and "csrf" not in kept.lower()


def test_drawings_are_the_same_for_the_same_seed_and_well_formed() -> None:
    assert pictures.avatar("sara") == pictures.avatar("sara")
    assert len({pictures.avatar(str(n)) for n in range(40)}) > 25
    for name in ("hero", "empty:inbox", "empty:unknown", "category:cleaning", "category:moving", "category:deep_cleaning",
                 "category:plumbing", "category:<b>", "face"):  # fmt: skip
        ElementTree.fromstring(pictures.drawing(name, "seed"))


@pytest.mark.parametrize(
    "kind", ["avatar", "portfolio", "before", "after", "task", "evidence", "document", "chat"]
)
def test_demo_photos_are_jpegs_and_repeatable(kind: str) -> None:
    first = pictures.demo_photo("omar", kind)
    image = Image.open(io.BytesIO(first))
    assert image.format == "JPEG" and image.width >= 480 and len(first) < 250_000
    assert first == pictures.demo_photo("omar", kind) != pictures.demo_photo("huda", kind)


def test_before_and_after_show_the_same_room() -> None:
    assert pictures.demo_photo("room-4", "before") != pictures.demo_photo("room-4", "after")
    with pytest.raises(ValueError, match="no photo of kind"):
        pictures.demo_photo("room-4", "selfie")
