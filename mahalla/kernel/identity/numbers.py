"""The identity's policy numbers, with what holds where a market declares none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mahalla.kernel import policy

DEFAULTS: dict[str, int] = {
    "otp_digits": 6,
    "otp_ttl_min": 5,
    "otp_tries": 5,
    "otp_resend_s": 60,
    "otp_per_hour": 5,
    "otp_proof_min": 30,
    "deactivation_purge_days": 30,
    "api_token_days": 180,
}


def number(name: str, *, now: datetime) -> int:
    """The value in force at ``now``; the default above where the market declares no such number."""
    try:
        value: Any = policy.get(name, now=now)
    except KeyError:
        value = DEFAULTS[name]
    return int(value)


def per_address(now: datetime) -> int:
    """Codes an hour for one network address: its own number where declared, else that of a phone (KH-SEC-05)."""
    try:
        return int(policy.get("otp_per_hour_address", now=now))
    except KeyError:
        return number("otp_per_hour", now=now)


def minutes(name: str, *, now: datetime) -> timedelta:
    return timedelta(minutes=number(name, now=now))


def days(name: str, *, now: datetime) -> timedelta:
    return timedelta(days=number(name, now=now))
