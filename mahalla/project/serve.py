"""The processes of a deployment: pages and API, the live stream, the worker."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import NoReturn

from mahalla.project.config import Config


def _arguments(name: str, port: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"mahalla {name}")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=port)
    return parser


def web(arguments: list[str], config: Config) -> NoReturn:
    """Pages and API: granian, WSGI."""
    options = _arguments("serve", 8000).parse_args(arguments)
    _granian(
        "mahalla.project.wsgi:application",
        f"--interface wsgi --host {options.host} --port {options.port} --workers {config.web_workers}"
        f" --blocking-threads {config.web_threads} --workers-kill-timeout 10",
        config,
    )


def stream(arguments: list[str], config: Config) -> NoReturn:
    """The live stream: granian, ASGI, one process with as many listeners as come."""
    options = _arguments("stream", 8001).parse_args(arguments)
    _granian(
        "mahalla.project.asgi:application",
        f"--interface asgi --host {options.host} --port {options.port} --workers 1"
        " --backpressure 20000 --workers-kill-timeout 2 --no-ws",
        config,
    )


def _granian(target: str, options: str, config: Config) -> NoReturn:
    """Become granian: its own process looks after the ones that load the application.

    In production a worker that dies is replaced; while developing its death should be seen.
    """
    always = ["--log-level", "warning"]
    if config.environment == "production":
        always.append("--respawn-failed-workers")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "granian", *options.split(), *always, target])  # noqa: S606


def worker(arguments: list[str]) -> int:
    """Deadlines, outbox and recurring jobs, until told to stop; what is in hand is finished first."""
    parser = argparse.ArgumentParser(prog="mahalla worker")
    parser.add_argument("--once", action="store_true", help="do what is due now, then end")
    options = parser.parse_args(arguments)
    import django

    django.setup()
    from mahalla.kernel.flow import recurring
    from mahalla.kernel.flow import worker as loop
    from mahalla.kit import clock

    if options.once:
        now = clock.now()
        print(f"{loop.run_due(now) + recurring.run_recurring(now) + loop.run_due(now)} things done")
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop.run_forever(stop)
    return 0
