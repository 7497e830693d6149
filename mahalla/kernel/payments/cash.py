"""Cash: no hold; both sides say what changed hands, and the fee becomes the worker's debt (KH-PAY-08, C6)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.payments import accounts, listeners, postings
from mahalla.kernel.payments.machine import begin, may, move
from mahalla.kernel.payments.models import CashRecord
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused


def record_cash(
    reference: str,
    *,
    worker_id: int,
    client_id: int,
    amount_minor: int,
    fee_minor: int,
    currency: str,
    now: datetime,
    by_id: int | None = None,
    fee_account: str = accounts.FEES,
) -> CashRecord:
    """Write down cash that the worker received (``by_id``: who says so, the worker unless given).

    The fee is owed from the moment the worker says so: a silent client must not free them of it. Once a reference: the
    same figures again are the same record, others raise ``Refused``.
    """
    if not 0 <= fee_minor <= amount_minor or amount_minor <= 0:
        raise Invalid({"amount": _("Give the amount that was paid in cash.")})
    speaker = worker_id if by_id is None else by_id
    if speaker not in {worker_id, client_id}:
        raise NotFound()
    with transaction.atomic():
        known = CashRecord.objects.select_for_update().filter(reference=reference).first()
        if known is not None:
            return _again(known, amount_minor, fee_minor, speaker, now)
        record = begin(
            CashRecord(
                reference=reference,
                worker_id=worker_id,
                client_id=client_id,
                currency=currency,
                amount_minor=amount_minor,
                fee_minor=fee_minor,
                fee_account=fee_account,
                worker_said_at=now if speaker == worker_id else None,
                client_said_at=now if speaker == client_id else None,
                created_at=now,
            ),
            "recorded",
            now=now,
            actor=Actor(speaker, "worker" if speaker == worker_id else "client"),
        )
        if record.worker_said_at:
            postings.owe_fee(record, now=now)
        return record


def confirm_cash(reference: str, *, user_id: int, now: datetime, agree: bool = True) -> CashRecord:
    """The other side confirms the record, or contests it (told: ``cash_contested``). An outsider finds nothing."""
    with transaction.atomic():
        record = CashRecord.objects.select_for_update().filter(reference=reference).first()
        if record is None or user_id not in {record.worker_id, record.client_id}:
            raise NotFound()
        return _say(record, user_id, agree, now)


def _again(record: CashRecord, amount_minor: int, fee_minor: int, speaker: int, now: datetime) -> CashRecord:
    if speaker not in {record.worker_id, record.client_id}:
        raise NotFound()
    if (record.amount_minor, record.fee_minor) != (amount_minor, fee_minor):
        raise Refused("cash_recorded", _("Another amount was recorded. Contest it if it is wrong."))
    return _say(record, speaker, True, now)


def _say(record: CashRecord, user_id: int, agree: bool, now: datetime) -> CashRecord:
    side = "worker" if user_id == record.worker_id else "client"
    actor = Actor(user_id, side)
    if not agree:
        if move(record, "contest", now=now, actor=actor):
            listeners.tell("cash_contested", record, now)
        return record
    if getattr(record, f"{side}_said_at") is None:
        setattr(record, f"{side}_said_at", now)
        record.save(update_fields=[f"{side}_said_at"])
        if side == "worker":
            postings.owe_fee(record, now=now)
    if record.worker_said_at and record.client_said_at and may(record, "confirm"):
        move(record, "confirm", now=now, actor=actor)
    return record
