# ruff: noqa: E501 - a line of path data is one line
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
    "arch": "M9 2h14a7 7 0 0 1 7 7v14a7 7 0 0 1-7 7H9a7 7 0 0 1-7-7V9a7 7 0 0 1 7-7zM16 6.5c-4 2.6-6.5 6.2-6.5 10.5v9h4v-5.5a2.5 2.5 0 0 1 5 0V26h4v-9c0-4.3-2.5-7.9-6.5-10.5z",
    "star": "M16 1l4.4 4.4h6.2v6.2L31 16l-4.4 4.4v6.2h-6.2L16 31l-4.4-4.4H5.4v-6.2L1 16l4.4-4.4V5.4h6.2zM16 11a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
    "petal": "M16 2c4 3 6 6.5 6 10 4-1 7 0 9 3-1.5 5-4.5 7.5-9 7.5-.5 4-2.5 6.5-6 7.5-3.5-1-5.5-3.5-6-7.5-4.5 0-7.5-2.5-9-7.5 2-3 5-4 9-3 0-3.5 2-7 6-10zM16 13.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
    "drop": "M16 1.5C22.5 8.5 27 14 27 19.5a11 11 0 0 1-22 0C5 14 9.5 8.5 16 1.5zM10.5 19.5c0 3.3 2.3 5.7 5.5 5.7v-3c-1.5 0-2.5-1-2.5-2.7z",
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
