"""Effects on the task before somebody agrees: posting, ranking, offering, expiring."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import pricing, ranking
from mahalla.markets.khidma.models import Exclusion


def expires_at(request: Request, *, now: datetime) -> datetime:
    """When a task that nobody accepts is over (KH-FLOW-11)."""
    if request.data.get("flexible") or request.window_end is None:
        hours = policy.get("task_expiry_flexible_hours", now=now)
        return (request.posted_at or now) + timedelta(hours=hours)
    lead = policy.get("min_lead_min", now=now)
    return request.window_end - timedelta(minutes=request.estimate_min + lead)


def freeze_preview(c: Ctx) -> None:
    """The preview as the client saw it, with the values it was made of (KH-PRICE-13)."""
    request: Request = c.subject
    request.posted_at = c.now
    request.category_version = request.category.version if request.category else 1
    request.quote = pricing.preview(request, now=c.now)
    request.save(update_fields=["posted_at", "category_version", "quote", "details", "estimate_min"])


def start_matching(c: Ctx) -> None:
    """Live at once: same transaction (KH-REQ-06). A wish for one Tasker or for automatic choice is kept at once."""
    c.move(c.subject, "start_matching", actor=SYSTEM)
    wished = c.subject.data.get("first_worker_id")
    if wished and _try_first(c, int(wished)):
        return
    if c.subject.data.get("choose_for_me"):
        c.move(c.subject, "auto_match", actor=SYSTEM)


def _try_first(c: Ctx, worker_id: int) -> bool:
    """The first offer to somebody known (KH-REQ-14); the list follows when that cannot be."""
    source = "series" if c.subject.origin == "series" else "client_request"
    try:
        with transaction.atomic():
            c.move(c.subject, "select", actor=_client(c), worker_id=worker_id, source=source)
    except Refused:
        _as_stored(c.subject, "data")
        return False
    return True


def _as_stored(subject: Request | Offer, *fields: str) -> None:
    """What a refused move left in memory goes with its savepoint."""
    subject.refresh_from_db(fields=["state", "phase", "state_since", *fields])


def _client(c: Ctx) -> Actor:
    if c.actor.role == "client":
        return c.actor
    return Actor(c.subject.client_id, "client", reason=c.actor.role)


def rank_candidates(c: Ctx) -> None:
    """Store the run that explains every position (KH-MATCH-19); without scores, people look at every task (KH-OPS-07)."""
    fallback = ranking.run(c.subject, now=c.now).fallback
    if fallback:
        _mark(c.subject, needs_ops=True, ranking_fallback=True)
    elif c.subject.data.get("ranking_fallback"):
        _mark(c.subject, needs_ops=False, ranking_fallback=False)


def make_offer(c: Ctx) -> None:
    """One live offer, exclusive: the database refuses a second one."""
    sources = {"ops_admin": "ops", "admin": "ops", "system": "auto"}
    source = str(c.data.get("source") or sources.get(c.actor.role, "client"))
    c.cache["offer"] = offer_to(c, c.cache["worker_id"], source)


def offer_to(c: Ctx, worker_id: int, source: str) -> Offer:
    request: Request = c.subject
    offer = Offer(
        request=request,
        worker_id=worker_id,
        source=source,
        exclusive=True,
        created_at=c.now,
        made_by_id=c.actor.user_id,
        quote=pricing.quote_for(request, worker_id, now=c.now).to_json(),
    )
    return engine.step(offer, "make", actor=c.actor, now=c.now, data={})


def accept_if_instant(c: Ctx) -> None:
    """Instant booking is acceptance given in advance (KH-FLOW-10); where it does not hold, the offer stays an offer."""
    offer: Offer = c.cache["offer"]
    if ranking.is_instant(c.subject, offer.worker_id, now=c.now):
        try:
            with transaction.atomic():
                offer.data = {**offer.data, "instant": True}
                offer.save(update_fields=["data"])
                c.move(offer, "accept", actor=SYSTEM, instant=True)
        except Refused:
            _as_stored(offer, "data", "answered_at")
            _as_stored(c.subject, "status")


def auto_target(c: Ctx) -> str:
    """Offer to the best-ranked eligible Tasker, while one is left and fewer than 5 were asked (KH-FLOW-05)."""
    request: Request = c.subject
    c.cache["worker_id"] = None
    if request.data.get("no_auto_match"):
        return "matching"
    asked = request.offers.filter(source="auto").count()
    if asked < c.policy("auto_offers_max"):
        c.cache["worker_id"] = ranking.next_auto(request, now=c.now)
    return "offered" if c.cache["worker_id"] else "matching"


def offer_to_next_or_flag(c: Ctx) -> None:
    if c.cache["worker_id"]:
        offer_to(c, c.cache["worker_id"], "auto")
    else:
        _mark(c.subject, needs_ops=True)


def flag_unaccepted(c: Ctx) -> None:
    _mark(c.subject, unaccepted_since=c.now.isoformat())


def exclude_worker(c: Ctx) -> None:
    """Who declined, let the time run out or cancelled is not asked again for this task."""
    worker_id = c.data.get("worker_id")
    if worker_id:
        Exclusion.objects.get_or_create(
            request=c.subject, worker_id=worker_id, defaults={"why": str(c.data.get("why", ""))}
        )


def go_on_automatically(c: Ctx) -> None:
    """After an automatic offer was refused, the next one goes out at once; else the client chooses again."""
    if c.data.get("source") == "auto" or c.subject.data.get("choose_for_me"):
        c.move(c.subject, "auto_match", actor=SYSTEM)


def look_anew(c: Ctx) -> None:
    """What was asked of operations before belongs to the search before: this one runs by itself again (rows 5, 38)."""
    if c.subject.data.keys() & {"needs_ops", "unaccepted_since"}:
        kept = {k: v for k, v in c.subject.data.items() if k not in {"needs_ops", "unaccepted_since"}}
        c.subject.data = kept
        c.subject.save(update_fields=["data"])


def apply_edit(c: Ctx) -> None:
    """Re-price, re-filter, re-rank (KH-REQ-08)."""
    from mahalla.markets.khidma import wizard

    wizard.write_edit(c.subject, c.cache["edit"], now=c.now)


def reissue_offer(c: Ctx) -> None:
    """The Tasker decides on what is asked now: a new version with a new price and a fresh deadline (C16)."""
    offer = c.subject.offers.get(state="pending")
    offer.version += 1
    offer.quote = pricing.quote_for(c.subject, offer.worker_id, now=c.now).to_json()
    offer.save(update_fields=["version", "quote"])
    c.move(offer, "reissue")


def withdraw_live_offer(c: Ctx) -> None:
    for offer in c.subject.offers.filter(state="pending"):
        c.move(offer, "withdraw", why=c.event)


def _mark(request: Request, **marks: object) -> None:
    request.data = {**request.data, **marks}
    request.save(update_fields=["data"])
