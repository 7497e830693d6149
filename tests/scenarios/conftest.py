"""Stories from end to end: the pages, the clock, a browser for each person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import chromium as browsers


@pytest.fixture
def pages(live_server: Any, settings: Any) -> Iterator[str]:
    """The pages' address, with their live stream beside them."""
    address = live_server.url.replace("127.0.0.1", "localhost")
    with browsers.stream(address) as stream:
        settings.MAHALLA_STREAM_URL = stream
        yield address
