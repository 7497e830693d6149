# ruff: noqa: E501 - a line of path data is one line
"""Flat illustrations: categories of work, the neighbourhood of the first page, and pages without content yet."""

from __future__ import annotations

#: background, wall, shade, strong
TINTS = {
    "sage": ("#dfeee6", "#c3dfd1", "#93c2ab", "#1f6b53"),
    "sand": ("#f6ead7", "#ecd7b4", "#d9b780", "#8a5a1c"),
    "sky": ("#e1ebf6", "#c7d9ee", "#94b5da", "#28568d"),
    "clay": ("#f8e4da", "#f0cbb9", "#dd9c80", "#96431f"),
    "plum": ("#efe4f2", "#dfcbe6", "#bd9ac9", "#6b3a7c"),
}


def _frame(body: str, ground: str) -> str:
    return (
        f'<svg viewBox="0 0 240 180" aria-hidden="true" preserveAspectRatio="xMidYMid slice">'
        f'<rect width="240" height="180" fill="{ground}"/>{body}</svg>'
    )


def _cleaning() -> str:
    return _frame(
        '<path fill="#c3dfd1" d="M0 136h240v44H0z"/><rect x="24" y="26" width="78" height="74" rx="8" fill="#fff"/>'
        '<path fill="#bfe0ee" d="M30 32h30v28H30zM66 32h30v28H66zM30 66h30v28H30zM66 66h30v28H66z"/><path stroke="#fff" stroke-width="4" stroke-linecap="round" d="m36 54 14-14M72 88l16-16"/>'
        '<path fill="#e09a4a" d="m176.5 28 6 1.5-14 84-6-1.5z"/><path fill="#1f6b53" d="M150 110c8-3 20-1 26 4l-3 12-28-5z"/>'
        '<path fill="#f3c969" d="m145 120 29 5c2 14 1 24-2 33l-38-6c5-9 9-19 11-32z"/><path stroke="#d7a83e" stroke-width="2.5" stroke-linecap="round" d="m153 130-6 20m15-18-4 20m12-19-1 21"/>'
        '<path fill="#28568d" d="M84 116h42l-5 42a5 5 0 0 1-5 4.5H94a5 5 0 0 1-5-4.5z"/><path fill="#3c72b4" d="M81 110h48a3 3 0 0 1 3 3v5H78v-5a3 3 0 0 1 3-3z"/><path fill="none" stroke="#1c4170" stroke-width="3" d="M84 116c2-26 40-26 42 0"/>'
        '<circle cx="96" cy="103" r="8" fill="#fff"/><circle cx="108" cy="99" r="11" fill="#fff"/><circle cx="119" cy="105" r="7" fill="#fff"/><circle cx="134" cy="84" r="5" fill="#fff" opacity=".8"/><circle cx="122" cy="72" r="3.5" fill="#fff" opacity=".8"/>'
        '<path fill="#fff" d="M205 40c1 6 4 9 10 10-6 1-9 4-10 10-1-6-4-9-10-10 6-1 9-4 10-10zM214 84c.7 4 3 6 7 7-4 1-6.3 3-7 7-.7-4-3-6-7-7 4-1 6.3-3 7-7z"/>',
        "#dfeee6",
    )


def _mounting() -> str:
    return _frame(
        '<path fill="#c7d9ee" d="M0 142h240v38H0z"/><rect x="40" y="34" width="128" height="78" rx="7" fill="#24303f"/><rect x="46" y="40" width="116" height="66" rx="3" fill="#3f6ea8"/>'
        '<path fill="#f3c969" d="M46 88c20-14 34-16 50-4s34 6 66-14v33a3 3 0 0 1-3 3H49a3 3 0 0 1-3-3z"/><circle cx="134" cy="58" r="10" fill="#fbe6b0"/>'
        '<rect x="52" y="128" width="104" height="24" rx="5" fill="#d9b780"/><path stroke="#b98f4f" stroke-width="2.5" d="M104 128v24"/><path fill="#8a5a1c" d="M62 152h7v12h-7zM139 152h7v12h-7z"/>'
        '<path fill="#d95d39" d="M182 78h36a7 7 0 0 1 7 7v12a7 7 0 0 1-7 7h-16l4 28a5 5 0 0 1-5 6h-11a5 5 0 0 1-5-4z"/><path fill="#24303f" d="M168 84h14v14h-14zM188 132h18l1 10h-18z"/><path stroke="#7f8c9b" stroke-width="4" stroke-linecap="round" d="M168 91h-14"/><circle cx="208" cy="91" r="4" fill="#fff" opacity=".7"/>',
        "#e1ebf6",
    )


def _moving() -> str:
    return _frame(
        '<path fill="#ecd7b4" d="M0 138h240v42H0z"/><path stroke="#fff" stroke-width="4" stroke-dasharray="18 14" d="M0 162h240"/><circle cx="196" cy="42" r="17" fill="#f3c969"/>'
        '<path fill="#e3c79a" d="M0 138V92h20V74h26v28h18v36zM206 138v-40h14V84h20v54z"/>'
        '<rect x="44" y="54" width="104" height="82" rx="7" fill="#fff"/><path fill="#1f6b53" d="M44 104h104v14H44z"/><path fill="#1f6b53" d="M154 78h26c5 0 8 2 11 6l15 21a8 8 0 0 1 1 4v22a5 5 0 0 1-5 5h-48z"/><path fill="#cfe6ee" d="M164 86h15c3 0 4 1 6 3l11 16h-32z"/>'
        '<path fill="#f3c969" d="M198 116h9v8h-9z"/><g fill="#2b2620"><circle cx="78" cy="138" r="15"/><circle cx="176" cy="138" r="15"/></g><g fill="#d8d0c4"><circle cx="78" cy="138" r="6"/><circle cx="176" cy="138" r="6"/></g>'
        '<path fill="#d9a05b" d="M60 72h32v28H60zM98 82h24v18H98z"/><path fill="#c08544" d="M73 72h6v10h-6zM108 82h4v7h-4z"/>',
        "#f6ead7",
    )


def _assembly() -> str:
    return _frame(
        '<path fill="#f0cbb9" d="M0 140h240v40H0z"/><path fill="#b5713c" d="M58 32h8v120h-8zM134 32h8v120h-8z"/><path fill="#d08e55" d="M58 28h84v8H58zM66 64h68v7H66zM66 100h68v7H66z"/><path fill="#fff" opacity=".45" d="M66 36h68v28H66z"/>'
        '<path fill="#28568d" d="M72 44h8v20h-8z"/><path fill="#1f6b53" d="M82 40h8v24h-8z"/><path fill="#f3c969" d="M92 46h9v18h-9z"/><path fill="#d95d39" d="m106 42 8-2 5 23-8 1z"/><path fill="#fff" d="M78 84h20v16H78z"/><path fill="#1f6b53" d="M88 84c-8-2-10-8-9-14 6 2 9 7 9 14zm0 0c8-2 11-6 11-12-6 1-10 5-11 12z"/>'
        '<path fill="#d08e55" d="m84 122 74 18-2 8-74-18z" /><path fill="#24303f" d="M176 60h10v44h-10z"/><path fill="#7f8c9b" d="M178 104h6v40h-6z"/><path fill="#d95d39" d="M171 40h20a4 4 0 0 1 4 4v20a6 6 0 0 1-6 6h-16a6 6 0 0 1-6-6V44a4 4 0 0 1 4-4z"/><path stroke="#b34524" stroke-width="2.5" d="M177 46v18m8-18v18"/>'
        '<g fill="#7f8c9b"><circle cx="206" cy="150" r="5"/><circle cx="220" cy="158" r="4"/><path d="M196 160h12v4h-12z"/></g>',
        "#f8e4da",
    )


CATEGORIES = {"cleaning": _cleaning, "mounting": _mounting, "moving": _moving, "assembly": _assembly}
CATEGORIES |= {"furniture": _assembly}


def category(code: str) -> str:
    return CATEGORIES[code]()


def icon_scene(icon_href: str, tint: str) -> str:
    """A duotone scene around one drawing of the sprite."""
    ground, wall, shade, strong = TINTS[tint]
    return _frame(
        f'<path fill="{wall}" d="M0 132c60-14 180-14 240 0v48H0z"/><circle cx="120" cy="84" r="56" fill="#fff" opacity=".75"/><circle cx="196" cy="38" r="10" fill="{shade}" opacity=".6"/><circle cx="38" cy="56" r="6" fill="{shade}" opacity=".6"/>'
        f'<svg x="78" y="42" width="84" height="84" viewBox="0 0 24 24" fill="{wall}" stroke="{strong}" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"><use href="{icon_href}"/></svg>',
        ground,
    )


def letter_scene(letter: str, tint: str) -> str:
    ground, wall, _shade, strong = TINTS[tint]
    return _frame(
        f'<path fill="{wall}" d="M0 132c60-14 180-14 240 0v48H0z"/><circle cx="120" cy="84" r="56" fill="#fff" opacity=".75"/>'
        f'<text x="120" y="106" text-anchor="middle" font-size="60" font-weight="700" fill="{strong}">{letter}</text>',
        ground,
    )


def empty(icon_href: str) -> str:
    """A quiet drawing in the accent of the page (colours by class, so that it follows light and dark)."""
    return (
        '<svg viewBox="0 0 180 140" class="pic" aria-hidden="true"><path class="pic-soft" d="M34 38C56 6 118 2 146 34s24 76-14 92-84 8-104-18 -14-46 6-70z"/>'
        '<rect class="pic-paper" x="52" y="34" width="76" height="76" rx="22"/><circle class="pic-dot" cx="30" cy="30" r="4"/><circle class="pic-dot" cx="158" cy="98" r="5"/><path class="pic-line" d="m150 22 4 8 8 4-8 4-4 8-4-8-8-4 8-4z"/>'
        f'<svg x="69" y="51" width="42" height="42" class="pic-icon"><use href="{icon_href}"/></svg></svg>'
    )


def _palm(x: int, y: int, height: int) -> str:
    top = y - height
    return (
        f'<path fill="none" stroke="#8a5f36" stroke-width="6" stroke-linecap="round" d="M{x} {y}q4-{height // 2} 0-{height}"/>'
        f'<g fill="none" stroke="#2c7a5e" stroke-width="6" stroke-linecap="round"><path d="M{x} {top}q-16-14-34 2M{x} {top}q16-14 34 2M{x} {top}q-10-22-26-20M{x} {top}q10-22 26-20M{x} {top}q-12 2-20 20M{x} {top}q12 2 20 20"/></g>'
        f'<g fill="#c98b3a"><circle cx="{x - 5}" cy="{top + 7}" r="4"/><circle cx="{x + 5}" cy="{top + 8}" r="4"/></g>'
    )


def _house(x: int, y: int, width: int, height: int, wall: str, shade: str) -> str:
    crest = "".join(
        f'<path fill="{wall}" d="M{x + i} {y - height}l6-9 6 9z"/>' for i in range(0, width - 11, 14)
    )
    windows = "".join(
        f'<path fill="{shade}" d="M{wx} {wy + 22}v-12a8 8 0 0 1 16 0v12z"/>'
        for wy in range(y - height + 18, y - 66, 40)
        for wx in range(x + 16, x + width - 26, 32)
    )
    door = x + width // 2 - 13
    return (
        f'{crest}<rect x="{x}" y="{y - height}" width="{width}" height="{height}" fill="{wall}"/>{windows}'
        f'<path fill="#1f6b53" d="M{door} {y}v-30a13 13 0 0 1 26 0v30z"/><circle cx="{door + 20}" cy="{y - 16}" r="2" fill="#f3c969"/>'
    )


def neighbourhood() -> str:
    """Houses, palms, laundry and a van: the picture of the first page."""
    return (
        '<svg viewBox="0 20 520 340" class="art" aria-hidden="true"><circle cx="402" cy="92" r="46" fill="#f6cf76"/>'
        '<path fill="#fff" opacity=".6" d="M70 88h70a16 16 0 0 0 0-32 24 24 0 0 0-46-4 18 18 0 0 0-24 36z"/>'
        + _house(16, 306, 104, 150, "#e9cfa6", "#b98f5a")
        + _house(284, 306, 122, 178, "#f3dcb8", "#c59d66")
        + _house(126, 306, 150, 214, "#f7ead2", "#c9a574")
        + _house(412, 306, 100, 126, "#e4c596", "#b3874f")
        + _palm(122, 306, 112)
        + _palm(284, 306, 92)
        + _palm(500, 306, 104)
        + '<path fill="#bfa981" d="M0 304h520v56H0z"/><path stroke="#f4e7cd" stroke-width="5" stroke-dasharray="26 20" d="M0 336h520"/>'
        '<g><rect x="176" y="246" width="104" height="70" rx="9" fill="#fff"/><path fill="#0b6b53" d="M176 286h104v12H176zM284 264h24c5 0 8 2 11 6l15 19a8 8 0 0 1 2 5v18a5 5 0 0 1-5 5h-47z"/><path fill="#cfe6ee" d="M293 271h14c3 0 4 1 6 3l11 14h-31z"/>'
        '<g fill="#2b2620"><circle cx="206" cy="317" r="15"/><circle cx="306" cy="317" r="15"/></g><g fill="#d8d0c4"><circle cx="206" cy="317" r="6"/><circle cx="306" cy="317" r="6"/></g></g></svg>'
    )
