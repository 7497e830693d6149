"""Receipts, credit notes and tip receipts: numbered without a gap, as PDF in Arabic or English (KH-PAY-10)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import override

from mahalla.kernel.identity.models import User
from mahalla.kernel.payments.models import Hold, Refund
from mahalla.kernel.places.models import City
from mahalla.kernel.work.models import Job
from mahalla.kit import spans
from mahalla.kit.errors import NotFound
from mahalla.kit.market import active
from mahalla.kit.money import Money, format
from mahalla.kit.quote import Line, Quote
from mahalla.kit.text import pick
from mahalla.markets.khidma import billing
from mahalla.markets.khidma.models import Receipt

DOCUMENTS = Path(__file__).parent / "documents"
#: taken while a number is drawn, so that numbers are gapless: one transaction after the other (advisory lock key)
NUMBER_LOCK = 0x6B68_7263


def for_capture(job: Job, hold: Hold, *, now: datetime) -> Receipt:
    """The receipt of what was charged for the work or for a cancellation."""
    return _issue(job, Receipt.Kind.RECEIPT, billing.final_quote(job), key=f"hold:{hold.pk}", now=now)


def for_cash(job: Job, *, now: datetime) -> Receipt:
    """The receipt of cash that both sides agreed on."""
    return _issue(job, Receipt.Kind.RECEIPT, billing.final_quote(job), key=f"cash:{job.pk}", now=now)


def for_tip(job: Job, hold: Hold, *, now: datetime) -> Receipt:
    quote = Quote((Line("tip", hold.captured_minor, billing.WORKER),), hold.currency)
    return _issue(job, Receipt.Kind.TIP, quote, key=f"hold:{hold.pk}", now=now)


def for_refund(job: Job, refund: Refund, *, now: datetime) -> Receipt:
    """A credit note: what came back, by whose part it was."""
    parts = billing.parts(billing.final_quote(job), refund.amount_minor)
    kinds = {billing.WORKER: "labour", billing.PLATFORM: "service_fee", billing.TAX: "tax"}
    lines = tuple(Line(kinds[payee], amount, payee) for payee, amount in parts.items() if amount)
    quote = Quote(lines, billing.final_quote(job).currency)
    return _issue(job, Receipt.Kind.CREDIT_NOTE, quote, key=f"refund:{refund.pk}", now=now)


def _issue(job: Job, kind: str, quote: Quote, *, key: str, now: datetime) -> Receipt:
    """One document a key; the number is the next one, whoever else is drawing one at this moment."""
    from django.db import connection

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER_LOCK])
        found = Receipt.objects.filter(key=key).first()
        if found is not None:
            return found
        last = Receipt.objects.aggregate(last=Max("number"))["last"] or 0
        return Receipt.objects.create(
            number=last + 1,
            kind=kind,
            key=key,
            job=job,
            lines=quote.to_json()["lines"],
            currency=quote.currency,
            total_minor=quote.total_minor,
            issued_at=now,
        )


def receipt_for(viewer: User, number: int) -> Receipt:
    """The client's own document (a receipt belongs to who paid), or any for administration. Raises ``NotFound``."""
    found = Receipt.objects.select_related("job__request__category", "job__client", "job__worker").filter(
        number=number
    )
    receipt = found.first()
    if receipt is None or (
        receipt.job.client_id != viewer.pk and not viewer.has_role("admin", "support_agent")
    ):
        raise NotFound("receipt_not_found")
    return receipt


def number_of(receipt: Receipt) -> str:
    """How the document is named: ``KH-000042``."""
    return f"KH-{receipt.number:06d}"


def line_label(kind: str) -> str:
    """The words for a line of a price, in the active language."""
    labels = {
        "labour": _("Work"),
        "travel": _("Travel"),
        "service_fee": _("Service fee"),
        "tax": _("Tax"),
        "cover": _("Extended cover"),
        "tip": _("Tip"),
        "cancellation_fee": _("Cancellation fee"),
    }
    return labels.get(kind, kind)


def pdf(receipt: Receipt, *, language: str) -> bytes:
    """The document as PDF. Arabic runs from right to left, in a font that the project carries."""
    with override(language):
        values = _values(receipt, language)
    return _compiler_output(json.dumps(values))


def _compiler_output(data: str) -> bytes:
    made = typst.compile(
        str(DOCUMENTS / "receipt.typ"),
        font_paths=[str(DOCUMENTS / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )
    if not isinstance(made, bytes):
        raise TypeError("a receipt is one document")
    return made


def _values(receipt: Receipt, language: str) -> dict[str, Any]:
    job = receipt.job
    sign = -1 if receipt.kind == Receipt.Kind.CREDIT_NOTE else 1

    def money(minor: int) -> str:
        return format(Money(sign * minor, receipt.currency), language)

    category = job.request.category
    facts = [
        [_("Date"), receipt.issued_at.astimezone(spans.zone(_zone(job))).strftime("%Y-%m-%d %H:%M")],
        [_("Work"), pick(category.names, language) if category else ""],
        [_("Client"), job.client.name],
        [_("Tasker"), job.worker.name],
    ]
    return {
        "language": language,
        "rtl": language == "ar",
        "market": str(active().title),
        "kind": str(Receipt.Kind(receipt.kind).label),
        "number": number_of(receipt),
        "facts": facts,
        "lines": [[line_label(line["kind"]), money(line["amount_minor"])] for line in receipt.lines],
        "total": [_("Total"), money(receipt.total_minor)],
        "note": _("The Tasker is an independent contractor. The service fee is charged by the platform."),
    }


@cache
def _zone_of_city(city_id: int) -> str:
    return City.objects.get(pk=city_id).timezone


def _zone(job: Job) -> str:
    return _zone_of_city(job.request.city_id) if job.request.city_id else active().timezone
