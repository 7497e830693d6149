"""The sandbox's own form: test cards and wallets become tokens that behave. No number is kept, logged or sent on.

A token says what it does: ``sbx_<behaviour>_<brand>_<last4>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from mahalla.kit.errors import Invalid

#: what each behaviour does, for the demo's list of cards
BEHAVIOURS = {
    "ok": _("Always works."),
    "declined": _("Is declined."),
    "insufficient": _("Has too little money on it."),
    "three_ds": _("Asks the cardholder for approval first (3-D Secure)."),
    "late": _("The answer comes by webhook only, some minutes later."),
    "repeated": _("Every webhook comes twice."),
    "out_of_order": _("Tells that it was captured before it tells that it was authorised."),
    "early": _("The webhook is there before the answer, and before the cardholder comes back."),
    "outage": _("The provider is away until it is switched on again."),
    "capture_fails": _("Can be held but not captured."),
    "raise_fails": _("Can be held but not raised."),
    "refund_fails": _("Can be captured but not refunded."),
}
CARDS = {
    "4242424242424242": "ok",
    "4000000000000002": "declined",
    "4000000000009995": "insufficient",
    "4000002760003184": "three_ds",
    "4000000000001109": "late",
    "4000000000001208": "repeated",
    "4000000000001307": "out_of_order",
    "4000000000001406": "early",
    "4000000000001505": "outage",
    "4000000000001604": "capture_fails",
    "4000000000001703": "refund_fails",
    "4000000000001802": "raise_fails",
    "5555555555554444": "ok",
}
WALLET_ENDINGS = {"0002": "declined", "9995": "insufficient", "3184": "three_ds", "1109": "late"}


@dataclass(frozen=True, slots=True)
class Tokenised:
    """What the provider's form gives to the page: everything that may be kept."""

    token: str
    kind: str
    brand: str
    last4: str
    expiry: str


def tokenise(number: str, *, expiry: str) -> Tokenised:
    """A test card's token. ``expiry`` is ``YYYY-MM``. Raises ``Invalid`` for any number that is not a test card."""
    digits = re.sub(r"[ -]", "", number)
    behaviour = CARDS.get(digits)
    if behaviour is None:
        raise Invalid({"number": _("This is the sandbox: use one of its test cards, never a real one.")})
    brand = "visa" if digits[0] == "4" else "mastercard"
    return Tokenised(f"sbx_{behaviour}_{brand}_{digits[-4:]}", "card", brand, digits[-4:], expiry)


def tokenise_wallet(phone: str) -> Tokenised:
    """A test wallet's token; what it does depends on its last four digits."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 8:
        raise Invalid({"phone": _("Give the wallet's phone number with its country code.")})
    behaviour = WALLET_ENDINGS.get(digits[-4:], "ok")
    return Tokenised(f"sbx_{behaviour}_wallet_{digits[-4:]}", "wallet", "wallet", digits[-4:], "")


def behaviour_of(token: str) -> str:
    """What a token does; ``unknown`` for one that this sandbox never gave."""
    match = re.fullmatch(r"sbx_([a-z_]+)_[a-z]+_\d{4}", token)
    if match is None or match[1] not in BEHAVIOURS:
        return "unknown"
    return match[1]
