"""Phone numbers: read as people write them, kept as E.164."""

from __future__ import annotations

import unicodedata

import phonenumbers
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from mahalla.kit.errors import Invalid
from mahalla.kit.market import hook

#: numbers that receive no SMS, or that cost whoever sends one
UNREACHABLE = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}


def latin_digits(text: str) -> str:
    """``text`` with every decimal digit (Arabic-Indic, Devanagari …) as 0–9 and the spaces around it gone."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text).strip()


def normalise(text: str, *, region: str = "") -> str:
    """The E.164 form of a number that people typed. Raises ``Invalid`` on ``phone``.

    A number without a country code is read in ``region`` (default: the market's, socket ``default_region``).
    """
    home = region or hook("default_region", lambda: "SA")()
    try:
        number = phonenumbers.parse(latin_digits(text), home)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Invalid({"phone": _("This is not a phone number. Write it with its country code, as +966 5…")})
    if phonenumbers.number_type(number) in UNREACHABLE:
        raise Invalid({"phone": _("This number cannot receive messages. Give a mobile number.")})
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown(phone: str) -> str:
    """The number for its owner's eyes, with spaces: ``+966 50 123 4567``."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone, None), PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return phone


def masked(phone: str) -> str:
    """Only the last two digits, for a message to somebody who may not be the owner any more."""
    return f"…{phone[-2:]}"
