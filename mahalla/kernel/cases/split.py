"""Who bears a refund: the worker's earnings and the platform's fee, in proportion unless a person says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from mahalla.kit import money
from mahalla.kit.errors import Refused


class RefundTooLarge(Refused):
    """More than what is left of the captured amount (KH-PAY-11)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A refund in minor units: what comes out of the worker's earnings and what out of the platform's fee."""

    worker_minor: int
    fee_minor: int

    @property
    def total_minor(self) -> int:
        return self.worker_minor + self.fee_minor


NOTHING = Parts(0, 0)


def split_refund(refund_minor: int, *, captured: Parts, refunded: Parts = NOTHING) -> Parts:
    """Split ``refund_minor`` in the proportion of ``captured``; earlier refunds limit what each side still bears.

    Raises ``RefundTooLarge`` beyond the captured amount less what was ``refunded`` before.
    """
    left = Parts(captured.worker_minor - refunded.worker_minor, captured.fee_minor - refunded.fee_minor)
    check_refund(refund_minor, left_minor=left.total_minor)
    if refund_minor == 0:
        return NOTHING
    worker, _fee = money.split(refund_minor, [captured.worker_minor, captured.fee_minor])
    worker = max(min(worker, left.worker_minor), refund_minor - left.fee_minor)
    return Parts(worker, refund_minor - worker)


def check_refund(refund_minor: int, *, left_minor: int) -> None:
    """Raise ``RefundTooLarge`` when a refund is negative or above what is left of the captured amount."""
    if not 0 <= refund_minor <= left_minor:
        raise RefundTooLarge(
            "refund_too_large",
            _("A refund can be at most what was paid and not yet refunded."),
            field="refund",
            left_minor=left_minor,
        )
