"""Jobs that come round: on time, once, and again when they failed or their worker died."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.flow import recurring
from mahalla.kernel.flow.models import RecurringRun
from mahalla.kernel.flow.recurring import Recurring, run_recurring
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def ran(khidma, monkeypatch) -> list[str]:
    done: list[str] = []

    def fails(now) -> None:
        done.append("fails")
        raise RuntimeError("no")

    jobs = (
        Recurring("hourly", lambda now: done.append("hourly"), every=timedelta(hours=1)),
        Recurring("morning", lambda now: done.append("morning"), at="06:00"),
        Recurring("fails", fails, every=timedelta(hours=1)),
    )
    monkeypatch.setattr(recurring, "schedule", lambda: jobs)
    return done


def test_each_job_runs_at_its_time_and_not_before(ran: list[str]) -> None:
    run_recurring(b.EVENING)
    assert ran == []
    run_recurring(b.EVENING + timedelta(minutes=59))
    assert ran == []
    run_recurring(b.EVENING + timedelta(hours=1))
    run_recurring(b.EVENING + timedelta(hours=1))
    assert sorted(ran) == ["fails", "hourly"]
    run_recurring(b.at(2, "05:59"))
    assert "morning" not in ran
    run_recurring(b.at(2, "06:00"))
    assert ran.count("morning") == 1


@pytest.mark.spec("KH-OPS-02")
def test_the_list_shows_last_run_result_and_next_run(ran: list[str]) -> None:
    run_recurring(b.EVENING)
    now = b.EVENING + timedelta(hours=1)
    run_recurring(now)
    rows = {row.name: row for row in RecurringRun.objects.all()}
    assert (rows["hourly"].last_at, rows["hourly"].next_at, rows["hourly"].last_error) == (
        now,
        now + timedelta(hours=1),
        "",
    )
    assert rows["fails"].last_error == "RuntimeError: no"
    assert rows["morning"].next_at == b.at(2, "06:00")


def test_a_worker_that_dies_in_the_middle_has_not_run_it(ran: list[str], monkeypatch) -> None:
    class Killed(BaseException):
        pass

    def dies(now) -> None:
        raise Killed

    run_recurring(b.EVENING)
    now = b.EVENING + timedelta(hours=1)
    jobs = (Recurring("hourly", dies, every=timedelta(hours=1)),)
    with monkeypatch.context() as patch:
        patch.setattr(recurring, "schedule", lambda: jobs)
        with pytest.raises(Killed):
            run_recurring(now)
    assert RecurringRun.objects.get(name="hourly").next_at == now
    run_recurring(now)
    assert "hourly" in ran
