"""What a provider's news means for a refund, a payout or a method's check. Called by the inbox only."""

from __future__ import annotations

from datetime import datetime

from mahalla.kernel.payments import hold_news, holds, listeners, postings
from mahalla.kernel.payments.machine import may, move
from mahalla.kernel.payments.models import PaymentMethod, Payout, PayoutBatch, Refund
from mahalla.kernel.payments.provider import News


def judge(news: News, *, now: datetime) -> str:
    """``done``, ``late``, ``mismatch`` or ``unknown`` (see ``hold_news``)."""
    parts = news.subject.split(":")
    if len(parts) < 2 or not parts[1].isdigit():
        return "unknown"
    judged = {"refund": _refund, "payout": _payout, "method": _method}.get(parts[0])
    return judged(int(parts[1]), news, now) if judged else "unknown"


def _refund(pk: int, news: News, now: datetime) -> str:
    known = Refund.objects.filter(pk=pk).values_list("hold_id", "hold__reference").first()
    if known is None:
        return "unknown"
    listeners.lock_roots(known[1])
    hold = holds.locked(known[0])
    refund = Refund.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)
    refund.hold = hold
    if news.kind == "pending":
        return "done" if move(refund, "sent", now=now, sent_at=now, provider_ref=news.ref) else "late"
    done = news.kind == "refunded"
    if news.kind not in {"refunded", "refund_failed"}:
        return "unknown"
    if not may(refund, "completed" if done else "failed"):
        return "late"
    if done and news.amount_minor != refund.amount_minor:
        hold_news.alert(hold, "refund_mismatch", news, now=now)
        return "mismatch"
    postings.settle_refund(refund, done=done, now=now)
    ref = news.ref or refund.provider_ref
    if done:
        hold.refunded_minor += refund.amount_minor
        hold.save(update_fields=["refunded_minor"])
        move(refund, "completed", now=now, closed_at=now, provider_ref=ref, sent_at=refund.sent_at or now)
    else:
        move(refund, "failed", now=now, closed_at=now, provider_ref=ref, failure_code=news.code)
    listeners.tell("refunded" if done else "refund_failed", refund, now)
    return "done"


def _payout(pk: int, news: News, now: datetime) -> str:
    references = Payout.objects.filter(batch_id=pk).order_by("reference").values_list("reference", flat=True)
    for reference in dict.fromkeys(references):
        listeners.lock_roots(reference)
    batch = PayoutBatch.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
    if batch is None:
        return "unknown"
    if news.kind == "pending":
        if news.ref and not batch.provider_ref:
            batch.provider_ref = news.ref
            batch.save(update_fields=["provider_ref"])
        return "done"
    if news.kind not in {"paid", "payout_failed"}:
        return "unknown"
    if batch.state != PayoutBatch.State.PROCESSING:
        return "late"
    settle(batch, done=news.kind == "paid", code=news.code, ref=news.ref, now=now)
    return "done"


def settle(batch: PayoutBatch, *, done: bool, now: datetime, code: str = "", ref: str = "") -> None:
    """Close a batch whose row is locked: post or free its money, and move its payouts along."""
    event = "paid" if done else "failed"
    postings.settle_batch(batch, done=done, now=now)
    move(batch, event, now=now, closed_at=now, failure_code=code, provider_ref=ref or batch.provider_ref)
    for payout in batch.payouts.select_for_update(no_key=True).order_by("pk"):
        move(payout, event, now=now, reason=code, closed_at=now if done else None)
    listeners.tell("payout_paid" if done else "payout_failed", batch, now)


def _method(pk: int, news: News, now: datetime) -> str:
    method = PaymentMethod.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if method is None or news.kind not in {"verified", "verify_failed"}:
        return "unknown"
    if news.subject != f"method:{pk}:{method.verifications}":
        return "late"
    method.verified_at = now if news.kind == "verified" else None
    method.save(update_fields=["verified_at"])
    listeners.tell("method_verified" if method.verified_at else "method_refused", method, now)
    return "done"
