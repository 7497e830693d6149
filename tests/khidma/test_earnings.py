"""What a Tasker earned, by task, day and kind of work, in the ledger's own figures."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.models import Payout
from mahalla.markets.khidma import earnings, rates
from mahalla.markets.khidma.models import TaxRule
from tests.khidma import builders as b
from tests.khidma.supply_town import done, worked

pytestmark = pytest.mark.django_db


def two_tasks():
    """Cleaning of 80.00 on Tuesday 3 March, moving of 95.00 (3 h) on Thursday 5 March."""
    lina, sara = b.client(), b.tasker()
    moving = b.category("moving")
    rates.set_rate(
        sara,
        moving,
        hourly_minor=3000,
        minimum_min=120,
        travel_fee_minor=500,
        actor=b.tasker_of(sara),
        now=b.EVENING,
    )
    done(lina, sara, 3)
    done(lina, sara, 5, until="17:00", category=moving)
    return lina, sara


@pytest.mark.spec("KH-STAT-09")
def test_two_tasks_of_80_and_95_show_175(khidma):
    lina, sara = two_tasks()
    shown = earnings.dashboard(sara, now=b.at(6, "09:00"))
    assert (shown.total_minor, shown.minutes, shown.tasks) == (17500, 330, 2)
    assert (shown.week_minor, shown.month_minor) == (17500, 17500)
    # the first left in the morning of the fifth day, T+2
    run_until(b.at(6, "09:00"), start=b.at(5, "21:00"))
    shown = earnings.dashboard(sara, now=b.at(6, "09:00"))
    assert (shown.paid_minor, shown.pending_minor) == (8000, 9500)
    assert sum(Payout.objects.filter(worker=sara).values_list("amount_minor", flat=True)) == 17500
    # Sunday begins the week in Riyadh
    assert earnings.dashboard(sara, now=b.at(7, "23:00")).week_minor == 17500
    assert earnings.dashboard(sara, now=b.at(8, "01:00")).week_minor == 0
    april = earnings.dashboard(sara, now=b.at(1, "09:00", month=4))
    assert (april.month_minor, april.total_minor) == (0, 17500)
    assert earnings.dashboard(lina, now=b.at(6, "09:00")).total_minor == 0


@pytest.mark.spec("KH-STAT-10")
def test_the_breakdown_by_category_day_and_task(khidma):
    lina, sara = two_tasks()
    job = sara.worker_jobs.latest("pk")
    assert [(s.key, s.net_minor) for s in earnings.breakdown(sara, "category", now=b.at(6, "09:00"))] == [
        ("moving", 9500),
        ("cleaning", 8000),
    ]
    engine.apply(job, "tip", actor=b.client_of(lina), now=b.at(6, "09:00"), data={"amount_minor": 1000})
    run_until(b.at(6, "09:10"), start=b.at(6, "09:00"))
    days = earnings.breakdown(sara, "date", now=b.at(6, "10:00"))
    assert [(s.key, s.net_minor) for s in days] == [("2026-03-05", 10500), ("2026-03-03", 8000)]
    first = earnings.breakdown(sara, "task", now=b.at(6, "10:00"))[0]
    assert first.parts == {
        "labour": 9000,
        "travel": 500,
        "fee": 0,
        "tips": 1000,
        "incentives": 0,
        "withheld": 0,
        "refunded": 0,
    }
    march3 = date(2026, 3, 3)
    only = earnings.earnings_of(sara, now=b.at(6, "10:00"), since=march3, until=march3)
    assert [row.category_code for row in only] == ["cleaning"]
    rows = list(csv.reader(io.StringIO(earnings.export_csv(sara, now=b.at(6, "10:00")))))
    assert rows[0][:4] == ["Task", "Date", "Category", "Hours"]
    assert rows[1][1:] == [
        "2026-03-05", "Moving", "3:00", "90.00", "5.00", "0.00", "10.00", "0.00", "0.00", "0.00", "105.00", "SAR",
    ]  # fmt: skip
    assert len(rows) == 3


def adds_up(sara, now):
    """What is told is what stands in the accounts: paid out, or owed."""
    shown = earnings.dashboard(sara, now=now)
    owed = ledger.balance(f"payable/user:{sara.pk}").credit_minor
    assert shown.pending_minor == owed
    assert shown.total_minor == shown.paid_minor + owed
    return shown


def test_incentives_and_withholding_are_told_apart(khidma):
    TaxRule.objects.create(region="SA", base="earnings", rate_pct=5, valid_from=b.EVENING)
    lina, sara = b.client(), b.tasker(approved_days_ago=1)
    row_before = worked(lina, sara, 3)
    waiting = earnings.earnings_of(sara, now=b.at(3, "17:00"))[0]
    assert (waiting.settled, waiting.withheld_minor, waiting.net_minor) == (False, 400, 7600)
    engine.apply(row_before, "confirm", actor=b.client_of(lina), now=b.at(3, "18:00"))
    run_until(b.at(3, "19:00"), start=b.at(3, "17:00"))
    row = earnings.earnings_of(sara, now=b.at(3, "19:00"))[0]
    assert (row.settled, row.withheld_minor, row.incentives_minor, row.net_minor) == (True, 400, 800, 8400)
    assert adds_up(sara, b.at(3, "19:00")).total_minor == 8400


def test_a_refund_goes_off(khidma):
    lina, sara, agent = b.client(), b.tasker(), b.person("Noor", "support_agent")
    job = worked(lina, sara, 3)
    t = b.at(3, "18:00")
    claim = {"kind": "hours", "minutes": 120, "text": "Two hours only"}
    engine.apply(job, "dispute", actor=b.client_of(lina), now=t, data=claim)
    run_until(t, start=b.at(3, "17:00"))
    assert not earnings.earnings_of(sara, now=t)[0].settled
    case = Case.objects.get(job_id=job.pk)
    cases.take(case, actor=b.staff_of(agent, "support_agent"), now=t)
    cases.decide(case, refund_minor=1800, reason="The timer", actor=b.staff_of(agent, "support_agent"), now=t)
    run_until(b.at(3, "19:00"), start=t)
    row = earnings.earnings_of(sara, now=b.at(3, "19:00"))[0]
    assert (row.labour_minor, row.travel_minor, row.refunded_minor, row.net_minor) == (7500, 500, 1500, 6500)
    assert adds_up(sara, b.at(3, "19:00")).total_minor == 6500


def test_a_cancellation_fee_is_earned_too(khidma):
    lina, sara = b.client(), b.tasker()
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    run_until(b.EVENING, start=b.EVENING)
    engine.apply(job, "cancel", actor=b.client_of(lina), now=b.at(2, "11:30"))
    run_until(b.at(2, "12:00"), start=b.EVENING)
    row = earnings.earnings_of(sara, now=b.at(2, "12:00"))[0]
    assert (row.labour_minor, row.fee_minor, row.net_minor) == (0, 3000, 3000)
    adds_up(sara, b.at(2, "12:00"))


def test_cash_is_paid_in_the_hand(khidma):
    lina, sara = b.client(), b.tasker()
    cash = payments.add_method(lina.pk, kind="cash", now=b.EVENING)
    job = worked(lina, sara, 3, method_id=cash.pk, method_kind="cash")
    engine.apply(job, "confirm", actor=b.client_of(lina), now=b.at(3, "17:00"))
    run_until(b.at(3, "18:00"), start=b.at(3, "16:30"))
    shown = earnings.dashboard(sara, now=b.at(3, "18:00"))
    assert (shown.total_minor, shown.paid_minor, shown.pending_minor) == (8000, 8000, 0)


def test_many_tasks_cost_few_queries(khidma, django_assert_max_num_queries):
    lina, sara = b.client(), b.tasker()
    for day in (3, 4, 5):
        worked(lina, sara, day)
    with django_assert_max_num_queries(2):
        assert len(earnings.earnings_of(sara, now=b.at(6, "09:00"))) == 3
    with django_assert_max_num_queries(5):
        earnings.dashboard(sara, now=b.at(6, "09:00"))
