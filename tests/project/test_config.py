"""What the environment may say; nonsense stops the start with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mahalla.project import config, gateways

WHOLE = {
    "MAHALLA_ENVIRONMENT": "production",
    "MAHALLA_SECRET_KEY": "s" * 50,
    "MAHALLA_FIELD_KEY": "f" * 44,
    "MAHALLA_SANDBOX_SECRET": "w" * 40,
    "MAHALLA_PUBLIC_URL": "https://market.example",
    "DATABASE_URL": "postgresql://mahalla@db/mahalla",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MAHALLA_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)


def put(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_nothing_need_be_said_to_develop() -> None:
    found = config.load()
    assert (found.environment, found.market, found.database_url) == ("development", "khidma", "")


def test_a_whole_production_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, **WHOLE, MAHALLA_HOSTS="market.example, www.market.example")
    assert config.load().hosts == ["market.example", "www.market.example"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://db/x", "DATABASE_URL must be a postgresql:// address"),
        ("MAHALLA_PUBLIC_URL", "market.example", "MAHALLA_PUBLIC_URL must start with http:// or https://"),
        (
            "MAHALLA_ENVIRONMENT",
            "prod",
            "MAHALLA_ENVIRONMENT Input should be 'development', 'test' or 'production'",
        ),
        ("MAHALLA_WEB_WORKERS", "0", "MAHALLA_WEB_WORKERS Input should be greater than or equal to 1"),
        ("MAHALLA_METRICS_TOKEN", "short", "MAHALLA_METRICS_TOKEN must have at least 16 characters"),
        ("MAHALLA_EMAIL_URL", "mail.example", "MAHALLA_EMAIL_URL must be an smtp:// or smtps:// address"),
        ("MAHALLA_EMAIL_URL", "smtp://mail.example", "MAHALLA_EMAIL_FROM must be the address"),
        ("MAHALLA_SMS_GATEWAY", "http", "MAHALLA_SMS_URL must be the http address"),
    ],
)
def test_nonsense_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    put(monkeypatch, **{name: value})
    with pytest.raises(SystemExit, match="mahalla cannot start:") as stopped:
        config.load()
    assert sentence in str(stopped.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAHALLA_SECRET_KEY", "short"),
        ("MAHALLA_FIELD_KEY", ""),
        ("MAHALLA_SANDBOX_SECRET", "sandbox-webhook-secret"),
        ("MAHALLA_PUBLIC_URL", "http://market.example"),
        ("DATABASE_URL", ""),
    ],
)
def test_production_must_be_whole(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    put(monkeypatch, **WHOLE | {name: value})
    with pytest.raises(SystemExit, match=name):
        config.load()


def test_the_development_key_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    put(monkeypatch, MAHALLA_DATA=str(tmp_path))
    first = config.load().key()
    assert len(first) > 40
    assert config.load().key() == first


def test_names_that_nothing_reads_are_told() -> None:
    found = config.unknown({"MAHALLA_SECRETKEY": "x", "MAHALLA_MARKET": "x", "HOME": "x"})
    assert found == ["MAHALLA_SECRETKEY"]


def test_gateways_follow_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        monkeypatch,
        MAHALLA_SMS_GATEWAY="http",
        MAHALLA_SMS_URL="https://sms.example/send",
        MAHALLA_EMAIL_URL="smtps://post%40office:p%40ss@mail.example",
        MAHALLA_EMAIL_FROM="hello@market.example",
    )
    found = config.load()
    assert gateways.sms(found)["url"] == "https://sms.example/send"
    mail = gateways.email(found)
    assert (mail["username"], mail["password"], mail["port"]) == ("post@office", "p@ss", 465)
    assert (mail["use_ssl"], mail["use_tls"]) == (True, False)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAHALLA_")}
    return subprocess.run(
        [sys.executable, "-m", "mahalla", *arguments], env=kept | environment, capture_output=True, text=True
    )


def test_check_settings_says_what_was_read_and_hides_secrets() -> None:
    done = command("check-settings", **WHOLE, MAHALLA_SECRETKEY="typo")
    assert done.returncode == 1
    assert "MAHALLA_SECRETKEY is set, and nothing reads it" in done.stderr
    assert "MAHALLA_MARKET" in done.stdout
    assert "s" * 50 not in done.stdout
    assert "no sign-in code leaves" in done.stderr
    texts = {"MAHALLA_SMS_GATEWAY": "http", "MAHALLA_SMS_URL": "https://sms.example/send"}
    assert command("check-settings", **WHOLE, **texts).returncode == 0


def test_a_wrong_value_stops_every_command_without_a_traceback() -> None:
    done = command("migrate", MAHALLA_LOG_LEVEL="loud")
    assert done.returncode == 1
    assert done.stderr.startswith("mahalla cannot start:")
    assert "Traceback" not in done.stderr
