"""A client's payment methods (KH-PAY-01, KH-PAY-02, KH-PAY-03)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import outbox
from mahalla.kernel.payments import provider
from mahalla.kernel.payments.models import Hold, PaymentMethod
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.market import active

#: ``fn(method) -> bool``: further users of a method (a posted request that names it, a subscription)
_in_use: list[Callable[[PaymentMethod], bool]] = []


def in_use_by(check: Callable[[PaymentMethod], bool]) -> None:
    """Register a check that forbids the removal of a method somebody still counts on.

    A market can also fill the hook ``payments.method_in_use`` with such a function.
    """
    if check not in _in_use:
        _in_use.append(check)


def add_method(
    user_id: int,
    *,
    kind: str,
    now: datetime,
    token: str = "",
    label: str = "",
    brand: str = "",
    last4: str = "",
    expiry: str = "",
    holder: str = "",
    default: bool = False,
) -> PaymentMethod:
    """Keep a method by the token that the provider's own form gave the client. The first one becomes the default.

    ``expiry`` is ``YYYY-MM``. Raises ``Invalid``; also for anything that looks like a card number, wherever it stands.
    """
    _check(kind=kind, token=token, label=label, last4=last4, expiry=expiry, holder=holder, now=now)
    with transaction.atomic():
        first = not _of(user_id).select_for_update().exists()
        method = PaymentMethod.objects.create(
            user_id=user_id,
            kind=kind,
            provider="" if kind == PaymentMethod.Kind.CASH else provider.default_name(),
            token=token,
            label=label,
            brand=brand,
            last4=last4,
            expiry=expiry,
            holder=holder,
            added_at=now,
        )
        return set_default(user_id, method.pk) if first or default else method


def edit_method(
    user_id: int,
    pk: int,
    *,
    now: datetime,
    label: str | None = None,
    expiry: str | None = None,
    holder: str | None = None,
) -> PaymentMethod:
    """Change what a person may change of a method: its label, expiry and holder."""
    changes = {k: v for k, v in (("label", label), ("expiry", expiry), ("holder", holder)) if v is not None}
    with transaction.atomic():
        method = _locked(user_id, pk)
        for name, value in changes.items():
            setattr(method, name, value)
        _check(
            kind=method.kind,
            token=method.token,
            label=method.label,
            last4=method.last4,
            expiry=method.expiry,
            holder=method.holder,
            now=now,
        )
        method.save(update_fields=list(changes))
        return method


def set_default(user_id: int, pk: int) -> PaymentMethod:
    """Preselect this method from now on."""
    with transaction.atomic():
        method = _locked(user_id, pk)
        _of(user_id).filter(is_default=True).exclude(pk=pk).update(is_default=False)
        method.is_default = True
        method.save(update_fields=["is_default"])
        return method


def remove_method(user_id: int, pk: int, *, now: datetime) -> None:
    """Forget a method's token. Raises ``Refused`` while money is held on it or work counts on it."""
    with transaction.atomic():
        method = _locked(user_id, pk)
        if _is_used(method):
            raise Refused(
                "method_in_use",
                _("This method is used by work that is not settled yet. Choose another one there first."),
            )
        was_default = method.is_default
        method.removed_at, method.token, method.is_default = now, "", False
        method.save(update_fields=["removed_at", "token", "is_default"])
        heir = _of(user_id).order_by("-added_at", "-pk").first() if was_default else None
        if heir is not None:
            set_default(user_id, heir.pk)


def verify_method(user_id: int, pk: int, *, now: datetime) -> None:
    """Have the provider check the method; ``method_verified`` or ``method_refused`` is told later."""
    with transaction.atomic():
        method = _locked(user_id, pk)
        if method.kind == PaymentMethod.Kind.CASH:
            raise Invalid({"method": _("Cash needs no check.")})
        method.verifications += 1
        method.save(update_fields=["verifications"])
        key = f"method:{pk}:{method.verifications}"
        outbox.enqueue(
            "payments.verify_method", key=f"payments:{key}", payload={"method": pk, "key": key}, now=now
        )


def usable(user_id: int, method_id: int) -> PaymentMethod:
    """The person's own method that a provider can charge, locked against removal. Raises ``Invalid``, ``NotFound``."""
    method = _locked(user_id, method_id)
    if method.kind == PaymentMethod.Kind.CASH:
        raise Invalid({"method": _("Choose a card or a wallet; cash cannot be held.")})
    return method


def _is_used(method: PaymentMethod) -> bool:
    on_it = Q(method=method) | Q(renewing_method=method)
    hook = active().hooks.get("payments.method_in_use")
    checks = [*_in_use, *([hook] if hook else [])]
    live = Hold.objects.filter(on_it, state__in=Hold.LIVE)
    return live.exists() or any(check(method) for check in checks)


def _of(user_id: int) -> Any:
    return PaymentMethod.objects.filter(user_id=user_id, removed_at__isnull=True)


def _locked(user_id: int, pk: int) -> PaymentMethod:
    method: PaymentMethod | None = _of(user_id).select_for_update(no_key=True).filter(pk=pk).first()
    if method is None:
        raise NotFound()
    return method


def _check(*, kind: str, token: str, label: str, last4: str, expiry: str, holder: str, now: datetime) -> None:
    fields: dict[str, Any] = {}
    if kind not in PaymentMethod.Kind.values:
        fields["kind"] = _("Choose card, wallet or cash.")
    if kind != PaymentMethod.Kind.CASH and not token:
        fields["token"] = _("Enter the card or wallet in the payment provider's form.")
    for name, value in (("token", token), ("label", label), ("holder", holder)):
        if holds_card_number(value):
            fields[name] = _("Never type a card number here; it belongs in the payment provider's form only.")
    if last4 and not re.fullmatch(r"\d{4}", last4):
        fields["last4"] = _("Give the last four digits.")
    if expiry:
        if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", expiry):
            fields["expiry"] = _("Write the expiry as year and month, for example 2028-04.")
        elif expiry < f"{now:%Y-%m}":
            fields["expiry"] = _("This card has expired. Add a current one.")
    if fields:
        raise Invalid(fields)


def holds_card_number(text: str) -> bool:
    """Whether ``text`` contains 13–19 digits that pass the card checksum (KH-SEC-07: none is ever stored)."""
    for run in re.findall(r"\d(?:[ -]?\d){12,18}", text):
        digits = [int(c) for c in run if c.isdigit()][::-1]
        doubled = (sum(divmod(2 * d, 10)) for d in digits[1::2])
        if (sum(digits[0::2]) + sum(doubled)) % 10 == 0:
            return True
    return False
