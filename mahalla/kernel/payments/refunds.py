"""Money back to the client's original method (KH-PAY-11, KH-PAY-12).

The money is set aside in the ledger when a refund is approved (pending), leaves when the provider confirms it
(posted), and is free again when that fails (voided).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import outbox
from mahalla.kernel.payments import postings
from mahalla.kernel.payments.holds import locked
from mahalla.kernel.payments.machine import begin, may, move
from mahalla.kernel.payments.models import Hold, Refund
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Refused

ARRIVES_AFTER = timedelta(days=5)


def request_refund(
    hold: Hold,
    *,
    amount_minor: int,
    key: str,
    now: datetime,
    actor: Actor = SYSTEM,
    reason: str = "",
    source: str = "",
) -> Refund:
    """Ask for ``amount_minor`` of a captured hold back; somebody must approve it. The same ``key`` is the same refund.

    ``source`` is the ledger account that pays it (default: where the capture went). Raises ``Refused``
    (``refund_exceeds_capture``) when all refunds together would exceed what was captured.
    """
    with transaction.atomic():
        hold = locked(hold.pk)
        known = Refund.objects.filter(key=key).first()
        if known is not None:
            return known
        if not 0 < amount_minor <= refundable_minor(hold):
            raise Refused("refund_exceeds_capture", _("More cannot be refunded than was charged."))
        refund = Refund(
            hold=hold,
            key=key,
            amount_minor=amount_minor,
            source=source or hold.destination,
            reason=reason,
            requested_by_id=actor.user_id,
            requested_at=now,
        )
        return begin(refund, "requested", now=now, actor=actor)


def approve_refund(refund: Refund, *, now: datetime, actor: Actor = SYSTEM) -> Refund:
    """Set the money aside and send it. Raises ``Refused`` when the refund is past that, or its account is empty."""
    with transaction.atomic():
        locked(refund.hold_id)
        refund = Refund.objects.select_for_update(no_key=True, of=("self",)).get(pk=refund.pk)
        if not may(refund, "approve"):
            raise Refused("refund_state", _("This refund has been decided already."), state=refund.state)
        postings.set_refund_aside(refund, now=now)
        move(
            refund,
            "approve",
            now=now,
            actor=actor,
            approved_by_id=actor.user_id,
            approved_at=now,
            expected_at=now + ARRIVES_AFTER,
        )
        key = refund.call_key
        outbox.enqueue("payments.refund", key=f"payments:{key}", payload={"refund": refund.pk}, now=now)
        return refund


def reject_refund(refund: Refund, *, now: datetime, actor: Actor, reason: str) -> Refund:
    """Decline a refund that was asked for."""
    with transaction.atomic():
        locked(refund.hold_id)
        refund = Refund.objects.select_for_update(no_key=True, of=("self",)).get(pk=refund.pk)
        if not move(
            refund, "reject", now=now, actor=actor, failure_code="rejected", reason=reason, closed_at=now
        ):
            raise Refused("refund_state", _("This refund has been decided already."), state=refund.state)
        return refund


def refund(
    hold: Hold,
    *,
    amount_minor: int,
    key: str,
    now: datetime,
    actor: Actor = SYSTEM,
    reason: str = "",
    source: str = "",
) -> Refund:
    """Request and approve in one step. Told later: ``refunded`` or ``refund_failed``."""
    with transaction.atomic():
        made = request_refund(
            hold, amount_minor=amount_minor, key=key, now=now, actor=actor, reason=reason, source=source
        )
        return approve_refund(made, now=now, actor=actor) if made.state == Refund.State.REQUESTED else made


def refundable_minor(hold: Hold) -> int:
    """What of the captured amount is neither refunded nor on its way back."""
    taken = hold.refunds.exclude(state=Refund.State.FAILED).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return hold.captured_minor - int(taken)
