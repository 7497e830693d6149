"""Doors shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from mahalla.kernel import policy
from mahalla.kit import clock
from mahalla.kit.market import Market, activate


@pytest.fixture(scope="session", autouse=True)
def _addresses() -> None:
    """The addresses are put together once a process, by the market that it serves: not by one of a test's own."""
    with activate("khidma"):
        import_module("mahalla.project.urls")


@pytest.fixture
def khidma() -> Iterator[Market]:
    """The market is served, the clock is the test's, and no policy value is left over."""
    policy.forget()
    with activate("khidma") as market, clock.travel(clock.now()):
        yield market
    policy.forget()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium. Its driver runs an event loop in this thread; Django's guard against that is for servers."""
    from tests import chromium as browsers

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with browsers.chromium() as browser:
            yield browser
