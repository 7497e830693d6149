"""Pieces of schemas that every router uses."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError


def _readable(text: str) -> str:
    """The database stores no NUL, and nobody reads one."""
    if "\x00" in text:
        raise PydanticCustomError("unreadable", "a letter that cannot be stored")
    return text


Readable = AfterValidator(_readable)
Word = Annotated[str, StringConstraints(max_length=80, strip_whitespace=True), Readable]
Line = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True), Readable]
Text = Annotated[str, StringConstraints(max_length=4000), Readable]
Id = Annotated[int, Field(ge=1, le=2**53 - 1)]
Minor = Annotated[int, Field(description="Minor units of the currency: 14976 is 149.76")]


class Body(Schema):
    """What a call sends; a field that nobody knows is a mistake and is said to be one."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """RFC 9457: why the answer is no."""

    type: str = Field(examples=["urn:mahalla:problem:illegal_state"])
    title: str = Field(examples=["Not possible now"])
    status: int = Field(examples=[409])
    detail: str = Field(
        description="A sentence for people, in their language",
        examples=["That is not possible any more: this is now “Offered”."],
    )
    code: str = Field(description="For programs; does not change", examples=["illegal_state"])
    errors: dict[str, str] = Field({}, description="By field, where fields are at fault")
    state: str | None = Field(None, description="The present state, where it is the reason")

    model_config = ConfigDict(extra="allow")


class Action(Schema):
    """A step that the person may take now; `event` names it, `label` is the button's text."""

    event: str = Field(examples=["set_off"])
    label: str = Field(examples=["I'm on my way"])
    on: str = Field(description="What it moves: request, offer, job or case", examples=["job"])


def actions(found: Any) -> list[dict[str, str]]:
    """``engine.actions`` as the API says them."""
    return [{"event": a.event, "label": str(a.label), "on": a.noun} for a in found]
