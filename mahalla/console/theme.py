"""unfold's settings: our colours, our sidebar, our languages. Functions are named by path, so that reading the settings
imports nothing of Django."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "mahalla.console.frame.title",
    "SITE_HEADER": "mahalla.console.frame.title",
    "SITE_SUBHEADER": "mahalla.console.frame.subtitle",
    "SITE_SYMBOL": "storefront",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/png", "sizes": "192x192", "href": "/brand/icon-192.png"}
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "LANGUAGES": {"action": "/language/", "navigation": "mahalla.console.frame.languages"},
    "STYLES": ["mahalla.console.frame.stylesheet"],
    "ENVIRONMENT": "mahalla.console.frame.environment",
    "BORDER_RADIUS": "8px",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "mahalla.console.frame.navigation",
    },
    # the greens and warm greys of the public pages
    "COLORS": {
        "base": {
            "50": "#faf8f4",
            "100": "#f4f0e9",
            "200": "#e8e2d8",
            "300": "#d6cec1",
            "400": "#a1978a",
            "500": "#71685b",
            "600": "#5b5348",
            "700": "#433c33",
            "800": "#2b2621",
            "900": "#1d1a17",
            "950": "#12100e",
        },
        "primary": {
            "50": "#eef8f4",
            "100": "#e1f1ea",
            "200": "#bfe3d4",
            "300": "#8fd0b6",
            "400": "#4fc7a2",
            "500": "#2a9d7c",
            "600": "#0b6b53",
            "700": "#095a46",
            "800": "#07503e",
            "900": "#063d30",
            "950": "#04261e",
        },
    },
}
