"""Asking after what should have been heard of by now, and holding our books against the ledger (KH-PAY-22)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from mahalla.kernel.events import outbox
from mahalla.kernel.events.operations import append
from mahalla.kernel.ledger.queries import audit, trial_balance
from mahalla.kernel.payments.models import Hold, PayoutBatch, ProviderNews, Refund
from mahalla.kit.actors import SYSTEM

#: how long an outcome may take before the provider is asked what became of it
PATIENCE = timedelta(hours=1)


def reconcile(now: datetime) -> int:
    """The daily round: ask the provider after everything that is open too long, and tell operations what disagrees.

    Returns how many questions were promised. A lost webhook is made good by the answer.
    """
    before = now - PATIENCE
    asked = [(hold.provider, hold.call_key) for hold in _open_holds(before)]
    renewing = Hold.objects.filter(renewing_method__isnull=False, state="authorised")
    asked += [(hold.provider, hold.renewal_key) for hold in renewing]
    asked += [
        (refund.hold.provider, refund.call_key)
        for refund in Refund.objects.select_related("hold").filter(
            state__in=["approved", "sent"], approved_at__lte=before
        )
    ]
    asked += [
        (batch.provider, batch.call_key)
        for batch in PayoutBatch.objects.filter(state="processing", created_at__lte=before)
    ]
    for provider, subject in asked:
        key = f"payments:look:{subject}:{now:%Y-%m-%dT%H}"
        outbox.enqueue("payments.look", key=key, payload={"provider": provider, "subject": subject}, now=now)
    _compare(now, len(asked))
    return len(asked)


def _open_holds(before: datetime) -> list[Hold]:
    waiting = Q(state__in=["requested", "capture_requested", "void_requested"], created_at__lte=before)
    return list(Hold.objects.filter(waiting | Q(state="action_required", created_at__lte=before)))


def _compare(now: datetime, open_things: int) -> None:
    unbalanced = {asset: sum_minor for asset, sum_minor in trial_balance().items() if sum_minor}
    unjudged = ProviderNews.objects.filter(processed_at__isnull=True, received_at__lte=now - PATIENCE).count()
    mismatched = ProviderNews.objects.filter(
        outcome="mismatch", processed_at__gt=now - timedelta(days=1)
    ).count()
    accounts = [row.path for row in audit()]
    if unbalanced or unjudged or mismatched or accounts or open_things:
        append(
            name="payments.reconciled",
            noun="payments",
            subject_id=None,
            stream="payments",
            actor=SYSTEM,
            now=now,
            payload={
                "unbalanced": unbalanced,
                "accounts": accounts,
                "unjudged": unjudged,
                "mismatched": mismatched,
                "open": open_things,
            },
            topics=["ops"],
        )
