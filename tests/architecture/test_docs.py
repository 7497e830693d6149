"""What is written by a command is what the command would write now."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from pkgutil import iter_modules

from django.core.management import call_command

from mahalla.markets import __path__ as markets
from mahalla.web.management.commands import flows

#: the project's own; tests register markets of theirs beside them
NAMES = [module.name for module in iter_modules(markets)]


def test_the_drawn_flows_are_those_of_the_tables(tmp_path: Path, monkeypatch) -> None:
    kept = flows.DOCS
    monkeypatch.setattr(flows, "DOCS", tmp_path / "docs" / "flows")
    call_command("flows", "draw", *NAMES, stdout=StringIO())
    for name in NAMES:
        drawn = (tmp_path / "docs" / "flows" / f"{name}.md").read_text()
        assert drawn == (kept / f"{name}.md").read_text(), "run: mahalla flows draw"


def test_every_flow_is_clean() -> None:
    out = StringIO()
    call_command("flows", "check", *NAMES, stdout=out)
    assert all(f"{name}: " in out.getvalue() for name in NAMES)
