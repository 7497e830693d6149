"""Which gateways the configuration asks for, as ``settings.MAHALLA_GATEWAYS`` takes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlparse

from mahalla.project.config import Config

DEVELOPMENT = {"class": "mahalla.kernel.notices.gateways.Development"}


def sms(config: Config) -> dict[str, Any]:
    if config.sms_gateway == "outbox":
        return DEVELOPMENT
    return {"class": "mahalla.kernel.notices.gateways.Http", "url": config.sms_url, "token": config.sms_token}


def email(config: Config) -> dict[str, Any]:
    """``smtp://user:password@host:587`` (STARTTLS) or ``smtps://…:465``."""
    if not config.email_url:
        return DEVELOPMENT
    parts = urlparse(config.email_url)
    return {
        "class": "mahalla.kernel.notices.gateways.Smtp",
        "sender": config.email_from,
        "host": parts.hostname,
        "port": parts.port or (465 if parts.scheme == "smtps" else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": parts.scheme == "smtps",
        "use_tls": parts.scheme == "smtp",
    }
