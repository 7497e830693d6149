"""The doors of payments: every verb, in one place to import from."""

from __future__ import annotations

from mahalla.kernel.payments.cash import confirm_cash, record_cash
from mahalla.kernel.payments.holds import (
    authorise,
    capture,
    change_method,
    charge_now,
    raise_authorisation,
    renew_ageing,
    schedule_authorisation,
    void,
)
from mahalla.kernel.payments.methods import (
    add_method,
    edit_method,
    in_use_by,
    remove_method,
    set_default,
    verify_method,
)
from mahalla.kernel.payments.payout_methods import set_payout_method
from mahalla.kernel.payments.payouts import (
    cancel_payouts,
    due_after,
    hold_payouts,
    release_payouts,
    retry_payout,
    run_payouts,
    schedule_payout,
)
from mahalla.kernel.payments.reconcile import reconcile
from mahalla.kernel.payments.refunds import approve_refund, refund, reject_refund, request_refund

__all__ = [
    "add_method",
    "approve_refund",
    "authorise",
    "cancel_payouts",
    "capture",
    "change_method",
    "charge_now",
    "confirm_cash",
    "due_after",
    "edit_method",
    "hold_payouts",
    "in_use_by",
    "raise_authorisation",
    "reconcile",
    "record_cash",
    "refund",
    "reject_refund",
    "release_payouts",
    "remove_method",
    "renew_ageing",
    "request_refund",
    "retry_payout",
    "run_payouts",
    "schedule_authorisation",
    "schedule_payout",
    "set_default",
    "set_payout_method",
    "verify_method",
    "void",
]
