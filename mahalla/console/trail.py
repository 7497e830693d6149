"""The append-only record, read for people: who of the staff did what, and what happened to one thing (KH-SEC-06)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kit.market import active

#: what staff saw, as against what they did
LOOKS = ("staff.viewed", "document.viewed", "chat.read_by_staff")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with its words: ``did`` what was done, ``who`` and ``for_whom`` by name, ``details`` what was noted."""

    event: Event
    who: str
    role: Any
    for_whom: str
    did: Any
    before: Any
    after: Any
    details: tuple[tuple[str, Any], ...]


def staff_actions(
    *,
    actor_id: int | None = None,
    role: str = "",
    name: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    looks: str = "",
) -> QuerySet[Event]:
    """What staff did and saw, newest first. ``looks`` is ``only``, ``without`` or empty for both."""
    staff = [r.code for r in active().roles if r.staff]
    rows = Event.objects.filter(role__in=[role] if role in staff else staff, actor_id__isnull=False)
    if actor_id is not None:
        rows = rows.filter(actor_id=actor_id)
    if name:
        rows = rows.filter(Q(name__icontains=name) | Q(noun=name) | Q(stream=name))
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until)
    if looks == "only":
        rows = rows.filter(name__in=LOOKS)
    elif looks == "without":
        rows = rows.exclude(name__in=LOOKS)
    return rows.order_by("-pk")


def stream(key: str) -> QuerySet[Event]:
    """Everything that happened to one piece of work, or to one person, in its order (KH-OPS-03)."""
    return Event.objects.filter(stream=key).order_by("pk")


def story(key: str) -> QuerySet[Event]:
    """What happened to a thing, without the notices sent and the looks taken: those are in the audit log."""
    return stream(key).exclude(noun="notice").exclude(name__in=LOOKS)


def told(events: Iterable[Event]) -> list[Entry]:
    """Events with names and words; one query for all people."""
    rows = list(events)
    ids = {pk for e in rows for pk in (e.actor_id, e.on_behalf_of_id) if pk}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=ids)}
    labels = {role.code: role.label for role in active().roles}
    return [_entry(event, names, labels) for event in rows]


def _entry(event: Event, names: dict[int, str], labels: dict[str, Any]) -> Entry:
    payload = dict(event.payload or {})
    before, after = payload.pop("before", None), payload.pop("after", None)
    payload.pop("reason", None)
    return Entry(
        event=event,
        who=names.get(event.actor_id or 0, "") if event.actor_id else "",
        role=labels.get(event.role, event.role),
        for_whom=names.get(event.on_behalf_of_id or 0, ""),
        did=_did(event),
        before=before or event.from_state or None,
        after=after or event.to_state or None,
        details=tuple((key, value) for key, value in payload.items() if value not in ("", None, {}, [])),
    )


def _did(event: Event) -> Any:
    """The flow's own label where the event is a step of one, else its name in plain words."""
    flow = active().flows.get(event.noun)
    if flow is not None:
        for row in flow.transitions:
            if row.event == event.name and row.label:
                return row.label
    return event.name.rpartition(".")[2].replace("_", " ")
