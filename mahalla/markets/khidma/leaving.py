"""Why somebody cannot leave yet (KH-ID-07): open tasks, disputes, money owed."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases.models import Case
from mahalla.kernel.identity.models import User
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import Payout
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import debts

UNPAID = ("accepted", "confirmed", "in_progress", "disputed")


def why_not(user: User, now: datetime) -> Refused | None:
    """The first thing that stands in the way, with what to do about it."""
    live = Job.objects.filter(Q(client=user) | Q(worker=user))
    open_work = live.filter(Q(state__in=UNPAID) | Q(state="completed", confirmed_at=None)).exists()
    offered = Request.objects.filter(client=user, state="offered").exists()
    pending = Offer.objects.filter(worker=user, state="pending").exists()
    if open_work or offered or pending:
        return Refused("open_tasks", _("Please finish or cancel your task first."))
    open_cases = Case.objects.filter(Q(opened_by=user) | Q(against=user)).exclude(
        phase__in=("settled", "closed")
    )
    if open_cases.exists():
        return Refused("open_case", _("A case of yours is still open. Please wait for its decision."))
    if debts.debt_minor(user.pk) or payments.cash_debt_minor(user.pk):
        return Refused("money_owed", _("Please settle what you owe first."))
    if Payout.objects.filter(worker=user, state__in=("pending", "held", "processing")).exists():
        return Refused("payout_open", _("A payout to you is still on its way. Please wait for it."))
    return None
