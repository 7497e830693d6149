"""What comes round in Khidma, in one place (KH-OPS-02)."""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel import policy
from mahalla.kernel.chat import operations as chat
from mahalla.kernel.flow.recurring import Recurring
from mahalla.kernel.payments import holds, payouts
from mahalla.markets.khidma.effects.work import forget_places


def pay_out(now: datetime) -> object:
    """T+2, at 06:00 (KH-PAY-15)."""
    return payouts.run_payouts(now)


def renew_holds(now: datetime) -> object:
    """No hold is older than 6 days at the start (KH-PAY-05)."""
    return holds.renew_ageing(now)


def forget(now: datetime) -> object:
    return forget_places(now - timedelta(days=policy.get("location_retention_days", now=now)))


def forget_messages(now: datetime) -> object:
    """After a year, unless in a case (KH-SEC-02)."""
    return chat.purge(before=now - timedelta(days=policy.get("message_retention_days", now=now)), now=now)


def refresh_prices(now: datetime) -> object:
    from mahalla.markets.khidma import guidance

    return guidance.refresh(now=now)


def sweep_spots(now: datetime) -> object:
    from mahalla.markets.khidma import supply

    return supply.sweep(now=now)


def post_series(now: datetime) -> object:
    from mahalla.markets.khidma import series

    return series.post_due(now=now)


JOBS: tuple[Recurring, ...] = (
    Recurring("payouts", pay_out, at="06:00"),
    Recurring("series", post_series, every=timedelta(hours=1)),
    Recurring("price_guidance", refresh_prices, at="03:00"),
    Recurring("spots", sweep_spots, at="03:30"),
    Recurring("hold_renewal", renew_holds, every=timedelta(hours=6)),
    Recurring("forget_positions", forget, at="04:00"),
    Recurring("forget_messages", forget_messages, at="04:15"),
)
