"""Why the ledger said no. Nothing was moved when one of these is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from mahalla.kit.errors import Refused


class LedgerRefused(Refused):
    """Base of the ledger's refusals. ``detail["what"]`` names the key or path concerned."""

    CODE: ClassVar[str] = "ledger_refused"
    MESSAGE: ClassVar[Any] = _("This movement of money cannot be made.")

    def __init__(self, what: str = "") -> None:
        super().__init__(self.CODE, self.MESSAGE, what=what)

    def __str__(self) -> str:
        what = self.detail["what"]
        return f"{self.message} ({what})" if what else str(self.message)


class InsufficientFunds(LedgerRefused):
    """An account's floor: it would give more than it holds, what is reserved included."""

    CODE = "insufficient_funds"
    MESSAGE = _("There is not enough money for this. Choose a smaller amount or add money first.")


class UnknownAccount(LedgerRefused):
    CODE = "unknown_account"
    MESSAGE = _("This account was never opened. Open it before money is moved.")


class AccountDiffers(LedgerRefused):
    CODE = "account_differs"
    MESSAGE = _("An account of this name exists with another asset or limit. Use another name.")


class KeyReused(LedgerRefused):
    CODE = "key_reused"
    MESSAGE = _("This key was already used for another movement. Use a new key.")


class Unbalanced(LedgerRefused):
    """Two assets in one transfer, or debits that do not equal credits in a journal entry."""

    CODE = "unbalanced"
    MESSAGE = _("Debits and credits differ. Correct the amounts so that both sides are equal.")


class UnknownTransfer(LedgerRefused):
    CODE = "unknown_transfer"
    MESSAGE = _("There is no such movement, or it is not of the kind this needs.")


class AlreadyResolved(LedgerRefused):
    """A pending transfer is posted or voided once."""

    CODE = "already_resolved"
    MESSAGE = _("This reserved amount was already taken or freed.")


class AlreadyReversed(LedgerRefused):
    CODE = "already_reversed"
    MESSAGE = _("This movement was already reversed.")


class ExceedsPending(LedgerRefused):
    CODE = "exceeds_pending"
    MESSAGE = _("This is more than was reserved. Take at most the reserved amount.")


_BY_CODE: Mapping[str, type[LedgerRefused]] = {
    error.CODE: error
    for error in (
        InsufficientFunds,
        UnknownAccount,
        KeyReused,
        Unbalanced,
        UnknownTransfer,
        AlreadyResolved,
        AlreadyReversed,
        ExceedsPending,
    )
}


def from_code(code: str, what: str) -> LedgerRefused:
    """The exception for a code that the database function answered with."""
    return _BY_CODE.get(code, LedgerRefused)(what)
