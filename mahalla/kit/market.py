"""What a market declares, and which one this process serves.

The kernel knows this shape and never a market's name. A market folder builds one ``Market`` and registers it; the
project chooses the active one from its settings. Tests switch with ``activate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mahalla.kit.flow import Flow
    from mahalla.kit.policy import Number


@dataclass(frozen=True, slots=True)
class NoticeSpec:
    """One notice a flow can send. ``to`` gives user ids, ``params`` the values of the templates, ``link`` a path.

    ``title`` and ``body`` are lazy gettext strings with ``%(name)s`` places. ``group`` is what a person can switch
    (tasks, offers, messages, payments, marketing); ``critical`` notices cannot be switched off. ``sms`` marks those
    that fall back to SMS when no push was delivered. Notices with the same ``merge`` key to one person within 10 s go
    out as one message (in the app they stay apart).
    """

    name: str
    group: str
    to: Callable[[Any], Iterable[int]]
    title: Any
    body: Any
    params: Callable[[Any], Mapping[str, Any]] = lambda c: {}
    link: Callable[[Any], str] = lambda c: ""
    merge: Callable[[Any], str] = lambda c: ""
    critical: bool = False
    sms: bool = False
    email: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a market: who may hold it by signing up, who works in the console."""

    code: str
    label: Any
    signup: bool = False
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Market:
    name: str
    title: Any
    currency: str
    timezone: str
    languages: tuple[tuple[str, str], ...]
    roles: tuple[Role, ...]
    flows: Mapping[str, Flow]
    policy: tuple[Number, ...] = ()
    notices: Mapping[str, NoticeSpec] = field(default_factory=dict)
    terms_version: str = "1"
    #: where the market is put together: dotted paths, imported lazily by the project
    urls: str = ""
    api: str = ""
    seed: str = ""
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def default_language(self) -> str:
        return self.languages[0][0]


_markets: dict[str, Market] = {}
_active: str = ""


class UnknownMarket(LookupError):
    pass


def register(market: Market) -> Market:
    _markets[market.name] = market
    return market


def registered() -> Mapping[str, Market]:
    return dict(_markets)


def get(name: str) -> Market:
    try:
        return _markets[name]
    except KeyError:
        known = ", ".join(sorted(_markets)) or "none"
        raise UnknownMarket(f"there is no market {name!r}; known markets: {known}") from None


def set_active(name: str) -> None:
    global _active
    get(name)
    _active = name


def active() -> Market:
    """The market that this process serves."""
    return get(_active)


def hook(name: str, default: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A function that the active market put into a kernel socket (``kernel`` documents each socket's name)."""
    found = active().hooks.get(name, default)
    if found is None:
        raise UnknownMarket(f"market {_active!r} fills no hook {name!r}")
    return found


@contextmanager
def activate(name: str) -> Iterator[Market]:
    global _active
    before = _active
    set_active(name)
    try:
        yield active()
    finally:
        _active = before
