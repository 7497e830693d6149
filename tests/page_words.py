"""What a person reads or hears on a page: texts, labels, placeholders; for the tests of the languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

SILENT = {"script", "style", "template", "svg", "code", "kbd"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
SPOKEN = ("aria-label", "placeholder", "title", "alt", "aria-description")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_CODE = re.compile(r"\b[A-Z]{2,3}-\d+\b")
LABELS = {"label", "legend", "h1", "h2", "h3", "button", "summary", "small", "b", "th"}


class Page(HTMLParser):
    """``said``: every text and spoken attribute as ``(element, text)``, without what another language is marked for
    (``lang`` of its own) and without what people wrote themselves (``dir="auto"``, ``data-own``)."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.root: dict[str, str | None] = {}
        self._open: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.root = given
        hidden = (
            self._hidden
            or tag in SILENT
            or (tag != "html" and given.get("lang") not in {None, self.root.get("lang")})
        )
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if not hidden:
            self.said += [(f"@{name}", given[name] or "") for name in SPOKEN if given.get(name)]
            if tag == "input" and given.get("type") in {"submit", "button"} and given.get("value"):
                self.said.append(("button", given["value"] or ""))
        if tag not in VOID:
            self._open.append((tag, hidden or given.get("dir") == "auto"))

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _hidden in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.said.append((self._open[-1][0] if self._open else "", " ".join(data.split())))

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def labels(self) -> list[str]:
        return [text for tag, text in self.said if tag in LABELS or tag.startswith("@")]

    def latin(self, own: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
        """The texts with Latin words left in them when names, people's own texts and the allowed words are taken out."""
        whole = {" ".join(one.split()) for one in own}
        theirs = sorted((one for one in whole if _WORD.search(one)), key=len, reverse=True)
        known = {word.casefold() for word in allowed}
        for _tag, text in self.said:
            if not _unknown(text, known) or text in whole:
                continue
            rest = text
            for one in theirs:
                if one in rest:
                    rest = re.sub(rf"(?<![A-Za-z]){re.escape(one)}(?![A-Za-z])", " ", rest)
            if _unknown(rest, known):
                yield text


def _unknown(text: str, known: set[str]) -> bool:
    return any(word.casefold() not in known for word in _WORD.findall(_CODE.sub(" ", text)))
