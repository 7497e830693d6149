"""Who decides checks besides operations: a port, and a provider for development that follows fixed rules.

A provider is asked from the outbox, after commit, so that a slow one holds no lock. It answers ``Verdict``, or ``None``
for "later": then it calls ``answer`` itself when its webhook comes. The default is no provider: people decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mahalla.kernel.events import outbox
from mahalla.kernel.flow import engine
from mahalla.kernel.trust import vault
from mahalla.kernel.trust.models import Verification
from mahalla.kit.actors import SYSTEM
from mahalla.kit.flow import IllegalMove


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is told to the person when not ``approved``; ``reference`` is the provider's own number."""

    approved: bool
    reason: str = ""
    reference: str = ""


class Provider(Protocol):
    name: str

    def check(self, check: Verification, personal: Mapping[str, Any], *, now: datetime) -> Verdict | None: ...


class DevelopmentProvider:
    """Decides by the last digits of the number, the same every time: ``…00`` is rejected, ``…99`` is left to
    operations, the rest is approved. For demonstrations and tests; a deployment names a real one."""

    name = "development"

    def check(self, check: Verification, personal: Mapping[str, Any], *, now: datetime) -> Verdict | None:
        number = str(personal.get("number", ""))
        if number.endswith("99"):
            return None
        if number.endswith("00"):
            return Verdict(False, "The record could not be confirmed.", f"dev-{check.pk}")
        return Verdict(True, reference=f"dev-{check.pk}")


_providers: dict[str, Provider] = {}


def register(provider: Provider) -> Provider:
    _providers[provider.name] = provider
    return provider


register(DevelopmentProvider())


@outbox.handler("trust.check")
def _ask(payload: dict[str, Any], now: datetime) -> None:
    """Ask the check's provider. A check decided meanwhile is left alone; no answer hands it to operations."""
    check = Verification.objects.filter(pk=payload["verification"], state="submitted").first()
    if check is None or not check.provider:
        return
    personal = vault.unseal(check.sealed, user_id=check.user_id, kind=check.kind)
    verdict = _providers[check.provider].check(check, personal, now=now)
    if verdict is None:
        Verification.objects.filter(pk=check.pk).update(provider="")
        return
    answer(check, verdict, now=now)


def answer(check: Verification, verdict: Verdict, *, now: datetime) -> Verification | None:
    """Apply a provider's verdict once; None when the check was decided before (a late or repeated webhook)."""
    actor = replace(SYSTEM, reason=verdict.reason)
    event = "approve" if verdict.approved else "reject"
    try:
        return engine.apply(
            check, event, actor=actor, now=now, data={"provider_reference": verdict.reference}
        )
    except IllegalMove:
        return None
