"""The agreed work, from acceptance to the last word about it (rows 10 and 17–41)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mahalla.kit.flow import Flow, Phase, State
from mahalla.markets.khidma.flow import job_before, job_clock, job_work

JOB = Flow(
    noun="job",
    title="Job",
    initial=("accepted",),
    final=("reviewed", "refunded", "cancelled_client", "cancelled_tasker", "lapsed"),
    states=(
        State("accepted", Phase.AGREED, _("Accepted")),
        State("confirmed", Phase.AGREED, _("Confirmed"), money_held=True),
        State(
            "in_progress",
            Phase.UNDER_WAY,
            _("In progress"),
            money_held=True,
            waits="somebody works; a day after the planned end operations are told and end it with both",
        ),
        State("completed", Phase.DONE, _("Completed"), money_held=True),
        State(
            "reviewed", Phase.SETTLED, _("Reviewed"), waits="done; tips and disputes have their own limits"
        ),
        State(
            "disputed",
            Phase.DONE,
            _("Disputed"),
            money_held=True,
            waits="the case carries the clock: an overdue one escalates, a person decides",
        ),
        State("refunded", Phase.SETTLED, _("Refunded"), waits="decided"),
        State("cancelled_client", Phase.CLOSED, _("Cancelled by the client"), waits="over"),
        State(
            "cancelled_tasker",
            Phase.CLOSED,
            _("Cancelled by the Tasker"),
            waits="over; the task may be rematched",
        ),
        State(
            "lapsed",
            Phase.CLOSED,
            _("Payment not secured"),
            waits="over; the task is matched again or expires",
        ),
    ),
    transitions=(*job_before.ROWS, *job_work.ROWS),
    deadlines=job_clock.DEADLINES,
)
