"""Money that a person must look at (KH-PAY-22): alerts of payments, what is owed to clients, and paying it by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from mahalla.console import access
from mahalla.console.acting import actor_in
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job
from mahalla.kit.market import active
from mahalla.kit.money import parse
from mahalla.markets.khidma import debts

LOOK_BACK = timedelta(days=30)
NEW = timedelta(days=1)
WHAT = {
    "uncollected": _lazy("The client's card did not give the money"),
    "refund_failed": _lazy("A refund was not taken by the bank"),
    "captured_unasked": _lazy("Money was taken that nobody asked for"),
}


def fresh(user: User, now: datetime) -> int:
    """Alerts of the last day, and clients who wait for money."""
    return int(_alerts(now - NEW).count()) + len(debts.owed_to_clients())


def _alerts(since: datetime) -> Any:
    return Event.objects.filter(name="payments.alert", at__gte=since).order_by("-pk")


def purse(request: HttpRequest) -> HttpResponse:
    """What went wrong with money in the last thirty days, and whom the platform owes."""
    owed = debts.owed_to_clients()
    people = User.objects.in_bulk(owed)
    return screen(
        request,
        "khidma/console/purse.html",
        _("Money alerts"),
        alerts=[_shown(event) for event in _alerts(moment(request) - LOOK_BACK)[:100]],
        owed=[(people[pk], minor) for pk, minor in sorted(owed.items()) if pk in people],
    )


def _shown(event: Event) -> dict[str, Any]:
    code = str(event.payload.get("code", ""))
    noun, _colon, number = str(event.payload.get("reference", "")).partition(":")
    job = Job.objects.filter(pk=number).first() if noun == "job" and number.isdigit() else None
    minor = event.payload.get("amount_minor") or (event.payload.get("news") or {}).get("amount_minor")
    return {"at": event.at, "what": WHAT.get(code, code), "job": job, "minor": minor}


@require_POST
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down a transfer to a client."""
    actor = actor_in(request.user, access.OPERATIONS, prefer=("admin",))  # type: ignore[arg-type]
    data = request.POST
    return carry_out(
        request,
        lambda: debts.record_payment(
            pk,
            amount_minor=parse(data.get("amount", ""), active().currency).minor,
            key=data.get("idempotency_key", "")[:64] or data.get("proof", "")[:64],
            proof=data.get("proof", ""),
            actor=actor,
            now=moment(request),
        ),
        done=_("The payment is written down."),
        back=reverse("admin:purse"),
    )
