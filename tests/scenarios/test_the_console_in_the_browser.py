"""The operators' desk in a browser: in by code and password, the board lives, and everybody can read it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices.queries import latest_messages
from mahalla.kernel.trust.models import Verification
from mahalla.kit import clock
from tests import chromium as browsers
from tests.chromium import CHROMIUM
from tests.khidma import builders as b
from tests.scenarios.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
PASSWORD = "seven wise owls of Riyadh"


@pytest.fixture
def abeer(chromium: Any, pages: str, khidma: Any) -> Iterator[Person]:
    """An administrator at a desk, with a phone for the code and a password."""
    clock.set_clock(b.EVENING)
    user = b.person("Abeer", "admin", "ops_admin")
    user.is_staff = True  # as granting a role of the staff does
    user.set_password(PASSWORD)
    user.save(update_fields=["is_staff", "password"])
    person = Person(chromium, pages, name="Abeer", phone=str(user.phone), language="en", story="console")
    person.page.set_viewport_size({"width": 1280, "height": 900})
    yield person
    person.close()


def sign_in(abeer: Person) -> None:
    """The console's door leads to the one sign-in; the code alone opens nothing."""
    abeer.go("/console/board/")
    assert "/sign-in/?next=" in abeer.page.url
    abeer.fill(phone=abeer.phone)
    abeer.tap("main form button.btn--primary")
    run_until(clock.now(), start=clock.now())
    code = re.search(r"\d{6}", latest_messages(to=abeer.phone)[0].text)
    assert code is not None
    abeer.fill(code=code.group())
    abeer.tap("main form button.btn--primary")
    assert abeer.page.url.endswith("/sign-in/password/")
    abeer.fill(password="a guess")
    abeer.tap("main form button.btn--primary")
    assert abeer.page.url.endswith("/sign-in/password/")
    abeer.fill(password=PASSWORD)
    abeer.tap("main form button.btn--primary")
    assert abeer.page.url.endswith("/console/board/")


@pytest.mark.spec("KH-ADMIN-01")
def test_a_row_of_the_board_changes_by_itself_within_five_seconds(abeer: Person) -> None:
    sara = b.tasker("Sara")
    offer = b.offered(b.client("Lina"), sara)
    sign_in(abeer)
    row = f"#task-{offer.request_id}"
    assert "Waiting for the Tasker" in abeer.page.inner_text(row)
    abeer.page.evaluate("window.sameDocument = true")
    abeer.look("01-board")
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=b.EVENING)
    began = time.monotonic()
    abeer.page.wait_for_function(
        "row => document.querySelector(row)?.innerText.includes('Accepted')", arg=row, timeout=5000
    )
    assert time.monotonic() - began < 5
    assert abeer.page.evaluate("window.sameDocument") is True
    abeer.look("02-board-after")


def test_disputes_and_checks_can_be_read_by_everybody(abeer: Person) -> None:
    job = b.completed(b.client("Lina"), b.tasker("Sara"))
    clock.set_clock(b.at(2, "18:00"))
    engine.apply(
        job,
        "dispute",
        actor=b.client_of(job.client),
        now=b.at(2, "18:00"),
        data={"kind": "hours", "minutes": 120, "text": "I count two hours."},
    )
    case = Case.objects.get(job_id=job.pk)
    newcomer = b.person("Huda", "tasker")
    check = Verification(user=newcomer, kind="national_id", submitted_at=b.EVENING)
    check.state, check.phase, check.state_since = "submitted", "open", b.EVENING
    check.save()
    abeer.know_the_time()
    sign_in(abeer)
    for path, name in (
        ("disputes/", "03-disputes"),
        (f"disputes/{case.pk}/", "04-dispute"),
        ("checks/", "05-checks"),
        (f"checks/{check.pk}/", "06-check"),
        (f"tasks/{job.request_id}/", "07-task"),
    ):
        abeer.go(f"/console/{path}")
        browsers.shoot(abeer.page, "console", name)
        assert browsers.serious(abeer.page) == [], path
