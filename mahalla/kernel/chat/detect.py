"""Finding contact details and invitations to pay elsewhere, in English and Arabic (KH-CHAT-05).

Rules that anyone can read, no guessing machine: they will miss an artful writer and now and then catch an innocent one.
That is why a finding only hides words and raises a flag for a person to look at; it never punishes by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

PHONE, EMAIL, LINK, PAYMENT = "contact_phone", "contact_email", "contact_link", "off_platform_payment"
MASK = "•••"
PHONE_DIGITS = range(8, 16)


@dataclass(frozen=True, slots=True)
class Finding:
    """``hide``: the words themselves are the way to get round the platform, and are masked where masking is on."""

    kind: str
    start: int
    end: int
    hide: bool = True


_EMAIL = re.compile(
    r"[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\])\s?\w{2,24})+", re.I
)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']+"
    r"|\b(?:wa\.me|t\.me|instagram\.com|facebook\.com|fb\.com|snapchat\.com|tiktok\.com)(?:/[^\s<>\"']*)?"
    r"|\b[a-z0-9-]{2,63}\.(?:com|net|org|info|io|app|me|sa|ae|eg|ma|in|tj|co)(?:/[^\s<>\"']*)?(?![\w.-])",
    re.I,
)
# digits of any script, with what people put between them; prices, times and dates are sorted out below
_DIGITS = re.compile(r"\+?\d(?:[\s\-–—_./()*,٫٬]{0,3}\d){6,19}")
_NUMBER_WORDS = (
    *("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("صفر", "واحد", "اثنين", "اثنان", "إثنين", "ثلاثة", "ثلاثه", "أربعة", "اربعة", "اربعه"),
    *("خمسة", "خمسه", "ستة", "سته", "سبعة", "سبعه", "ثمانية", "ثمانيه", "تسعة", "تسعه"),
)
_WORD = "|".join(sorted(map(re.escape, _NUMBER_WORDS), key=len, reverse=True))
_SPOKEN = re.compile(rf"(?<!\w)(?:(?:{_WORD}|\d)[\s,\-.]{{1,3}}){{6,14}}(?:{_WORD}|\d)(?!\w)", re.I)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){3,7}(?:[ -]?[A-Z0-9]{1,3})?\b")
_DATE = re.compile(r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?:\s+\d{1,2})?$")

_PAYMENTS = (
    r"\b(?:pay|paying|payment|paid|transfer|send)\b[^.\n!?]{0,40}"
    r"\b(?:outside|direct(?:ly)?|in person instead|(?:off|without)[- ]?(?:the )?(?:platform|app))\b",
    r"\b(?:outside|off|without|avoid|skip)\s+(?:of\s+)?(?:the\s+)?(?:app|platform|website|fees?|commission)\b",
    r"\b(?:pay|paid|give|send)\s+(?:me|us|you)?\s*(?:in\s+)?cash\b",
    r"\b(?:stc\s?pay|paypal|western union|bank transfer|iban|venmo|zelle|cash\s?app|apple cash|bitcoin|usdt)\b",
    r"(?:ادفع|أدفع|تدفع|ندفع|الدفع|دفع|حول|حوّل|تحويل|ارسل|أرسل)[^.\n!؟]{0,40}"
    r"(?:خارج|برا|برّا|بره|مباشرة|مباشره|بدون (?:التطبيق|المنصة|المنصه|عمولة|عموله)|كاش|نقدا|نقداً)",
    r"(?:خارج|برا|بدون)\s+(?:التطبيق|المنصة|المنصه|الموقع|عمولة|العمولة)",
    r"(?:تحويل بنكي|حوالة بنكية|ايبان|آيبان|اس تي سي باي)",
)
_PAYMENT = re.compile("|".join(_PAYMENTS), re.I)


def find(text: str) -> list[Finding]:
    """What stands in ``text``, in order. Details do not overlap; an invitation to pay may enclose one."""
    details: list[Finding] = []
    patterns = ((EMAIL, _EMAIL), (LINK, _LINK), (PAYMENT, _IBAN), (PHONE, _DIGITS), (PHONE, _SPOKEN))
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            found = Finding(
                _number_kind(match.group()) if kind is PHONE else kind, match.start(), match.end()
            )
            if found.kind and all(found.end <= one.start or found.start >= one.end for one in details):
                details.append(found)
    invitations = [Finding(PAYMENT, *match.span(), hide=False) for match in _PAYMENT.finditer(text)]
    return sorted([*details, *invitations], key=lambda found: (found.start, found.end))


def _number_kind(written: str) -> str:
    """A phone number by its digits, a bank account or card by more of them, or nothing: a date, a price."""
    words = re.findall(rf"{_WORD}|\d", written, re.I)
    digits = len(words)
    # a price in thousands ("1,500,000") has its commas every three digits and nothing else between
    price = re.fullmatch(r"\d{1,3}(?:[,٬]\d{3})+(?:[.٫]\d{1,2})?", written)
    if digits < PHONE_DIGITS.start or price or _DATE.match(written.strip()):
        return ""
    return PHONE if digits in PHONE_DIGITS else PAYMENT


def kinds(findings: Iterable[Finding]) -> list[str]:
    return sorted({finding.kind for finding in findings})


def mask(text: str, findings: Iterable[Finding]) -> str:
    """``text`` with contact details hidden; the words of an invitation stay, the way to follow it goes."""
    out, at = [], 0
    for finding in sorted(findings, key=lambda found: found.start):
        if not finding.hide or finding.start < at:
            continue
        out += [text[at : finding.start], MASK]
        at = finding.end
    return "".join([*out, text[at:]])
