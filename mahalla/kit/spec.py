"""Which requirements the tests show: ids read from ``docs/spec/*.md``, marks read from ``tests/**/*.py``.

A requirement is a list item that begins with its id in bold, ``- **KH-FLOW-03** …``; its heading is the id's middle
part. A test shows it with ``@pytest.mark.spec("KH-FLOW-03")``, on the test, its class, its module or one of its
parameters. The tests are parsed, never imported, so this needs neither their dependencies nor a database.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"^- \*\*(?P<id>[A-Z]{2}-(?P<heading>[A-Z]+)-\d+)\*\*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mark:
    id: str
    where: str


@dataclass(slots=True)
class Report:
    """``headings`` by market, in the order of its document; ``problems`` are sentences and make the report fail."""

    headings: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def requirements(document: str) -> dict[str, list[str]]:
    """Heading → its ids, in the document's order. Raises ValueError for an id that stands there twice."""
    found: dict[str, list[str]] = {}
    for match in _REQUIREMENT.finditer(document):
        ids = found.setdefault(match["heading"], [])
        if match["id"] in ids:
            raise ValueError(f"{match['id']} is defined twice")
        ids.append(match["id"])
    return found


def marks(source: str, name: str) -> tuple[list[Mark], list[str]]:
    """The marks of one test file, and what is wrong with them: an id that is no literal, a mark on no test."""
    reader = _Reader(ast.parse(source, filename=name), name)
    return reader.marks, reader.problems


def report(root: Path, markets: Iterable[str] = ()) -> Report:
    """Compare ``root/docs/spec`` with ``root/tests``. Raises LookupError for a market that has no document."""
    documents = {path.stem: path for path in sorted((root / "docs" / "spec").glob("*.md"))}
    wanted = list(markets) or list(documents)
    for market in wanted:
        if market not in documents:
            raise LookupError(
                f"there is no docs/spec/{market}.md; there are: {', '.join(documents) or 'none'}"
            )
    known = {market: requirements(path.read_text("utf-8")) for market, path in documents.items()}
    everything = {one for headings in known.values() for ids in headings.values() for one in ids}

    result = Report()
    shown: set[str] = set()
    for path in sorted((root / "tests").rglob("*.py")):
        found, problems = marks(path.read_text("utf-8"), str(path.relative_to(root)))
        result.problems += problems
        for mark in found:
            shown.add(mark.id)
            if mark.id not in everything:
                result.problems.append(f"{mark.where}: there is no requirement {mark.id}")
    for market in wanted:
        result.headings[market] = {
            heading: {
                "total": len(ids),
                "shown": sum(one in shown for one in ids),
                "missing": [one for one in ids if one not in shown],
            }
            for heading, ids in known[market].items()
        }
    return result


class _Reader:
    """Walks a module: what stands on a test is a mark, what stands nowhere useful is a problem."""

    def __init__(self, module: ast.Module, name: str) -> None:
        self.name = name
        self.marks: list[Mark] = []
        self.problems: list[str] = []
        self.seen: set[ast.Call] = set()
        self.named = {
            target.id: node.value
            for node in module.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in _targets(node)
            if isinstance(target, ast.Name) and target.id != "pytestmark"
        }
        self.body(module.body)
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and _is_spec(node) and node not in self.seen:
                self.problems.append(f"{name}:{node.lineno}: this spec mark stands on no test that runs")

    def body(self, statements: list[ast.stmt]) -> None:
        if any(map(_is_never_run, statements)):
            return
        tests = any(_is_test(node) for node in statements) or any(map(_makes_tests, statements))
        for node in statements:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                if tests and any(_is_pytestmark(target) for target in _targets(node)):
                    self.take(node.value)
            elif isinstance(node, ast.ClassDef) and _is_test(node):
                if any(map(_is_never_passing, node.decorator_list)):
                    continue
                self.body(node.body)
                if any(_is_test(inner) for inner in node.body):
                    self.decorators(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(node):
                self.decorators(node)

    def decorators(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if any(map(_is_never_passing, node.decorator_list)):
            return
        for decorator in node.decorator_list:
            self.take(decorator)

    def take(self, expression: ast.expr, inside: frozenset[str] = frozenset()) -> None:
        """Every spec mark in the expression, and in the module's names that it uses (a list of parameters)."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id in self.named and node.id not in inside:
                self.take(self.named[node.id], inside | {node.id})
            elif isinstance(node, ast.Call) and _is_spec(node) and node not in self.seen:
                self.seen.add(node)
                where = f"{self.name}:{node.lineno}"
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        self.marks.append(Mark(argument.value, where))
                    else:
                        self.problems.append(f"{where}: a spec mark names its ids in plain strings")
                if not node.args:
                    self.problems.append(f"{where}: a spec mark names at least one id")


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[ast.expr]:
    yield from node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_pytestmark(target: ast.expr) -> bool:
    """``pytestmark = …`` and ``TestMachine.pytestmark = …``"""
    name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
    return name == "pytestmark"


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _makes_tests(node: ast.stmt) -> bool:
    """``TestMachine = Machine.TestCase``"""
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id.startswith("Test") for target in node.targets
    )


def _is_never_run(node: ast.stmt) -> bool:
    """``pytestmark = pytest.mark.skip(…)`` or a list with it: all tests beside it are skipped."""
    if not isinstance(node, ast.Assign) or not any(map(_is_pytestmark, node.targets)):
        return False
    given = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return any(map(_is_never_passing, given))


def _mark_name(node: ast.expr) -> str:
    """``spec`` for ``pytest.mark.spec`` and ``mark.spec``, called or not; empty for anything else."""
    function = node.func if isinstance(node, ast.Call) else node
    if not isinstance(function, ast.Attribute):
        return ""
    owner = function.value
    owner_name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return function.attr if owner_name == "mark" else ""


def _is_spec(node: ast.Call) -> bool:
    return _mark_name(node) == "spec"


def _is_never_passing(decorator: ast.expr) -> bool:
    """A test that is always skipped, or expected to fail, shows nothing."""
    return _mark_name(decorator) in ("skip", "xfail")
