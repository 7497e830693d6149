"""One call is one transaction, and one ``Idempotency-Key`` is one effect.

The key's row is inserted first, in the transaction of the effect: of two equal calls at once the second waits in the
database for the first, and then gives the first one's answer. Only answers of calls that did something are kept: a
refusal changed nothing, so its key stays free and the call may be tried again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from mahalla.api import problems
from mahalla.api.callers import SAFE, caller_of, instant
from mahalla.api.limits import KEPT
from mahalla.api.models import IdempotentAnswer
from mahalla.kit.errors import Invalid, Refused

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
Run = Callable[..., HttpResponse]
F = TypeVar("F", bound=Callable[..., Any])

CLAIM = """
INSERT INTO api_idempotentanswer (user_id, key, fingerprint, status, body, content_type, created_at)
VALUES (%s, %s, %s, 0, '', '', %s)
ON CONFLICT (user_id, key) DO NOTHING
RETURNING id
"""


class KeyReused(Refused):
    """The key came before with another call."""

    status = 422


def own_transaction(view: F) -> F:
    """Mark an operation that commits by itself (a code is used up even when the answer is a refusal)."""
    view.own_transaction = True  # type: ignore[attr-defined]
    return view


def once(run: Run) -> Run:
    """A decorator of ninja operations (mode ``view``)."""
    operation = getattr(run, "__self__", None)
    apart = getattr(getattr(operation, "view_func", None), "own_transaction", False)

    @wraps(run)
    def wrapped(request: HttpRequest, **kw: Any) -> HttpResponse:
        if request.method in SAFE or apart:
            return run(request, **kw)
        try:
            with transaction.atomic():
                return _answer(run, request, kw)
        except Refused as refusal:
            return problems.of_refusal(refusal)

    return wrapped


def _answer(run: Run, request: HttpRequest, kw: dict[str, Any]) -> HttpResponse:
    caller, key, now = caller_of(request), request.headers.get(HEADER, ""), instant(request)
    mine: int | None = None
    if caller is not None and key:
        claimed = _claim(caller.user.pk, key, fingerprint(request), now=now)
        if isinstance(claimed, HttpResponse):
            return claimed
        mine = claimed
    response = run(request, **kw)
    if response.status_code >= 400:
        transaction.set_rollback(True)
    elif mine is not None:
        IdempotentAnswer.objects.filter(pk=mine).update(
            status=response.status_code,
            body=response.content.decode(),
            content_type=response.get("Content-Type", "")[:80],
        )
    return response


def _claim(user_id: int, key: str, mark: str, *, now: datetime) -> int | HttpResponse:
    """This call's new row, or the kept answer. Waits for an equal call that is under way."""
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise Invalid({HEADER: _("Give a key of at most 200 letters, new for every act.")})
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [user_id, key, mark, now])
        row = cursor.fetchone()
    if row is not None:
        return int(row[0])
    kept = IdempotentAnswer.objects.select_for_update().get(user_id=user_id, key=key)
    if kept.created_at <= now - KEPT:
        kept.fingerprint, kept.created_at = mark, now
        kept.save(update_fields=["fingerprint", "created_at"])
        return kept.pk
    if kept.fingerprint != mark:
        raise KeyReused(
            "idempotency_key_reused",
            _("This key was used for another call. Use a new key for every act."),
        )
    response = HttpResponse(kept.body, status=kept.status)
    response["Content-Type"] = kept.content_type
    response[REPLAYED] = "true"
    return response


def fingerprint(request: HttpRequest) -> str:
    """One call's identity: method, path and what was sent (a form by its parts: its boundary is new every time)."""
    digest = hashlib.sha256()
    for part in _parts(request):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(request: HttpRequest) -> Iterator[bytes]:
    yield (request.method or "").encode()
    yield request.get_full_path().encode()
    if request.content_type != "multipart/form-data":
        yield request.body
        return
    for name, values in sorted(request.POST.lists()):
        yield from (name.encode(), *(str(value).encode() for value in values))
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            yield name.encode()
            yield hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
