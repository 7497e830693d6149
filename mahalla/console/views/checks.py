"""Checks of people: what waits, the documents, the decision (KH-TRUST-03, KH-SEC-04)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console.access import VERIFICATION
from mahalla.console.acting import actor_for, actor_in, acts
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel.trust import kinds, operations, queries
from mahalla.kernel.trust.models import Verification
from mahalla.kit.errors import NotFound
from mahalla.kit.market import hook

VERBS = {"approve": operations.approve, "reject": operations.reject, "revoke": operations.revoke}


def queue(request: HttpRequest) -> HttpResponse:
    """The checks that wait for a person, the oldest first."""
    kind = request.GET.get("kind", "")
    return screen(
        request,
        "console/checks.html",
        _("Checks"),
        checks=queries.pending(kind)[:200],
        kinds=kinds.kinds(),
        kind=kind,
        live="ops",
    )


def check(request: HttpRequest, pk: int) -> HttpResponse:
    """One check with its documents and numbers; the look is written down."""
    viewer, now = request.user, moment(request)
    role = actor_in(viewer, VERIFICATION).role  # type: ignore[arg-type]
    found = operations.look(viewer, pk, role=role, now=now)  # type: ignore[arg-type]
    personal = operations.personal_data(viewer, pk, role=role, now=now) if found.sealed else {}  # type: ignore[arg-type]
    earlier = (
        Verification.objects.filter(user_id=found.user_id, kind=found.kind).exclude(pk=pk).order_by("-pk")
    )
    panels = hook("console_check_panels", lambda check, *, viewer, now: [])
    return screen(
        request,
        "console/check.html",
        str(kinds.kind(found.kind).label),
        check=found,
        kind=kinds.kind(found.kind),
        pages_shown=found.pages.select_related("asset").filter(asset__removed_at__isnull=True),
        personal=personal,
        earlier=earlier[:10],
        acts=acts(viewer, found),  # type: ignore[arg-type]
        panels=panels(found, viewer=viewer, now=now),
    )


@require_POST
def act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    """Approve, reject or revoke; a rejection says why, and the person is told."""
    if event not in VERBS:
        raise NotFound()
    found = queries.verification_for(request.user, pk)  # type: ignore[arg-type]
    reason = request.POST.get("reason", "").strip()
    actor = actor_for(request.user, found, event)  # type: ignore[arg-type]
    return carry_out(
        request,
        lambda: VERBS[event](found, reason=reason, actor=actor, now=moment(request)),
        done=_("Done. The person has been told."),
        back=reverse("admin:checks"),
        undone=reverse("admin:check", args=[pk]),
    )
