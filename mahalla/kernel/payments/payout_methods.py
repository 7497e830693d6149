"""Where a worker's money goes (KH-PAY-14)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.payments import iban
from mahalla.kernel.payments.machine import move
from mahalla.kernel.payments.models import Payout, PayoutMethod
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid


def set_payout_method(
    user_id: int,
    *,
    kind: str,
    account: str,
    holder: str,
    now: datetime,
    legal_name: str = "",
    hold_hours: int | None = None,
) -> PayoutMethod:
    """Set the bank account (IBAN) or wallet (E.164 phone) that payouts go to.

    ``holder`` must match ``legal_name`` (as on the checked identity document; else the account's own name). The first
    method counts at once; a change holds all payouts for ``payout_change_hold_hours``. The caller sends the notice.
    """
    account = iban.normal(account)
    with transaction.atomic():
        person = get_user_model().objects.select_for_update(no_key=True).get(pk=user_id)
        _check(kind, account, holder, legal_name or str(person.name))
        current = PayoutMethod.objects.filter(user_id=user_id, removed_at__isnull=True).first()
        if current and (current.kind, current.account, current.holder) == (kind, account, holder):
            return current
        hours = policy.get("payout_change_hold_hours", now=now) if hold_hours is None else hold_hours
        changed = PayoutMethod.objects.filter(user_id=user_id).exists()
        usable_from = now + timedelta(hours=hours) if changed else now
        if current:
            current.removed_at = now
            current.save(update_fields=["removed_at"])
        method = PayoutMethod.objects.create(
            user_id=user_id, kind=kind, account=account, holder=holder, set_at=now, usable_from=usable_from
        )
        _after_change(user_id, usable_from, now)
        return method


def payout_method_of(user_id: int) -> PayoutMethod | None:
    return PayoutMethod.objects.filter(user_id=user_id, removed_at__isnull=True).first()


def _check(kind: str, account: str, holder: str, name: str) -> None:
    if kind == PayoutMethod.Kind.BANK:
        if not iban.is_valid(account):
            raise Invalid({"account": _("This is not a valid IBAN. Check it against your bank's app.")})
    elif kind == PayoutMethod.Kind.WALLET:
        if not re.fullmatch(r"\+[1-9]\d{7,14}", account):
            raise Invalid({"account": _("Give the wallet's phone number with its country code.")})
    else:
        raise Invalid({"kind": _("Choose a bank account or a mobile wallet.")})
    if not iban.names_match(holder, name):
        raise Invalid({"holder": _("The account must be in your own name, as you are registered here.")})


def _after_change(user_id: int, usable_from: datetime, now: datetime) -> None:
    """Payouts that failed get another chance; all that wait are held until the new method may be used."""
    actor = Actor(user_id, "worker")
    open_states = [Payout.State.PENDING, Payout.State.FAILED]
    waiting = Payout.objects.select_for_update(no_key=True).filter(worker_id=user_id, state__in=open_states)
    for payout in waiting.order_by("pk"):
        if usable_from > now:
            move(payout, "hold", now=now, actor=actor, reason="method_changed", held_until=usable_from)
        else:
            move(payout, "again", now=now, actor=actor, reason="")
