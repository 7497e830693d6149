"""``mahalla spec`` counts what the tests say they show, and finds marks that say nothing true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from mahalla.kit import spec

ROOT = Path(__file__).resolve().parents[1]
#: the mark, written so that this file's own samples are not taken for marks by a reader of text
SPEC = "pytest.mark.spec"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "spec").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "docs" / "spec" / "bazaar.md").write_text(
        "## FLOW\n- **BZ-FLOW-01** One. *Shows:* BZ-FLOW-09.\n- **BZ-FLOW-02** Two.\nSee **BZ-FLOW-03**.\n"
        "## PAY\n- **BZ-PAY-01** Pay, see **BZ-PAY-07**.\n| **BZ-PAY-08** | a table |\n"
    )
    return tmp_path


def mahalla_spec(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as it is typed, where no database answers."""
    return subprocess.run(
        [sys.executable, "-m", "mahalla", "spec", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def found(source: str) -> list[str]:
    marks, problems = spec.marks(dedent(source), "tests/test_x.py")
    assert problems == []
    return sorted(mark.id for mark in marks)


@pytest.mark.parametrize(
    "source",
    [
        f"@{SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"@{SPEC}('BZ-FLOW-01')\nasync def test_it(): ...",
        f"pytestmark = {SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"pytestmark = [pytest.mark.django_db, {SPEC}('BZ-FLOW-01')]\ndef test_it(): ...",
        f"@{SPEC}('BZ-FLOW-01')\nclass TestIt:\n    def test_it(self): ...",
        f"class TestIt:\n    pytestmark = {SPEC}('BZ-FLOW-01')\n    def test_it(self): ...",
        f"class TestIt:\n    @{SPEC}('BZ-FLOW-01')\n    def test_it(self): ...",
        f"@pytest.mark.parametrize('a', [1, pytest.param(2, marks={SPEC}('BZ-FLOW-01'))])\ndef test_it(a): ...",
        f"A = [pytest.param(2, marks=[{SPEC}('BZ-FLOW-01')])]\n@pytest.mark.parametrize('a', A)\ndef test_it(a): ...",
        f"one = {SPEC}('BZ-FLOW-01')\n@one\ndef test_it(): ...",
        f"TestIt = Machine.TestCase\nTestIt.pytestmark = [{SPEC}('BZ-FLOW-01')]",
        "from pytest import mark\n@mark.spec('BZ-FLOW-01')\ndef test_it(): ...",
    ],
)
def test_a_mark_is_found_wherever_it_stands_on_a_test(source: str) -> None:
    assert found(source) == ["BZ-FLOW-01"]


def test_what_only_looks_like_a_mark_is_none() -> None:
    assert (
        found(
            f"# @{SPEC}('BZ-FLOW-01')\ndef test_it():\n    '''@{SPEC}('BZ-FLOW-02')'''\n    x.spec('BZ-PAY-01')"
        )
        == []
    )


@pytest.mark.parametrize(
    "source",
    [
        f"@{SPEC}('BZ-FLOW-01')\ndef helper(): ...",
        f"@{SPEC}('BZ-FLOW-01')\nclass TestNothing:\n    def helper(self): ...",
        f"pytestmark = {SPEC}('BZ-FLOW-01')\ndef helper(): ...",
        f"unused = {SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"@pytest.mark.skip\n@{SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"@pytest.mark.xfail(reason='later')\n@{SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"@pytest.mark.skip\nclass TestIt:\n    @{SPEC}('BZ-FLOW-01')\n    def test_it(self): ...",
        f"pytestmark = [pytest.mark.skip]\n@{SPEC}('BZ-FLOW-01')\ndef test_it(): ...",
        f"@{SPEC}('BZ-FLOW-0' + n)\ndef test_it(): ...",
        f"@{SPEC}()\ndef test_it(): ...",
    ],
)
def test_a_mark_that_shows_nothing_is_a_problem(source: str) -> None:
    marks, [problem] = spec.marks(source, "tests/test_x.py")
    assert marks == []
    assert problem.startswith("tests/test_x.py:")


def test_headings_count_definitions_and_nothing_else(project: Path) -> None:
    (project / "tests" / "test_a.py").write_text(f"@{SPEC}('BZ-FLOW-02')\ndef test_it(): ...")
    assert spec.report(project).headings == {
        "bazaar": {
            "FLOW": {"total": 2, "shown": 1, "missing": ["BZ-FLOW-01"]},
            "PAY": {"total": 1, "shown": 0, "missing": ["BZ-PAY-01"]},
        }
    }


def test_a_requirement_defined_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="BZ-FLOW-01 is defined twice"):
        spec.requirements("- **BZ-FLOW-01** One.\n- **BZ-FLOW-01** One again.\n")


def test_a_mark_of_an_unknown_requirement_fails_the_command_and_is_named(project: Path) -> None:
    (project / "tests" / "test_a.py").write_text(f"\n@{SPEC}('BZ-FLOW-01', 'BZ-FLOW-77')\ndef test_it(): ...")
    run = mahalla_spec("--root", str(project))
    assert run.returncode == 1
    assert run.stderr.strip() == "tests/test_a.py:2: there is no requirement BZ-FLOW-77"
    assert "bazaar: 1 of 3 shown" in run.stdout
    assert "missing BZ-FLOW-02" in run.stdout


def test_the_command_answers_for_this_project_without_a_database() -> None:
    run = mahalla_spec("khidma", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    answer = json.loads(run.stdout)
    assert list(answer) == ["khidma"]
    assert answer["khidma"]["FLOW"]["total"] == 29
    assert sum(row["total"] for row in answer["khidma"].values()) == 248
    for row in answer["khidma"].values():
        assert set(row) == {"total", "shown", "missing"}
        assert row["total"] == row["shown"] + len(row["missing"])
    assert "KH-PAY-17" not in answer["khidma"]["PAY"]["missing"]


def test_an_unknown_market_is_refused_with_the_known_ones() -> None:
    run = mahalla_spec("souk")
    assert run.returncode == 1
    assert "there is no docs/spec/souk.md" in run.stderr
    assert "khidma" in run.stderr


def test_all_five_documents_are_read_by_default() -> None:
    totals = {
        market: sum(row["total"] for row in headings.values())
        for market, headings in spec.report(ROOT).headings.items()
    }
    assert totals == {"dastiyor": 132, "khadamat": 173, "khidma": 248, "puretask": 382, "smaart": 312}
