"""From a need to a live task: drafts that are saved step by step, the preview, posting, and edits before acceptance.

``request.data`` keeps what only the wizard knows: ``done`` (the steps that hold), ``window`` (the wall times as given),
``typed`` (details that the client gave against the address), and the choices that the flow reads.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.media.models import Asset
from mahalla.kernel.places import queries as places
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Request, RequestPhoto
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.markets.khidma import pricing, ranking, steps
from mahalla.markets.khidma.models import ClientProfile

PREVIEW = "preview"
#: steps whose fields may change once the task is posted; the kind of work may not, nor who is asked first
EDITABLE = ("category", "details", "address", "window", "payment")
WRITTEN = (
    "category",
    "category_version",
    "pricing_model",
    "text",
    "details",
    "place",
    "lat",
    "lng",
    "city",
    "district",
    "window_start",
    "window_end",
    "estimate_min",
    "method_id",
    "method_kind",
    "data",
)


# --- drafts ---------------------------------------------------------------------------------------------------------


def start(
    client: User, *, now: datetime, origin: str = "wizard", actor: Actor | None = None, **initial: Any
) -> Request:
    """A new Draft; ``initial`` are fields of any steps (``category="home_cleaning"``, ``first_worker_id=7``).

    Raises ``Invalid`` for a field that does not fit, and what the flow refuses (an account that may not order).
    """
    return compose(client, steps.group(initial), now=now, origin=origin, actor=actor)


@transaction.atomic
def compose(
    client: User,
    values: Mapping[str, Mapping[str, Any]],
    *,
    now: datetime,
    origin: str,
    actor: Actor | None = None,
    place: Mapping[str, Any] | None = None,
    photos: Sequence[int] = (),
    strict: bool = True,
) -> Request:
    """A Draft with these steps done (``{step: fields}``), all or nothing; unless ``strict``, what fails stays open.

    ``place`` is an address snapshot to use where no saved address is named; ``photos`` are ids of the client's assets.
    """
    request = Request(client=client, created_at=now, origin=origin, data={})
    if not ClientProfile.objects.filter(user=client, auto_match=False).exists():
        steps.mark(request, done=[])
    else:
        steps.mark(request, done=[], no_auto_match=True)
    request = engine.create(request, "create", actor=actor or Actor(client.pk, "client"), now=now)
    for step in steps.STEPS:
        if step.name in values:
            request = _try_fill(request, step.name, values[step.name], now, strict)
        elif step.name == "address" and place and not steps.is_remote(request):
            steps.put_back(request, place)
            steps.mark(request, done=[*request.data["done"], "address"])
    kept = Asset.objects.filter(pk__in=list(photos), owner=client, removed_at__isnull=True).order_by("pk")
    RequestPhoto.objects.bulk_create(
        RequestPhoto(request=request, asset=asset, position=n) for n, asset in enumerate(kept)
    )
    request.save(update_fields=WRITTEN)
    return request


def _try_fill(request: Request, name: str, data: Mapping[str, Any], now: datetime, strict: bool) -> Request:
    """The request with the step done; on a copy, so that a step which fails leaves nothing half done."""
    trial = copy.copy(request)
    try:
        steps.fill(trial, name, data, now=now)
    except Invalid:
        if strict:
            raise
        return request
    return trial


@transaction.atomic
def save_step(
    request: Request, step: str, data: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Request:
    """Save one step of a Draft and return it. Raises ``Invalid`` with a sentence per field; then nothing is saved."""
    request = engine.step(engine.lock(request), "save", actor=actor, now=now)
    steps.fill(request, step, data, now=now)
    request.quote = {}
    request.save(update_fields=[*WRITTEN, "quote"])
    return request


def steps_of(request: Request) -> list[str]:
    """The steps that this task goes through, the preview last; remote work has no address."""
    names = [step.name for step in steps.STEPS if step.name != "address" or not steps.is_remote(request)]
    return [*names, PREVIEW]


def resume_step(request: Request) -> str:
    """Where a reopened Draft goes on: the first step that is not done (KH-REQ-01)."""
    done = set(request.data.get("done", ()))
    return next((name for name in steps_of(request) if name not in done), PREVIEW)


def drafts_of(client: User) -> list[Request]:
    """The client's Drafts, the newest first."""
    found = Request.objects.filter(client=client, state="draft").select_related("category")
    return list(found.order_by("-created_at", "-pk"))


def draft_for(viewer: User, pk: int) -> Request:
    """The viewer's own Draft, else ``NotFound``."""
    found = Request.objects.filter(client=viewer, pk=pk, state="draft").select_related("category").first()
    if found is None:
        raise NotFound("draft_not_found")
    return found


def address_choices(request: Request) -> tuple[list[Address], int | None]:
    """The client's saved addresses and the id to preselect: the one chosen before, else the default (KH-REQ-07)."""
    saved = list(places.addresses_for(request.client))
    ids = {address.pk for address in saved}
    chosen = request.place.get("address_id")
    default = next((address.pk for address in saved if address.is_default), None)
    return saved, chosen if chosen in ids else default


# --- preview and posting --------------------------------------------------------------------------------------------


@transaction.atomic
def preview(request: Request, *, now: datetime) -> dict[str, Any]:
    """What the client sees before posting, kept on the Draft: the fee holds from here on (KH-PRICE-05, -08, -13).

    A posted task answers with the preview it was posted with.
    """
    request = engine.lock(request)
    if request.state != "draft":
        return dict(request.quote)
    if request.category is None:
        raise Invalid({"category": _("Choose what you need.")})
    request.quote = {}
    request.quote = pricing.preview(request, now=now)
    request.save(update_fields=["quote", "estimate_min"])
    return dict(request.quote)


@transaction.atomic
def post(request: Request, *, actor: Actor, now: datetime) -> Request:
    """Put a Draft live, at once (KH-REQ-06). Raises ``Invalid`` naming every field that is still missing or wrong."""
    request = engine.lock(request)
    if request.state == "draft" and request.category is not None:
        steps.bookable(request.category.code)
        if request.data.get("flexible"):
            steps.set_flexible(request, now)
            request.save(update_fields=["window_start", "window_end", "estimate_min"])
    return engine.step(request, "post", actor=actor, now=now)


# --- edits before acceptance ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that was judged and fits; ``values`` are what the request's fields become."""

    values: Mapping[str, Any]


def checked_edit(request: Request, data: Mapping[str, Any], *, now: datetime) -> Edit:
    """Judge an edit like a post, on a copy: nothing changes yet (KH-REQ-08).

    ``data`` is ``{"fields": {…}}`` (or the fields themselves), flat fields of the steps; ``details`` are merged with
    the present ones. Raises ``Invalid`` with a sentence per field, or ``Refused`` when the Tasker who was asked could
    not do the changed task: that offer is taken back first.
    """
    fields = data.get("fields", data)
    wanted = steps.group(fields)
    _only_editable(request, wanted)
    trial = copy.copy(request)
    if "details" in wanted and "details" in wanted["details"]:
        merged = {**request.details, **wanted["details"]["details"]}
        wanted["details"] = {**wanted["details"], "details": merged}
    for name, values in wanted.items():
        fill = _fill_pricing_model if name == "category" else steps.BY_NAME[name].fill
        fill(trial, values, now)
    steps.estimate(trial, now)
    if trial.data.get("flexible") and "window" in wanted:
        steps.set_flexible(trial, now)
    steps.check_window(trial, now)
    _still_possible(request, trial, now)
    return Edit({name: getattr(trial, name) for name in WRITTEN})


def _only_editable(request: Request, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    asked = wanted.get("category", {}).get("category")
    if asked is not None and request.category is not None and asked != request.category.code:
        raise Invalid({"category": _("For another kind of work, post a new task.")})
    closed = [name for name in wanted if name not in EDITABLE]
    if closed:
        raise Invalid({field: _("This cannot be changed any more.") for n in closed for field in wanted[n]})


def _fill_pricing_model(request: Request, values: Mapping[str, Any], now: datetime) -> None:
    """Of the version that was posted: the sub-category may be closed to new tasks by now (KH-CAT-05)."""
    model = str(values.get("pricing_model") or request.pricing_model)
    allowed: Any = steps.terms_of(request)
    if model not in allowed.pricing_models:
        raise Invalid({"pricing_model": _("This work is not priced like that. Choose another way.")})
    request.pricing_model = model


def _still_possible(request: Request, trial: Request, now: datetime) -> None:
    for offer in request.offers.filter(state="pending"):
        try:
            ranking.check(trial, offer.worker_id, now=now)
        except Refused:
            raise Refused(
                "offer_no_longer_fits",
                _("The Tasker you asked cannot do it like this. Take the offer back first, then change it."),
            ) from None


def write_edit(request: Request, edit: Edit, *, now: datetime) -> None:
    """Write a judged edit: a new version with a new estimate and price; the fee stays as it was shown (KH-PRICE-05)."""
    for name, value in edit.values.items():
        setattr(request, name, value)
    request.version += 1
    request.quote = pricing.preview(request, now=now)
    request.save(update_fields=[*WRITTEN, "version", "quote"])
