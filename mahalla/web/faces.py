# ruff: noqa: E501 - a line of path data is one line
"""Faces: calm, friendly, respectful; assembled from a few well-drawn parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Pick = Callable[[str, Sequence[Any]], Any]

SKIN = [
    ("#f4d3b5", "#e3b48f"),
    ("#e8bd97", "#d19d72"),
    ("#d29d6f", "#b98153"),
    ("#a9734a", "#8d5b36"),
    ("#7a4f33", "#623c25"),
]
HAIR = ["#241a14", "#3a2719", "#513522", "#1b1817"]
GROUNDS = ["#d9e7df", "#f4dfc9", "#dbe3f3", "#f3d9dc", "#e5dcf1", "#e9e2d2"]
SCARVES = [
    ("#2f5d62", "#25494d"),
    ("#8c5a6b", "#734756"),
    ("#3f4a6b", "#323b57"),
    ("#b58a63", "#9b7350"),
    ("#2b2b30", "#1d1d21"),
    ("#7d8c6c", "#687658"),
]
SHIRTS = ["#1f6b53", "#28568d", "#b2522c", "#5b4a7a", "#3b4650", "#a07a2c"]


def draw(pick: Pick, woman: bool | None) -> str:
    """A face of 100 × 100; ``pick`` chooses by name, so that the same seed always looks the same."""
    lady = pick("woman", [True, False]) if woman is None else woman
    skin, shade = pick("skin", SKIN[:4] if lady else SKIN)
    head = (
        pick("head-w", ["hijab", "hijab", "hijab", "long"])
        if lady
        else pick("head-m", ["ghutra", "shemagh", "short", "short", "cap", "curly"])
    )
    hair, shirt = pick("hair", HAIR), pick("shirt", SHIRTS)
    beard = not lady and pick("beard", [True, True, False])
    glasses = pick("glasses", [False, False, False, True])
    clothes = "#fbfaf7" if head in {"ghutra", "shemagh"} else shirt
    body = f'<path fill="{clothes}" d="M12 104c2-20 17-29 38-29s36 9 38 29z"/>'
    if head in {"ghutra", "shemagh"}:
        body += '<path fill="none" stroke="#ddd6c8" stroke-width="1.6" d="M50 80v20M43 77l7 6 7-6"/>'
    neck = f'<path fill="{shade}" d="M41 62h18v13c-3 6-15 6-18 0z"/>'
    face = f'<path fill="{skin}" d="M29 42c0-15 8-24 21-24s21 9 21 24c0 16-9 29-21 29S29 58 29 42z"/>'
    ears = (
        ""
        if head in {"hijab", "ghutra", "shemagh"}
        else f'<g fill="{shade}"><circle cx="28.5" cy="46" r="4.5"/><circle cx="71.5" cy="46" r="4.5"/></g>'
    )
    return (
        f'<svg viewBox="0 0 100 100" width="96" height="96" aria-hidden="true"><rect width="100" height="100" fill="{pick("ground", GROUNDS)}"/>'
        f"{_behind(head, hair, pick)}{body}{neck}{ears}{face}{_beard(hair) if beard else ''}{_features(hair, skin, shade, lady)}{_front(head, hair, pick)}{_glasses() if glasses else ''}</svg>"
    )


def _features(hair: str, skin: str, shade: str, lady: bool) -> str:
    lips = "#b4545a" if lady else "#8f4a3f"
    brow = 2 if lady else 2.8
    lashes = (
        '<g stroke="#241a14" stroke-width="1.5" stroke-linecap="round"><path d="m37 42.5-2-1.5M63 42.5l2-1.5"/></g>'
        if lady
        else ""
    )
    return (
        f'<g fill="none" stroke="{hair}" stroke-width="{brow}" stroke-linecap="round"><path d="M37 38q4-2.5 8-.5M55 37.5q4-2 8 .5"/></g>'
        f'<g fill="#241a14"><ellipse cx="41" cy="44.5" rx="2.3" ry="2.7"/><ellipse cx="59" cy="44.5" rx="2.3" ry="2.7"/></g><g fill="#fff"><circle cx="41.8" cy="43.6" r=".8"/><circle cx="59.8" cy="43.6" r=".8"/></g>{lashes}'
        f'<path fill="none" stroke="{shade}" stroke-width="2.2" stroke-linecap="round" d="M50 46q-2.5 6 .8 7"/>'
        f'<path fill="#fff" stroke="{lips}" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" d="M43 58.5q7 6.5 14 0z"/>'
        f'<g fill="#d9776a" opacity=".22"><circle cx="36" cy="54" r="4.2"/><circle cx="64" cy="54" r="4.2"/></g>'
    )


def _beard(hair: str) -> str:
    return f'<path fill="{hair}" opacity=".92" d="M29.5 46c2 6 5 8 9 8 4-2.5 7-3 11.5-3s7.5.5 11.5 3c4 0 7-2 9-8 0 17-8.5 27-20.5 27S29.5 63 29.5 46z"/>'


def _glasses() -> str:
    return '<g fill="#fff" fill-opacity=".14" stroke="#3b342b" stroke-width="1.7"><rect x="34" y="39" width="13.5" height="11" rx="5"/><rect x="52.5" y="39" width="13.5" height="11" rx="5"/><path fill="none" d="M47.5 43.5q2.5-1.8 5 0"/></g>'


def _behind(head: str, hair: str, pick: Pick) -> str:
    if head == "hijab":
        colour, _deep = pick("scarf", SCARVES)
        return f'<path fill="{colour}" d="M50 9c-19 0-28 14-28 33 0 16-4 26-8 40 10 12 62 12 72 0-4-14-8-24-8-40C78 23 69 9 50 9z"/>'
    if head == "long":
        return f'<path fill="{hair}" d="M50 12c-19 0-26 14-26 32 0 16-2 24-5 34 14 5 48 5 62 0-3-10-5-18-5-34 0-18-7-32-26-32z"/>'
    if head in {"ghutra", "shemagh"}:
        cloth = "#fdfcf9" if head == "ghutra" else "#f7e4df"
        return f'<path fill="{cloth}" d="M50 10C29 10 23 24 23 42c0 18-5 30-10 44h74c-5-14-10-26-10-44 0-18-6-32-27-32z"/><path fill="#e4ddd0" opacity=".7" d="M23 44c0 18-4 28-9 42h10c4-12 6-24 5-38zM77 44c0 18 4 28 9 42H76c-4-12-6-24-5-38z"/>'
    return ""


def _front(head: str, hair: str, pick: Pick) -> str:
    if head == "hijab":
        colour, deep = pick("scarf", SCARVES)
        return (
            f'<path fill="{colour}" fill-rule="evenodd" d="M50 9c-19 0-28 14-28 33 0 20 11 37 28 37s28-17 28-37C78 23 69 9 50 9zm0 15c13 0 19 8 19 20 0 14-8 26-19 26S31 58 31 44c0-12 6-20 19-20z"/>'
            f'<path fill="none" stroke="{deep}" stroke-width="1.6" stroke-linecap="round" d="M28 33c5-12 13-17 23-17M32 66c5 8 11 11 18 11s13-3 18-11M38 80c8 4 16 4 24 0"/>'
        )
    if head == "long":
        return f'<path fill="{hair}" d="M27 46c-1-22 9-33 24-33s24 11 22 33c-2-12-6-18-11-21-7 6-24 5-29 8-3 3-5 7-6 13z"/>'
    if head in {"ghutra", "shemagh"}:
        cloth = "#fdfcf9" if head == "ghutra" else "#f7e4df"
        check = (
            ""
            if head == "ghutra"
            else '<g stroke="#c8453b" stroke-width="1.5" stroke-dasharray="2.5 3"><path d="M28 34c5-9 13-13 22-13s17 4 22 13M29 28c6-8 13-11 21-11s15 3 21 11M33 22c5-5 11-7 17-7s12 2 17 7" fill="none"/></g>'
        )
        return (
            f'<path fill="{cloth}" d="M26 44c-2-22 8-35 24-35s26 13 24 35c-3-10-9-17-24-17s-21 7-24 17z"/>{check}'
            '<path fill="none" stroke="#1c1917" stroke-width="3" d="M27 27c6-8 14-11 23-11s17 3 23 11"/><path fill="none" stroke="#1c1917" stroke-width="3" d="M28.5 22c6-7 13-10 21.5-10s15.5 3 21.5 10"/>'
        )
    if head == "cap":
        colour = pick("cap", SHIRTS)
        return f'<path fill="{colour}" d="M27 35c0-15 9-23 23-23s23 8 23 23z"/><path fill="{colour}" d="M24 34h52c3 0 5 2 4 4-18-3-42-3-60 0-1-2 1-4 4-4z"/><path fill="#000" opacity=".16" d="M24 34h52c3 0 5 2 4 4-18-3-42-3-60 0-1-2 1-4 4-4z"/>'
    if head == "curly":
        return f'<g fill="{hair}"><circle cx="32" cy="28" r="8"/><circle cx="40" cy="20" r="9"/><circle cx="51" cy="17" r="10"/><circle cx="62" cy="21" r="9"/><circle cx="69" cy="29" r="7.5"/><path d="M29 38c2-12 8-16 21-16s19 4 21 16c-8-9-34-9-42 0z"/></g>'
    return f'<path fill="{hair}" d="M28 42c-3-19 6-30 23-30 16 0 24 10 21 30-2-8-4-12-8-15-9 3-21 2-27-1-5 3-8 8-9 16z"/>'
