"""Bank account numbers by ISO 13616: the country's length and the mod-97 checksum; and whose account it says it is."""

from __future__ import annotations

import re
import unicodedata

#: characters in all, by country; a country not named here is held to the standard's general bounds
LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def normal(text: str) -> str:
    """Without spaces, in capitals."""
    return re.sub(r"[\s\u200e\u200f-]", "", text).upper()


def is_valid(text: str) -> bool:
    """Whether ``text`` (in its normal form) is a well-formed IBAN with a right checksum."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text, re.ASCII):
        return False
    if len(text) != LENGTHS.get(text[:2], len(text)):
        return False
    digits = "".join(str(int(c, 36)) for c in text[4:] + text[:4])
    return int(digits) % 97 == 1


def names_match(one: str, other: str) -> bool:
    """Whether two writings may be one person's name: order, case, accents, vowel signs and middle names aside.

    Every word of the shorter one stands in the longer one, and unless one of them is a single word at least two do.
    """
    first, second = _words(one), _words(other)
    short, long = sorted((first, second), key=len)
    return bool(short) and short <= long and (len(short) >= 2 or len(long) == 1)


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold()).replace("ـ", "")
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return {word for word in re.split(r"[^\w]+", bare) if word}
