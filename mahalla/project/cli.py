"""The ``mahalla`` command: the deployment's own verbs, and every Django command."""

from __future__ import annotations

import os
import sys

from mahalla.project.config import Config, load, unknown

USAGE = """mahalla: an open-source platform for local-services marketplaces

  mahalla up               everything on this machine, for trying and developing (make run)
  mahalla serve            pages and API          \\
  mahalla stream           the live stream         } a deployment's processes
  mahalla worker [--once]  deadlines and messages /
  mahalla prepare          compile catalogues, migrate, put in the first data
  mahalla check-settings   read the environment and say what is wrong with it
  mahalla <command>        any Django command: migrate, shell, createsuperuser …
"""
#: Django commands that ask nothing of a database
WITHOUT_DATABASE = {
    "help",
    "check",
    "makemessages",
    "compilemessages",
    "messages",
    "collectstatic",
    "findstatic",
    "diffsettings",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mahalla.project.settings")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit status."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(USAGE)
        return 0
    verb, rest = arguments[0], arguments[1:]
    config = load()
    if verb == "check-settings":
        return check_settings(config)
    if verb == "up":
        from mahalla.project import up

        return up.main(rest, config)
    if verb not in WITHOUT_DATABASE:
        embed(config)
    if verb in {"serve", "stream", "worker"}:
        from mahalla.project import serve

        if verb == "worker":
            return serve.worker(rest)
        (serve.web if verb == "serve" else serve.stream)(rest, config)
    if verb == "prepare":
        import django

        django.setup()
        from mahalla.project import prepare

        return prepare.main()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["mahalla", *arguments])
    return 0


def embed(config: Config) -> None:
    """Without an address of a database, development works on the embedded one that ``mahalla up`` uses."""
    if config.database_url or config.environment != "development":
        return
    from mahalla.project.embedded import EmbeddedServer

    server = EmbeddedServer(config.data / "postgres")
    os.environ["DATABASE_URL"] = server.url(f"mahalla_{config.market}")


def check_settings(config: Config) -> int:
    """Say what was read (secrets as such), and warn of names that nothing reads."""
    from mahalla.project.logs import masked

    for name in Config.model_fields:
        value = getattr(config, name)
        secret = name.endswith(("_key", "secret", "token")) and value
        label = "DATABASE_URL" if name == "database_url" else f"MAHALLA_{name.upper()}"
        print(f"  {label:<26} {'(set)' if secret else masked(str(value)) if value != '' else '(empty)'}")
    strays = unknown(os.environ)
    for stray in strays:
        print(f"  {stray} is set, and nothing reads it: is the name right?", file=sys.stderr)
    unsent = config.environment == "production" and config.sms_gateway == "outbox"
    if unsent:
        print("  MAHALLA_SMS_GATEWAY is outbox: no sign-in code leaves this machine", file=sys.stderr)
    return 1 if strays or unsent else 0
