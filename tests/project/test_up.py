"""`mahalla up` as a newcomer meets it: it opens, says so, closes cleanly, and explains what went wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mahalla.project import messages, up
from mahalla.project.config import Config
from tests.patience import within


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of data for all: only the first start makes the database."""
    return tmp_path_factory.mktemp("up")


def environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAHALLA_", "DATABASE"))
    }
    return kept | {"MAHALLA_DATA": str(folder)}


class Terminal:
    """A terminal in which `mahalla up` runs."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.out = folder / "terminal.txt"
        with self.out.open("w") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mahalla", "up", *arguments],
                env=environment(folder),
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.out.read_text()

    def wait_for(self, words: str, within: float = 180) -> None:
        deadline = time.monotonic() + within
        while words not in self.text():
            assert self.process.poll() is None or words in self.text(), self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    opened = Terminal(folder)
    yield opened
    if opened.process.poll() is None:
        opened.process.terminate()
        opened.process.wait(30)


def servers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or []) and "postgres" in (
            process.info["name"] or ""
        ):
            found.append(process)
    return found


def test_it_opens_fits_a_small_machine_and_closes_without_a_trace(terminal: Terminal, folder: Path) -> None:
    terminal.wait_for("is open")
    text = terminal.text()
    address = next(word for word in text.split() if word.startswith("http://localhost"))
    assert "/dev/outbox/" in text
    with urllib.request.urlopen(f"{address}health/ready?strict=1", timeout=10) as answer:
        assert answer.status == 200
    family = terminal.family()
    database = [child for server in servers(folder) for child in [server, *server.children(recursive=True)]]
    assert database
    used = sum(
        process.memory_full_info().pss
        for process in {*family, *database, psutil.Process(terminal.process.pid)}
    )
    assert used < 600 * 1024 * 1024, f"{used / 1024 / 1024:.0f} MB"

    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(30) == 0
    assert not [process for process in family if process.is_running()]
    assert not servers(folder)


def test_the_second_start_is_quick(terminal: Terminal, folder: Path) -> None:
    terminal.wait_for("is open")
    terminal.process.terminate()
    assert terminal.process.wait(30) == 0
    started = time.monotonic()
    again = Terminal(folder, "--check")
    assert again.process.wait(60) == 0, again.text()
    assert time.monotonic() - started < within(15)


def test_a_process_that_dies_ends_it_all_with_its_last_words(terminal: Terminal, folder: Path) -> None:
    terminal.wait_for("is open")
    worker = next(process for process in terminal.family() if "worker" in process.cmdline())
    worker.kill()
    assert terminal.process.wait(30) == 1
    assert "the worker process ended by itself" in terminal.text()
    assert not servers(folder)


def test_a_taken_port_is_a_sentence_when_it_was_asked_for(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert up.free_port(port) > port
        with pytest.raises(up.Trouble, match=f"port {port} is taken"):
            up.wanted_port(port)


def test_it_is_not_for_production(capsys: pytest.CaptureFixture[str]) -> None:
    assert up.main([], Config().model_copy(update={"environment": "production"})) == 2
    assert "serve, stream and worker" in capsys.readouterr().out


def test_catalogues_are_compiled_when_they_changed(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = folder / "django.po"
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Task"\nmsgstr "مهمة"\n'
    )
    assert messages.compile_changed([po]) == [po.with_suffix(".mo")]
    assert messages.compile_changed([po]) == []
    import gettext

    with po.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Task") == "مهمة"
    os.utime(po, ns=(time.time_ns() + 10**9,) * 2)
    assert messages.compile_changed([po])
