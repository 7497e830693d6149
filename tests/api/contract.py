"""The API as its own schema describes it: every operation, and a body that each would take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from mahalla.api.urls import api


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    about: dict[str, Any]

    @property
    def name(self) -> str:
        return self.about["operationId"]

    @property
    def ids(self) -> list[str]:
        return [p["name"] for p in self.about.get("parameters", []) if p["in"] == "path"]

    @property
    def signed_in(self) -> bool:
        return bool(self.about.get("security"))

    @property
    def content(self) -> dict[str, Any]:
        return self.about.get("requestBody", {}).get("content", {})

    def body(self) -> Any:
        """The least that the schema takes: what is required, by its examples."""
        if "application/json" not in self.content:
            return None
        return sample(self.content["application/json"]["schema"])


@cache
def schema() -> dict[str, Any]:
    return api.ninja.get_openapi_schema(path_prefix="")


def operations() -> Iterator[Operation]:
    for path, methods in schema()["paths"].items():
        for method, about in methods.items():
            yield Operation(method.upper(), path, about)


def sample(part: dict[str, Any]) -> Any:
    if "$ref" in part:
        part = schema()["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    if "examples" in part:
        return part["examples"][0]
    for choice in ("enum", "anyOf", "allOf"):
        if choice in part:
            return part[choice][0] if choice == "enum" else sample(part[choice][0])
    if part.get("type") == "object":
        wanted = part.get("required", [])
        return {name: sample(part["properties"][name]) for name in wanted}
    return {
        "integer": max(1, int(part.get("minimum", 1))),
        "number": 1.0,
        "boolean": True,
        "array": [],
        "string": {"date": "2026-03-02", "date-time": "2026-03-02T14:00:00+03:00"}.get(
            part.get("format"), "x"
        ),
    }[part["type"]]
