"""Pages of a list: opaque signed cursors over a stable order, so that nothing is skipped or doubled while rows come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Query, Schema
from pydantic import Field

from mahalla.kit.errors import Invalid

LIMIT_MAX = 100
T = TypeVar("T")
M = TypeVar("M", bound=Model)


class Page(Schema, Generic[T]):
    """One page. `next` is given to the same call as `cursor` for the following one; null at the end."""

    items: list[T]
    next: str | None = Field(None, description="The cursor of the following page, or null at the end")


class Where(Schema):
    """Where in a list."""

    cursor: str = Field("", max_length=1000, description="`next` of the page before")
    limit: int = Field(20, ge=1, le=LIMIT_MAX, description="How many, at most 100")


At = Annotated[Where, Query()]


def page(
    rows: QuerySet[M],
    at: Where,
    *,
    name: str,
    show: Callable[[M], Any] | None = None,
    show_all: Callable[[Sequence[M]], list[Any]] | None = None,
    order: Sequence[str] = ("-pk",),
) -> dict[str, Any]:
    """The rows after the cursor, shown one by one or, where that saves queries, all at once.

    ``order`` names non-null fields and ends with ``pk`` or ``-pk``.

    ``name`` belongs to the list: a cursor of another list is refused. Raises ``Invalid`` on ``cursor``.
    """
    assert order[-1].lstrip("-") == "pk", "an order that ends with the key is total"
    found = rows.order_by(*order)
    if at.cursor:
        found = found.filter(_after(order, _read(at.cursor, name, len(order))))
    taken = list(found[: at.limit + 1])
    more = len(taken) > at.limit
    taken = taken[: at.limit]
    items = show_all(taken) if show_all is not None else [show(row) if show else row for row in taken]
    return {"items": items, "next": _write(taken[-1], order, name) if more else None}


def _signer(name: str) -> signing.Signer:
    return signing.Signer(salt=f"mahalla.api.cursor.{name}")


def _write(row: Model, order: Sequence[str], name: str) -> str:
    values = [_plain(getattr(row, field.lstrip("-"))) for field in order]
    return _signer(name).sign_object(values, compress=True)


def _read(cursor: str, name: str, length: int) -> list[Any]:
    try:
        values = _signer(name).unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise Invalid({"cursor": _("This page mark does not belong to this list. Begin again without one.")})
    return values


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows behind these values: equal in the first fields, beyond in the next."""
    behind, equal = Q(), Q()
    for field, value in zip(order, values, strict=True):
        name = field.lstrip("-")
        behind |= equal & Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return behind


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
