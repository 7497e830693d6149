"""Assisted scoping: from a sentence to a proposed category, inputs and duration (KH-REQ-19).

A proposal is a suggestion that the client reads, changes and confirms; nothing here makes or posts a task by itself.
Behind the policy number ``flag_assisted_scoping``, off at the start. The provider is replaceable: ``use(provider)``.
The one that comes along reads words in English and Arabic and always answers the same; it needs no service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.inputs import validate
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.identity.models import User
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.markets.khidma import pricing, wizard
from mahalla.markets.khidma.catalogue import bookable
from mahalla.markets.khidma.scoping_words import CATEGORY_WORDS, FLAG_WORDS, FLOORS, NO_ELEVATOR, NUMBERS

TEXT_MAX = 2000


@dataclass(frozen=True, slots=True)
class Guess:
    """What a provider read out of the words: a category code (or none) and values of inputs."""

    category: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """For the client to confirm. ``missing`` names required inputs that the words did not tell."""

    category: Category
    details: dict[str, Any]
    minutes: int
    text: str
    missing: list[str]


class Provider(Protocol):
    def guess(self, text: str, *, categories: Sequence[Category], photos: Sequence[Asset]) -> Guess: ...


# --- doors ----------------------------------------------------------------------------------------------------------


def propose(text: str, *, now: datetime, photos: Sequence[Asset] = ()) -> Proposal:
    """Read the client's words. Raises ``Refused`` while switched off, ``NotFound`` when nothing fits."""
    if not policy.get("flag_assisted_scoping", now=now):
        raise Refused("assisted_scoping_off", _("This is not open yet. Choose what you need from the list."))
    text = text.strip()
    if not 3 <= len(text) <= TEXT_MAX:
        raise Invalid({"text": _("Say in a sentence or two what you need.")})
    categories = bookable()
    guess = _provider.guess(text, categories=categories, photos=photos)
    category = next((c for c in categories if c.code == guess.category), None)
    if category is None:
        raise NotFound("nothing_proposed", _("We could not tell what you need. Choose it from the list."))
    details, missing = _fitting(category, guess.details)
    minutes = pricing.estimate_min(category, None, details, now=now)
    return Proposal(category, details, minutes, text, missing)


def confirm(client: User, *, category: str, details: Mapping[str, Any], text: str, now: datetime) -> Request:
    """The client agrees (having changed what was wrong): a Draft to go on with, never a posted task."""
    return wizard.start(
        client, now=now, origin="assisted", category=category, details=dict(details), text=text
    )


def use(provider: Provider) -> Provider:
    """Put another provider in place; returns the one that was there."""
    global _provider
    before, _provider = _provider, provider
    return before


def _fitting(category: Category, guessed: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Only values that the category asks for and takes; a provider is believed no more than a form."""
    details: dict[str, Any] = {}
    missing: list[str] = []
    for spec in category.inputs:
        name = spec["name"]
        try:
            given = {name: guessed[name]} if name in guessed else {}
            value = validate([spec], given)[name]
        except Invalid:
            missing.append(name)
            continue
        if name in guessed:
            details[name] = value
    return details, missing


# --- the provider that comes along ----------------------------------------------------------------------------------


class WordList:
    """Counts the words that speak for each category; reads numbers, floors and yes-or-no words."""

    def guess(self, text: str, *, categories: Sequence[Category], photos: Sequence[Asset]) -> Guess:
        plain = normal(text)
        scored = [(self._score(plain, c.code), -place, c.code) for place, c in enumerate(categories)]
        best = max(scored, default=(0, 0, ""))
        return Guess(best[2] if best[0] else "", self._details(plain))

    def _score(self, plain: str, code: str) -> int:
        return sum(weight for word, weight in CATEGORY_WORDS.get(code, {}).items() if has(plain, word))

    def _details(self, plain: str) -> dict[str, Any]:
        details: dict[str, Any] = {}
        floor, rest = _floor(plain)
        if floor is not None:
            details["floor"] = floor
        if any(has(plain, words) for words in NO_ELEVATOR):
            details["elevator"] = False
        elif any(has(plain, word) for word in FLAG_WORDS["elevator"]):
            details["elevator"] = True
        for name in ("heavy_lifting", "pets"):
            if any(has(plain, word) for word in FLAG_WORDS[name]):
                details[name] = True
        items = _number(rest)
        if items is not None:
            details["items"] = items
        return details


_provider: Provider = WordList()

ARABIC_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def normal(text: str) -> str:
    """Lower case, Latin digits, one form of each Arabic letter, no vowel marks; single spaces around words."""
    text = re.sub("[\u064b-\u0652\u0640]", "", text.lower().translate(ARABIC_DIGITS))
    text = re.sub("[أإآ]", "ا", text).replace("ى", "ي").replace("ة", "ه")
    words = re.findall(r"[^\W_]+", text)
    return " " + " ".join(words) + " "


def has(plain: str, words: str) -> bool:
    """Whether the words stand in the text as words; Arabic ones also behind ``ال``, ``و``, ``ب``, ``ل``."""
    pattern = re.escape(normal(words).strip())
    return re.search(rf" (?:[وبل]?(?:ال)?)?{pattern}(?= )", plain) is not None


def _floor(plain: str) -> tuple[int | None, str]:
    """The floor that is spoken of, and the text without those words (so that its number is not counted as items)."""
    for words, floor in FLOORS:
        if has(plain, words):
            pattern = re.escape(normal(words).strip())
            return floor, re.sub(rf" (?:[وبل]?(?:ال)?)?{pattern}(?= )", " ", plain, count=1)
    numbered = re.search(r" (?:floor|دور|الدور|طابق|الطابق) (?:number |رقم )?(\d{1,3})(?= )", plain)
    numbered = numbered or re.search(r" (\d{1,3}) ?(?:st|nd|rd|th)? floor(?= )", plain)
    if numbered is None:
        return None, plain
    return int(numbered[1]), plain.replace(numbered[0], " ", 1)


def _number(plain: str) -> int | None:
    """How many things: a numeral, a number word, or an Arabic dual. Animals are not counted among them."""
    plain = re.sub(
        rf" \S+ (?:{'|'.join(normal(word).strip() for word in FLAG_WORDS['pets'])})(?= )", " ", plain
    )
    numeral = re.search(r" (\d{1,3})(?= )", plain)
    if numeral is not None and int(numeral[1]) > 0:
        return int(numeral[1])
    return next((value for word, value in NUMBERS if has(plain, word)), None)
