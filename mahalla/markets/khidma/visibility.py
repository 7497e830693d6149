"""What of a task its viewer may see: who may see it at all, the address, the names, the way there (KH-SEC-03, KH-REQ-16).

Every surface asks here. Phone numbers are in none of the answers: contact is by chat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mahalla.kernel.identity.models import User
from mahalla.kernel.matching.retrieve import reached
from mahalla.kernel.places.geo import distance_m
from mahalla.kernel.work.models import Job, Offer, Ping, Request
from mahalla.kit.actors import Actor
from mahalla.kit.errors import NotFound
from mahalla.kit.flow import Phase
from mahalla.kit.text import pick
from mahalla.markets.khidma import presence
from mahalla.markets.khidma.facts import STEP_M
from mahalla.markets.khidma.models import Exclusion, TaskerProfile

#: staff who handle tasks, in the order in which one person's roles count
STAFF = ("ops_admin", "admin", "support_agent", "ts_agent")
#: the states of a job in which its Tasker knows the street and the full name
STREET = ("confirmed", "in_progress", "disputed")


@dataclass(frozen=True, slots=True)
class Seen:
    """A task as one viewer stands to it. ``relation``: ``client``, ``tasker``, ``asked`` (an offer waits), ``feed`` or
    ``staff``; ``job`` is the viewer's own where they work, else the one that counts."""

    viewer: User
    request: Request
    relation: str
    job: Job | None

    @property
    def actor(self) -> Actor:
        """Who the viewer is to this task when they act on it."""
        return Actor(self.viewer.pk, role_of(self))

    @property
    def knows_street(self) -> bool:
        if self.relation in {"client", "staff"}:
            return True
        return self.relation == "tasker" and self.job is not None and self.job.state in STREET


def role_of(seen: Seen) -> str:
    if seen.relation == "staff":
        return next(role for role in STAFF if seen.viewer.has_role(role))
    return "client" if seen.relation == "client" else "tasker"


def task_for(viewer: User, pk: int) -> Seen:
    """The task as the viewer may see it. Raises ``NotFound`` for whoever has nothing to do with it."""
    request = Request.objects.select_related("category", "client", "city", "district").filter(pk=pk).first()
    if request is None:
        raise NotFound("task_not_found")
    return see(viewer, request)


def see(viewer: User, request: Request) -> Seen:
    """How the viewer stands to a task that was found. Raises ``NotFound``."""
    if request.client_id == viewer.pk:
        return Seen(viewer, request, "client", request.live_job())
    own = request.jobs.filter(worker=viewer).order_by("-pk").first()
    if own is not None:
        own.request = request
        return Seen(viewer, request, "tasker", own)
    if viewer.has_role(*STAFF):
        return Seen(viewer, request, "staff", request.live_job())
    if Offer.objects.filter(request=request, worker=viewer, state="pending").exists():
        return Seen(viewer, request, "asked", None)
    if request.phase == Phase.OPEN and in_reach(viewer, request):
        return Seen(viewer, request, "feed", None)
    raise NotFound("task_not_found")


def see_all(viewer: User, requests: Sequence[Request], relation: str) -> list[Seen]:
    """Many tasks to which the viewer is known to stand in one relation (lists), with their jobs in one query."""
    rows = Job.objects.filter(request__in=requests).select_related("worker").order_by("pk")
    if relation == "tasker":
        rows = rows.filter(worker=viewer)
    counting: dict[int, Job] = {}
    for job in rows:
        before = counting.get(job.request_id)
        if before is None or job.phase != Phase.CLOSED or before.phase == Phase.CLOSED:
            counting[job.request_id] = job
    return [Seen(viewer, request, relation, counting.get(request.pk)) for request in requests]


def in_reach(viewer: User, request: Request) -> bool:
    """Whether an open task is for this Tasker: category, own radius, live, and not refused before (KH-REQ-15)."""
    if request.category_id is None or Exclusion.objects.filter(request=request, worker=viewer).exists():
        return False
    if request.category is not None and request.category.work_place == "remote":
        return viewer.pk in reached([viewer.pk], request.category_id, 0.0, 0.0, radius_m=None)
    if request.lat is None or request.lng is None:
        return False
    return viewer.pk in reached([viewer.pk], request.category_id, request.lat, request.lng, radius_m=1e9)


def offer_for(viewer: User, pk: int) -> Offer:
    """The Tasker's own offer, or one on the viewer's own task. Raises ``NotFound``."""
    found = (
        Offer.objects.select_related("request__category", "request__client", "worker").filter(pk=pk).first()
    )
    if found is None or viewer.pk not in {found.worker_id, found.request.client_id}:
        raise NotFound("offer_not_found")
    return found


def place(seen: Seen) -> dict[str, Any]:
    """The address for who may know it, else the district and how far it is (KH-REQ-16)."""
    request, kept = seen.request, seen.request.place
    if not kept:
        return {}
    shown: dict[str, Any] = {
        "district": pick(kept.get("district_names") or {}),
        "city": pick(kept.get("city_names") or {}),
        "exact": seen.knows_street,
    }
    if seen.relation not in {"client", "staff"}:
        shown["distance_m"] = about_distance_m(seen.viewer.pk, request)
    if seen.knows_street:
        shown |= {name: kept.get(name) for name in ("label", "lines", "building", "floor", "note", "parking")}
        shown |= {"elevator": kept.get("elevator"), "lat": request.lat, "lng": request.lng}
    return shown


def about_distance_m(worker_id: int, request: Request) -> int | None:
    """From the Tasker's home to the task, in steps that do not give it away; None for remote work and without a home."""
    home = TaskerProfile.objects.filter(user_id=worker_id).values_list("lat", "lng").first()
    if home is None or None in (*home, request.lat, request.lng):
        return None
    metres = distance_m(home[0], home[1], request.lat, request.lng)
    return round(metres / STEP_M) * STEP_M


def first_name(user: User) -> str:
    return user.name.split()[0] if user.name.strip() else ""


def client_name(seen: Seen) -> str:
    """The first name for Taskers, until they have the address too."""
    client = seen.request.client
    return client.name if seen.knows_street else first_name(client)


def live_position(seen: Seen) -> Ping | None:
    """Where the Tasker is, for the client alone and only on the way (KH-SEC-03)."""
    if seen.relation != "client" or seen.job is None:
        return None
    return presence.live_position(seen.job)


def eta_min(seen: Seen) -> int | None:
    if seen.relation != "client" or seen.job is None:
        return None
    return presence.eta_min(seen.job)
