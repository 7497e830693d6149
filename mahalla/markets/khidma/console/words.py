"""Plain words for what stands in rows: deadlines, marks, factors, endings of offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

DEADLINES: Mapping[str, Any] = {
    "choice_window": _("automatic matching"),
    "unaccepted_alert": _("queue of the not accepted"),
    "task_expiry": _("task expires"),
    "offer_ttl": _("offer runs out"),
    "payment_deadline": _("payment must be secured"),
    "payment_last_call": _("last call for the payment"),
    "no_show": _("no-show"),
    "stuck": _("work should have ended"),
    "review_window": _("client confirms or disputes"),
    "review_close": _("file closes"),
}

MARKS: Mapping[str, Any] = {
    "needs_ops": _("Needs you"),
    "unaccepted": _("Not accepted"),
    "stuck": _("Stuck"),
}

SOURCES: Mapping[str, Any] = {
    "client": _("chosen by the client"),
    "client_request": _("wished by the client"),
    "auto": _("automatic"),
    "ops": _("operations"),
    "series": _("series"),
    "partner": _("partner"),
}

#: why an offer came to nothing
WHY: Mapping[str, Any] = {
    "declined": _("declined"),
    "expired": _("not answered in time"),
    "withdrawn": _("taken back"),
    "pending": _("waiting for an answer"),
    "accepted": _("accepted"),
}

FACTORS: Mapping[str, Any] = {
    "distance": _("Distance"),
    "accept": _("Acceptance"),
    "complete": _("Completion"),
    "rating": _("Rating"),
    "price": _("Price"),
    "activity": _("Activity"),
}
