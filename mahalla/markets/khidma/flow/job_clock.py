"""When a job moves by itself (the deadlines of rows 17–41)."""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.flow import Deadline, Reminder
from mahalla.markets.khidma import money


def payment_deadline(c: Ctx) -> datetime:
    """30 minutes to find a method that works (KH-FLOW-09)."""
    return c.now + timedelta(minutes=c.policy("payment_deadline_min"))


def no_show(c: Ctx) -> datetime:
    """30 minutes after the start without an arrival (KH-FLOW-23)."""
    start: datetime = c.subject.start_at
    return start + timedelta(minutes=c.policy("tasker_no_show_min"))


def payment_last_call(c: Ctx) -> datetime | None:
    """24 h before the start a later authorisation must have worked (row 41).

    Later than that the client still has the half hour that every failed payment gives. None where the money is held
    all the same: another card was tried and refused, and the first one's hold stands.
    """
    if money.secured_minor(c.subject):
        return None
    start: datetime = c.subject.start_at
    grace = timedelta(minutes=c.policy("payment_deadline_min"))
    return max(c.now + grace, start - timedelta(hours=24))


def stuck(c: Ctx) -> datetime:
    """Work that nobody ended: a day after its planned end operations look at it."""
    end: datetime = c.subject.end_at
    return end + timedelta(hours=24)


def review_window(c: Ctx) -> datetime:
    """24 h for the client to confirm or dispute (KH-FLOW-22)."""
    return c.now + timedelta(hours=c.policy("review_window_hours"))


def review_close(c: Ctx) -> datetime:
    """14 days to review, then the file is closed (KH-FLOW-27)."""
    return c.now + timedelta(days=c.policy("review_days"))


def hours_before(hours: int) -> Reminder:
    """A reminder so many hours before the start (the no-show deadline is 30 minutes after it)."""

    def at(c: Ctx, due: datetime) -> datetime:
        start: datetime = c.subject.start_at
        return start - timedelta(hours=hours)

    return Reminder(f"start_in_{hours}h", at, ("start_soon",))


def ask_for_review(c: Ctx, due: datetime) -> datetime:
    return due - timedelta(days=c.policy("review_days") - 2)


DEADLINES: tuple[Deadline, ...] = (
    Deadline(
        "payment_deadline", "lapse", ("accepted",), payment_deadline, about="30 min to secure the payment"
    ),
    Deadline("payment_last_call", "lapse", ("confirmed",), payment_last_call, about="24 h before the start"),
    Deadline(
        "no_show",
        "report_no_show",
        ("confirmed",),
        no_show,
        reminders=(hours_before(24), hours_before(2)),
        about="30 min after the start without an arrival",
    ),
    Deadline("stuck", "mark_stuck", ("confirmed", "in_progress"), stuck, about="operations look after a day"),
    Deadline("review_window", "confirm", ("completed",), review_window, about="24 h to confirm or dispute"),
    Deadline(
        "review_close",
        "close",
        ("completed", "refunded", "reviewed", "disputed"),
        review_close,
        reminders=(Reminder("ask_for_review", ask_for_review, ("review_asked",)),),
        about="14 days to review",
    ),
)
