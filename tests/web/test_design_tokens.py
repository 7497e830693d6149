"""The promises of the stylesheet: contrast in both themes, logical properties only, light enough for a bad line."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import django_htmx
import pytest

STATIC = Path(__file__).parents[2] / "mahalla" / "web" / "static" / "web"
CSS = (STATIC / "app.css").read_text()
HEX = r"#[0-9a-f]{3}(?:[0-9a-f]{3})?"


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(rf"--([\w-]+): ({HEX})", block))


def themes() -> dict[str, dict[str, str]]:
    """The colour tokens as a browser has them: each accent in light and in dark."""
    light_part, dark_part = CSS.split("@media (prefers-color-scheme: dark) {", 1)
    dark_part = dark_part.split("prefers-reduced-motion", 1)[0]
    light = tokens(re.search(r":root \{([^}]*)\}", light_part, re.S)[1])  # type: ignore[index]
    dark = light | tokens(re.search(r":root \{([^}]*)\}", dark_part, re.S)[1])  # type: ignore[index]
    found = {"palm light": light, "palm dark": dark}
    for base, part, name in ((light, light_part, "light"), (dark, dark_part, "dark")):
        for accent, block in re.findall(r'\[data-accent="(\w+)"\] \{([^}]*)\}', part):
            found[f"{accent} {name}"] = base | tokens(block)
    return found


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


TEXT = [
    ("ink", "bg"), ("ink", "surface"), ("ink", "sunken"), ("ink-2", "bg"), ("ink-2", "surface"), ("ink-2", "sunken"),
    ("ink-3", "bg"), ("ink-3", "surface"), ("ink-3", "sunken"), ("accent", "bg"), ("accent", "surface"),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("accent-strong", "accent-soft"), ("accent", "accent-soft"),
    ("ink", "accent-soft"), ("ink-2", "accent-soft"), ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"),
    ("info", "info-soft"), ("good", "surface"), ("bad", "surface"), ("ink", "bad-soft"), ("ink", "warn-soft"),
]  # fmt: skip
SHAPES = [("line-strong", "surface"), ("line-strong", "bg"), ("accent", "line")]


@pytest.mark.parametrize("theme", sorted(themes()))
def test_text_can_be_read_in_every_accent_light_and_dark(theme: str) -> None:
    colours = themes()[theme]
    low = {
        f"{a} on {b}": round(contrast(colours[a], colours[b]), 2)
        for a, b in TEXT
        if contrast(colours[a], colours[b]) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("theme", sorted(themes()))
def test_borders_of_fields_and_progress_can_be_seen(theme: str) -> None:
    colours = themes()[theme]
    low = {
        f"{a} on {b}": round(contrast(colours[a], colours[b]), 2)
        for a, b in SHAPES
        if contrast(colours[a], colours[b]) < 3
    }
    assert low == {}


def test_five_accents_each_in_both_themes() -> None:
    from mahalla.web.brand import ACCENTS

    found = themes()
    assert set(found) == {f"{accent} {theme}" for accent in ACCENTS for theme in ("light", "dark")}
    assert {
        name: (found[f"{name} light"]["accent"], found[f"{name} dark"]["accent"]) for name in ACCENTS
    } == ACCENTS


def test_only_logical_properties_so_that_both_directions_come_from_one_sheet() -> None:
    bare = re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)
    physical = re.findall(
        r"(?<![\w-])(?:margin|padding|border|inset)-(?:left|right|top|bottom)\b|[{;]\s*(?:left|right|top|bottom|width|height|float)\s*:",
        bare,
    )
    assert physical == []


def test_the_first_page_is_light() -> None:
    """What every page loads, compressed: styles, scripts, icons and htmx stay below 40 KB, leaving 60 for the page."""
    htmx = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
    files = [
        htmx,
        *(
            STATIC / name
            for name in ("app.css", "app.js", "live.js", "icons.svg", "icons/tick.svg", "icons/down.svg")
        ),
    ]
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in files}
    assert sum(sizes.values()) < 40_000, sizes
    assert sizes["live.js"] < 4_000 and len((STATIC / "live.js").read_bytes()) < 4_096


def test_no_script_of_ours_makes_code_from_text() -> None:
    for script in STATIC.glob("*.js"):
        assert not re.search(
            r"\beval\(|new Function|innerHTML|document\.write|setTimeout\(['\"]", script.read_text()
        ), script.name


def test_the_icons_are_one_sprite_of_well_formed_symbols() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring((STATIC / "icons.svg").read_text())
    names = [symbol.get("id") for symbol in root]
    assert len(names) == len(set(names)) >= 50
    assert all(symbol.get("viewBox") == "0 0 24 24" for symbol in root)
