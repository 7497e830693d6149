"""Guards against surprises: a search begun beside a booking, a price that changed under the client's finger."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow.context import Ctx
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import billing
from mahalla.markets.khidma.effects.demand import expires_at
from mahalla.markets.khidma.guards import own_request


def may_rematch(c: Ctx) -> None:
    """The client's own wish (row 38): nobody is booked any more, nothing unsafe waits for its review, time is left."""
    if c.actor.role == "system":
        return
    own_request(c)
    last = c.subject.live_job()
    if last is not None and last.state not in {"cancelled_tasker", "lapsed"}:
        raise Refused("still_booked", _("This task is booked. Cancel it first."), state=c.subject.status)
    if last is not None and last.ended_reason == "unsafe" and not last.data.get("incident_reviewed"):
        raise Refused("under_review", _("Our team looks into what happened first."))
    if expires_at(c.subject, now=c.now) <= c.now:
        raise Refused("window_over", _("The time of this task is over. Duplicate it instead."))


def fee_as_shown(c: Ctx) -> None:
    """Nobody pays more for cancelling than the page said (KH-FLOW-13): the tier may have changed since."""
    seen = c.data.get("fee_seen_minor")
    if seen is not None and billing.cancellation_fee_minor(c.subject, now=c.now, policy=c.policy) > int(seen):
        raise Refused("fee_changed", _("Cancelling costs more by now. Look at the price again, then decide."))
