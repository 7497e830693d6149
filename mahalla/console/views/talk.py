"""Reading what was said about the work of a case: with a reason, written down, only at the case's own desk (KH-CHAT-04)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import access
from mahalla.console.acting import actor_for
from mahalla.console.pages import moment, screen
from mahalla.kernel.cases import kinds
from mahalla.kernel.cases import queries as cases
from mahalla.kernel.chat import queries as chat
from mahalla.kernel.identity.models import User


@require_POST
def dispute_talk(request: HttpRequest, pk: int, thread: int) -> HttpResponse:
    return _talk(request, pk, thread, "dispute")


@require_POST
def incident_talk(request: HttpRequest, pk: int, thread: int) -> HttpResponse:
    return _talk(request, pk, thread, "incident")


def _talk(request: HttpRequest, pk: int, thread: int, name: str) -> HttpResponse:
    """The whole conversation, unmasked. It is opened by a form and not by a link, so that no look happens by accident."""
    access.require_staff(request.user)
    case = cases.case_for(request.user, pk)  # type: ignore[arg-type]
    back, reason = reverse(f"admin:{name}", args=[pk]), request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why you read this conversation."))
        return redirect(back)
    role = actor_for(request.user, case, "note", among=kinds.agents(case.group)).role  # type: ignore[arg-type]
    found, lines = chat.open_as_staff(
        request.user,  # type: ignore[arg-type]
        thread,
        role=role,
        reason=f"{case.code}: {reason}",
        now=moment(request),
    )
    names = {
        u.pk: str(u) for u in User.objects.filter(pk__in={line.author_id for line in lines if line.author_id})
    }
    return screen(
        request,
        "console/talk.html",
        case.code,
        case=case,
        thread=found,
        lines=[(line, names.get(line.author_id or 0, "")) for line in lines],
        back=back,
    )
