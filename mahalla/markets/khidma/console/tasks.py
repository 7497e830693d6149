"""One task as operations see it, and what they may do with it: exactly what the flow allows to their role.

KH-ADMIN-03, KH-ADMIN-04, KH-FLOW-28, KH-MATCH-19.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console import access, trail
from mahalla.console.acting import actor_for, acts
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.models import DeadlineRow, Stateful
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.matching.runs import ranking_of
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.trust import audit
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import billing, board
from mahalla.markets.khidma.console.inputs import inputs_of
from mahalla.markets.khidma.console.words import DEADLINES, FACTORS, SOURCES, WHY

HEAD = "khidma/console/task_head.html"


def task(request: HttpRequest, pk: int) -> HttpResponse:
    """State, people, deadlines, offers, the ranking with each candidate's factors, money and the record. The look is
    written down, since the page shows names and an address (KH-ADMIN-07)."""
    found = _request(pk)
    now = moment(request)
    audit.viewed(actor_for(request.user, found, "assign"), "request", found.pk, now)  # type: ignore[arg-type]
    jobs = list(found.jobs.select_related("worker", "offer").order_by("pk"))
    return screen(
        request,
        "khidma/console/task.html",
        f"#{found.pk}",
        jobs=jobs,
        offers=found.offers.select_related("worker").order_by("pk"),
        money=_money(jobs),
        entries=trail.told(trail.story(found.stream)),
        cases=Case.objects.filter(job_id__in=[job.pk for job in jobs]).order_by("pk"),
        photos=found.photos.select_related("asset"),
        why=WHY,
        sources=SOURCES,
        opens_people=access.PEOPLE in access.sections_of(request.user),
        opens_disputes=access.DISPUTES in access.sections_of(request.user),
        **_head(request, found),
        **_ranking(found),
    )


def head(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part: state, deadlines and the possible steps."""
    return render(request, HEAD, {**_head(request, _request(pk)), "now": moment(request)})


def _request(pk: int) -> Request:
    rows = Request.objects.select_related("client", "category", "city", "district").exclude(state="draft")
    return get_object_or_404(rows, pk=pk)


def _head(request: HttpRequest, found: Request) -> dict[str, Any]:
    job = found.live_job()
    offer = found.offers.filter(state="pending").select_related("worker").first()
    viewer: User = request.user  # type: ignore[assignment]
    now = moment(request)
    live = job if job is not None and found.phase == "agreed" else None
    steps = acts(viewer, live if live is not None else found)
    fee = None
    if "cancel" in steps and live is not None:
        fee = billing.cancellation_fee_minor(live, now=now, policy=lambda name: policy.get(name, now=now))
    return {
        "task": found,
        "state": board.states()[found.status],
        "job": job,
        "offer": offer,
        "deadlines": _deadlines(found, job, offer),
        "deadline_words": DEADLINES,
        "inputs": inputs_of(found),
        "acts": steps,
        "offer_acts": acts(viewer, offer) if offer is not None else {},
        "cancel_fee": fee,
        "unaccepted": found.phase == "open" and board.is_unaccepted(found, now=now),
    }


def _deadlines(found: Request, job: Job | None, offer: Offer | None) -> list[DeadlineRow]:
    things: list[Stateful] = [thing for thing in (found, job, offer) if thing is not None]
    rows = [
        row
        for thing in things
        for row in DeadlineRow.objects.filter(
            noun=thing.NOUN, subject_id=thing.pk, reminder="", due_at__isnull=False
        )
    ]
    return sorted(rows, key=lambda row: (row.due_at, row.pk))


def _ranking(found: Request) -> dict[str, Any]:
    """The last ranking run, every candidate with six factors and the final score (KH-MATCH-19)."""
    runs = list(RankingRun.objects.filter(request_id=found.pk).order_by("-pk")[:20])
    if not runs:
        return {"run": None, "candidates": [], "factors": FACTORS, "runs": []}
    ranking = ranking_of(runs[0])
    people = User.objects.in_bulk(ranking.worker_ids)
    asked = {o.worker_id: o.state for o in found.offers.order_by("pk")}
    candidates = [
        {
            "worker": people[e.worker_id],
            "place": e.place,
            "score": e.score,
            "base": e.base,
            "factors": e.factors,
            "adjustments": e.adjustments,
            "distance_m": e.inputs.get("distance_m"),
            "price_minor": e.inputs.get("price_minor"),
            "asked": asked.get(e.worker_id, ""),
        }
        for e in ranking.explanations()
        if e.worker_id in people
    ]
    return {"run": runs[0], "candidates": candidates, "factors": FACTORS, "runs": runs}


def _money(jobs: list[Job]) -> list[dict[str, Any]]:
    """Of each job: the agreed and the final lines, what is held, charged and given back, and what is paid out."""
    references = [job.reference for job in jobs]
    holds = list(Hold.objects.filter(reference__in=references).select_related("method").order_by("pk"))
    payouts = list(Payout.objects.filter(reference__in=references).order_by("pk"))
    return [
        {
            "job": job,
            "agreed": (job.quote or {}).get("lines", []),
            "final": (job.final or {}).get("lines", []),
            "agreed_minor": (job.quote or {}).get("total_minor"),
            "final_minor": (job.final or {}).get("total_minor"),
            "holds": [hold for hold in holds if hold.reference == job.reference],
            "payouts": [payout for payout in payouts if payout.reference == job.reference],
        }
        for job in jobs
    ]


# --- steps ----------------------------------------------------------------------------------------------------------


@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an offer to a Tasker of the ranked candidates: source ``ops``, in the admin's name (KH-ADMIN-03)."""
    found, worker = _request(pk), request.POST.get("worker", "")
    actor = actor_for(
        request.user,  # type: ignore[arg-type]
        found,
        "assign",
        reason=request.POST.get("reason", ""),
        on_behalf_of_id=found.client_id,
    )

    def deed() -> None:
        if not worker.isdigit():
            raise Invalid({"worker": _("Choose a Tasker of the list.")})
        engine.apply(found, "assign", actor=actor, now=moment(request), data={"worker_id": int(worker)})

    return carry_out(request, deed, done=_("The offer is made. The Tasker has been asked."), back=_here(pk))


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call the task off on the client's behalf, with a reason and the choice to waive the fee (KH-ADMIN-04)."""
    found = _request(pk)
    job = found.live_job() if found.phase == "agreed" else None
    subject: Stateful = job if job is not None else found
    actor = actor_for(
        request.user,  # type: ignore[arg-type]
        subject,
        "cancel",
        reason=request.POST.get("reason", ""),
        on_behalf_of_id=found.client_id,
    )
    data = {"waive_fee": request.POST.get("waive_fee") == "1"}
    return carry_out(
        request,
        lambda: engine.apply(subject, "cancel", actor=actor, now=moment(request), data=data),
        done=_("The task is called off. The client has been told."),
        back=_here(pk),
    )


@require_POST
def offer_act(request: HttpRequest, pk: int, event: str) -> HttpResponse:
    """Take an offer back, or note that the Tasker accepted it by word of mouth (C21)."""
    offer = get_object_or_404(Offer.objects.select_related("request"), pk=pk)
    if event not in {"accept", "withdraw"}:
        raise NotFound()
    behalf = offer.worker_id if event == "accept" else offer.request.client_id
    actor = actor_for(
        request.user,  # type: ignore[arg-type]
        offer,
        event,
        reason=request.POST.get("reason", ""),
        on_behalf_of_id=behalf,
    )
    consent = request.POST.get("spoken_consent") == "1"

    def deed() -> None:
        if not actor.reason or (event == "accept" and not consent):
            raise Invalid(
                {
                    "reason": _("Note the Tasker's spoken consent and a reason.")
                    if event == "accept"
                    else _("Say why.")
                }
            )
        data = {"spoken_consent": True} if event == "accept" else {}
        engine.apply(offer, event, actor=actor, now=moment(request), data=data)

    done = _("Noted: the Tasker has accepted.") if event == "accept" else _("The offer is taken back.")
    return carry_out(request, deed, done=done, back=_here(offer.request_id))


def _here(pk: int) -> str:
    return reverse("admin:task", args=[pk])


def search(user: Any, term: str) -> list[Any]:
    """Tasks by number for the command palette."""
    from mahalla.console.search import Found

    number = term.lstrip("#")
    if access.OPERATIONS not in access.sections_of(user) or not number.isdigit() or len(number) > 17:
        return []
    rows = Request.objects.filter(pk=int(number)).exclude(state="draft").select_related("category")
    return [
        Found(f"#{r.pk} {r.category}", str(board.states()[r.status].label), _here(r.pk), "assignment")
        for r in rows
    ]
