"""The client's pictures of a task, and who may see them (KH-REQ-04)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media import policies as media_policies
from mahalla.kernel.media.models import Asset
from mahalla.kernel.media.operations import Upload
from mahalla.kernel.work.models import Job, Request, RequestPhoto
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import visibility

PURPOSE = "task_photo"


@transaction.atomic
def attach(request: Request, file: Upload, *, actor: Actor, now: datetime) -> RequestPhoto:
    """Add a picture; on a posted task this is an edit like any other, so a Tasker who was asked sees a new version.

    Raises ``Invalid`` for the eleventh picture and for what is no picture.
    """
    request = engine.lock(request)
    most = int(policy.get("photos_max", now=now))
    if request.photos.count() >= most:
        raise Invalid(
            {"photo": _("A task has at most %(count)d photos. Remove one first.") % {"count": most}},
            code="too_many_photos",
        )
    _noted(request, actor, now)
    asset = media.store(file, owner=request.client, purpose=PURPOSE, now=now, field="photo")
    last = request.photos.aggregate(last=Max("position"))["last"]
    return RequestPhoto.objects.create(request=request, asset=asset, position=0 if last is None else last + 1)


@transaction.atomic
def remove(request: Request, photo_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a picture off the task; the file goes too, unless another task of the client shows it."""
    request = engine.lock(request)
    _noted(request, actor, now)
    photo = request.photos.select_related("asset").filter(pk=photo_id).first()
    if photo is None:
        raise NotFound("photo_not_found")
    asset = photo.asset
    photo.delete()
    if not RequestPhoto.objects.filter(asset=asset).exists():
        media.remove(asset, actor=actor, now=now)


def _noted(request: Request, actor: Actor, now: datetime) -> None:
    """The flow judges: the client's own Draft, or an open task; after acceptance the chat is the way."""
    event = "save" if request.state == "draft" else "edit"
    engine.step(request, event, actor=actor, now=now, data={"fields": {}})


def may_see(viewer: User, asset: Asset) -> bool:
    """A picture is for whoever may see a task that shows it: its client, its Taskers, its staff."""
    shown = Request.objects.filter(photos__asset=asset).select_related("category")
    return any(_sees(viewer, request) for request in shown)


def _sees(viewer: User, request: Request) -> bool:
    try:
        visibility.see(viewer, request)
    except NotFound:
        return False
    return True


def may_see_evidence(viewer: User, asset: Asset) -> bool:
    """Photos of the work belong to both who made the agreement (KH-FLOW-21); agents see them through their case."""
    mine = Q(client=viewer) | Q(worker=viewer)
    return Job.objects.filter(mine, evidence__asset=asset).exists()


def register() -> None:
    media_policies.register(PURPOSE, may_see)
    media_policies.register("evidence", may_see_evidence)
