"""The API that this process serves under ``/api/v1/``: the shared routers, then the active market's own.

A market names a module in ``Market.api``; its ``routers`` is a list of ``(prefix, Router)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI, Router
from ninja.operation import Operation

from mahalla.api import door, problems
from mahalla.api.callers import SIGNED_IN
from mahalla.api.once import HEADER, once
from mahalla.api.routers import SHARED
from mahalla.api.schemas import Problem
from mahalla.kit import market
from mahalla.kit.errors import NotFound

ABOUT = """
Everything that the pages do, for apps.

**Signing in.** `POST /sessions/codes` sends a code by SMS, `POST /sessions` changes it for a token; send it as
`Authorization: Bearer …`. Browsers on our own pages use their session cookie, with `X-CSRFToken` on calls that change.

**Once.** Every call that changes something takes an `Idempotency-Key` of your making. The same call with the same key
within 24 hours has one effect and gets the same answer (`Idempotent-Replayed: true`); another call with it is refused
with `idempotency_key_reused`. A refusal changes nothing and leaves its key free.

**No.** Every refusal is a problem (RFC 9457) with a `code` for programs and a `detail` for people, in their language.
What belongs to others does not exist for you: 404.

**Lists** come in pages: give `next` back as `cursor`. **Money** is whole minor units with its currency. **Times** carry
their zone. **Steps** that are possible now stand in `actions` of each thing.
"""
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Api(NinjaAPI):
    """ninja's API with our operation ids, and the problems and the key header written into its schema."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **kw: Any) -> Any:
        schema = super().get_openapi_schema(**kw)
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        parts["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        refusal = {
            "description": "Why the answer is no",
            "content": {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for methods in schema["paths"].values():
            for method, described in methods.items():
                described["responses"].setdefault("default", refusal)
                if method != "get" and described.get("security"):
                    described.setdefault("parameters", []).append(KEY)
        return schema


KEY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "New for every act; the same again is one effect",
}


def build() -> Api:
    served = market.active() if market.registered() else None
    api = Api(
        title=f"{served.title if served else 'mahalla'} API",
        version="1",
        description=ABOUT,
        auth=SIGNED_IN,
        docs_url=None,
        urls_namespace="api-v1",
    )
    api.add_decorator(once, mode="view")
    problems.install(api)
    for prefix, router in SHARED:
        api.add_router(prefix, router)
    if served is not None and served.api:
        for prefix, router in import_module(served.api).routers:
            api.add_router(prefix, router)
    api.add_router("", _nowhere())
    return api


def _nowhere() -> Router:
    """Addresses that nobody serves answer in the API's own form."""
    router = Router(auth=None)

    @router.api_operation(ANY, "/{path:rest}", include_in_schema=False)
    def nowhere(request: HttpRequest, rest: str) -> None:
        raise NotFound()

    return router


class Mount:
    """What the project mounts: ``api.urls``."""

    def __init__(self, ninja: Api) -> None:
        self.ninja = ninja
        patterns, app, space = ninja.urls
        self.urls = (door.guard(patterns), app, space)


api = Mount(build())
