"""``mahalla up``: a whole market on this machine, for trying and developing. One terminal, Ctrl-C ends it all."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from mahalla.project.config import Config
from mahalla.project.embedded import EmbeddedServer

READY_WITHIN_S = 60.0
TAIL_LINES = 25
PDEATHSIG = 1


class Trouble(Exception):
    """Something that stops the start, as a sentence."""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines)


class Market:
    """The processes of one market: started together, watched, and stopped together."""

    def __init__(self, config: Config, *, port: int, environment: dict[str, str]) -> None:
        self.port, self.stream_port = port, free_port(port + 1)
        self.logs = config.data / "logs" / config.market
        self.logs.mkdir(parents=True, exist_ok=True)
        self.url = f"http://localhost:{port}"
        self.environment = {
            **environment,
            "MAHALLA_PUBLIC_URL": self.url,
            "MAHALLA_STREAM_URL": f"http://localhost:{self.stream_port}",
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        self.children: list[Child] = []

    def prepare(self) -> dict[str, Any]:
        """Migrate and seed in a process that ends, so that this one stays small."""
        log = self.logs / "prepare.log"
        with log.open("wb") as errors:
            child = self._spawn("prepare", [], stdout=subprocess.PIPE, stderr=errors)
            self.children = [Child("prepare", child, log)]
            output, _ = child.communicate()
        self.children = []
        if child.returncode:
            raise Trouble(f"the market could not be prepared:\n\n{Child('prepare', child, log).tail()}")
        found: dict[str, Any] = json.loads(output.splitlines()[-1])
        return found

    def start(self) -> None:
        for name, arguments in (
            ("serve", ["--port", str(self.port)]),
            ("stream", ["--port", str(self.stream_port)]),
            ("worker", []),
        ):
            log = self.logs / f"{name}.log"
            with log.open("wb") as output:
                self.children.append(
                    Child(name, self._spawn(name, arguments, stdout=output, stderr=output), log)
                )

    def _spawn(self, verb: str, arguments: list[str], *, stdout: IO[bytes] | int, stderr: IO[bytes]) -> Any:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "mahalla", verb, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end the children in order
            preexec_fn=_die_with_parent,
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        doors = [
            f"http://127.0.0.1:{self.port}/health/ready?strict=1",
            f"http://127.0.0.1:{self.stream_port}/health/live",
        ]
        while doors:
            self.check()
            doors = [door for door in doors if not _answers(door)]
            if doors and time.monotonic() > deadline:
                tails = "\n\n".join(f"  {child.name}:\n{child.tail()}" for child in self.children)
                raise Trouble(f"{doors[0]} did not become ready in {READY_WITHIN_S:.0f} s.\n\n{tails}")
            time.sleep(0.05)

    def check(self) -> None:
        for child in self.children:
            status = child.process.poll()
            if status is not None:
                raise Trouble(
                    f"the {child.name} process ended by itself ({status}). Its last words:\n\n{child.tail()}"
                )

    def stop(self) -> None:
        for child in self.children:
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + 8
        for child in self.children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.process.wait(5)
        self.children = []


def main(arguments: list[str], config: Config) -> int:
    parser = argparse.ArgumentParser(prog="mahalla up", description="Run a whole market on this machine.")
    parser.add_argument("--port", type=int, help="port of the pages (default: 8000, or the next free one)")
    parser.add_argument("--check", action="store_true", help="end as soon as everything is ready")
    options = parser.parse_args(arguments)
    if config.environment == "production":
        print("mahalla up is for trying and developing; in production run serve, stream and worker.")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell put us in the background
        signal.signal(number, _interrupt)
    started = time.monotonic()
    server: EmbeddedServer | None = None
    market: Market | None = None
    status = 0
    try:
        port = wanted_port(options.port)
        environment = dict(os.environ)
        if not config.database_url:
            _say("Starting the embedded PostgreSQL …")
            server = EmbeddedServer(config.data / "postgres")
            environment["DATABASE_URL"] = server.url(f"mahalla_{config.market}")
        market = Market(config, port=port, environment=environment)
        _say("Preparing the market (the first time takes a little longer) …")
        facts = market.prepare()
        _say("Opening …")
        market.start()
        market.wait_until_ready()
        print(welcome(market, facts, time.monotonic() - started), flush=True)
        while not options.check:
            market.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        print()
    except (Trouble, OSError) as trouble:
        print(f"\nmahalla stopped: {trouble}", file=sys.stderr)
        status = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if market is not None or server is not None:
            _say("Closing …")
        if market is not None:
            market.stop()
        if server is not None:
            server.stop()
    return status


def welcome(market: Market, facts: dict[str, Any], seconds: float) -> str:
    """What a newcomer needs to know, on one screen."""
    lines = [
        "",
        f"  {facts['title']} is open.  (ready in {seconds:.1f} s)",
        "",
        f"    Market        {market.url}/",
        f"    Console       {market.url}/console/",
        f"    Messages      {market.url}/dev/outbox/   text messages and e-mails arrive here, sign-in codes too",
        "",
    ]
    if facts["sign_ins"]:
        lines.append("  Sign in with a phone number; the code appears under Messages.")
        roles = max(len(role) for role, _name, _phone in facts["sign_ins"])
        names = max(len(name) for _role, name, _phone in facts["sign_ins"])
        lines += [f"    {role:<{roles}}  {name:<{names}}  {phone}" for role, name, phone in facts["sign_ins"]]
        lines.append("")
    lines += [f"  Logs are in {market.logs}. Ctrl-C closes everything.", ""]
    return "\n".join(lines)


def wanted_port(asked: int | None) -> int:
    if asked is None:
        return free_port(8000)
    if not _is_free(asked):
        raise Trouble(
            f"port {asked} is taken by another program; choose another with --port, or leave it out."
        )
    return asked


def free_port(first: int) -> int:
    """The first free port from ``first`` on."""
    for port in range(first, first + 100):
        if _is_free(port):
            return port
    raise Trouble(f"no port from {first} to {first + 99} is free; choose one with --port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)


def _die_with_parent() -> None:
    """On Linux a child hears of our death even when we could not tell it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)
