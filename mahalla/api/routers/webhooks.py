"""What payment providers say, by signed webhooks (KH-PAY-22, KH-SEC-07)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from mahalla.api import problems
from mahalla.api.callers import instant
from mahalla.api.once import own_transaction
from mahalla.kernel.payments import inbox
from mahalla.kit.errors import NotFound

router = Router(tags=["Webhooks"])


@router.post("/{provider}", auth=None, response={200: None}, summary="News of a payment provider")
@own_transaction
def receive_webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Signed by the Standard Webhooks rules. The same news twice changes nothing; what is not signed, or too old, is
    answered 400 and forgotten."""
    status = inbox.receive(request.headers, request.body, instant(request), provider=provider)
    if status == 404:
        raise NotFound("provider_not_found")
    if status != 200:
        return problems.problem(status, "bad_signature", _("This was not signed by the provider."))
    return HttpResponse(status=200)
