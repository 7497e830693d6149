"""Pictures drawn by the program: marks, faces, categories and empty states, the same for the same seed.

All return SVG text without scripts or styles of its own. ``demo_photo`` (Pillow) makes the photographs of a demo city.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from django.templatetags.static import static
from django.utils.html import escape

from mahalla.web import faces, scenes
from mahalla.web.photos import brand_icon, demo_photo

__all__ = ["MARKS", "avatar", "brand_icon", "demo_photo", "drawing", "initials", "logo", "pick_of"]
Item = TypeVar("Item")

#: marks in a 32 × 32 box, each one even-odd path in the current colour
MARKS = {
    "arch": "M9 2h14a7 7 0 0 1 7 7v14a7 7 0 0 1-7 7H9a7 7 0 0 1-7-7V9a7 7 0 0 1 7-7zM16 6.500c-4 2.600-6.500 6.200-6.500 10.500v9h4v-5.500a2.500 2.500 0 0 1 5 0V26h4v-9c0-4.300-2.500-7.900-6.500-10.500z",
    "star": "M16 1l4.400 4.400h6.200v6.200L31 16l-4.400 4.400v6.200h-6.200L16 31l-4.400-4.400H5.400v-6.200L1 16l4.400-4.400V5.400h6.200zM16 11a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
    "petal": "M16 2c4 3 6 6.500 6 10 4-1 7 0 9 3-1.500 5-4.500 7.500-9 7.500-.5 4-2.500 6.500-6 7.500-3.500-1-5.500-3.500-6-7.500-4.500 0-7.500-2.500-9-7.500 2-3 5-4 9-3 0-3.500 2-7 6-10zM16 13.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z",
    "drop": "M16 1.500C22.500 8.500 27 14 27 19.500a11 11 0 0 1-22 0C5 14 9.500 8.500 16 1.500zM10.500 19.500c0 3.300 2.300 5.700 5.500 5.700v-3c-1.500 0-2.500-1-2.500-2.700z",
    "knot": "M10 2h5v8h2V2h5a8 8 0 0 1 8 8v5h-8v2h8v5a8 8 0 0 1-8 8h-5v-8h-2v8h-5a8 8 0 0 1-8-8v-5h8v-2H2v-5a8 8 0 0 1 8-8z",
}

#: what an empty page shows, and the scene of a category that has none of its own
EMPTY = {
    "inbox": "inbox", "tasks": "list", "chat": "chat", "search": "search", "calendar": "calendar", "money": "wallet",
    "offline": "wifi-off", "done": "check", "lock": "lock", "heart": "heart", "bell": "bell", "star": "star",
    "receipt": "receipt", "pin": "pin",
}  # fmt: skip
CATEGORY_ICONS = {
    "painting": "paint", "plumbing": "tap", "electrical": "plug", "garden": "plant", "gardening": "plant",
    "delivery": "box", "remote": "laptop", "ac": "snow", "pets": "paw", "handyman": "wrench", "repair": "hammer",
    "shopping": "tag", "office": "briefcase", "tutoring": "book",
}  # fmt: skip


def pick_of(seed: str, items: Sequence[Item], salt: str = "") -> Item:
    """One of ``items``, always the same for the same seed and salt."""
    number = int.from_bytes(hashlib.blake2b(f"{salt}:{seed}".encode(), digest_size=8).digest(), "big")
    return items[number % len(items)]


def initials(name: str) -> str:
    """One letter of an Arabic name, two of a Latin one (joined Arabic letters would read as a word)."""
    words = [word for word in name.replace("#", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    if not words[0][0].isascii() and "؀" <= words[0][0] <= "ۿ":
        return words[0].removeprefix("ال")[:1] or words[0][:1]
    return "".join(word[0] for word in (words[0], *words[-1:]) if word)[: min(2, len(words))].upper()


def logo(mark: str = "arch", *, size: int = 32) -> str:
    """The mark alone, in the colour of the text around it."""
    return (
        f'<svg viewBox="0 0 32 32" width="{size}" height="{size}" aria-hidden="true">'
        f'<path fill="currentColor" fill-rule="evenodd" d="{MARKS[mark]}"/></svg>'
    )


def avatar(seed: str, *, woman: bool | None = None) -> str:
    """A friendly face: skin, hair, hijab or ghutra by the seed."""
    return faces.draw(lambda salt, items: pick_of(seed, items, salt), woman)


def drawing(name: str, seed: str = "") -> str:
    """``hero``, ``empty:<what>``, ``category:<code>`` or ``face``; an unknown category gets a scene with its first letter."""
    kind, _colon, what = name.partition(":")
    if kind == "hero":
        return scenes.neighbourhood()
    if kind == "face":
        return avatar(seed or what)
    sprite = static("web/icons.svg")
    if kind == "empty":
        return scenes.empty(f"{sprite}#{EMPTY.get(what, 'inbox')}")
    code = what.rsplit("/", 1)[-1]
    for part in [code, *code.replace("-", "_").split("_")]:
        if part in scenes.CATEGORIES:
            return scenes.category(part)
        if part in CATEGORY_ICONS:
            tint = pick_of(part, list(scenes.TINTS))
            return scenes.icon_scene(f"{sprite}#{CATEGORY_ICONS[part]}", tint)
    return scenes.letter_scene(escape(what[:1].upper() or "?"), pick_of(what, list(scenes.TINTS)))
