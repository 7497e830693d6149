"""Typed settings: what the environment may say, checked at start.

Every name is ``MAHALLA_…`` in the environment (``DATABASE_URL`` alone keeps its usual name). A wrong value stops the
start with one sentence per value.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
#: in a checkout the data stands beside the code; an installed package keeps it where it is started
DATA = (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / ".data"
#: read elsewhere than here, so not unknown
OTHER_NAMES = {"MAHALLA_TEST_DB", "MAHALLA_DATABASE_URL"}


class Config(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MAHALLA_", extra="ignore", populate_by_name=True)

    market: str = "khidma"
    environment: Literal["development", "test", "production"] = "development"
    database_url: str = Field("", validation_alias=AliasChoices("DATABASE_URL", "MAHALLA_DATABASE_URL"))
    data: Path = DATA
    secret_key: str = ""
    field_key: str = ""
    hosts: Annotated[list[str], NoDecode] = ["localhost", "127.0.0.1"]
    trust_proxy: bool = False
    web_workers: int = Field(1, ge=1, le=64)
    web_threads: int = Field(4, ge=1, le=64)
    metrics_token: str = ""
    public_url: str = "http://localhost:8000"
    stream_url: str = "http://localhost:8001"
    map_tiles: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    sms_gateway: Literal["outbox", "http"] = "outbox"
    sms_url: str = ""
    sms_token: str = ""
    push_gateway: Literal["outbox"] = "outbox"
    email_url: str = ""
    email_from: str = ""
    payment_provider: Literal["sandbox"] = "sandbox"
    sandbox_secret: str = "sandbox-webhook-secret"  # noqa: S105 - of the sandbox only

    @field_validator("hosts", mode="before")
    @classmethod
    def _by_comma(cls, value: Any) -> Any:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("email_url")
    @classmethod
    def _smtp(cls, value: str) -> str:
        if value and not value.startswith(("smtp://", "smtps://")):
            raise ValueError("must be an smtp:// or smtps:// address")
        return value

    @model_validator(mode="after")
    def _gateways_are_whole(self) -> Config:
        if self.sms_gateway == "http" and not self.sms_url.startswith(("http://", "https://")):
            raise ValueError("MAHALLA_SMS_URL must be the http address that takes the messages")
        if self.email_url and "@" not in self.email_from:
            raise ValueError("MAHALLA_EMAIL_FROM must be the address that e-mail comes from")
        return self

    @field_validator("metrics_token")
    @classmethod
    def _not_guessable(cls, value: str) -> str:
        if value and len(value) < 16:
            raise ValueError("must have at least 16 characters, or be left out")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgres://", "postgresql://")):
            raise ValueError("must be a postgresql:// address; mahalla runs on PostgreSQL only")
        return value

    @field_validator("public_url", "stream_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _production_is_complete(self) -> Config:
        if self.environment == "production":
            if len(self.secret_key) < 32:
                raise ValueError("MAHALLA_SECRET_KEY must have at least 32 characters in production")
            if not self.field_key:
                raise ValueError(
                    "MAHALLA_FIELD_KEY (it encrypts identity documents) must be set in production"
                )
            if not self.public_url.startswith("https://"):
                raise ValueError("MAHALLA_PUBLIC_URL must be https:// in production")
            if not self.database_url:
                raise ValueError("DATABASE_URL must name a PostgreSQL server in production")
            if self.sandbox_secret == type(self).model_fields["sandbox_secret"].default:
                raise ValueError("MAHALLA_SANDBOX_SECRET must be your own in production: it signs webhooks")
        return self

    def key(self) -> str:
        """The signing key: given, or made once and kept beside the data in development."""
        if self.secret_key:
            return self.secret_key
        kept = self.data / "secret_key"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(secrets.token_urlsafe(50))
            kept.chmod(0o600)
        return kept.read_text().strip()


def unknown(environment: Mapping[str, str]) -> list[str]:
    """Names that look like ours and that nothing reads: most likely a slip of the pen."""
    known = {f"MAHALLA_{name.upper()}" for name in Config.model_fields} | OTHER_NAMES
    return sorted(name for name in environment if name.startswith("MAHALLA_") and name not in known)


def load() -> Config:
    """Read the environment, or stop the start with a sentence per wrong value."""
    try:
        return Config()  # type: ignore[call-arg]
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            name = name if name in {"DATABASE_URL", ""} else f"MAHALLA_{name.removeprefix('MAHALLA_')}"
            lines.append(f"  {name + ' ' if name else ''}{problem['msg'].removeprefix('Value error, ')}")
        raise SystemExit("mahalla cannot start:\n" + "\n".join(lines)) from None
