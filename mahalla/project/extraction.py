"""What there is to translate, and catalogues that hold just that (for maintainers: GNU gettext and polib are needed).

Two layers of catalogues: ``mahalla/locale`` for the shell and the kernel, ``mahalla/markets/<name>/locale`` for each
market. A text of both stands in the first only, so that it has one translation.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.core.management.commands import makemessages
from django.test.utils import override_settings

from mahalla.project.messages import PACKAGE

if TYPE_CHECKING:
    import polib

SHELL = Path("locale")
HEADER = {
    "Project-Id-Version": "mahalla",
    "Language": "ar",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
}
Key = tuple[str | None, str]


class Extraction(makemessages.Command):
    """Django's own, knowing the names under which our modules import gettext."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy", "--keyword=_now"]


def possible() -> bool:
    """Whether this machine has the gettext tools."""
    return all(shutil.which(tool) for tool in ("xgettext", "msguniq", "msgmerge"))


def layers() -> list[Path]:
    """The folders of catalogues, relative to the package: the shell's first, then each market's."""
    markets = sorted(path.parent for path in PACKAGE.glob("markets/*/market.py"))
    return [SHELL, *(market.relative_to(PACKAGE) / "locale" for market in markets)]


def extract() -> dict[Path, polib.POFile]:
    """Every text that the code and the templates mark, by layer. Works on a copy: the tree is not touched."""
    import polib

    with tempfile.TemporaryDirectory(prefix="mahalla-messages-") as folder:
        copy = Path(folder) / "mahalla"
        shutil.copytree(PACKAGE, copy, ignore=_only_sources)
        for layer in layers():
            (copy / layer).mkdir(parents=True, exist_ok=True)
        _make(copy)
        found = {layer: polib.pofile(str(copy / layer / "django.pot")) for layer in layers()}
    shared = {_key(entry) for entry in found[SHELL]}
    for layer, pot in found.items():
        if layer != SHELL:
            pot[:] = [entry for entry in pot if _key(entry) not in shared]
    return found


def translations(language: str) -> dict[Key, polib.POEntry]:
    """What is translated, in whichever layer: a text may move from a market to the kernel and keep its words."""
    import polib

    paths = [catalogue(layer, language) for layer in reversed(layers())]
    entries = [entry for path in paths if path.exists() for entry in polib.pofile(str(path))]
    return {_key(entry): entry for entry in entries if entry.translated()}


def merged(pot: polib.POFile, known: Mapping[Key, polib.POEntry]) -> polib.POFile:
    """The catalogue of just these texts, sorted, with the translations that are known; nothing is guessed."""
    import polib

    new = polib.POFile(wrapwidth=110)
    new.metadata = HEADER
    for entry in sorted(pot, key=lambda one: (one.msgid.casefold(), one.msgid, one.msgctxt or "")):
        before = known.get(_key(entry))
        kept = polib.POEntry(
            msgid=entry.msgid,
            msgctxt=entry.msgctxt,
            msgid_plural=entry.msgid_plural,
            comment=entry.comment,
            flags=[flag for flag in entry.flags if flag != "fuzzy"],
            occurrences=sorted({(file, "") for file, _line in entry.occurrences}),
        )
        if entry.msgid_plural:
            blank = dict.fromkeys(range(6), "")
            kept.msgstr_plural = before.msgstr_plural if before and before.msgid_plural else blank
        else:
            kept.msgstr = before.msgstr if before else ""
        new.append(kept)
    return new


def catalogue(layer: Path, language: str) -> Path:
    return PACKAGE / layer / language / "LC_MESSAGES" / "django.po"


def _key(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid


def _only_sources(folder: str, names: list[str]) -> set[str]:
    keep = {".py", ".html", ".txt"}
    left = {name for name in names if not (Path(folder) / name).is_dir() and Path(name).suffix not in keep}
    return left | ({"locale", "__pycache__", "static"} & set(names))


def _make(copy: Path) -> None:
    """Django's own extraction, run where it may leave its files."""
    paths = [str(copy / layer) for layer in layers()]
    with contextlib.chdir(copy), override_settings(LOCALE_PATHS=paths):
        call_command(
            Extraction(), locale=["ar"], keep_pot=True, add_location="file", no_wrap=True, verbosity=0
        )
