"""The client's pictures of a task, and who may see them (KH-REQ-04)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching.retrieve import reached
from mahalla.kernel.media import operations as media
from mahalla.kernel.media import policies as media_policies
from mahalla.kernel.media.models import Asset
from mahalla.kernel.media.operations import Upload
from mahalla.kernel.work.models import Job, Offer, Request, RequestPhoto
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound
from mahalla.kit.flow import Phase
from mahalla.markets.khidma.models import Exclusion
from mahalla.markets.khidma.steps import is_remote

PURPOSE = "task_photo"
STAFF = ("ops_admin", "admin", "support_agent", "ts_agent")


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
    """Besides the client: staff, whoever was offered the task or does it, and Taskers who find it in their feed."""
    if viewer.has_role(*STAFF):
        return True
    shown = Request.objects.filter(photos__asset=asset).select_related("category")
    return any(_sees(viewer, request) for request in shown)


def _sees(viewer: User, request: Request) -> bool:
    if Job.objects.filter(request=request, worker=viewer).exists():
        return True
    if Offer.objects.filter(request=request, worker=viewer, state__in=("pending", "accepted")).exists():
        return True
    return request.phase == Phase.OPEN and _in_reach(viewer, request)


def _in_reach(viewer: User, request: Request) -> bool:
    if request.category_id is None or Exclusion.objects.filter(request=request, worker=viewer).exists():
        return False
    if is_remote(request):
        found = reached([viewer.pk], request.category_id, 0.0, 0.0, radius_m=None)
    elif request.lat is None or request.lng is None:
        return False
    else:
        # the Tasker's own radius decides: spots never hold more than the policy allows
        found = reached([viewer.pk], request.category_id, request.lat, request.lng, radius_m=1e9)
    return viewer.pk in found


def register() -> None:
    media_policies.register(PURPOSE, may_see)
