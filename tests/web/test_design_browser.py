"""The components in a real browser: accessible, usable with one hand, alive without a reload, whole without scripts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mahalla.web.photos import brand_icon
from tests.chromium import CHROMIUM
from tests.patience import within

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def open_page(chromium: Any, url: str, *, width: int = 390, theme: str = "light", **options: Any) -> Any:
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, service_workers="block", **options
    )
    page = context.new_page()
    page.goto(url)
    return page


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("ar", "light", 360), ("en", "dark", 360), ("ar", "dark", 1280)]
)
def test_the_components_have_no_accessibility_findings(
    chromium: Any, live_server: Any, language: str, theme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(chromium, f"{live_server.url}/design/?lang={language}", theme=theme, width=width)
    page.wait_for_timeout(400)
    found = (
        Axe()
        .run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
        .response["violations"]
    )
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == []
    page.context.close()


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_the_screen(chromium: Any, live_server: Any, language: str, width: int) -> None:
    page = open_page(chromium, f"{live_server.url}/design/?lang={language}", width=width)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.close()


def test_what_a_thumb_presses_is_at_least_44_pixels(chromium: Any, live_server: Any) -> None:
    page = open_page(chromium, f"{live_server.url}/design/?lang=ar")
    pressed = (
        ".btn, .input, .tabbar a, .item, .chip, .check, .switch, .stepper button, summary, .segmented span"
    )
    small = page.evaluate(
        """(pressed) => [...document.querySelectorAll(pressed)]
        .map((e) => [e.className || e.tagName, Math.round(e.getBoundingClientRect().height)])
        .filter(([, height]) => height && height < 44)""",
        pressed,
    )
    assert small == []
    page.context.close()


def test_the_first_load_is_below_100_kilobytes(chromium: Any, live_server: Any) -> None:
    """Measured on what the browser asks for, each answer compressed as the production server sends it."""
    import gzip

    sizes: dict[str, int] = {}
    context = chromium.new_context(viewport={"width": 390, "height": 800}, service_workers="block")
    page = context.new_page()
    page.on(
        "response",
        lambda answer: (
            sizes.__setitem__(answer.url, len(gzip.compress(answer.body(), 6))) if answer.ok else None
        ),
    )
    page.goto(f"{live_server.url}/offline/")
    page.wait_for_timeout(400)
    assert 10_000 < sum(sizes.values()) < 100_000, sizes
    context.close()


def test_time_runs_and_a_double_press_sends_once(chromium: Any, live_server: Any) -> None:
    page = open_page(chromium, f"{live_server.url}/design/?lang=en")
    before = page.locator("x-elapsed").inner_text()
    page.wait_for_timeout(1600)
    assert page.locator("x-elapsed").inner_text() != before
    page.locator("[data-step='1']").click()
    assert page.locator("#id_hours").input_value() == "4"
    sent = page.evaluate(
        """() => {
          const form = document.createElement('form'), button = document.createElement('button');
          form.method = 'post'; form.append(button); document.body.append(form);
          let sent = 0;
          addEventListener('submit', (event) => { sent += event.defaultPrevented ? 0 : 1; event.preventDefault(); });
          button.click(); button.click(); button.click();
          return sent;
        }"""
    )
    assert sent == 1
    page.context.close()


def test_a_double_press_of_an_htmx_form_asks_once_and_can_be_pressed_again_after(
    chromium: Any, live_server: Any
) -> None:
    asked: list[str] = []
    page = open_page(chromium, f"{live_server.url}/offline/")

    def answer(route: Any) -> None:
        asked.append(route.request.method)
        route.fulfill(body="done", content_type="text/html")

    page.route("**/pay/", answer)
    page.evaluate(
        """() => {
          document.querySelector('main').innerHTML = '<form hx-post="/pay/" hx-swap="none"><button>Pay</button></form>';
          htmx.process(document.querySelector('main'));
        }"""
    )
    button = page.locator("main button")
    button.dblclick()
    page.wait_for_function("() => !document.querySelector('main button').hasAttribute('aria-busy')")
    assert asked == ["POST"]
    button.click()
    page.wait_for_timeout(400)
    assert asked == ["POST", "POST"]
    page.context.close()


def test_a_live_part_is_fetched_again_when_its_topic_is_heard_and_only_then(
    chromium: Any, live_server: Any
) -> None:
    asked: list[str] = []
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    news = (
        "retry: 60000\n\ndata: "
        + json.dumps({"id": 5, "topic": "request:12", "name": "task.accepted"})
        + "\n\nid: 5\n\n"
    )
    headers = {
        "content-type": "text/event-stream",
        "access-control-allow-origin": live_server.url,
        "access-control-allow-credentials": "true",
    }

    def stream(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=200, body=news if len(asked) == 1 else "retry: 60000\n\n", headers=headers)

    page.route("**/stream?**", stream)
    page.route(
        "**/part/12/", lambda route: route.fulfill(body='<p id="part">accepted</p>', content_type="text/html")
    )
    page.route(
        "**/part/13/", lambda route: route.fulfill(body='<p id="other">wrong</p>', content_type="text/html")
    )
    part = '<p id="{0}" data-live="request:{1}" hx-get="/part/{1}/" hx-trigger="live" hx-swap="outerHTML">{2}</p>'
    parts = part.format("part", 12, "waiting") + part.format("other", 13, "quiet")

    def shell(route: Any) -> None:
        page_itself = route.fetch()
        route.fulfill(response=page_itself, body=page_itself.text().replace("</main>", f"{parts}</main>"))

    page.route("**/offline/", shell)
    page.goto(f"{live_server.url}/offline/")
    page.wait_for_function(
        "() => document.querySelector('#part').textContent === 'accepted'", timeout=within(5) * 1000
    )
    assert page.locator("#other").inner_text() == "quiet"
    assert "topics=request%3A12%2Crequest%3A13" in asked[0]
    context.close()


def test_with_tiles_the_drawing_gives_way_to_a_map_and_returns_when_tiles_fail(
    chromium: Any, live_server: Any, settings: Any
) -> None:
    settings.MAHALLA_MAP_TILES = "https://tiles.example/{z}/{x}/{y}.png"
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    tile = brand_icon(192)
    page.route("https://tiles.example/**", lambda route: route.fulfill(body=tile, content_type="image/png"))
    page.goto(f"{live_server.url}/design/?lang=ar")
    page.locator(".map").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.map .leaflet-tile-loaded')")
    page.wait_for_function("() => document.querySelector('.map > svg').hasAttribute('hidden')")
    assert page.locator(".map > footer").is_visible()
    page.unroute("https://tiles.example/**")
    page.route("https://tiles.example/**", lambda route: route.abort())
    page.reload()
    page.wait_for_function(
        "() => !document.querySelector('.map .tiles') && document.querySelector('.map[data-drawn]')"
    )
    assert page.locator(".map > svg").first.is_visible()
    context.close()


def test_nothing_breaks_under_the_strictest_content_policy(chromium: Any, live_server: Any) -> None:
    """No nonce, no inline anything, no eval: this is the header that a deployment can send."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    said: list[str] = []
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    page.on(
        "console",
        lambda message: said.append(message.text) if "Content Security Policy" in message.text else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))

    def guarded(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    page.route("**/design/**", guarded)
    page.goto(f"{live_server.url}/design/?lang=ar")
    page.locator("[data-dialog]").click()
    page.locator("dialog [data-close]").click()
    page.locator("[data-add]").click()
    page.wait_for_timeout(300)
    assert said == []
    context.close()


def test_without_scripts_the_page_is_whole(chromium: Any, live_server: Any) -> None:
    page = open_page(chromium, f"{live_server.url}/design/?lang=ar", java_script_enabled=False)
    assert page.locator("x-countdown").inner_text() == "12:41"
    assert page.locator("[data-step]").first.is_hidden()
    assert page.locator(".map svg").first.is_visible()
    assert page.locator("form[action='/language/'] button").is_visible()
    assert page.locator("audio[controls]").count() == 1
    page.context.close()
