"""Who may hear what on the live stream.

A topic is ``prefix:number`` (``request:12``), ``user:me`` or ``ops``. Whoever owns a noun registers its rule where the
process starts (``AppConfig.ready``), since the stream's process loads no pages:

    topics.register("request", lambda user, pk: request_for(user, pk) is not None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mahalla.kernel.identity.models import User
from mahalla.kit import market
from mahalla.kit.errors import Refused

Rule = Callable[[User, int], bool]
TOPICS_MAX = 20
_rules: dict[str, Rule] = {}


def register(prefix: str, rule: Rule) -> Rule:
    """``rule(user, pk)`` says whether the person may hear of that noun; raising a refusal says no."""
    _rules[prefix] = rule
    return rule


def resolved(user: User, asked: Iterable[str]) -> dict[str, str] | None:
    """``{topic of the events: topic as asked}``, or ``None`` when any of them is not for this person."""
    found = {}
    for name in asked:
        topic = f"user:{user.pk}" if name == "user:me" else name
        if not may_hear(user, topic):
            return None
        found[topic] = name
    return found if 0 < len(found) <= TOPICS_MAX else None


def may_hear(user: User, topic: str) -> bool:
    """Whether a topic is for this person; an unknown one is for nobody."""
    if not user.is_active:
        return False
    prefix, _, number = topic.partition(":")
    if topic == "ops":
        return user.is_staff or user.has_role(*(role.code for role in market.active().roles if role.staff))
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return False
    if prefix == "user":
        return int(number) == user.pk
    rule = _rules.get(prefix)
    try:
        return rule is not None and bool(rule(user, int(number)))
    except Refused:
        return False
