"""The wizard on a phone of 390 px: one hand, two languages, installed like an application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from mahalla.kernel.work.models import Request
from mahalla.kit import clock
from tests import chromium as browsers
from tests.chromium import CHROMIUM
from tests.khidma import builders as b
from tests.scenarios.people import STEP, Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
PHONE = {"width": 390, "height": 844}
#: what a finger presses: at least 44 px high and wide, the label of a drawn choice in place of its input
SMALL = """() => [...document.querySelectorAll(
  'a[href], button, summary, select, textarea, label.check, label.switch, .segmented span, input:not([type=hidden])')]
  .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .filter((e) => !e.closest('.vh, .skip, p, .toasts'))
  .filter((e) => !(e.matches('input') && e.closest('label')))
  .map((e) => [e.outerHTML.slice(0, 110), e.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1 && (box.height < 43.5 || box.width < 43.5))
  .map(([html, box]) => `${Math.round(box.width)}×${Math.round(box.height)} ${html}`)"""
#: the lower part of the screen, which the thumb of the hand that holds it reaches
REACH = """(selector) => { const box = document.querySelector(selector).getBoundingClientRect();
  return [box.top > innerHeight * 0.6, box.bottom <= innerHeight, box.width >= innerWidth * 0.4]; }"""
STEPS = ("details", "photos", "address", "window", "choice", "payment", "preview")


@pytest.fixture
def lina(chromium: Any, pages: str, khidma: Any) -> Iterator[Person]:
    clock.set_clock(b.EVENING)
    b.tasker("Sara")
    user = b.client("Lina")
    person = Person(chromium, pages, name="Lina", phone=str(user.phone), language="en", story="one-hand")
    person.page.set_viewport_size(PHONE)
    person.sign_in()
    yield person
    person.close()


def fill_in(lina: Person, step: str) -> None:
    if step == "details":
        lina.fill(d_items="5", d_floor="2")
    elif step == "window":
        lina.pick("date", "2026-03-02")
        lina.select("start", "14:00")
        lina.select("to", "18:00")


@pytest.mark.spec("KH-UX-01")
def test_one_hand_is_enough_and_the_application_can_be_installed(lina: Person, tmp_path: Path) -> None:
    lina.go("/tasks/new/")
    assert lina.page.evaluate(SMALL) == []
    lina.tap("button[name=category][value=cleaning]")
    for step in STEPS:
        assert lina.page.url.endswith(f"/{step}/"), lina.page.url
        assert lina.page.evaluate(SMALL) == [], step
        assert lina.page.evaluate(REACH, STEP) == [True, True, True], step
        wide = lina.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, step
        fill_in(lina, step)
        lina.look(f"390-{step}")
        lina.tap(STEP)
    assert Request.objects.get(client__name="Lina").state == "matching"
    install(lina, tmp_path)


def install(lina: Person, tmp_path: Path) -> None:
    """Chromium finds nothing that speaks against installing and offers it; our button hands its prompt on."""
    with browsers.application(lina.page.context.browser, tmp_path) as context:
        context.add_cookies(lina.context.cookies())
        page = context.new_page()
        page.goto(f"{lina.address}/")
        page.evaluate("navigator.serviceWorker.ready.then((found) => found.active.state)")
        tools = context.new_cdp_session(page)
        assert tools.send("Page.getAppManifest")["errors"] == []
        assert tools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        page.reload()
        page.wait_for_selector("[data-install]:not([hidden])")  # the browser's own ``beforeinstallprompt``
        browsers.shoot(page, "one-hand", "install")
        page.locator("[data-install]").click()
        page.wait_for_selector("[data-install]", state="hidden")
        offline(lina, context, page)


def offline(lina: Person, context: Any, page: Any) -> None:
    """Without a network the open page says so, and the next one is ours, not the browser's."""
    context.set_offline(True)
    page.wait_for_selector("[data-offline]:not([hidden])")
    assert "You are offline" in page.inner_text("[data-offline]")
    page.goto(f"{lina.address}/tasks/")
    assert page.locator("h1").count() == 1 and "offline" in page.inner_text("body").lower()


@pytest.mark.spec("KH-UX-02")
def test_arabic_mirrors_the_wizard_and_can_be_chosen_at_any_moment(lina: Person) -> None:
    lina.go("/tasks/new/")
    lina.tap("button[name=category][value=cleaning]")
    for step in STEPS:
        fill_in(lina, step)
        english, at = labels(lina), lina.page.url
        left = mark(lina)
        lina.tap("header button[name=language][value=ar]")
        assert lina.page.url == at and lina.page.evaluate("document.dir") == "rtl"
        assert abs(mark(lina) - (PHONE["width"] - left)) < 2, f"{step} is not mirrored"
        same = english & labels(lina)
        assert {text for text in same if text not in own_words()} == set(), step
        lina.look(f"ar-{step}")
        lina.tap("header button[name=language][value=en]")
        assert lina.page.url == at and lina.page.evaluate("document.dir") == "ltr"
        fill_in(lina, step)
        lina.tap(STEP)
    with translation.override("en"):
        assert Request.objects.get(client__name="Lina").state == "matching"


def mark(lina: Person) -> float:
    """Where the way back stands: the middle of its arrow from the screen's left edge."""
    return float(
        lina.page.evaluate(
            "(() => { const box = document.querySelector('header a.btn--icon').getBoundingClientRect();"
            " return box.left + box.width / 2; })()"
        )
    )


def labels(lina: Person) -> set[str]:
    """Every piece of text with a Latin letter that the page shows or says to a screen reader."""
    found = lina.page.evaluate(
        """() => { const said = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
          const at = walk.currentNode.parentElement;
          if (!at.closest('script, style, bdi, textarea, button[name=language]')) said.push(walk.currentNode.data);
        }
        document.querySelectorAll('[aria-label], [placeholder], [alt]').forEach((e) => {
          if (!e.closest('button[name=language]')) said.push(e.ariaLabel || e.placeholder || e.alt || ''); });
        return said.map((text) => text.trim()).filter((text) => /[A-Za-z]{2}/.test(text)); }"""
    )
    return set(found)


def own_words() -> set[str]:
    """What people and card houses named themselves; it is the same in every language."""
    return {"Home", "12 Olaya Street", "Sara", "Lina", "SAR", "Visa ·· 4242"}
