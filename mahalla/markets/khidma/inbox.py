"""The offers that wait for a Tasker's answer (KH-FLOW-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch

from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Offer, RequestPhoto
from mahalla.kit.errors import NotFound
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import billing, pricing
from mahalla.markets.khidma.facts import Facts, facts_of
from mahalla.markets.khidma.models import TaskerProfile, TaxRule


@dataclass(frozen=True, slots=True)
class OfferItem:
    """One pending offer. Amounts in minor units, as the offer's own version shows them.

    ``client_name`` is the first name; ``photos`` are the pictures of the task.
    """

    offer: Offer
    facts: Facts
    client_name: str
    text: str
    photos: tuple[RequestPhoto, ...]
    quote: Quote
    price_minor: int
    earnings_minor: int
    expires_at: datetime | None
    time_left: timedelta

    @property
    def offer_id(self) -> int:
        return self.offer.pk


def offers_for(worker: User, *, now: datetime) -> list[OfferItem]:
    """All pending offers, the next to expire first, in five queries (KH-FLOW-06). What is over is not listed."""
    return _items(worker, now=now)


def offer_for(worker: User, offer_id: int, *, now: datetime) -> OfferItem:
    """One pending offer of this Tasker. Raises ``NotFound`` for others', and when the time to answer is over."""
    for item in _items(worker, now=now, only=offer_id):
        return item
    raise NotFound()


def waiting(worker: User) -> int:
    """How many offers wait: the number at the inbox."""
    return Offer.objects.filter(worker=worker, state="pending").count()


def _items(worker: User, *, now: datetime, only: int | None = None) -> list[OfferItem]:
    photos = Prefetch("request__photos", queryset=RequestPhoto.objects.select_related("asset"))
    rows = Offer.objects.filter(worker=worker, state="pending")
    if only is not None:
        rows = rows.filter(pk=only)
    related = ("request__category", "request__district", "request__city", "request__client")
    offers = list(rows.select_related(*related).prefetch_related(photos))
    if not offers:
        return []
    due = _deadlines(offers)
    withholding = pricing.taxes(now=now)[TaxRule.Base.EARNINGS]
    profile = TaskerProfile.objects.filter(user=worker).first()
    items = [
        _item(offer, profile, due.get(offer.pk), withholding, now=now)
        for offer in offers
        if offer.pk not in due or due[offer.pk] > now
    ]
    last = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(items, key=lambda item: (item.expires_at or last, item.offer.pk))


def _deadlines(offers: list[Offer]) -> dict[int, datetime]:
    rows = DeadlineRow.objects.filter(
        noun=Offer.NOUN,
        subject_id__in=[offer.pk for offer in offers],
        name="offer_ttl",
        reminder="",
        due_at__isnull=False,
    )
    return {pk: due for pk, due in rows.values_list("subject_id", "due_at") if due is not None}


def _item(
    offer: Offer, profile: TaskerProfile | None, due: datetime | None, withholding_pct: str, *, now: datetime
) -> OfferItem:
    request, quote = offer.request, Quote.from_json(offer.quote)
    kept = billing.withholding_minor({"withholding_pct": withholding_pct}, quote)
    return OfferItem(
        offer=offer,
        facts=facts_of(request, lat=profile.lat if profile else None, lng=profile.lng if profile else None),
        client_name=request.client.name.split(" ")[0],
        text=request.text,
        photos=tuple(request.photos.all()),
        quote=quote,
        price_minor=quote.total_minor,
        earnings_minor=quote.for_payee(billing.WORKER) - kept,
        expires_at=due,
        time_left=due - now if due else timedelta(0),
    )
