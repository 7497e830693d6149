"""Khidma's own pages in the console."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from mahalla.console import access
from mahalla.console.pages import Page
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import queries as trust
from mahalla.markets.khidma import board
from mahalla.markets.khidma.console import approvals, figures, gps, live, purse, tasks


def waiting_tasks(user: User, now: datetime) -> int:
    return board.unaccepted_ids(now=now).count()


def mismatches(user: User, now: datetime) -> int:
    return trust.alerts(rule=gps.RULE).count()


def pages() -> tuple[Page, ...]:
    ops, ts = access.OPERATIONS, access.TRUST
    return (
        Page("board", "board/", live.board_page, ops, _("Live board"), "bolt", 1),
        Page("board-rows", "board/rows/", live.rows, ops),
        Page("unaccepted", "unaccepted/", live.queue, ops, _("Not accepted"), "hourglass_bottom", 2, waiting_tasks),
        Page("unaccepted-rows", "unaccepted/rows/", live.queue_rows, ops),
        Page("task", "tasks/<int:pk>/", tasks.task, ops),
        Page("task-head", "tasks/<int:pk>/head/", tasks.head, ops),
        Page("task-assign", "tasks/<int:pk>/assign/", tasks.assign, ops),
        Page("task-cancel", "tasks/<int:pk>/cancel/", tasks.cancel, ops),
        Page("offer-act", "offers/<int:pk>/<slug:event>/", tasks.offer_act, ops),
        Page("purse", "money-alerts/", purse.purse, ops, _("Money alerts"), "account_balance_wallet", 3, purse.fresh),
        Page("purse-pay", "money-alerts/<int:pk>/paid/", purse.pay, ops),
        Page("gps", "gps/", gps.mismatches, ts, _("GPS mismatches"), "location_off", 32, mismatches),
        Page("approvals", "approvals/", approvals.queue, access.VERIFICATION, _("Tasker approvals"), "how_to_reg", 41,
             approvals.waiting),
        Page("approval-act", "approvals/<int:pk>/<slug:event>/", approvals.act, access.VERIFICATION),
        Page("figures", "figures/", figures.figures, access.ANALYTICS, _("Marketplace figures"), "monitoring", 60),
    )  # fmt: skip
