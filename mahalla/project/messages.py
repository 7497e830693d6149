"""Translation catalogues, compiled with Babel when they changed: no gettext tool is needed on the machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def catalogues() -> list[Path]:
    """Every ``.po`` file of the package: the shell's and the markets'."""
    return sorted(PACKAGE.glob("**/locale/*/LC_MESSAGES/*.po"))


def compile_changed(paths: Iterable[Path] | None = None) -> list[Path]:
    """Write the ``.mo`` beside each ``.po`` that is newer; returns what was written. Safe to run side by side."""
    written = []
    for po in catalogues() if paths is None else paths:
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        _compile(po, mo)
        written.append(mo)
    return written


def _compile(po: Path, mo: Path) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with po.open("rb") as source:
        catalog = read_po(source, locale=po.parts[-3])
    handle, name = tempfile.mkstemp(dir=po.parent, suffix=".mo.tmp")
    with os.fdopen(handle, "wb") as target:
        write_mo(target, catalog)
    Path(name).chmod(0o644)
    Path(name).replace(mo)
