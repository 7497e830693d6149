"""The main job in ten steps, as people see it: Lina and Sara on their phones, in Arabic and in English.

The clock is the test's. What the worker would do (codes, provider, deadlines, payouts) happens when the story says so.
Pictures of the way are kept in ``.artifacts``; axe looks at every page that is pictured.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import clock
from tests.chromium import CHROMIUM
from tests.khidma import builders as b
from tests.patience import within
from tests.scenarios.people import STEP, Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
ACTION = ".actionbar button.btn--primary"


class Story:
    """The clock and the worker of one story."""

    def __init__(self) -> None:
        self.now = b.EVENING
        self.phones: list[Person] = []
        clock.set_clock(self.now)

    def at(self, moment: datetime) -> None:
        """Time passes until ``moment``: everything due on the way is done."""
        run_until(moment, start=self.now)
        self.now = moment
        for phone in self.phones:
            phone.know_the_time()

    def settle(self) -> None:
        """What was promised to the outside a moment ago is kept."""
        run_until(self.now, start=self.now)


@pytest.fixture(params=["ar", "en"])
def language(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def people(
    chromium: Any, pages: str, khidma: Any, language: str
) -> Iterator[tuple[Story, Person, Person, User]]:
    story = Story()
    b.category()
    sara = b.tasker("Sara", now=b.EVENING)
    User.objects.filter(pk=sara.pk).update(language=language)
    lina = Person(
        chromium,
        pages,
        name="Lina Haddad",
        phone="+966500000101",
        language=language,
        story=f"main-job-{language}/lina",
    )
    worker = Person(
        chromium,
        pages,
        name="Sara",
        phone=str(sara.phone),
        language=language,
        story=f"main-job-{language}/sara",
    )
    story.phones = [lina, worker]
    yield story, lina, worker, sara
    lina.close()
    worker.close()


@pytest.mark.spec("KH-FLOW-03", "KH-UX-07")
def test_the_main_job(people: tuple[Story, Person, Person, User], language: str) -> None:
    story, lina, sara, tasker = people
    task = order(story, lina)
    assert lina.page.evaluate("document.dir") == ("rtl" if language == "ar" else "ltr")
    job = agree(story, lina, sara, task)
    work(story, sara, job)
    dispute(story, lina, job)
    decide(story, job)
    paid(story, lina, sara, tasker, job)


def order(story: Story, lina: Person) -> Request:
    """Steps 1 and 2: from a phone number to a posted task."""
    lina.sign_in(new=True)
    lina.go("/")
    lina.look("03-home")
    lina.go("/payments/methods/new/")
    lina.fill(number="4242 4242 4242 4242", expiry="12/30")
    lina.tap(ACTION)
    lina.go("/tasks/new/")
    lina.look("04-category")
    lina.tap("button[name=category][value=cleaning]")
    lina.fill(d_items="5", d_floor="2")
    lina.look("05-details")
    lina.tap(STEP)
    lina.tap(STEP)  # no photos
    lina.fill(label="Home", lines="12 Olaya Street", floor="2")
    lina.page.locator("main select[name=district]").select_option(index=1)
    lina.look("06-address")
    lina.tap(STEP)
    lina.pick("date", "2026-03-02")
    lina.select("start", "14:00")
    lina.select("to", "18:00")
    lina.look("07-window")
    lina.tap(STEP)
    lina.tap(STEP)  # I choose
    lina.tap(STEP)  # the card
    lina.says("99.00", "138.60", "20%")
    lina.look("08-preview")
    lina.tap(STEP)
    task = Request.objects.get(client__phone=lina.phone)
    assert task.state == "matching"
    return task


def agree(story: Story, lina: Person, sara: Person, task: Request) -> Job:
    """Steps 3 to 5: the list, the choice, the answer, the hold; Lina's page changes by itself."""
    lina.go(f"/tasks/{task.pk}/")
    lina.says("124.80", "Sara")
    lina.page.locator("details.why summary").first.click()
    lina.look("09-taskers")
    story.at(b.at(1, "20:05"))
    lina.tap("form[action$='/select/'] button")
    lina.look("10-asked")
    sara.sign_in()
    sara.go("/offers/")
    sara.says("104.00")
    sara.look("01-inbox")
    offer = task.offers.get()
    sara.go(f"/offers/{offer.pk}/")
    sara.select("start_at", b.at(2, "14:30").isoformat()) if sara.page.locator(
        "main select[name=start_at]"
    ).count() else sara.pick("start_at", b.at(2, "14:30").isoformat())
    sara.says("104.00")
    sara.look("02-offer")
    story.at(b.at(1, "20:10"))
    before = lina.page.inner_text("main")
    sara.tap(ACTION)
    story.settle()
    lina.page.wait_for_function(
        "before => document.querySelector('main').innerText !== before", arg=before, timeout=within(5) * 1000
    )
    job = Job.objects.get(request=task)
    assert (job.state, job.start_at) == ("confirmed", b.at(2, "14:30"))
    assert Hold.objects.get(reference=job.reference).amount_minor == 14976
    lina.go(f"/tasks/{task.pk}/")
    lina.look("11-confirmed")
    return job


def work(story: Story, sara: Person, job: Job) -> None:
    """Steps 6 and 7: the way, the timer, the hours."""
    story.at(b.at(2, "14:10"))
    sara.go(f"/jobs/{job.pk}/")
    sara.says("12 Olaya Street")
    sara.look("03-job")
    sara.tap("form[action$='/step/set_off/'] button.js-only")
    story.at(b.at(2, "14:28"))
    sara.stand_at(24.7136 + 40 / 111_195, 46.6753)
    sara.go(f"/jobs/{job.pk}/")
    sara.look("04-on-the-way")
    sara.tap("form[action$='/step/arrive/'] button.js-only")
    story.at(b.at(2, "14:30"))
    sara.tap("form[action$='/step/start_timer/'] button.js-only")
    assert Job.objects.get(pk=job.pk).data["arrive_distance_m"] == 40
    sara.look("05-timer")
    story.at(b.at(2, "17:00"))
    sara.go(f"/jobs/{job.pk}/hours/")
    sara.look("06-hours")
    sara.tap(ACTION)
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.final["total_minor"]) == ("completed", 9600)
    sara.look("07-sent")


def dispute(story: Story, lina: Person, job: Job) -> None:
    """Step 8: half an hour is disputed; the form says what that is."""
    story.at(b.at(2, "18:00"))
    lina.go(f"/tasks/{job.request_id}/")
    lina.says("75.00", "5.00", "16.00", "96.00")
    lina.look("12-to-confirm")
    lina.go(f"/tasks/{job.request_id}/dispute/")
    lina.pick("kind", "hours")
    lina.select("minutes", "120")
    lina.page.wait_for_function(
        "() => document.querySelector('#claimed').innerText.includes('18.00')", timeout=within(5) * 1000
    )
    lina.fill(text="I count two hours.")
    lina.look("13-dispute")
    lina.tap("button[form=dispute]")
    story.settle()
    assert ledger.balance(f"escrow/{job.reference}").credit_minor == 1800


def decide(story: Story, job: Job) -> None:
    """Step 9: the agent refunds 18.00."""
    story.at(b.at(3, "09:00"))
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    case = Case.objects.get(job_id=job.pk)
    cases.take(case, actor=agent, now=story.now)
    cases.decide(b.fresh(case), refund_minor=1800, reason="Timer and photos", actor=agent, now=story.now)
    story.at(b.at(3, "09:05"))


def paid(story: Story, lina: Person, sara: Person, tasker: User, job: Job) -> None:
    """Steps 9 and 10: the payout on T+2, the stars, the tip; every posting balances."""
    lina.go(f"/tasks/{job.request_id}/")
    lina.says("18.00")
    lina.look("14-refunded")
    story.at(b.at(4, "12:00"))
    payout = Payout.objects.get(worker=tasker)
    assert (payout.amount_minor, payout.state) == (6500, "completed")
    assert ledger.balance("revenue/fees").credit_minor == 1300
    sara.go("/work/payouts/")
    sara.says("65.00")
    sara.look("08-payouts")
    lina.go(f"/tasks/{job.request_id}/review/")
    lina.pick("stars", "4")
    lina.look("15-review")
    lina.tap("button[form=review]")
    assert Review.objects.get(job_id=job.pk).stars == 4
    lina.go(f"/tasks/{job.request_id}/tip/")
    lina.fill(amount="10")
    lina.tap("button[form=tip]")
    story.at(b.at(4, "12:10"))
    assert ledger.balance(f"payable/user:{tasker.pk}").credit_minor == 1000
    assert set(ledger.trial_balance().values()) == {0}
    lina.go(f"/tasks/{job.request_id}/receipt/")
    lina.says("96.00", "10.00", "18.00")
    lina.look("16-receipt")
