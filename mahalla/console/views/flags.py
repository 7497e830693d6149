"""What rules found odd: fraud alerts by score and amount, linked to accounts, judged by a person (KH-TRUST-12)."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import access, trail
from mahalla.console.acting import actor_for, actor_in, acts
from mahalla.console.pages import carry_out, moment, safe_back, screen
from mahalla.kernel.trust import audit, operations, queries
from mahalla.kernel.trust.models import Flag


def queue(request: HttpRequest) -> HttpResponse:
    """Open alerts: highest score, then most money, then oldest; low scores on request."""
    rule, low = request.GET.get("rule", ""), bool(request.GET.get("low"))
    rules = Flag.objects.filter(state="open").values("rule").annotate(n=Count("pk")).order_by("rule")
    return screen(
        request,
        "console/flags.html",
        _("Fraud alerts"),
        flags=queries.alerts(rule=rule, with_low=low)[:200],
        rules=rules,
        rule=rule,
        low=low,
    )


def flag(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert with its evidence, its accounts and what else is known of them; the look is written down."""
    viewer, now = request.user, moment(request)
    found = get_object_or_404(Flag.objects.select_related("user", "decided_by"), pk=pk)
    audit.viewed(actor_in(viewer, access.TRUST), "flag", found.pk, now)  # type: ignore[arg-type]
    accounts = [found.user, *found.others.order_by("pk")]
    ids = [user.pk for user in accounts]
    sanctions, flags = queries.active_sanctions(ids, now), queries.open_flags(ids)
    return screen(
        request,
        "console/flag.html",
        found.rule.replace("_", " ").capitalize(),
        flag=found,
        accounts=[(u, flags.get(u.pk, 0), sanctions.get(u.pk, [])) for u in accounts],
        evidence=sorted(found.evidence.items()),
        acts=acts(viewer, found),  # type: ignore[arg-type]
        entries=trail.told(trail.story(found.stream)),
        opens_people=access.PEOPLE in access.sections_of(viewer),
    )


@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """``confirmed`` or ``false_alarm``, with a reason; what was withheld is restored in the same step."""
    found = get_object_or_404(Flag, pk=pk)
    verdict = request.POST.get("verdict", "")
    event = {"confirmed": "confirm", "false_alarm": "clear"}.get(verdict, "")
    reason = request.POST.get("reason", "").strip()
    actor = actor_for(request.user, found, event)  # type: ignore[arg-type]
    here = reverse("admin:flag", args=[pk])
    return carry_out(
        request,
        lambda: operations.resolve(found, verdict, reason=reason, actor=actor, now=moment(request)),
        done=_("The alert is closed."),
        back=safe_back(request, reverse("admin:flags")),
        undone=here,
    )
