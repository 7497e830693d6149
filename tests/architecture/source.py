"""The project's own source, as the architecture tests read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mahalla"


def modules(*parts: str) -> Iterator[tuple[str, ast.Module]]:
    """``(path from the root, syntax tree)`` of every module under these folders of the package, migrations apart."""
    for part in parts:
        for path in sorted((PACKAGE / part).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), tree(path)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute chain; an empty part where the chain starts with something else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def layers(contract: str) -> list[str]:
    """The layers of a contract in .importlinter, lowest first."""
    import configparser

    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [line.strip() for line in lines if line.strip()][::-1]
