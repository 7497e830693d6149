"""One Tasker's chance at a task (rows 6–14 and 39)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.flow import NEW, STAY, Deadline, Flow, Phase, State, Transition
from mahalla.markets.khidma import guards as g
from mahalla.markets.khidma.effects import answer as e


def offer_ttl(c: Ctx) -> datetime:
    """30 minutes to answer when the start is less than 24 h away, else 240 (KH-FLOW-07)."""
    soon = c.subject.request.window_start - c.now < timedelta(hours=24)
    return c.now + timedelta(minutes=c.policy("offer_ttl_short_min" if soon else "offer_ttl_long_min"))


OFFER = Flow(
    noun="offer",
    title="Offer",
    initial=("pending",),
    final=("accepted", "declined", "expired", "withdrawn"),
    states=(
        State("pending", Phase.OPEN, _("Waiting for an answer")),
        State("accepted", Phase.AGREED, _("Accepted"), waits="answered; the job goes on"),
        State("declined", Phase.CLOSED, _("Declined"), waits="answered"),
        State("expired", Phase.CLOSED, _("Expired"), waits="not answered in time"),
        State("withdrawn", Phase.CLOSED, _("Withdrawn"), waits="taken back"),
    ),
    transitions=(
        Transition(
            "make",
            (NEW,),
            "pending",
            ("client", "partner", "system", "ops_admin", "admin"),
            effects=(e.open_questions,),
            starts=("offer_ttl",),
            notices=("offer_received",),
        ),
        Transition(
            "reissue",
            ("pending",),
            STAY,
            ("client", "ops_admin", "admin"),
            starts=("offer_ttl",),
            notices=("offer_changed",),
        ),
        Transition(
            "accept",
            ("pending",),
            "accepted",
            ("tasker", "system", "ops_admin", "admin"),
            (g.answers_own_offer, g.current_version, g.in_time, g.worker_may_work, g.start_fits),
            (e.occupy_calendar, e.count_accepted, e.open_job),
            silent="the job tells the client",
            label=_("Accept"),
            also=("request.agree", "job.agree"),
        ),
        Transition(
            "decline",
            ("pending",),
            "declined",
            ("tasker",),
            (g.answers_own_offer, g.in_time),
            (e.close_questions, e.count_declined, e.return_to_matching),
            silent="the request's return to matching tells the client",
            label=_("Decline"),
            also=("request.offer_refused",),
        ),
        Transition(
            "expire",
            ("pending",),
            "expired",
            ("system",),
            effects=(e.close_questions, e.count_expired, e.return_to_matching),
            notices=("offer_missed",),
            also=("request.offer_refused",),
        ),
        Transition(
            "withdraw",
            ("pending",),
            "withdrawn",
            ("client", "partner", "system", "ops_admin", "admin"),
            (g.own_offer_of_client,),
            (
                e.close_questions,
                e.free_request,
            ),
            notices=("offer_withdrawn",),
            label=_("Take the offer back"),
            also=("request.offer_taken_back",),
        ),
    ),
    deadlines=(
        Deadline("offer_ttl", "expire", ("pending",), offer_ttl, about="30 or 240 minutes to answer"),
    ),
)
