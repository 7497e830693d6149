"""People: who they are, what they did, what is held against them; and the steps of enforcement (KH-ADMIN-05 to -07)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import trail
from mahalla.console.access import PEOPLE
from mahalla.console.acting import actor_for, actor_in, acts, may_begin
from mahalla.console.dates import instant_of
from mahalla.console.pages import carry_out, moment, screen
from mahalla.console.search import people as find_people
from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity import phones
from mahalla.kernel.identity import queries as identity
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import audit, operations, queries
from mahalla.kernel.trust.flags import counted_strikes
from mahalla.kernel.trust.models import Flag, Sanction, Verification
from mahalla.kit.errors import NotFound
from mahalla.kit.market import active, hook

RECENT = timedelta(days=30)
VERBS = {"lift": operations.lift, "uphold": operations.uphold}


def index(request: HttpRequest) -> HttpResponse:
    """Find a person; without a word, those who stand still now and those with most open flags."""
    term = request.GET.get("q", "").strip()
    now = moment(request)
    stopped = User.objects.filter(status__in=[User.Status.SUSPENDED, User.Status.BANNED]).order_by("-pk")[:50]
    flagged = User.objects.filter(flags__state="open", flags__alert=True).distinct().order_by("name")[:50]
    return screen(
        request,
        "console/people.html",
        _("People"),
        term=term,
        found=find_people(term) if term else [],
        stopped=stopped,
        flagged=[(u, queries.open_flags([u.pk]).get(u.pk, 0)) for u in flagged],
        appeals=Sanction.objects.filter(state="appealed").select_related("user").order_by("appealed_at"),
        today=now,
    )


def person(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's file on one page. Every opening is written down."""
    viewer, now = request.user, moment(request)
    found = get_object_or_404(User, pk=pk)
    actor = actor_in(viewer, PEOPLE)  # type: ignore[arg-type]
    audit.viewed(actor, "user", found.pk, now)
    panels = hook("console_person_panels", lambda user, *, viewer, now: [])
    return screen(
        request,
        "console/person.html",
        str(found),
        person=found,
        phone=phones.shown(found.phone or ""),
        roles=[role.label for role in active().roles if found.has_role(role.code)],
        consents=found.consents.order_by("-accepted_at")[:6],
        sessions=identity.sessions_for(found, now=now),
        sign_ins=_sign_ins(found.pk, now),
        sanctions=[
            (s, acts(viewer, s))  # type: ignore[arg-type]
            for s in queries.sanctions_of(found.pk)
        ],
        strikes=counted_strikes(found.pk, now),
        flags=Flag.objects.filter(Q(user=found) | Q(others=found)).distinct().order_by("-raised_at")[:30],
        open_flags=queries.open_flags([found.pk]).get(found.pk, 0),
        cases=Case.objects.filter(Q(opened_by=found) | Q(against=found)).order_by("-opened_at")[:30],
        checks=Verification.objects.filter(user=found).order_by("-pk")[:20],
        entries=trail.told(trail.story(f"user:{found.pk}").order_by("-pk")[:40]),
        may_impose=may_begin(viewer, Sanction(user=found), "impose"),  # type: ignore[arg-type]
        levels=Sanction.Level.choices,
        categories=Category.objects.filter(enabled=True),
        panels=panels(found, viewer=viewer, now=now),
    )


def _sign_ins(user_id: int, now: datetime) -> dict[str, Any]:
    rows = Event.objects.filter(noun="user", subject_id=user_id, name="identity.signed_in").order_by("-pk")
    return {"last": rows.first(), "recent": rows.filter(at__gte=now - RECENT).count()}


@require_POST
def impose(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a sanction in force: a suspension with its end, a ban for good; effects are immediate (KH-ADMIN-05)."""
    found = get_object_or_404(User, pk=pk)
    post, now = request.POST, moment(request)
    blank = Sanction(user=found)
    actor = actor_for(request.user, blank, "impose")  # type: ignore[arg-type]

    def deed() -> object:
        return operations.impose(
            found.pk,
            post.get("level", ""),
            reason=post.get("reason", ""),
            actor=actor,
            now=now,
            ends_at=instant_of(post.get("ends_at", ""), field="ends_at"),
            category=post.get("category", ""),
            source=post.get("source", "")[:60],
        )

    here = reverse("admin:person", args=[pk])
    return carry_out(request, deed, done=_("In force now. The person has been told."), back=here)


@require_POST
def sanction_act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    """Lift a sanction, or uphold it after an appeal; both say why."""
    found = get_object_or_404(Sanction, pk=pk)
    if event not in VERBS:
        raise NotFound()
    actor = actor_for(request.user, found, event)  # type: ignore[arg-type]
    reason = request.POST.get("reason", "").strip()
    return carry_out(
        request,
        lambda: VERBS[event](found, reason=reason, actor=actor, now=moment(request)),
        done=_("Done. The person has been told."),
        back=reverse("admin:person", args=[found.user_id]),
    )
