"""New Taskers wait here for a person's yes before their first offer (KH-ID-09)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import access
from mahalla.console.acting import actor_in
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import audit
from mahalla.kernel.trust import queries as trust
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import onboarding, supply
from mahalla.markets.khidma.models import Rate


def waiting(user: User, now: datetime) -> int:
    return int(onboarding.waiting().count())


def queue(request: HttpRequest) -> HttpResponse:
    """Who waits, the longest first, with what they handed in. Each shown file counts as looked at (KH-ADMIN-07)."""
    now = moment(request)
    profiles = list(onboarding.waiting().prefetch_related("skills__skill", "portfolio__asset")[:50])
    ids = [profile.user_id for profile in profiles]
    badges = trust.badges(ids, now)
    rates: dict[int, list[Rate]] = {}
    for rate in Rate.objects.filter(worker_id__in=ids).select_related("category"):
        rates.setdefault(rate.worker_id, []).append(rate)
    actor = actor_in(request.user, access.VERIFICATION)  # type: ignore[arg-type]
    for pk in ids:
        audit.viewed(actor, "user", pk, now, part="application")
    return screen(
        request,
        "khidma/console/approvals.html",
        _("Tasker approvals"),
        waiting=[
            {
                "profile": profile,
                "steps": supply.checklist(profile.user, now=now),
                "badges": badges.get(profile.user_id, []),
                "rates": rates.get(profile.user_id, []),
            }
            for profile in profiles
        ],
    )


@require_POST
def act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    """Approve or turn down; a no says why, and the Tasker reads it."""
    person = get_object_or_404(User, pk=pk)
    reason = request.POST.get("reason", "").strip()
    actor = actor_in(request.user, access.VERIFICATION, reason=reason, prefer=onboarding.DECIDERS)  # type: ignore[arg-type]
    now = moment(request)
    if event not in {"approve", "reject"}:
        raise NotFound()

    def deed() -> None:
        if event == "approve":
            onboarding.approve(person, actor=actor, now=now)
        else:
            onboarding.reject(person, reason=reason, actor=actor, now=now)

    return carry_out(
        request, deed, done=_("Done. The Tasker has been told."), back=reverse("admin:approvals")
    )
