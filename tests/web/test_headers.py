"""What browsers are told not to do with our pages, and that the pages live well with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mahalla.kernel.identity.models import User
from mahalla.web.headers import content_policy, origin

pytestmark = pytest.mark.django_db


def rules(header: str) -> dict[str, list[str]]:
    return {rule.split()[0]: rule.split()[1:] for rule in header.split("; ")}


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/offline/", "/account/", "/nowhere/", "/health/live"])
def test_every_page_carries_the_strict_policy(khidma: Any, client: Client, path: str) -> None:
    answer = client.get(path)
    told = rules(answer["Content-Security-Policy"])
    assert told["default-src"] == ["'none'"]
    assert told["script-src"] == told["style-src"] == ["'self'"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert told["frame-ancestors"] == told["base-uri"] == ["'none'"]
    for sense in ("geolocation=(self)", "microphone=(self)", "camera=(self)"):
        assert sense in answer["Permissions-Policy"]


def test_the_console_has_rules_of_its_own(khidma: Any, client: Client) -> None:
    omar = User.objects.create(phone="+966500000901", name="Omar")
    client.force_login(omar)
    answer = client.get("/console/")
    assert "Content-Security-Policy" not in answer
    assert "Permissions-Policy" in answer


def test_the_stream_and_the_tiles_are_named_where_they_are(settings: Any) -> None:
    settings.MAHALLA_STREAM_URL = "https://live.khidma.example:8443/base"
    settings.MAHALLA_MAP_TILES = "https://{s}.tiles.example/{z}/{x}/{y}.png"
    told = rules(content_policy())
    assert told["connect-src"] == ["'self'", "https://live.khidma.example:8443"]
    assert told["img-src"] == ["'self'", "data:", "blob:", "https://*.tiles.example"]
    settings.MAHALLA_STREAM_URL = settings.MAHALLA_MAP_TILES = ""
    told = rules(content_policy())
    assert told["connect-src"] == ["'self'"] and told["img-src"][-1] == "blob:"


@pytest.mark.parametrize("address", ["", "/stream", "not an address"])
def test_what_is_no_origin_adds_none(address: str) -> None:
    assert origin(address) == ""
