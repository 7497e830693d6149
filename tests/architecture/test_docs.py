"""What is written by a command is what the command would write now."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command

from mahalla.kit.market import registered
from mahalla.web.management.commands import flows


def test_the_drawn_flows_are_those_of_the_tables(tmp_path: Path, monkeypatch) -> None:
    kept = flows.DOCS
    monkeypatch.setattr(flows, "DOCS", tmp_path / "docs" / "flows")
    call_command("flows", "draw", stdout=StringIO())
    for name in registered():
        drawn = (tmp_path / "docs" / "flows" / f"{name}.md").read_text()
        assert drawn == (kept / f"{name}.md").read_text(), "run: mahalla flows draw"


def test_every_flow_is_clean() -> None:
    out = StringIO()
    call_command("flows", "check", stdout=out)
    assert all(f"{name}: " in out.getvalue() for name in registered())
