"""What travels to a cheap phone: compressed pages, and no blank page where an address only takes forms."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip"}


def test_a_page_and_a_style_travel_compressed(client: Client) -> None:
    page = client.get("/sign-in/", headers=BROWSER)
    assert page["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(page.content)
    assert client.get("/static/web/app.css", headers=BROWSER)["Content-Encoding"] == "gzip"


def test_a_picture_is_left_as_it_is(client: Client) -> None:
    assert "Content-Encoding" not in client.get("/brand/icon-192.png", headers=BROWSER)


def test_an_address_that_only_takes_forms_shows_a_way_back(client: Client) -> None:
    """Reloaded or typed in, it is a page with a way back, not a blank one; a program gets the bare 405."""
    page = client.get("/sign-out/", headers={"Accept": "text/html"})
    assert page.status_code == 405
    assert page["Allow"]
    assert b"<h1>" in page.content
    assert client.get("/sign-out/").content == b""
