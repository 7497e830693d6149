"""A market of the tests' own, small enough to read: what it tells its people, and the people."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kit.market import Market, NoticeSpec, register

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _nobody(c: object) -> list[int]:
    return []


def _spec(name: str, group: str, title: object, body: object, **more: bool) -> NoticeSpec:
    return NoticeSpec(name=name, group=group, to=_nobody, title=title, body=body, **more)


MARKET = register(
    Market(
        name="hamlet",
        title="Hamlet",
        currency="EUR",
        timezone="UTC",
        languages=(("en", "English"), ("ar", "العربية")),
        roles=(),
        flows={},
        notices={
            spec.name: spec
            for spec in (
                _spec("offer", "offers", "New offer", "%(who)s offers you work in %(where)s", sms=True),
                # "Yes" is a word that Django's own catalogues translate
                _spec("said_yes", "tasks", _("Yes"), "%(who)s: %(answer)s"),
                _spec("accepted", "tasks", "Accepted", "%(who)s accepted"),
                _spec("confirmed", "tasks", "Confirmed", "Your task with %(who)s is confirmed"),
                _spec(
                    "on_the_way", "tasks", "On the way", "On the way, about 18 min", critical=True, sms=True
                ),
                _spec("campaign", "marketing", "Spring", "Ten percent off", sms=True, email=True),
            )
        },
    )
)


def person(name: str, phone: str, language: str = "en", **more: object) -> User:
    return User.objects.create_user(phone=phone, name=name, language=language, date_joined=NOON, **more)
