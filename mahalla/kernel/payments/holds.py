"""Holding, taking and freeing a client's money: what is asked of the provider.

Each function writes our intention and promises the call in the outbox; nothing here talks to anybody. What comes of it
is written by the inbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.events import outbox
from mahalla.kernel.payments import accounts, methods
from mahalla.kernel.payments.machine import begin, may, move
from mahalla.kernel.payments.models import Hold
from mahalla.kit.errors import Refused


def authorise(
    reference: str,
    *,
    payer_id: int,
    method_id: int,
    amount_minor: int,
    currency: str,
    now: datetime,
    destination: str = "",
) -> Hold:
    """Ask the provider to hold ``amount_minor`` of the payer's money for ``reference`` (KH-PAY-04).

    One live hold a reference: one that was not granted yet gives way to this one (another method after a refusal);
    one that was granted raises ``Refused``: use ``change_method``. Told later: ``authorised``,
    ``authorisation_failed`` or ``action_required``.
    """
    with transaction.atomic():
        hold = _new(
            reference, payer_id, method_id, amount_minor, currency, destination, now, state="requested"
        )
        ask_authorisation(hold, now=now)
        return hold


def schedule_authorisation(
    reference: str,
    *,
    payer_id: int,
    method_id: int,
    amount_minor: int,
    currency: str,
    at: datetime,
    now: datetime,
    destination: str = "",
) -> Hold:
    """Have the method checked now (told: ``verified`` or ``authorisation_failed``) and the hold made at ``at``.

    For work too far ahead for a hold to last (KH-PAY-05).
    """
    with transaction.atomic():
        hold = _new(
            reference, payer_id, method_id, amount_minor, currency, destination, now, state="verifying", at=at
        )
        outbox.enqueue(
            "payments.verify_hold", key=f"payments:hold:{hold.pk}:verify", payload={"hold": hold.pk}, now=now
        )
        return hold


def charge_now(
    reference: str,
    *,
    key: str,
    payer_id: int,
    method_id: int,
    amount_minor: int,
    currency: str,
    destination: str,
    now: datetime,
) -> Hold:
    """Take an amount at once into ``destination`` (a tip, a plan). The same ``key`` is the same charge.

    Told later: ``charged``, ``charge_failed`` or ``action_required``.
    """
    with transaction.atomic():
        known = Hold.objects.filter(key=key).first()
        if known is not None:
            return known
        hold = _create(
            kind=Hold.Kind.CHARGE,
            key=key,
            reference=reference,
            payer_id=payer_id,
            method_id=method_id,
            amount_minor=amount_minor,
            currency=currency,
            destination=destination,
            state="requested",
            now=now,
        )
        ask_authorisation(hold, now=now)
        return hold


def raise_authorisation(hold: Hold, *, amount_minor: int, now: datetime) -> Hold:
    """Ask that ``amount_minor`` in all be held from now on. Told: ``raised`` or ``raise_failed`` (the old sum stands)."""
    with transaction.atomic():
        hold = locked(hold.pk)
        if hold.state != Hold.State.AUTHORISED:
            raise _wrong_state(hold)
        if amount_minor <= hold.amount_minor:
            return hold
        if hold.raising_minor is not None and hold.raising_minor != amount_minor:
            raise Refused("raise_pending", _("The payment is being changed already. Try again in a minute."))
        if hold.raising_minor == amount_minor:
            return hold
        hold.raising_minor, hold.raises = amount_minor, hold.raises + 1
        hold.save(update_fields=["raising_minor", "raises"])
        outbox.enqueue(
            "payments.raise",
            key=f"payments:{hold.call_key}:raise:{hold.raises}",
            payload={"hold": hold.pk, "raise": hold.raises, "amount_minor": amount_minor},
            now=now,
        )
        return hold


def capture(hold: Hold, *, amount_minor: int, now: datetime) -> Hold:
    """Take ``amount_minor`` of a granted hold and free the rest (KH-PAY-07). The same capture again is the same one.

    Raises ``Refused``: ``capture_exceeds_hold``, or ``hold_state`` when there is nothing to capture from.
    """
    with transaction.atomic():
        hold = locked(hold.pk)
        if hold.capture_minor == amount_minor and hold.state in {"capture_requested", "captured"}:
            return hold
        if not may(hold, "capture"):
            raise _wrong_state(hold)
        if not 0 < amount_minor <= hold.amount_minor:
            raise Refused("capture_exceeds_hold", _("More cannot be charged than was held."))
        drop_renewal(hold, now=now)
        move(hold, "capture", now=now, capture_minor=amount_minor)
        outbox.enqueue(
            "payments.capture", key=f"payments:{hold.call_key}:capture", payload={"hold": hold.pk}, now=now
        )
        return hold


def void(hold: Hold, *, now: datetime) -> Hold:
    """Free a hold that will not be captured. A hold that is closed stays as it is; one being captured is refused."""
    with transaction.atomic():
        hold = locked(hold.pk)
        if hold.state == Hold.State.CAPTURE_REQUESTED:
            raise Refused("hold_state", _("The payment is being charged and can only be refunded."))
        if move(hold, "drop", now=now, closed_at=now):
            outbox.cancel(f"payments:hold:{hold.pk}:ask")
        elif may(hold, "void"):
            drop_renewal(hold, now=now)
            move(hold, "void", now=now)
            free_at_provider(hold, subject=hold.call_key, ref=hold.provider_ref, now=now)
        return hold


def change_method(hold: Hold, *, method_id: int, now: datetime) -> Hold:
    """Move a granted hold to another method of its payer: the new one is held first, then the old one freed.

    Told: ``renewed`` or ``renewal_failed`` (the old hold stands). A hold that was not granted: ``authorise`` again.
    """
    with transaction.atomic():
        hold = locked(hold.pk)
        if hold.state != Hold.State.AUTHORISED:
            raise _wrong_state(hold)
        methods.usable(hold.payer_id, method_id)
        drop_renewal(hold, now=now)
        _renew(hold, method_id=method_id, now=now)
        return hold


def renew_ageing(now: datetime, *, max_age_days: int | None = None, limit: int = 500) -> int:
    """Ask anew for every hold older than ``auth_max_age_days``, before providers let it lapse (KH-PAY-05)."""
    days = policy.get("auth_max_age_days", now=now) if max_age_days is None else max_age_days
    aged = Hold.objects.filter(
        kind=Hold.Kind.HOLD,
        state=Hold.State.AUTHORISED,
        authorised_at__lte=now - timedelta(days=days),
        renewing_method__isnull=True,
        raising_minor__isnull=True,
    )
    renewed = 0
    for pk in list(aged.order_by("authorised_at").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            hold = aged.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
            if hold is not None and not hold.method.removed_at:
                _renew(hold, method_id=hold.method_id, now=now)
                renewed += 1
    return renewed


def locked(pk: int) -> Hold:
    return Hold.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def ask_authorisation(hold: Hold, *, now: datetime) -> None:
    key = hold.renewal_key if hold.renewing_method_id else hold.call_key
    outbox.enqueue(
        "payments.authorise", key=f"payments:{key}", payload={"hold": hold.pk, "key": key}, now=now
    )


def free_at_provider(hold: Hold, *, subject: str, ref: str, now: datetime) -> None:
    """Promise to void one authorisation. Named by the provider's ref where it is known, else by our key."""
    call = f"void:{ref or subject}"
    payload = {"provider": hold.provider, "key": call, "subject": subject, "ref": ref}
    outbox.enqueue("payments.void", key=f"payments:{call}", payload=payload, now=now)


def drop_renewal(hold: Hold, *, now: datetime) -> None:
    """Give up a renewal that is under way; should it be granted all the same, the inbox frees it."""
    if hold.renewing_method_id:
        free_at_provider(hold, subject=hold.renewal_key, ref="", now=now)
        hold.renewing_method = None
        hold.save(update_fields=["renewing_method"])


def _renew(hold: Hold, *, method_id: int, now: datetime) -> None:
    hold.attempts += 1
    hold.renewing_method_id = method_id
    hold.save(update_fields=["attempts", "renewing_method"])
    ask_authorisation(hold, now=now)


def _new(
    reference: str,
    payer_id: int,
    method_id: int,
    amount_minor: int,
    currency: str,
    destination: str,
    now: datetime,
    *,
    state: str,
    at: datetime | None = None,
) -> Hold:
    earlier = Hold.objects.filter(reference=reference, kind=Hold.Kind.HOLD)
    live = earlier.filter(state__in=Hold.LIVE).first()
    if live is not None:
        if live.state in {"authorised", "capture_requested"}:
            raise Refused("hold_exists", _("Money is already held for this."))
        void(live, now=now)
    return _create(
        kind=Hold.Kind.HOLD,
        key=f"{reference}#{earlier.count() + 1}",
        reference=reference,
        payer_id=payer_id,
        method_id=method_id,
        amount_minor=amount_minor,
        currency=currency,
        destination=destination or accounts.escrow(reference),
        state=state,
        now=now,
        at=at,
    )


def _create(
    *,
    kind: str,
    key: str,
    reference: str,
    payer_id: int,
    method_id: int,
    amount_minor: int,
    currency: str,
    destination: str,
    state: str,
    now: datetime,
    at: datetime | None = None,
) -> Hold:
    method = methods.usable(payer_id, method_id)
    hold = Hold(
        kind=kind,
        key=key,
        reference=reference,
        payer_id=payer_id,
        method=method,
        provider=method.provider,
        currency=currency,
        amount_minor=amount_minor,
        destination=destination,
        created_at=now,
        authorise_at=at,
    )
    return begin(hold, state, now=now)


def _wrong_state(hold: Hold) -> Refused:
    return Refused("hold_state", _("The payment is not held, so this cannot be done."), state=hold.state)
