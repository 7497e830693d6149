"""What the rules propose in a dispute (KH-CASE-06)."""

from __future__ import annotations

import pytest

from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")


def proposal(job: Job, **data) -> dict:
    b.step(job, "dispute", b.client_of(job.client), NOW, text="look", **data)
    return Case.objects.get(job_id=job.pk).proposal


@pytest.mark.spec("KH-CASE-06")
def test_no_arrival_proposes_a_full_refund(khidma) -> None:
    """The Tasker started the timer elsewhere: no arrival event for a "no-show" dispute."""
    job = b.completed(b.client(), b.tasker())
    Job.objects.filter(pk=job.pk).update(arrived_at=None)
    found = proposal(b.fresh(job), kind="no_show", amount_minor=9600)
    assert (found["outcome"], found["refund_minor"]) == ("full", 9600)


def test_hours_are_judged_by_the_timer(khidma) -> None:
    """Two hours on the timer, two and a half claimed by nobody: nothing above the timer goes back."""
    job = b.completed(b.client(), b.tasker())
    found = proposal(job, kind="hours", minutes=120)
    assert (found["outcome"], found["refund_minor"]) == ("none", 0)
    assert "150" in found["why"]


def test_an_arrival_far_away_is_named(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    found = proposal(job, kind="no_show", amount_minor=9600)
    assert (found["outcome"], found["refund_minor"]) == ("none", 0)
    run_until(NOW, start=NOW)
