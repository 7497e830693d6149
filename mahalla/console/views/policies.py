"""Policy values: what an operator may turn without a release, within its bounds, from a date on (KH-ADMIN-09).

What was agreed before keeps the terms that were frozen then; a new value counts for what begins after it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mahalla.console.access import SETTINGS
from mahalla.console.acting import actor_in
from mahalla.console.dates import instant_of
from mahalla.console.pages import moment, screen
from mahalla.kernel import policy
from mahalla.kernel.policy.models import PolicyValue
from mahalla.kernel.trust import audit
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.market import active
from mahalla.kit.policy import Number


def index(request: HttpRequest) -> HttpResponse:
    """Every declared number with its value now, its bounds and what is planned."""
    now, term = moment(request), request.GET.get("q", "").strip().lower()
    changed = set(PolicyValue.objects.values_list("name", flat=True))
    planned = set(PolicyValue.objects.filter(valid_from__gt=now).values_list("name", flat=True))
    rows = [
        (number, policy.get(number.name, now=now), number.name in changed, number.name in planned)
        for number in active().policy
        if term in number.name.lower() or term in number.unit.lower()
    ]
    return screen(request, "console/policies.html", _("Policy values"), rows=rows, term=term)


def policy_value(request: HttpRequest, name: str) -> HttpResponse:
    """One number: its history, and a form for its next value."""
    number = next((n for n in active().policy if n.name == name), None)
    if number is None:
        raise NotFound()
    now, wrong = moment(request), {}
    if request.method == "POST":
        try:
            _set(request, number, now=now)
            messages.success(request, _("The new value is kept. Agreed work keeps its terms."))
            return redirect(reverse("admin:policies"))
        except Invalid as refusal:
            wrong = refusal.fields
        except Refused as refusal:
            wrong = {"value": refusal.message}
    return screen(
        request,
        "console/policy.html",
        number.name,
        status=422 if wrong else 200,
        number=number,
        value=policy.get(name, now=now),
        history=PolicyValue.objects.filter(name=name).order_by("-valid_from", "-pk"),
        wrong=wrong,
        given=request.POST,
    )


def _set(request: HttpRequest, number: Number, *, now: datetime) -> None:
    """Change the value, with what it was and what it becomes in the audit log, in one transaction."""
    post = request.POST
    reason = post.get("reason", "").strip()
    if not reason:
        raise Invalid({"reason": _("Say why: the reason is kept and shown in the audit.")})
    valid_from = instant_of(post.get("valid_from", ""), field="valid_from") or now
    if valid_from < now:
        raise Invalid(
            {"valid_from": _("A value counts from now on, or from later; the past stays as it was.")}
        )
    value = _value(number, post.get("value", ""))
    actor: Actor = actor_in(request.user, SETTINGS, reason=reason)  # type: ignore[arg-type]
    before = policy.get(number.name, now=valid_from)
    with transaction.atomic():
        policy.set_value(number.name, value, valid_from=valid_from, actor=actor, now=now)
        row = PolicyValue.objects.filter(name=number.name).latest("pk")
        detail = {"policy": number.name, "valid_from": valid_from.isoformat()}
        audit.acted(actor, "policy_changed", "policy", row.pk, now, before=before, after=value, **detail)


def _value(number: Number, text: str) -> Any:
    """What was written, in the declared value's own kind. Raises ``Invalid``."""
    text = text.strip()
    try:
        if isinstance(number.value, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(number.value, int):
            found = float(text)
            return int(found) if found == int(found) else found
        if isinstance(number.value, float):
            return float(text)
        if isinstance(number.value, str):
            return text
        return json.loads(text)
    except (KeyError, ValueError, OverflowError):
        raise Invalid({"value": _("This is not how such a value is written.")}) from None
