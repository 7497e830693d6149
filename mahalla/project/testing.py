"""A pytest plugin loaded before Django: the tests' own settings and embedded server.

Only the controlling process starts the server; parallel workers inherit its address.
"""

from __future__ import annotations

import os

os.environ["MAHALLA_ENVIRONMENT"] = "test"
os.environ.setdefault("MAHALLA_MARKET", "khidma")

from mahalla.project.messages import compile_changed

compile_changed()

if not os.environ.get("DATABASE_URL"):
    from mahalla.project.config import ROOT
    from mahalla.project.embedded import EmbeddedServer

    _server = EmbeddedServer(ROOT / ".data" / "test-postgres", throwaway=True)
    os.environ["DATABASE_URL"] = _server.url("mahalla")
