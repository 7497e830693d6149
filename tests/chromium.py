"""A headless Chromium for tests, if the machine has one, and the pages' own server and stream beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

from mahalla.project.up import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
ARTEFACTS = Path(__file__).resolve().parents[1] / ".artifacts"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def application(browser: Any, folder: Path) -> Iterator[Any]:
    """A window with a profile of its own (service workers, installing), which no test's context has."""
    context = browser.browser_type.launch_persistent_context(
        str(folder),
        executable_path=CHROMIUM,
        headless=False,
        args=[*FLAGS, "--headless=new", "--bypass-app-banner-engagement-checks"],
        viewport={"width": 390, "height": 844},
        locale="en",
    )
    yield context
    context.close()


def serious(page: Any) -> list[tuple[str, str]]:
    """What axe finds on the page that is serious or critical: the rule and the first element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    grave = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in grave]


def shoot(page: Any, *names: str) -> None:
    """Keep a picture of the whole page as an artefact of the run."""
    folder = ARTEFACTS.joinpath(*names[:-1])
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{names[-1]}.png", full_page=True)


def database_url() -> str:
    """The tests' own database, as another process is told of it."""
    parts = connection.settings_dict
    host, port = parts["HOST"], parts["PORT"]
    where = f"?host={quote(host)}" if host.startswith("/") else ""
    named = "" if where else f"{host}{f':{port}' if port else ''}"
    return f"postgresql://{parts['USER']}:@{named}/{parts['NAME']}{where}"


@contextmanager
def stream(public_url: str) -> Iterator[str]:
    """The live stream as a process of its own, for pages served at ``public_url``; yields its address."""
    number = free_port(8835)
    environment = {**os.environ, "DATABASE_URL": database_url(), "MAHALLA_PUBLIC_URL": public_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "mahalla", "stream", "--port", str(number)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{number}"
    try:
        deadline = time.monotonic() + 30
        while not _lives(f"{address}/health/live"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the stream did not start")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def _lives(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
