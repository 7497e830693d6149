"""Habits that keep the house honest, read from the source: no clock, no signals, one writer of state."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import PACKAGE, ROOT, dotted, modules

MARKETS = r"khidma|dastiyor|khadamat|smaart|puretask"
#: who reads ``kit.clock`` in the kernel, and why
CLOCK_READERS = {
    "mahalla/kernel/flow/worker.py": "the worker's loop is an edge: it gives everything below its `now`",
}
#: who sets a field named ``state`` outside kernel/flow, and why that is no flow
STATE_WRITERS = {
    "mahalla/kernel/payments/machine.py": "states that follow a provider, alike in every market; the one function there",
    "mahalla/kernel/notices/": "a delivery's state is the log of a gateway, with no rule of any market in it",
}
CLOCKS = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}


@pytest.mark.parametrize("layer", ["kernel", "kit"])
def test_no_market_is_named_below_the_markets(layer: str) -> None:
    wrong = []
    for path in sorted((PACKAGE / layer).rglob("*")):
        if path.suffix in {".py", ".html", ".sql", ".txt", ".css", ".js"}:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if re.search(MARKETS, line, re.IGNORECASE):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong


def test_the_domain_has_no_clock() -> None:
    wrong = []
    for path, tree in modules("kernel", "kit", "markets"):
        if path == "mahalla/kit/clock.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ".".join(dotted(node).split(".")[-2:]) in CLOCKS:
                wrong.append(f"{path}:{node.lineno}: {dotted(node)}")
            if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
                wrong.append(f"{path}:{node.value.lineno}: {node.arg}")
    assert not wrong


def test_the_kernel_is_given_the_time_and_does_not_ask_for_it() -> None:
    wrong = []
    for path, tree in modules("kernel"):
        if path in CLOCK_READERS:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (
                node.module == "mahalla.kit.clock"
                or (node.module == "mahalla.kit" and any(alias.name == "clock" for alias in node.names))
            ):
                wrong.append(f"{path}:{node.lineno}")
    assert not wrong


def test_there_are_no_signals() -> None:
    wrong = []
    for path, tree in modules("."):
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if any(re.search(r"^(django|allauth)\b.*\b(signals?|dispatch)\b", name) for name in names):
                wrong.append(f"{path}:{node.lineno}: {names}")
    assert not wrong


def _state_writes(tree: ast.Module) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
            if called == "update" and any(keyword.arg == "state" for keyword in node.keywords):
                lines.append(node.lineno)
            if (
                called == "setattr"
                and isinstance(node.args[1], ast.Constant)
                and node.args[1].value == "state"
            ):
                lines.append(node.lineno)
        lines += [t.lineno for t in targets if isinstance(t, ast.Attribute) and t.attr == "state"]
    return lines


def test_a_state_is_changed_in_one_place() -> None:
    wrong = []
    for path, tree in modules("."):
        if path.startswith("mahalla/kernel/flow/") or any(path.startswith(known) for known in STATE_WRITERS):
            continue
        wrong += [f"{path}:{line}" for line in _state_writes(tree)]
    assert not wrong


def test_the_check_of_states_sees_every_way_to_write_one() -> None:
    tree = ast.parse(
        'job.state = "x"\nsetattr(job, "state", "x")\nJob.objects.filter(pk=1).update(state="x")\n'
    )
    assert sorted(_state_writes(tree)) == [1, 2, 3]


def test_kit_is_plain_python() -> None:
    wrong = []
    for path, tree in modules("kit"):
        for node in ast.walk(tree):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.startswith(("django.db", "django.contrib", "django.conf", "django.http")):
                wrong.append(f"{path}:{node.lineno}: {module}")
    assert not wrong


def test_lock_files_pin_by_hash_and_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text), path.name
        pins = re.findall(
            r"^[a-z0-9][\w.\[\],-]*==\S+ \\\n\s+--hash=sha256:", text, re.MULTILINE | re.IGNORECASE
        )
        names = re.findall(r"^[a-z0-9][^\n]*", text, re.MULTILINE | re.IGNORECASE)
        assert len(pins) == len(names) > 0, path.name


def test_files_are_read_whole() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > 400
    ]
    assert not long
