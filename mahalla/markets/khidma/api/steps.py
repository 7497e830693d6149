"""The steps that the flow tables offer, as addresses of the API, and the one way to take one.

Everything hangs on the task: whoever knows its number knows where to go. Which table a step belongs to, the task's own
or its job's, is the API's to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest

from mahalla.api.callers import instant, me
from mahalla.kernel.flow import engine
from mahalla.kernel.work.models import Offer
from mahalla.kit.flow import Phase
from mahalla.markets.khidma import visibility
from mahalla.markets.khidma.visibility import Seen

#: the noun of each step's verb; ``offer`` steps of the Tasker hang on the offer, whose version they answer
NOUNS: Mapping[tuple[str, str], str] = {
    ("request", "post"): "posting",
    ("request", "edit"): "edits",
    ("request", "select"): "selection",
    ("request", "auto_match"): "automatic-choice",
    ("request", "cancel"): "cancellation",
    ("request", "assign"): "assignment",
    ("offer", "withdraw"): "offer-withdrawal",
    ("offer", "accept"): "acceptance",
    ("offer", "decline"): "decline",
    ("job", "change_method"): "payment-method",
    ("job", "cancel"): "cancellation",
    ("job", "tasker_cancel"): "tasker-cancellation",
    ("job", "set_off"): "departure",
    ("job", "arrive"): "arrival",
    ("job", "start_timer"): "timer",
    ("job", "pause"): "timer/pauses",
    ("job", "resume"): "timer/resumptions",
    ("job", "report_no_show"): "no-show-reports",
    ("job", "log_contact"): "contact-attempts",
    ("job", "client_absent"): "client-absence",
    ("job", "ask_extra"): "extra-time-requests",
    ("job", "approve_extra"): "extra-time-approvals",
    ("job", "ask_stop"): "stop-requests",
    ("job", "add_photo"): "work-photos",
    ("job", "submit"): "submission",
    ("job", "stop_unsafe"): "safety-stop",
    ("job", "confirm"): "confirmation",
    ("job", "review"): "reviews",
    ("job", "dispute"): "disputes",
    ("job", "tip"): "tips",
}


def steps_for(seen: Seen, offer: Offer | None) -> list[dict[str, str]]:
    """What the viewer may do now, from the tables of the task, of the offer that waits, and of the job."""
    if seen.relation == "feed":
        return []
    actor, base = seen.actor, f"/api/v1/tasks/{seen.request.pk}"
    subjects: list[tuple[Any, str]] = [(seen.request, base)]
    if offer is not None:
        answers = seen.relation == "asked"
        subjects.append((offer, f"/api/v1/offers/{offer.pk}" if answers else base))
    if seen.job is not None:
        subjects.append((seen.job, base))
    return [
        {
            "event": action.event,
            "label": str(action.label),
            "on": action.noun,
            "href": f"{where}/{NOUNS[action.noun, action.event]}",
        }
        for subject, where in subjects
        for action in engine.actions(subject, actor)
        if (action.noun, action.event) in NOUNS
    ]


def seen_by(request: HttpRequest, task_id: int) -> Seen:
    """The task as the caller stands to it. Raises ``NotFound`` for outsiders."""
    return visibility.task_for(me(request), task_id)


def on_task(
    request: HttpRequest, task_id: int, event: str, data: Mapping[str, Any] | None = None, *, reason: str = ""
) -> Seen:
    """Take a step of the task's own table."""
    seen = seen_by(request, task_id)
    actor = replace(seen.actor, reason=reason)
    engine.apply(seen.request, event, actor=actor, now=instant(request), data=data)
    return seen_by(request, task_id)


def on_job(
    request: HttpRequest, task_id: int, event: str, data: Mapping[str, Any] | None = None, *, reason: str = ""
) -> Seen:
    """Take a step of the work. While nobody has agreed there is none: 409 with the task's state (KH-FLOW-01)."""
    seen = seen_by(request, task_id)
    actor = replace(seen.actor, reason=reason)
    if seen.job is None:
        engine.flow_of(seen.request).judge(seen.request.state, event, actor.role)
    assert seen.job is not None, "no step of the work is one of the task"
    engine.apply(seen.job, event, actor=actor, now=instant(request), data=data)
    return seen_by(request, task_id)


def cancel(request: HttpRequest, task_id: int, data: Mapping[str, Any], *, reason: str) -> Seen:
    """Cancel whatever there is: the search before acceptance, the agreed work after it."""
    seen = seen_by(request, task_id)
    agreed = seen.job is not None and (seen.relation == "tasker" or seen.request.phase == Phase.AGREED)
    take = on_job if agreed else on_task
    return take(request, task_id, "cancel", data, reason=reason)
