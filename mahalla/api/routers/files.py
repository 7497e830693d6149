"""Files that people send: stored stripped and private, then named by id where they belong."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from mahalla.api.callers import instant, me, present_role
from mahalla.api.schemas import Id
from mahalla.kernel.media import operations, queries
from mahalla.kernel.media.models import Asset as Row
from mahalla.kit.actors import Actor
from mahalla.kit.errors import NotFound

router = Router(tags=["Files"])
Purpose = Literal["evidence", "avatar", "portfolio", "chat", "document", "dispute"]


class Asset(Schema):
    id: int
    purpose: str
    kind: str = Field(description="image, audio or document")
    mime: str
    width: int | None
    height: int | None
    duration_s: float | None
    url: str = Field(description="Its bytes, for whoever may see it", examples=["/api/v1/files/7/full"])


def shown(row: Row) -> dict[str, Any]:
    fields = ("purpose", "kind", "mime", "width", "height", "duration_s")
    return {
        "id": row.pk,
        "url": f"/api/v1/files/{row.pk}/full",
        **{name: getattr(row, name) for name in fields},
    }


@router.post("", response={201: Asset}, summary="Send a file")
def send_file(request: HttpRequest, file: File[UploadedFile], purpose: Form[Purpose]) -> object:
    """A picture, voice note or document. Its type is found from its content, pictures are made anew without their
    place, and nobody else sees it until it is put somewhere that they may see."""
    return shown(operations.store(file, owner=me(request), purpose=purpose, now=instant(request)))


@router.get("/{file_id}/{variant}", summary="A file's bytes")
def get_file(request: HttpRequest, file_id: Id, variant: str) -> HttpResponse:
    """`variant` is `full` or `thumb`. Each call asks anew whether the person may see it; a look at a sealed one is
    written down."""
    role = present_role(request).role
    found = queries.open_for(me(request), file_id, variant, now=instant(request), role=role)
    response = HttpResponse(found.data, content_type=found.mime)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@router.delete("/{file_id}", response={204: None}, summary="Remove my file")
def remove_file(request: HttpRequest, file_id: Id) -> None:
    """Only its owner; what was said with it stands without it."""
    viewer = me(request)
    found = queries.asset_for(viewer, file_id)
    if found.owner_id != viewer.pk:
        raise NotFound("file_not_found")
    operations.remove(found, actor=Actor(viewer.pk, "user"), now=instant(request))
