"""How work is said to its Tasker: states, lines of money, reasons, needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from mahalla.kernel.catalog.models import Skill
from mahalla.markets.khidma.facts import Facts


class HasFacts(Protocol):
    @property
    def facts(self) -> Facts: ...


Item = TypeVar("Item", bound=HasFacts)


@dataclass(frozen=True, slots=True)
class Pill:
    """``tone``: good, warn, bad, info, accent or nothing; ``live``: something is happening now."""

    label: Any
    tone: str = ""
    live: bool = False


#: a job's finest state, as ``stage.word_of`` names it
PILLS: dict[str, Pill] = {
    "accepted": Pill(_("Waiting for the payment"), "warn", True),
    "confirmed": Pill(_("Confirmed"), "good"),
    "en_route": Pill(_("On the way"), "accent", True),
    "arrived": Pill(_("You are there"), "accent", True),
    "in_progress": Pill(_("Working"), "accent", True),
    "paused": Pill(pgettext_lazy("timer", "Paused"), "warn"),
    "to_confirm": Pill(_("Client checks the hours"), "info", True),
    "completed": Pill(_("Done"), "good"),
    "reviewed": Pill(_("Done and reviewed"), "good"),
    "disputed": Pill(_("Client disagrees"), "warn"),
    "refunded": Pill(_("Decided: part goes back"), "info"),
    "cancelled_client": Pill(_("Cancelled by the client"), "bad"),
    "cancelled_tasker": Pill(_("You cancelled"), "bad"),
    "lapsed": Pill(_("Not paid, so off"), "bad"),
}
#: what a list says is to be done next
NEXT: dict[str, Any] = {
    "accepted": _("Wait for the payment"),
    "confirmed": _("Get ready"),
    "en_route": _("Mark your arrival"),
    "arrived": _("Start the timer"),
    "in_progress": _("Finish and submit"),
    "paused": _("Go on, or submit"),
}
LINES: dict[str, Any] = {
    "labour": _("Work"),
    "travel": _("Travel"),
    "cancellation_fee": _("Cancellation fee"),
    "incentive": _("Newcomer's bonus"),
    "tip": _("Tip"),
    "withholding": _("Tax kept back"),
}
CANCEL_REASONS: dict[str, Any] = {
    "sick": _("I am ill"),
    "double_booked": _("I have something else then"),
    "too_far": _("It is too far"),
    "task_differs": _("The task is not as described"),
    "other": _("Another reason"),
    "unsafe": _("I do not feel safe"),
}
DECLINE_REASONS: dict[str, Any] = {
    "busy": _("I have no time"),
    "too_far": _("Too far"),
    "price": _("Too little pay"),
    "skills": _("Not my kind of work"),
    "other": _("Something else"),
}
ENDED: dict[str, Any] = {
    "cancelled": _("The client cancelled."),
    "no_show": _("It ended because somebody was not there."),
    "payment_failed": _("The client's payment did not work. This does not count against you."),
    "account_action": _("Our team took your open work back."),
    "unsafe": _("You stopped for safety. Our team looks into it; this does not count against you."),
}
REPORTS: dict[str, Any] = {
    "behaviour": _("Rude or improper"),
    "harassment": _("Harassment"),
    "violence": _("Violence or a threat"),
}
PARKING: dict[str, Any] = {"limited": _("Parking is limited"), "no_parking": _("No parking")}
PAYMENT: dict[str, Any] = {
    "cash": _("Paid in cash"),
    "card": _("Paid in the app"),
    "wallet": _("Paid in the app"),
}
PAYOUT_REASONS: dict[str, Any] = {
    "no_method": _("Tell us where to pay you."),
    "method_changed": _("Held for a day because you changed where you are paid."),
    "below_minimum": _("Paid together with your next earnings: the sum is still small."),
    "balance": _("Waits until the money has arrived."),
}


TOOLS: dict[str, Any] = {
    "vacuum": _("Vacuum cleaner"),
    "drill": _("Drill"),
    "ladder": _("Ladder"),
    "toolbox": _("Toolbox"),
    "screwdriver": _("Screwdriver"),
    "multimeter": _("Multimeter"),
    "paint_kit": _("Paint kit"),
    "pressure_washer": _("Pressure washer"),
    "van": _("Van"),
    "truck": _("Truck"),
    "garden_tools": _("Garden tools"),
}


def tool_name(code: str) -> Any:
    return TOOLS.get(code) or code.replace("_", " ").capitalize()


def pill(word: str) -> Pill:
    return PILLS.get(word, Pill(word))


def badges(facts: Facts, skills: Mapping[str, str]) -> list[tuple[str, Any]]:
    """What a task asks for, as icon and word (KH-REQ-16); ``skills`` are their names by code."""
    needs = facts.needs
    out: list[tuple[str, Any]] = []
    if needs.heavy_lifting:
        out.append(("box", _("Heavy lifting")))
    if needs.stairs:
        out.append(("up", _("Floor %(floor)d, no lift") % {"floor": needs.floor}))
    if needs.pets:
        out.append(("paw", _("Pets")))
    if needs.items:
        words_ = ngettext("%(count)d item", "%(count)d items", needs.items)
        out.append(("grid", words_ % {"count": needs.items}))
    if needs.parking in PARKING:
        out.append(("truck", PARKING[needs.parking]))
    out += [("wrench", tool_name(code)) for code in needs.tools]
    out += [("verified", skills.get(code, code)) for code in needs.skills if code != "heavy_lifting"]
    if facts.method_kind == "cash":
        out.append(("cash", PAYMENT["cash"]))
    return out


def skill_names(all_facts: Iterable[Facts]) -> dict[str, str]:
    """The names of the skills that these tasks ask for; one query, or none."""
    codes = {code for facts in all_facts for code in facts.needs.skills} - {"heavy_lifting"}
    return {skill.code: str(skill) for skill in Skill.objects.filter(code__in=codes)} if codes else {}


def with_badges(items: Iterable[Item]) -> list[tuple[Item, list[tuple[str, Any]]]]:
    """Cards of the feed or the inbox with what each asks for."""
    found = list(items)
    names = skill_names(item.facts for item in found)
    return [(item, badges(item.facts, names)) for item in found]
