"""How a task's state, a ranking's factors and its reasons are said to a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mahalla.kernel.work.models import Job, Request


@dataclass(frozen=True, slots=True)
class Pill:
    """``tone``: good, warn, bad, info, accent or nothing; ``live``: something is happening now."""

    label: Any
    tone: str = ""
    live: bool = False


PILLS: dict[str, Pill] = {
    "draft": Pill(_("Draft")),
    "posted": Pill(_("Posted"), "info", True),
    "matching": Pill(_("Choose a Tasker"), "accent", True),
    "offered": Pill(_("Waiting for an answer"), "info", True),
    "accepted": Pill(_("Securing the payment"), "warn", True),
    "confirmed": Pill(_("Confirmed"), "good"),
    "en_route": Pill(_("On the way"), "accent", True),
    "arrived": Pill(_("At your place"), "accent", True),
    "in_progress": Pill(_("Working"), "accent", True),
    "completed": Pill(_("Done"), "good"),
    "to_confirm": Pill(_("Please confirm"), "warn", True),
    "reviewed": Pill(_("Reviewed"), "good"),
    "disputed": Pill(_("Disputed"), "warn"),
    "refunded": Pill(_("Refunded"), "info"),
    "expired": Pill(pgettext_lazy("task", "Expired")),
    "cancelled_client": Pill(_("Cancelled")),
    "cancelled_tasker": Pill(_("Cancelled by the Tasker"), "bad"),
    "lapsed": Pill(_("Payment not secured"), "bad"),
}

#: the four words of the tracker (C8): which status has come how far
REACHED = {
    "posted": 1, "matching": 1, "offered": 1,
    "accepted": 2, "confirmed": 2, "in_progress": 3,
    "completed": 4, "reviewed": 4, "disputed": 4, "refunded": 4,
}  # fmt: skip
OVER = ("expired", "cancelled_client", "cancelled_tasker", "lapsed")
ACTIVE = ("posted", "matching", "offered", "accepted", "confirmed", "in_progress", "disputed")


def pill(task: Request, job: Job | None = None) -> Pill:
    """The state in a word; with the job at hand also the finer one."""
    word = task.status
    if job is not None and word == "confirmed" and job.progress:
        word = job.progress
    if job is not None and word == "completed" and job.confirmed_at is None:
        word = "to_confirm"
    return PILLS.get(word, Pill(word))


FACTORS: dict[str, Any] = {
    "distance": _("Near you"),
    "accept": _("Says yes"),
    "complete": _("Finishes the work"),
    "rating": _("Reviews"),
    "price": _("Price"),
    "activity": _("Active lately"),
}
REASONS: dict[str, Any] = {
    "new_tasker": _("New here: shown a little higher at first"),
    "new": _("New here: shown among the first"),
    "exposure": _("Shown very often today"),
    "shown_often": _("Shown very often today"),
    "below_median": _("One of the lower prices"),
    "favourite": _("Your favourite"),
    "favourites": _("Your favourite"),
    "low_rating": _("Some reviews were low"),
    "low_completion": _("Some tasks were not finished"),
}
BADGES: dict[str, Any] = {
    "id_verified": _("ID checked"),
    "background_checked": _("Background checked"),
    "insured": _("Insured"),
}
SOURCES = {"auto": _("We chose for you"), "ops": _("Our team chose for you")}
EVERY = {"weekly": _("Every week"), "every_2_weeks": _("Every two weeks"), "monthly": _("Every month")}
LINES: dict[str, Any] = {
    "labour": _("Work"),
    "travel": _("Travel"),
    "service_fee": _("Service fee"),
    "tax": _("Tax"),
    "cover": _("Extended cover"),
    "cancellation_fee": _("Cancellation fee"),
    "tip": _("Tip"),
}
