"""From acceptance to the door: payment, cancellations, the way (rows 10, 17–26, 39, 41)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mahalla.kit.flow import NEW, STAY, Transition
from mahalla.markets.khidma import fairness, presence
from mahalla.markets.khidma import guards as g
from mahalla.markets.khidma.effects import ending as x
from mahalla.markets.khidma.effects import payment as p
from mahalla.markets.khidma.effects import work as w

OPS = ("ops_admin", "admin")
BEFORE_WORK = ("accepted", "confirmed")

ROWS: tuple[Transition, ...] = (
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
        (g.own_job, g.reason_given_by_staff, fairness.fee_as_shown),
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
        (g.own_work, g.on_site, g.not_arrived, g.soon_enough, presence.measure),
        (w.arrive,),
        clears=("no_show",),
        notices=("arrived",),
        starts=("stuck",),
        label=_("I have arrived"),
    ),
)
