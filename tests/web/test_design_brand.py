"""A brand of one's own: any colour becomes an accent that can be read, and reaches the page without inline styles."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from mahalla.web import brand


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_becomes_a_readable_accent_in_both_themes(number: int) -> None:
    for theme, tokens in brand.palette(f"#{number:06x}").items():
        for ground in (*brand.GROUNDS[theme], tokens["accent-soft"], tokens["on-accent"]):
            assert brand.contrast(tokens["accent"], ground) >= 4.5
        assert brand.contrast(tokens["accent-strong"], tokens["accent-soft"]) >= 4.5
        assert brand.contrast(tokens["accent-strong"], tokens["on-accent"]) >= 4.5


@pytest.mark.django_db
def test_a_partners_colour_and_name_dress_the_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = brand.Brand("Nakheel Homes", accent="#7b2d8b", logo_url="/media/9/")
    monkeypatch.setattr(
        brand, "_choosers", [lambda request: partner if request.get_host() == "nakheel.example" else None]
    )
    dressed = client.get("/offline/", headers={"host": "nakheel.example"}).content.decode()
    assert 'data-accent="own"' in dressed and "Nakheel Homes" in dressed and 'src="/media/9/"' in dressed
    assert 'href="/brand/7b2d8b.css"' in dressed
    assert "Nakheel" not in client.get("/offline/").content.decode()


@pytest.mark.django_db
def test_the_colours_come_as_a_stylesheet_and_only_for_colours(client: Client) -> None:
    answer = client.get("/brand/7b2d8b.css")
    assert answer["Content-Type"] == "text/css" and b"prefers-color-scheme: dark" in answer.content
    assert client.get("/brand/red;}body{.css").status_code == 404
    assert client.get("/brand/ZZZZZZ.css").status_code == 404
