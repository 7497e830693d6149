"""A person with a phone: a browser window of their own, taps instead of calls."""

from __future__ import annotations

import re
from typing import Any

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices.queries import latest_messages
from mahalla.kit import clock
from tests import chromium as browsers

STEP = "button[form=step]"


class Person:
    """``tap`` and ``fill`` use names and addresses, never words: the same story runs in every language."""

    def __init__(
        self, chromium: Any, address: str, *, name: str, phone: str, language: str, story: str
    ) -> None:
        self.address, self.name, self.phone, self.story = address, name, phone, story
        self.context = chromium.new_context(
            viewport={"width": 360, "height": 780},
            locale=language,
            service_workers="block",
            geolocation={"latitude": 24.7136, "longitude": 46.6753, "accuracy": 12},
            permissions=["geolocation"],
        )
        self.context.clock.set_fixed_time(clock.now())
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._overhear)

    def close(self) -> None:
        self.context.close()
        assert self.faults == []

    def _overhear(self, message: Any) -> None:
        """What our own content policy stopped is a fault of the page."""
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def go(self, path: str) -> None:
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None and answer.status < 400, (path, answer and answer.status)

    def know_the_time(self) -> None:
        """The phone shows the story's time."""
        self.context.clock.set_fixed_time(clock.now())

    def stand_at(self, lat: float, lng: float) -> None:
        self.context.set_geolocation({"latitude": lat, "longitude": lng, "accuracy": 12})

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"main [name={name}]").first.fill(value)

    def pick(self, name: str, value: str) -> None:
        """A radio or checkbox behind its drawn label."""
        choice = self.page.locator(f"main input[name={name}][value='{value}']").first
        label = self.page.locator(f"main label[for={choice.get_attribute('id') or 'none'}]")
        if label.count() and not choice.is_checked():
            label.first.click()
        else:
            choice.check(force=True)
        assert choice.is_checked(), f"{name} is not {value}"

    def select(self, name: str, value: str) -> None:
        self.page.locator(f"main select[name={name}]").select_option(value)

    def tap(self, selector: str) -> None:
        """Tap and wait for the page that comes of it."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def says(self, *texts: str) -> None:
        """All of these stand on the page (spaces of every kind count as one)."""
        self.page.wait_for_load_state()
        shown = re.sub(r"[\s\u00a0\u202f\u200e\u200f]+", " ", self.page.inner_text("body"))
        for text in texts:
            assert text in shown, f"{text!r} is not on {self.page.url}:\n{shown[:3000]}"

    def look(self, name: str) -> None:
        """Keep a picture, and let axe look at the page too."""
        browsers.shoot(self.page, self.story, name)
        assert browsers.serious(self.page) == [], name
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is wider than the phone by {wide}px"

    def sign_in(self, *, new: bool = False, role: str = "client") -> None:
        self.go("/sign-in/")
        self.fill(phone=self.phone)
        self.tap("main form button.btn--primary")
        run_until(clock.now(), start=clock.now())
        code = re.search(r"\d{6}", latest_messages(to=self.phone)[0].text)
        assert code is not None
        self.fill(code=code.group())
        if new:
            self.look("01-code")
        self.tap("main form button.btn--primary")
        if new:
            self.fill(name=self.name)
            if self.page.locator("main input[name=role]").count():
                self.pick("role", role)
            self.page.locator("main input[name=terms]").check(force=True)
            self.look("02-welcome")
            self.tap("main form button.btn--primary")
