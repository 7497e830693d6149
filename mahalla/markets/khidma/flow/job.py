"""The agreed work, from acceptance to the last word about it (rows 10 and 17–41)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.flow import NEW, STAY, Deadline, Flow, Phase, Reminder, State, Transition
from mahalla.markets.khidma import guards as g
from mahalla.markets.khidma.effects import ending as x
from mahalla.markets.khidma.effects import payment as p
from mahalla.markets.khidma.effects import work as w

OPS = ("ops_admin", "admin")
BEFORE_WORK = ("accepted", "confirmed")


def payment_deadline(c: Ctx) -> datetime:
    """30 minutes to find a method that works (KH-FLOW-09)."""
    return c.now + timedelta(minutes=c.policy("payment_deadline_min"))


def no_show(c: Ctx) -> datetime:
    """30 minutes after the start without an arrival (KH-FLOW-23)."""
    return c.subject.start_at + timedelta(minutes=c.policy("tasker_no_show_min"))


def payment_last_call(c: Ctx) -> datetime:
    """24 h before the start a later authorisation must have worked (row 41)."""
    return max(c.now, c.subject.start_at - timedelta(hours=24))


def stuck(c: Ctx) -> datetime:
    """Work that nobody ended: a day after its planned end operations look at it."""
    return c.subject.end_at + timedelta(hours=24)


def review_window(c: Ctx) -> datetime:
    """24 h for the client to confirm or dispute (KH-FLOW-22)."""
    return c.now + timedelta(hours=c.policy("review_window_hours"))


def review_close(c: Ctx) -> datetime:
    """14 days to review, then the file is closed (KH-FLOW-27)."""
    return c.now + timedelta(days=c.policy("review_days"))


def hours_before(hours: int) -> Reminder:
    """A reminder so many hours before the start (the no-show deadline is 30 minutes after it)."""

    def at(c: Ctx, due: datetime) -> datetime:
        return c.subject.start_at - timedelta(hours=hours)

    return Reminder(f"start_in_{hours}h", at, ("start_soon",))


def ask_for_review(c: Ctx, due: datetime) -> datetime:
    return due - timedelta(days=c.policy("review_days") - 2)


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
    transitions=(
        Transition(
            "agree",
            (NEW,),
            "accepted",
            ("tasker", "system", *OPS),
            effects=(w.freeze_terms, p.secure_payment),
            starts=("payment_deadline",),
            notices=("task_accepted",),
        ),
        Transition(
            "confirm_payment",
            ("accepted",),
            "confirmed",
            ("system",),
            effects=(w.open_chat,),
            starts=("no_show",),
            notices=("task_confirmed",),
        ),
        Transition("payment_failed", ("accepted",), STAY, ("system",), notices=("payment_failed",)),
        Transition(
            "payment_failed",
            ("confirmed",),
            STAY,
            ("system",),
            starts=("payment_last_call",),
            notices=("payment_failed",),
        ),
        Transition(
            "payment_renewed",
            ("confirmed",),
            STAY,
            ("system",),
            clears=("payment_last_call",),
            silent="all is well",
        ),
        Transition(
            "change_method",
            ("accepted", "confirmed"),
            STAY,
            ("client",),
            (g.own_job, g.method_works),
            (p.change_method,),
            silent="own act",
            label=_("Pay another way"),
        ),
        Transition(
            "lapse",
            ("accepted",),
            "lapsed",
            ("system",),
            effects=(p.release_hold, w.free_calendar, x.match_again_or_expire),
            notices=("payment_lapsed",),
            also=("request.rematch", "request.expire"),
        ),
        Transition(
            "lapse",
            ("confirmed",),
            "cancelled_client",
            ("system",),
            effects=(x.because_payment_failed, p.release_hold, w.free_calendar),
            notices=("payment_lapsed",),
        ),
        Transition(
            "cancel",
            BEFORE_WORK,
            "cancelled_client",
            ("client", "partner", *OPS),
            (g.own_job, g.reason_given_by_staff),
            (x.charge_cancellation, w.free_calendar, w.close_chat),
            notices=("task_cancelled_by_client",),
            label=_("Cancel"),
            frees=True,
        ),
        Transition(
            "tasker_cancel",
            BEFORE_WORK,
            "cancelled_tasker",
            ("tasker",),
            (g.own_work, g.tasker_reason),
            (p.release_hold, w.free_calendar, x.strike_or_incident, w.close_chat, x.match_again),
            notices=("task_cancelled_by_tasker",),
            label=_("Cancel"),
            also=("request.rematch",),
            frees=True,
        ),
        Transition(
            "account_action",
            BEFORE_WORK,
            "cancelled_tasker",
            ("system",),
            effects=(x.because_account, p.release_hold, w.free_calendar, w.close_chat, x.match_again),
            notices=("task_cancelled_by_tasker",),
            also=("request.rematch",),
            frees=True,
        ),
        Transition(
            "set_off",
            ("confirmed",),
            STAY,
            ("tasker",),
            (g.own_work, g.on_site, g.not_set_off, g.soon_enough),
            (w.set_off,),
            notices=("on_the_way",),
            label=_("I'm on my way"),
        ),
        Transition(
            "arrive",
            ("confirmed",),
            STAY,
            ("tasker",),
            (g.own_work, g.on_site, g.not_arrived),
            (w.arrive,),
            clears=("no_show",),
            notices=("arrived",),
            starts=("stuck",),
            label=_("I have arrived"),
        ),
        Transition(
            "start_timer",
            ("confirmed",),
            "in_progress",
            ("tasker",),
            (g.own_work, g.arrived_or_remote),
            (w.start_timer,),
            starts=("stuck",),
            notices=("work_started",),
            label=_("Start the timer"),
        ),
        Transition(
            "report_no_show",
            ("confirmed",),
            "cancelled_tasker",
            ("client", "system"),
            (g.own_job_or_system, g.late_by_no_show),
            (x.because_no_show, p.release_hold, w.free_calendar, x.strike, w.close_chat, x.match_again),
            notices=("tasker_no_show",),
            label=_("The Tasker did not come"),
            also=("request.rematch",),
            frees=True,
        ),
        Transition(
            "log_contact",
            ("confirmed",),
            STAY,
            ("tasker",),
            (g.own_work, g.arrived),
            (w.log_contact,),
            notices=("tasker_waits",),
            label=_("I tried to reach the client"),
        ),
        Transition(
            "client_absent",
            ("confirmed",),
            "cancelled_client",
            ("tasker",),
            (g.own_work, g.waited_long_enough),
            (x.charge_client_absent, w.free_calendar, w.close_chat),
            notices=("client_no_show",),
            label=_("The client is not there"),
            frees=True,
        ),
        Transition(
            "pause",
            ("in_progress",),
            STAY,
            ("tasker",),
            (g.own_work, g.timer_runs),
            (w.stop_timer,),
            silent="the page shows it",
            label=_("Pause"),
        ),
        Transition(
            "resume",
            ("in_progress",),
            STAY,
            ("tasker",),
            (g.own_work, g.timer_stands),
            (w.start_timer,),
            silent="the page shows it",
            label=_("Resume"),
        ),
        Transition(
            "ask_extra",
            ("in_progress",),
            STAY,
            ("tasker",),
            (g.own_work, g.extra_minutes),
            (w.ask_extra,),
            notices=("extra_asked",),
            label=_("Ask for more time"),
        ),
        Transition(
            "approve_extra",
            ("in_progress",),
            STAY,
            ("client",),
            (g.own_job, g.extra_was_asked),
            (w.approve_extra, p.raise_hold),
            notices=("extra_approved",),
            label=_("Approve the extra time"),
        ),
        Transition(
            "ask_stop",
            ("in_progress",),
            STAY,
            ("client",),
            (g.own_job,),
            notices=("stop_asked",),
            label=_("Ask to stop early"),
        ),
        Transition(
            "add_photo",
            ("in_progress", "confirmed", "completed"),
            STAY,
            ("tasker",),
            (g.own_work, g.photo_given),
            (w.add_photo,),
            silent="the page shows it",
            label=_("Add a photo"),
        ),
        Transition(
            "submit",
            ("in_progress",),
            "completed",
            ("tasker",),
            (g.own_work, g.photos_if_risky, g.hours_fit),
            (w.stop_timer_if_running, w.bill, w.count_completed, w.invite_review, p.settle_cash),
            starts=("review_window", "review_close"),
            notices=("hours_submitted",),
            label=_("Submit the hours"),
        ),
        Transition(
            "mark_stuck",
            ("confirmed", "in_progress"),
            STAY,
            ("system",),
            effects=(w.flag_stuck,),
            notices=("work_stuck",),
        ),
        Transition(
            "stop_unsafe",
            ("in_progress",),
            "cancelled_tasker",
            ("tasker",),
            (g.own_work,),
            (
                x.because_unsafe,
                w.stop_timer_if_running,
                w.bill,
                x.capture_and_keep,
                x.open_incident,
                w.free_calendar,
                w.close_chat,
            ),
            notices=("stopped_unsafe",),
            label=_("Stop: it is not safe"),
        ),
        Transition(
            "confirm",
            ("completed",),
            STAY,
            ("client", "system"),
            (g.own_job_or_system, g.not_confirmed),
            (x.mark_confirmed, p.capture_final),
            clears=("review_window",),
            notices=("work_confirmed",),
            label=_("Confirm the work"),
            frees=True,
        ),
        Transition(
            "review",
            ("completed",),
            "reviewed",
            ("client",),
            (g.own_job, g.review_in_time, g.review_fits),
            (x.confirm_if_open, x.leave_review),
            notices=("review_received",),
            label=_("Review"),
        ),
        Transition(
            "review",
            ("refunded",),
            STAY,
            ("client",),
            (g.own_job, g.review_in_time, g.review_fits),
            (x.leave_review,),
            notices=("review_received",),
            label=_("Review"),
        ),
        Transition(
            "close",
            ("completed", "refunded", "reviewed", "disputed"),
            STAY,
            ("system",),
            effects=(x.close_file,),
            silent="nothing changes for anybody",
        ),
        Transition(
            "dispute",
            ("completed", "reviewed", "cancelled_client", "cancelled_tasker"),
            "disputed",
            ("client",),
            (g.own_job, g.dispute_in_time, g.dispute_fits),
            (x.open_dispute, p.capture_for_dispute),
            notices=("dispute_opened",),
            label=_("Dispute the charge"),
            also=("case.open",),
        ),
        Transition(
            "decide",
            ("disputed",),
            ("refunded", "completed", "reviewed", "cancelled_client", "cancelled_tasker"),
            ("system",),
            effects=(x.settle_dispute,),
            choose=x.after_decision,
            notices=("dispute_decided",),
            frees=True,
        ),
        Transition(
            "tip",
            ("completed", "reviewed", "refunded"),
            STAY,
            ("client",),
            (g.own_job, g.tip_fits),
            (p.charge_tip,),
            notices=("tip_received",),
            label=_("Tip"),
        ),
    ),
    deadlines=(
        Deadline(
            "payment_deadline", "lapse", ("accepted",), payment_deadline, about="30 min to secure the payment"
        ),
        Deadline(
            "payment_last_call", "lapse", ("confirmed",), payment_last_call, about="24 h before the start"
        ),
        Deadline(
            "no_show",
            "report_no_show",
            ("confirmed",),
            no_show,
            reminders=(hours_before(24), hours_before(2)),
            about="30 min after the start without an arrival",
        ),
        Deadline(
            "stuck", "mark_stuck", ("confirmed", "in_progress"), stuck, about="operations look after a day"
        ),
        Deadline(
            "review_window", "confirm", ("completed",), review_window, about="24 h to confirm or dispute"
        ),
        Deadline(
            "review_close",
            "close",
            ("completed", "refunded", "reviewed", "disputed"),
            review_close,
            reminders=(Reminder("ask_for_review", ask_for_review, ("review_asked",)),),
            about="14 days to review",
        ),
    ),
)
