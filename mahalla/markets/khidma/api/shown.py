"""Tasks, offers, jobs and Taskers as the API says them; who may see what is ``visibility``'s to say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from mahalla.kernel.chat.queries import thread_of
from mahalla.kernel.flow import timers
from mahalla.kernel.identity.models import User
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.quote import Quote
from mahalla.kit.text import pick
from mahalla.markets.khidma import billing, insurance, money, pricing, visibility
from mahalla.markets.khidma.api.steps import steps_for
from mahalla.markets.khidma.models import TaxRule
from mahalla.markets.khidma.taskers import Card
from mahalla.markets.khidma.visibility import Seen


def named(row: Any) -> dict[str, str] | None:
    return {"code": row.code, "name": pick(row.names)} if row is not None else None


def file_url(asset: Asset) -> str:
    return f"/api/v1/files/{asset.pk}/full"


def price(quote: Quote, *, whole: bool) -> dict[str, Any]:
    """The client's view, or only what is the Tasker's."""
    worker = quote.for_payee(billing.WORKER)
    return {
        "currency": quote.currency,
        "total_minor": quote.total_minor if whole else worker,
        "worker_minor": worker,
        "lines": [
            {"kind": line.kind, "amount_minor": line.amount_minor, "payee": line.payee}
            for line in quote.lines
            if whole or line.payee == billing.WORKER
        ],
    }


# --- tasks ----------------------------------------------------------------------------------------------------------


def card(seen: Seen) -> dict[str, Any]:
    """A task in a list."""
    request, job = seen.request, seen.job
    worker = job.worker if job is not None else None
    return {
        "id": request.pk,
        "status": job.state if job is not None and seen.relation == "tasker" else request.status,
        "category": named(request.category),
        "window_start": request.window_start,
        "window_end": request.window_end,
        "flexible": bool(request.data.get("flexible")),
        "minutes": request.estimate_min,
        "place": visibility.place(seen),
        "created_at": request.created_at,
        "posted_at": request.posted_at,
        "client": {"id": request.client_id, "name": visibility.client_name(seen)},
        "tasker": {"id": worker.pk, "name": worker.name} if worker else None,
    }


def task(seen: Seen, *, now: datetime) -> dict[str, Any]:
    """A whole task."""
    request = seen.request
    thread = thread_of(seen.viewer, subject=request.stream, kind="task")
    ping = visibility.live_position(seen)
    mine = seen.relation in {"client", "staff"}
    waiting = request.offers.filter(state="pending").first()
    if waiting is not None and not mine and waiting.worker_id != seen.viewer.pk:
        waiting = None
    draft = request.state == "draft"
    return {
        **card(seen),
        "text": request.text,
        "details": request.details,
        "pricing_model": request.pricing_model,
        "version": request.version,
        "origin": request.origin,
        "preview": request.quote if mine and request.quote.get("low_minor") is not None else None,
        **(_wizard(request) if draft else {}),
        "photos": photos(request),
        "offer_id": waiting.pk if waiting else None,
        "job": job(seen, now=now) if seen.job is not None else None,
        "thread_id": thread.pk if thread else None,
        "position": {name: getattr(ping, name) for name in ("lat", "lng", "accuracy_m", "at")}
        if ping
        else None,
        "eta_min": visibility.eta_min(seen),
        "actions": steps_for(seen, waiting),
    }


def _wizard(request: Any) -> dict[str, Any]:
    from mahalla.markets.khidma import wizard

    return {"steps": wizard.steps_of(request), "next_step": wizard.resume_step(request)}


def photos(request: Any) -> list[dict[str, Any]]:
    rows = request.photos.select_related("asset")
    return [{"id": row.pk, "url": file_url(row.asset), "asset_id": row.asset_id} for row in rows]


def job(seen: Seen, *, now: datetime) -> dict[str, Any]:
    """The work itself. Only the client and staff see the whole price and what is held."""
    found = seen.job
    assert found is not None
    whole = seen.relation in {"client", "staff"}
    hold = money.hold_of(found) if whole else None
    return {
        **{name: getattr(found, name) for name in JOB_FIELDS},
        "id": found.pk,
        "agreed": price(Quote.from_json(found.quote), whole=whole),
        "insurance": found.terms.get("insurance"),
        "final": price(billing.final_quote(found), whole=whole) if found.final else None,
        "held_minor": hold.amount_minor if hold and hold.state == "authorised" else None,
        "billed_min": found.data.get("billed_min"),
        "extra_asked_min": int(found.data.get("extra_asked_min", 0)),
        "extra_approved_min": int(found.data.get("extra_approved_min", 0)),
        "timer": _timer(found, now=now),
        "photos": _evidence(found),
        "review_until": timers.due_at("job", found.pk, "review_window"),
        "refund_kind": found.data.get("refund_kind", ""),
        "case_id": _case_id(found),
    }


JOB_FIELDS = (
    "state",
    "progress",
    "start_at",
    "end_at",
    "arrived_at",
    "submitted_at",
    "confirmed_at",
    "ended_reason",
)


def _timer(found: Job, *, now: datetime) -> dict[str, Any]:
    entries = list(found.timer.order_by("pk"))
    return {
        "running": any(entry.stopped_at is None for entry in entries),
        "worked_min": billing.worked_minutes(found, now=now),
        "entries": [{"started_at": e.started_at, "stopped_at": e.stopped_at} for e in entries],
    }


def _evidence(found: Job) -> list[dict[str, Any]]:
    rows = found.evidence.filter(asset__isnull=False).select_related("asset").order_by("pk")
    return [
        {"id": row.pk, "kind": row.kind, "url": file_url(row.asset), "note": row.note, "at": row.at}
        for row in rows
        if row.asset is not None
    ]


def _case_id(found: Job) -> int | None:
    case = money.dispute_of(found)
    return case.pk if case else None


# --- offers ---------------------------------------------------------------------------------------------------------


def offer(found: Offer, viewer: User, *, now: datetime) -> dict[str, Any]:
    """One offer as its Tasker sees it before answering: no street, no whole name (KH-REQ-16)."""
    request = found.request
    own = request.jobs.filter(offer=found).first()
    seen = Seen(viewer, request, "tasker" if own else "asked", own)
    quote = Quote.from_json(found.quote)
    withheld = {"withholding_pct": pricing.taxes(now=now)[TaxRule.Base.EARNINGS]}
    return {
        "id": found.pk,
        "task": card(seen),
        "state": found.state,
        "version": found.version,
        "source": found.source,
        "answer_until": timers.due_at("offer", found.pk, "offer_ttl"),
        "earnings_minor": quote.for_payee(billing.WORKER) - billing.withholding_minor(withheld, quote),
        "currency": quote.currency,
        "insurance": insurance.cover_for(request, now=now),
        "details": request.details,
        "text": request.text,
        "photos": photos(request),
        "actions": steps_for(seen, found) if own is None else [],
    }


# --- Taskers --------------------------------------------------------------------------------------------------------


def tasker(found: Card) -> dict[str, Any]:
    """What every list shows of a Tasker."""
    return {
        "id": found.worker_id,
        "name": found.name,
        "photo_url": file_url(found.photo) if found.photo else "",
        "rating": float(found.rating.mean) if found.rating.mean is not None else None,
        "reviews": found.rating.count,
        "completed": found.completed,
        "completion_pct": found.completion_pct,
        "is_new": found.is_new,
        "badges": [{"code": b.code, "name": str(b.label), "checked_at": b.checked_at} for b in found.badges],
    }


def adjustment(found: Any) -> dict[str, Any]:
    """What a control of the ranking did to a place, and why."""
    return {
        "control": found.control,
        "stage": str(found.stage),
        "before": found.before,
        "after": found.after,
        "reasons": list(found.reasons),
    }


def over(request: Any) -> Any:
    """The sentence that refuses what belongs to the time before somebody agreed."""
    return _("That is not possible any more: this is now “%(state)s”.") % {"state": request.status}


def own_file() -> Any:
    return _("Choose one of your own files, sent for this purpose.")
