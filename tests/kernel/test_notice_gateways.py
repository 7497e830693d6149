"""The gateways that leave the machine, against servers that speak the real protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mahalla.kernel.notices.gateways import GatewayDown, Http, Message, Smtp, Undeliverable, gateway
from tests.kernel.notices_market import NOON

MESSAGE = Message(
    channel="sms", to="+966500000001", text="On the way", link="https://x.example/7", key="delivery-7"
)


class Provider(HTTPServer):
    """An SMS service that answers as it is told and remembers what it was given."""

    answer = 202

    def __init__(self) -> None:
        self.given: list[tuple[dict[str, str], dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Desk)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send"


class _Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.given.append((dict(self.headers), json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_is_handed_over_with_its_key(provider: Provider) -> None:
    assert Http(provider.url, token="t0ken").send(MESSAGE, NOON) is False
    ((headers, body),) = provider.given
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == "delivery-7"
    assert body == {
        "channel": "sms",
        "to": "+966500000001",
        "text": "On the way\nhttps://x.example/7",
        "key": "delivery-7",
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [(400, Undeliverable), (404, Undeliverable), (408, GatewayDown), (429, GatewayDown), (500, GatewayDown)],
)
def test_what_an_answer_means(provider: Provider, answer: int, error: type[Exception]) -> None:
    provider.answer = answer
    with pytest.raises(error):
        Http(provider.url).send(MESSAGE, NOON)


def test_nobody_there_means_later() -> None:
    with pytest.raises(GatewayDown):
        Http("http://127.0.0.1:9/send").send(MESSAGE, NOON)
    with pytest.raises(GatewayDown):
        Smtp(sender="a@x.example", host="127.0.0.1", port=9).send(MESSAGE, NOON)


def test_a_channel_without_a_gateway_delivers_nothing(settings: Any) -> None:
    settings.MAHALLA_GATEWAYS = {}
    with pytest.raises(Undeliverable):
        gateway("sms")
