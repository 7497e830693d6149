"""allauth asks identity about phones here, and keeps to the market's own sign-in page.

allauth starts and lists sessions and is where a second factor plugs in; its codes live in one browser session, so
ours stand in a register instead (ADR 0003).
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from mahalla.kernel.identity import phones, queries
from mahalla.kernel.identity.models import User


class Adapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Registration happens behind a used code only."""
        return False

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified_at is not None) if user.phone else None

    def get_user_by_phone(self, phone: str) -> User | None:
        return queries.user_by_phone(phones.normalise(phone))

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        raise NotImplementedError("a number is replaced by identity.operations.change_phone")

    def set_phone_verified(self, user: User, phone: str) -> None:
        raise NotImplementedError("a number is verified by identity.operations.verify_code")

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        raise NotImplementedError("codes are sent by identity.operations.request_code")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say what happened in their own words."""
