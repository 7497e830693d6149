"""What a client keeps to start from: templates, earlier tasks, favourite Taskers (KH-REQ-10, -13, -14, KH-PROFILE-11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.places.models import Address
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.schedule import queries as schedule
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.kit.flow import Phase
from mahalla.kit.spans import Span
from mahalla.markets.khidma import supply, wizard
from mahalla.markets.khidma.models import Favourite, Rate, TaskerProfile, Template

NAME_MAX = 80
#: how far ahead a favourite's next free hour is looked for
LOOK_AHEAD = timedelta(days=14)
FREE_MIN = 60
DONE = (Phase.DONE, Phase.SETTLED)


# --- what a task is made of -----------------------------------------------------------------------------------------


def contents(request: Request) -> dict[str, Any]:
    """A task as JSON, everything but its date: what templates and series keep."""
    return {
        "category": request.category.code if request.category else "",
        "pricing_model": request.pricing_model,
        "text": request.text,
        "details": request.details,
        "place": request.place,
        "method_id": request.method_id,
        "choose_for_me": bool(request.data.get("choose_for_me")),
        "no_auto_match": bool(request.data.get("no_auto_match")),
        "photos": list(request.photos.values_list("asset_id", flat=True)),
    }


def values_of(client: User, kept: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Kept contents as the wizard's steps take them; a saved address counts as it is now, if it is still there."""
    values: dict[str, dict[str, Any]] = {
        "category": {"category": kept["category"], "pricing_model": kept["pricing_model"]},
        "details": {"text": kept["text"], "details": kept["details"]},
        "photos": {},
        "choice": {name: kept.get(name, False) for name in ("choose_for_me", "no_auto_match")},
    }
    saved = kept["place"].get("address_id")
    if saved and Address.objects.filter(pk=saved, user=client, removed_at=None).exists():
        values["address"] = {"address_id": saved}
    if kept.get("method_id"):
        values["payment"] = {"method_id": kept["method_id"]}
    return values


def _draft(
    client: User,
    kept: Mapping[str, Any],
    *,
    now: datetime,
    origin: str,
    photos: bool,
    actor: Actor | None,
    first_worker_id: int | None = None,
) -> Request:
    values = values_of(client, kept)
    if first_worker_id is not None:
        values["choice"] = {"first_worker_id": first_worker_id}
    return wizard.compose(
        client,
        values,
        now=now,
        origin=origin,
        actor=actor,
        place=kept["place"],
        photos=kept["photos"] if photos else (),
        strict=False,
    )


# --- templates ------------------------------------------------------------------------------------------------------


def save_template(client: User, request_id: int, *, name: str, now: datetime) -> Template:
    """Keep one of the client's tasks under a name; the same name again replaces it (KH-REQ-10)."""
    name = name.strip()
    if not name or len(name) > NAME_MAX:
        raise Invalid(
            {"name": _("Give the template a name of at most %(count)d letters.") % {"count": NAME_MAX}}
        )
    request = own(client, request_id)
    if request.category is None:
        raise Invalid({"category": _("Choose what you need first, then save it as a template.")})
    return Template.objects.update_or_create(
        client=client, name=name, defaults={"data": contents(request), "created_at": now}
    )[0]


def templates_of(client: User) -> list[Template]:
    return list(Template.objects.filter(client=client).order_by("name"))


def start_from_template(
    client: User, template_id: int, *, now: datetime, photos: bool = False, actor: Actor | None = None
) -> Request:
    """A new Draft equal to the template in everything but the date; the photos only where wanted."""
    kept = Template.objects.filter(client=client, pk=template_id).first()
    if kept is None:
        raise NotFound("template_not_found")
    return _draft(client, kept.data, now=now, origin="template", photos=photos, actor=actor)


def remove_template(client: User, template_id: int) -> None:
    if not Template.objects.filter(client=client, pk=template_id).delete()[0]:
        raise NotFound("template_not_found")


# --- again ----------------------------------------------------------------------------------------------------------


def own(client: User, request_id: int) -> Request:
    """One of the client's own tasks, else ``NotFound``."""
    found = Request.objects.select_related("category").filter(client=client, pk=request_id).first()
    if found is None:
        raise NotFound("task_not_found")
    return found


def duplicate(
    client: User, request_id: int, *, now: datetime, photos: bool = True, actor: Actor | None = None
) -> Request:
    """A new Draft like any earlier task, whatever became of it; it opens at the time window (KH-REQ-13)."""
    earlier = own(client, request_id)
    return _draft(client, contents(earlier), now=now, origin="duplicate", photos=photos, actor=actor)


def book_again(client: User, request_id: int, *, now: datetime, actor: Actor | None = None) -> Request:
    """A new Draft like an earlier task that goes first to the Tasker who did it (KH-REQ-14)."""
    earlier = own(client, request_id)
    job = Job.objects.filter(request=earlier, phase__in=DONE).order_by("-pk").first()
    if job is None:
        raise NotFound("nobody_worked", _("Nobody has worked on this task. Duplicate it instead."))
    return _draft(
        client,
        contents(earlier),
        now=now,
        origin="book_again",
        photos=False,
        actor=actor,
        first_worker_id=job.worker_id,
    )


def knows(client_id: int, worker_id: int) -> bool:
    """Whether the client may ask this Tasker first: has worked together, or marked as a favourite."""
    if Favourite.objects.filter(client_id=client_id, worker_id=worker_id).exists():
        return True
    return Job.objects.filter(client_id=client_id, worker_id=worker_id, phase__in=DONE).exists()


# --- favourites -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FavouriteCard:
    """One row of the list. ``available``: may work and is switched on; ``next_free`` the next free hour, if any soon."""

    worker: User
    since: datetime
    rating: reviews.Rating
    categories: list[str]
    available: bool
    next_free: datetime | None


def add_favourite(client: User, worker_id: int, *, now: datetime) -> Favourite:
    """Mark a Tasker; twice is once (KH-PROFILE-11)."""
    known = TaskerProfile.objects.filter(user_id=worker_id, approved_at__isnull=False)
    if worker_id == client.pk or not known.exists():
        raise NotFound("tasker_not_found")
    with transaction.atomic():
        return Favourite.objects.get_or_create(client=client, worker_id=worker_id, defaults={"at": now})[0]


def remove_favourite(client: User, worker_id: int) -> None:
    Favourite.objects.filter(client=client, worker_id=worker_id).delete()


def favourites(client: User, *, now: datetime) -> list[FavouriteCard]:
    """The client's favourites with their availability, the newest first; a fixed number of queries."""
    rows = list(Favourite.objects.filter(client=client).select_related("worker").order_by("-at", "-pk"))
    ids = [row.worker_id for row in rows]
    able = supply.eligible(ids, now=now)
    free = schedule.fits(list(able), window=Span(now, now + LOOK_AHEAD), minutes=FREE_MIN)
    ratings = reviews.ratings_of(ids, now=now)
    offered: dict[int, list[str]] = {}
    codes = Rate.objects.filter(worker_id__in=ids, category__enabled=True).order_by("category__position")
    for worker_id, code in codes.values_list("worker_id", "category__code"):
        offered.setdefault(worker_id, []).append(code)
    return [
        FavouriteCard(
            worker=row.worker,
            since=row.at,
            rating=ratings[row.worker_id],
            categories=offered.get(row.worker_id, []),
            available=row.worker_id in free,
            next_free=free.get(row.worker_id),
        )
        for row in rows
    ]
