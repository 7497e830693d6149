"""Photographs for a demo city and the icons of the installed application, drawn with Pillow."""

from __future__ import annotations

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
SCALE = 2
KINDS = ("avatar", "portfolio", "before", "after", "task", "evidence", "document", "chat")


def demo_photo(
    seed: str, kind: str = "task", *, size: tuple[int, int] = (960, 720), woman: bool | None = None
) -> bytes:
    """A JPEG of ``kind`` (one of ``KINDS``), always the same for the same seed. Not a photograph of anybody.

    ``woman`` says who an ``avatar`` shall show, where that matters.
    """
    if kind not in KINDS:
        raise ValueError(f"no photo of kind {kind!r}; there are {', '.join(KINDS)}")
    chance = random.Random(f"{kind}:{seed}" if kind not in {"before", "after"} else f"room:{seed}")  # noqa: S311
    if kind == "avatar":
        image = _portrait(chance, woman)
    elif kind == "document":
        image = _document(chance)
    else:
        image = _room(chance, size, messy=kind in {"before", "task"})
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=84, optimize=True, progressive=True)
    return out.getvalue()


def _mix(a: Colour, b: Colour, part: float) -> Colour:
    return (
        round(a[0] + (b[0] - a[0]) * part),
        round(a[1] + (b[1] - a[1]) * part),
        round(a[2] + (b[2] - a[2]) * part),
    )


def _wash(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A soft light from above."""
    strip = Image.new("RGB", (1, 64))
    strip.putdata([_mix(top, bottom, y / 63) for y in range(64)])
    return strip.resize(size, Image.Resampling.BICUBIC)


WALLS: list[tuple[Colour, Colour]] = [
    ((238, 229, 214), (222, 209, 188)),
    ((221, 231, 226), (198, 212, 205)),
    ((232, 226, 236), (212, 203, 219)),
    ((228, 233, 240), (204, 213, 225)),
]
FLOORS: list[Colour] = [(190, 150, 108), (168, 132, 98), (205, 196, 182)]
SOFAS: list[Colour] = [(92, 122, 112), (176, 112, 84), (98, 112, 146), (150, 138, 120)]


def _room(chance: random.Random, size: tuple[int, int], *, messy: bool) -> Image.Image:
    """A living room: the same room before (dull, things about) and after (bright, tidy)."""
    width, height = size[0] * SCALE, size[1] * SCALE
    wall, floor, sofa = chance.choice(WALLS), chance.choice(FLOORS), chance.choice(SOFAS)
    image = _wash((width, height), wall[0], wall[1])
    draw = ImageDraw.Draw(image)
    line = round(height * 0.68)
    image.paste(
        _wash((width, height - line), _mix(floor, (255, 255, 255), 0.12), _mix(floor, (0, 0, 0), 0.18)),
        (0, line),
    )
    for x in range(-2, 12):
        draw.line(
            [(width / 2 + (x - 5) * width * 0.09, line), (width / 2 + (x - 5) * width * 0.2, height)],
            fill=_mix(floor, (0, 0, 0), 0.16),
            width=SCALE * 2,
        )
    draw.rectangle([0, line - height * 0.022, width, line], fill=_mix(wall[0], (255, 255, 255), 0.5))
    # what stays comes first, so that the same seed gives the same room before and after
    _window(draw, width, height, chance)
    _rug(draw, width, height, chance)
    _sofa(draw, width, height, sofa)
    _shelf(draw, width, height, chance, messy)
    if messy:
        _mess(draw, width, height, chance)
        image = Image.blend(image, Image.new("RGB", image.size, (96, 84, 70)), 0.16)
    else:
        glow = Image.new("L", image.size, 0)
        ImageDraw.Draw(glow).polygon(
            [
                (width * 0.1, height * 0.12),
                (width * 0.34, height * 0.12),
                (width * 0.74, height),
                (width * 0.26, height),
            ],
            fill=58,
        )
        image.paste((255, 246, 224), mask=glow.filter(ImageFilter.GaussianBlur(width / 40)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _window(draw: ImageDraw.ImageDraw, w: int, h: int, chance: random.Random) -> None:
    x0, y0, x1, y1 = w * 0.08, h * 0.1, w * 0.34, h * 0.48
    draw.rounded_rectangle(
        [x0 - w * 0.012, y0 - w * 0.012, x1 + w * 0.012, y1 + w * 0.012], w * 0.008, fill=(250, 247, 241)
    )
    draw.rectangle([x0, y0, x1, y1], fill=chance.choice([(186, 217, 236), (247, 222, 178), (170, 205, 222)]))
    for step in range(4):
        left = x0 + (x1 - x0) * step / 4
        draw.rectangle(
            [left, y1 - h * chance.uniform(0.06, 0.17), left + (x1 - x0) * 0.2, y1], fill=(222, 203, 170)
        )
    draw.rectangle([(x0 + x1) / 2 - w * 0.004, y0, (x0 + x1) / 2 + w * 0.004, y1], fill=(250, 247, 241))
    draw.rectangle([x0, (y0 + y1) / 2 - w * 0.004, x1, (y0 + y1) / 2 + w * 0.004], fill=(250, 247, 241))


def _shelf(draw: ImageDraw.ImageDraw, w: int, h: int, chance: random.Random, messy: bool) -> None:
    x0, x1, wood = w * 0.72, w * 0.93, (164, 116, 74)
    tilt = h * 0.03 if messy else 0
    for level in (0.2, 0.36, 0.52):
        y = h * level
        draw.polygon([(x0, y), (x1, y + tilt), (x1, y + tilt + h * 0.018), (x0, y + h * 0.018)], fill=wood)
        x = x0 + w * 0.012
        while x < x1 - w * 0.03:
            wide, tall = w * chance.uniform(0.01, 0.02), h * chance.uniform(0.06, 0.11)
            lean = chance.uniform(0, w * 0.012) if messy else 0
            base = y + tilt * (x - x0) / (x1 - x0)
            colour = chance.choice(
                [(178, 82, 44), (40, 86, 141), (31, 107, 83), (224, 170, 66), (236, 228, 212)]
            )
            draw.polygon(
                [(x + lean, base - tall), (x + wide + lean, base - tall), (x + wide, base), (x, base)],
                fill=colour,
            )
            x += wide + w * (chance.uniform(0.001, 0.03) if messy else 0.002)


def _sofa(draw: ImageDraw.ImageDraw, w: int, h: int, colour: Colour) -> None:
    dark, light, r = _mix(colour, (0, 0, 0), 0.22), _mix(colour, (255, 255, 255), 0.14), w * 0.022
    draw.ellipse([w * 0.24, h * 0.83, w * 0.76, h * 0.9], fill=(120, 96, 70))
    draw.rounded_rectangle([w * 0.27, h * 0.5, w * 0.73, h * 0.74], r, fill=colour)
    draw.rounded_rectangle([w * 0.24, h * 0.58, w * 0.31, h * 0.84], r, fill=dark)
    draw.rounded_rectangle([w * 0.69, h * 0.58, w * 0.76, h * 0.84], r, fill=dark)
    for left in (0.305, 0.502):
        draw.rounded_rectangle([w * left, h * 0.66, w * (left + 0.193), h * 0.8], r * 0.8, fill=light)
    draw.rectangle([w * 0.3, h * 0.78, w * 0.7, h * 0.84], fill=dark)
    draw.rounded_rectangle([w * 0.34, h * 0.57, w * 0.43, h * 0.69], r * 0.7, fill=(236, 205, 140))


def _rug(draw: ImageDraw.ImageDraw, w: int, h: int, chance: random.Random) -> None:
    colour = chance.choice([(176, 74, 62), (62, 96, 120), (204, 178, 136)])
    for inset, tone in ((0.0, colour), (0.02, _mix(colour, (255, 255, 255), 0.55)), (0.028, colour)):
        draw.polygon(
            [
                (w * (0.28 + inset), h * (0.88 + inset)),
                (w * (0.72 - inset), h * (0.88 + inset)),
                (w * (0.8 - inset), h * (0.985 - inset)),
                (w * (0.2 + inset), h * (0.985 - inset)),
            ],
            fill=tone,
        )


def _mess(draw: ImageDraw.ImageDraw, w: int, h: int, chance: random.Random) -> None:
    for _ in range(9):
        x, y, size = (
            w * chance.uniform(0.06, 0.94),
            h * chance.uniform(0.78, 0.95),
            w * chance.uniform(0.02, 0.055),
        )
        colour = chance.choice(
            [(214, 206, 190), (150, 116, 78), (126, 138, 150), (186, 96, 70), (92, 88, 80)]
        )
        if chance.random() < 0.5:
            points = [
                (x + size * chance.uniform(-1, 1), y + size * chance.uniform(-0.6, 0.6)) for _ in range(6)
            ]
            points.sort()
            draw.polygon(points, fill=colour)
        else:
            draw.rectangle([x, y - size, x + size * 1.3, y], fill=(190, 148, 98))
            draw.rectangle([x + size * 0.55, y - size, x + size * 0.75, y], fill=(222, 192, 148))
    for _ in range(60):
        x, y = w * chance.random(), h * chance.uniform(0.7, 1)
        draw.ellipse([x, y, x + SCALE * 5, y + SCALE * 3], fill=(120, 100, 78))


def _portrait(chance: random.Random, woman: bool | None) -> Image.Image:
    """A head and shoulders against a soft ground."""
    size = 480 * SCALE
    unit = size / 100
    skin = chance.choice([(244, 211, 181), (232, 189, 151), (210, 157, 111), (169, 115, 74), (122, 79, 51)])
    shade, hair = _mix(skin, (60, 30, 10), 0.16), chance.choice([(36, 26, 20), (58, 39, 25), (27, 24, 23)])
    ground = chance.choice([(206, 222, 212), (238, 218, 194), (208, 218, 236), (232, 210, 212)])
    image = _wash((size, size), _mix(ground, (255, 255, 255), 0.35), _mix(ground, (0, 0, 0), 0.08))
    draw = ImageDraw.Draw(image)

    def oval(x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        draw.ellipse([x0 * unit, y0 * unit, x1 * unit, y1 * unit], fill=fill)

    scarf = chance.choice([(47, 93, 98), (140, 90, 107), (63, 74, 107), (181, 138, 99), (43, 43, 48)])
    looks = ["hijab", "ghutra", "short", "short"]
    look = chance.choice(looks if woman is None else looks[:1] if woman else looks[1:])
    shirt = (
        (250, 249, 245)
        if look == "ghutra"
        else chance.choice([(31, 107, 83), (40, 86, 141), (178, 82, 44), (59, 70, 80)])
    )
    if look in {"hijab", "ghutra"}:
        cloth = scarf if look == "hijab" else (253, 252, 249)
        oval(20, 8, 80, 78, cloth)
        draw.polygon(
            [(22 * unit, 40 * unit), (78 * unit, 40 * unit), (88 * unit, 92 * unit), (12 * unit, 92 * unit)],
            fill=cloth,
        )
    oval(8, 74, 92, 140, shirt if look != "hijab" else scarf)
    draw.rounded_rectangle([41 * unit, 58 * unit, 59 * unit, 80 * unit], 7 * unit, fill=shade)
    if look == "short":
        oval(26, 11, 74, 60, hair)
    oval(29, 19, 71, 72, skin)
    if look == "hijab":
        draw.chord([25 * unit, 13 * unit, 75 * unit, 62 * unit], 200, 340, fill=scarf)
    elif look == "ghutra":
        draw.chord([25 * unit, 12 * unit, 75 * unit, 60 * unit], 198, 342, fill=(253, 252, 249))
        for y in (13, 18):
            draw.arc(
                [26 * unit, y * unit, 74 * unit, (y + 36) * unit],
                208,
                332,
                fill=(28, 25, 23),
                width=round(2.6 * unit),
            )
    else:
        draw.chord([27 * unit, 12 * unit, 73 * unit, 54 * unit], 194, 346, fill=hair)
    if look != "hijab" and chance.random() < 0.6:
        draw.chord([29 * unit, 24 * unit, 71 * unit, 73 * unit], 22, 158, fill=hair)
    for x in (41, 59):
        oval(x - 2.2, 42, x + 2.2, 47, (36, 26, 20))
        oval(x + 0.1, 42.7, x + 1.5, 44.2, (255, 255, 255))
        draw.arc(
            [(x - 5) * unit, 36 * unit, (x + 5) * unit, 42 * unit],
            205,
            335,
            fill=hair,
            width=round(1.3 * unit),
        )
    draw.arc([47 * unit, 46 * unit, 53 * unit, 54 * unit], 40, 140, fill=shade, width=round(1.4 * unit))
    draw.chord([43 * unit, 53 * unit, 57 * unit, 64 * unit], 15, 165, fill=(250, 246, 240))
    return image.resize((480, 480), Image.Resampling.LANCZOS)


def _document(chance: random.Random) -> Image.Image:
    """A card that is plainly a specimen: no real document's layout, no readable data."""
    image = _wash((1000 * SCALE, 640 * SCALE), (228, 236, 230), (206, 220, 211))
    draw = ImageDraw.Draw(image)
    s = SCALE
    draw.rounded_rectangle(
        [40 * s, 40 * s, 960 * s, 600 * s], 36 * s, fill=(248, 250, 247), outline=(150, 176, 160), width=4 * s
    )
    draw.rounded_rectangle([80 * s, 150 * s, 330 * s, 470 * s], 18 * s, fill=(206, 216, 210))
    draw.ellipse([145 * s, 200 * s, 265 * s, 330 * s], fill=(168, 182, 174))
    draw.pieslice([105 * s, 330 * s, 305 * s, 610 * s], 180, 360, fill=(168, 182, 174))
    draw.rectangle([80 * s, 470 * s, 330 * s, 480 * s], fill=(248, 250, 247))
    draw.rectangle([60 * s, 480 * s, 340 * s, 590 * s], fill=(248, 250, 247))
    for row in range(6):
        draw.rounded_rectangle(
            [390 * s, (160 + row * 58) * s, (390 + chance.randint(220, 500)) * s, (184 + row * 58) * s],
            12 * s,
            fill=(196, 208, 200),
        )
    draw.rounded_rectangle([80 * s, 84 * s, 560 * s, 116 * s], 16 * s, fill=(31, 107, 83))
    draw.text((640 * s, 500 * s), "SPECIMEN", font_size=52 * s, fill=(190, 90, 70))
    return image.resize((1000, 640), Image.Resampling.LANCZOS)


@lru_cache(maxsize=32)
def brand_icon(size: int, colour: str = "#0b6b53") -> bytes:
    """The icon of the installed application as a PNG: the arch on the accent, with the margin that masks need."""
    full = size * 4
    image = Image.new("RGB", (full, full), colour)
    draw = ImageDraw.Draw(image)
    unit = full / 100

    def box(*sides: float) -> list[float]:
        return [side * unit for side in sides]

    draw.polygon([(x * unit, y * unit) for x, y in _arch(28, 72, 20, 46)], fill="#fff")
    draw.rectangle(box(28, 45.9, 72, 78), fill="#fff")
    draw.rounded_rectangle(box(42, 54, 58, 90), 8 * unit, fill=colour)
    draw.rectangle(box(20, 78, 80, 92), fill=colour)
    out = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _arch(left: float, right: float, top: float, base: float) -> list[tuple[float, float]]:
    """A pointed arch as a polygon: two arcs that meet above the middle."""
    middle, steps = (left + right) / 2, 48
    half = []
    for step in range(steps + 1):
        along = step / steps
        x = left + (middle - left) * along**1.6
        half.append((x, base - (base - top) * along**0.85))
    return half + [(left + right - x, y) for x, y in reversed(half)]
