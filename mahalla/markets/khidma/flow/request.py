"""The task until somebody agrees to do it (rows 1–16, 38 and the offer's answers of 10–13)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.flow import NEW, STAY, Deadline, Flow, Phase, State, Transition
from mahalla.markets.khidma import fairness
from mahalla.markets.khidma import guards as g
from mahalla.markets.khidma.effects import demand as e

OPEN = ("matching", "offered")
BEFORE_ACCEPTANCE = ("draft", "posted", "matching", "offered")


def choice_window(c: Ctx) -> datetime | None:
    """15 minutes to choose (KH-FLOW-05); none once operations have been asked because nobody was left."""
    if c.subject.data.get("needs_ops") and not c.subject.data.get("ranking_fallback"):
        return None
    return c.now + timedelta(minutes=c.policy("choice_window_min"))


def unaccepted_alert(c: Ctx) -> datetime:
    """15 minutes after posting the task enters the operators' queue (KH-ADMIN-02)."""
    return c.now + timedelta(minutes=c.policy("unaccepted_alert_min"))


def task_expiry(c: Ctx) -> datetime:
    """Window end − estimate − 60 min; flexible tasks 72 h after posting (KH-FLOW-11)."""
    return e.expires_at(c.subject, now=c.now)


REQUEST = Flow(
    noun="request",
    title="Task",
    initial=("draft",),
    final=("expired", "cancelled_client", "booked"),
    states=(
        State(
            "draft",
            Phase.DRAFT,
            _("Draft"),
            waits="a draft harms nobody; the client posts, drops or forgets it",
        ),
        State("posted", Phase.OPEN, _("Posted")),
        State("matching", Phase.OPEN, _("Finding a Tasker")),
        State("offered", Phase.OPEN, _("Waiting for the Tasker's answer")),
        State("booked", Phase.AGREED, _("Booked"), waits="the job carries the clock"),
        State("expired", Phase.CLOSED, _("Expired"), waits="over; it can be duplicated"),
        State("cancelled_client", Phase.CLOSED, _("Cancelled"), waits="over; it can be duplicated"),
    ),
    transitions=(
        Transition(
            "create", (NEW,), "draft", ("client", "partner", "system"), (g.may_order,), silent="own act"
        ),
        Transition("save", ("draft",), STAY, ("client",), (g.own_request,), silent="own act"),
        Transition(
            "post",
            ("draft",),
            "posted",
            ("client", "partner", "system"),
            (g.own_request, g.may_order, g.complete_enough, g.window_ahead, g.no_unpaid_fee, g.not_too_often),
            (e.freeze_preview, e.start_matching),
            starts=("task_expiry", "unaccepted_alert"),
            notices=("new_task",),
            label=_("Post"),
            also=("request.start_matching",),
        ),
        Transition(
            "start_matching",
            ("posted",),
            "matching",
            ("system",),
            effects=(e.rank_candidates,),
            starts=("choice_window",),
            silent="the client sees the list",
        ),
        Transition(
            "edit",
            ("matching",),
            STAY,
            ("client",),
            (g.own_request, g.edit_fits),
            (e.apply_edit, e.look_anew, e.rank_candidates),
            starts=("choice_window", "task_expiry"),
            silent="own act",
            label=_("Change"),
        ),
        Transition(
            "edit",
            ("offered",),
            STAY,
            ("client",),
            (g.own_request, g.edit_fits),
            (e.apply_edit, e.reissue_offer),
            starts=("task_expiry",),
            silent="the offer's reissue tells the Tasker",
            label=_("Change"),
            also=("offer.reissue",),
        ),
        Transition(
            "edit", ("booked",), STAY, ("client",), (g.own_request, g.refuse_edit), silent="always refused"
        ),
        Transition(
            "select",
            ("matching",),
            "offered",
            ("client",),
            (g.own_request, g.chosen_fits),
            (e.make_offer, e.accept_if_instant),
            silent="the offer tells the Tasker",
            label=_("Choose"),
            also=("offer.make", "offer.accept"),
        ),
        Transition(
            "select",
            ("offered",),
            STAY,
            ("client",),
            (g.own_request, g.refuse_second_offer),
            silent="always refused",
        ),
        Transition(
            "auto_match",
            ("matching",),
            ("offered", "matching"),
            ("system", "client"),
            (g.own_request_or_system,),
            (e.offer_to_next_or_flag,),
            choose=e.auto_target,
            notices=("needs_ops",),
            label=_("Choose for me"),
            also=("offer.make",),
        ),
        Transition(
            "assign",
            ("matching",),
            "offered",
            ("ops_admin", "admin"),
            (g.reason_given, g.chosen_fits),
            (e.make_offer,),
            silent="the offer tells the Tasker",
            label=_("Assign a Tasker"),
            also=("offer.make",),
        ),
        Transition(
            "offer_refused",
            ("offered",),
            "matching",
            ("tasker", "system"),
            effects=(e.exclude_worker, e.rank_candidates, e.go_on_automatically),
            starts=("choice_window",),
            notices=("offer_refused",),
        ),
        Transition(
            "offer_taken_back",
            ("offered",),
            "matching",
            ("client", "partner", "system", "ops_admin", "admin"),
            effects=(e.rank_candidates,),
            starts=("choice_window",),
            silent="the offer's withdrawal tells the Tasker",
        ),
        Transition(
            "agree",
            ("offered",),
            "booked",
            ("tasker", "system", "ops_admin", "admin"),
            silent="the job tells",
        ),
        Transition(
            "expire",
            ("posted", *OPEN),
            "expired",
            ("system",),
            effects=(e.withdraw_live_offer,),
            notices=("task_expired",),
            also=("offer.withdraw",),
        ),
        Transition(
            "cancel",
            BEFORE_ACCEPTANCE,
            "cancelled_client",
            ("client", "partner", "ops_admin", "admin"),
            (g.own_request, g.reason_given_by_staff),
            (e.withdraw_live_offer,),
            notices=("task_cancelled_by_ops",),
            label=_("Cancel"),
            also=("offer.withdraw",),
        ),
        Transition(
            "flag_unaccepted",
            ("posted", *OPEN),
            STAY,
            ("system",),
            effects=(e.flag_unaccepted,),
            silent="the operators' queue shows it",
        ),
        Transition(
            "rematch",
            ("booked",),
            "matching",
            ("system", "client", "ops_admin", "admin"),
            (fairness.may_rematch,),
            (e.look_anew, e.exclude_worker, e.rank_candidates),
            starts=("task_expiry", "choice_window", "unaccepted_alert"),
            silent="the job's ending tells the client",
        ),
        Transition("expire", ("booked",), "expired", ("system",), notices=("task_expired",)),
    ),
    deadlines=(
        Deadline(
            "choice_window",
            "auto_match",
            ("matching",),
            choice_window,
            about="15 min, then automatic matching",
        ),
        Deadline(
            "unaccepted_alert",
            "flag_unaccepted",
            ("posted", *OPEN),
            unaccepted_alert,
            about="15 min after posting",
        ),
        Deadline(
            "task_expiry",
            "expire",
            ("posted", *OPEN),
            task_expiry,
            about="window end − estimate − 60 min, or 72 h",
        ),
    ),
)
