"""The structured details that a category asks for.

An input spec is JSON::

    {"name": "floor", "kind": "integer", "required": true, "min": -5, "max": 100, "names": {"en": "Floor"}}
    {"name": "parking", "kind": "choice", "choices": [{"code": "none", "names": {"en": "No constraint"}}], …}

Kinds are ``integer`` (``min``, ``max``), ``boolean``, ``choice`` (``choices``) and ``text`` (``max`` characters).
``default`` stands in where nothing is given; without one, an absent boolean is False and anything else None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from mahalla.kit.errors import Invalid
from mahalla.kit.text import pick

KINDS = ("integer", "boolean", "choice", "text")
KEYS = {"name", "kind", "required", "min", "max", "choices", "names", "help", "default"}
TEXT_MAX = 500
TRUE, FALSE = {"true", "on", "yes", "1"}, {"false", "off", "no", "0"}

Spec = Mapping[str, Any]


class Fault(ValueError):
    """The sentence for one field."""


def validate(specs: Sequence[Spec], data: Mapping[str, Any]) -> dict[str, Any]:
    """Every input of ``specs`` with its cleaned value or default; ``Invalid`` with a sentence per field (KH-CAT-03)."""
    known = {spec["name"] for spec in specs}
    faults: dict[str, Any] = {
        name: _("This kind of work does not ask for this.") for name in data if name not in known
    }
    cleaned: dict[str, Any] = {}
    for spec in specs:
        try:
            cleaned[spec["name"]] = _clean(spec, data.get(spec["name"]))
        except Fault as fault:
            faults[spec["name"]] = str(fault)
    if faults:
        raise Invalid(faults)
    return cleaned


def _clean(spec: Spec, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        if spec.get("required"):
            raise Fault(_("Please fill in “%(name)s”.") % {"name": pick(spec["names"])})
        return spec.get("default", False if spec["kind"] == "boolean" else None)
    return CLEANERS[spec["kind"]](spec, value)


def _integer(spec: Spec, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise Fault(_("Give a whole number."))
    number = int(text)
    low, high = spec.get("min"), spec.get("max")
    if low is not None and number < low:
        raise Fault(_("Give at least %(low)d.") % {"low": low})
    if high is not None and number > high:
        raise Fault(_("Give at most %(high)d.") % {"high": high})
    return number


def _boolean(spec: Spec, value: Any) -> bool:
    text = str(value).lower()
    if text not in TRUE | FALSE:
        raise Fault(_("Answer yes or no."))
    return text in TRUE


def _choice(spec: Spec, value: Any) -> str:
    if value not in [choice["code"] for choice in spec["choices"]]:
        options = _(", ").join(pick(choice["names"]) for choice in spec["choices"])
        raise Fault(_("Choose one of: %(options)s.") % {"options": options})
    return str(value)


def _text(spec: Spec, value: Any) -> str:
    limit = spec.get("max") or TEXT_MAX
    if not isinstance(value, str):
        raise Fault(_("Write it in words."))
    if len(value) > limit:
        raise Fault(_("Use at most %(count)d characters.") % {"count": limit})
    return value


CLEANERS: dict[str, Callable[[Spec, Any], Any]] = {
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "text": _text,
}


def check_specs(specs: Any) -> None:
    """``Invalid`` (field ``inputs``) unless operators' input specs can be asked and cleaned."""
    if not isinstance(specs, list):
        raise Invalid({"inputs": _("The inputs are a list.")})
    seen: set[str] = set()
    for number, spec in enumerate(specs, 1):
        fault = _fault_of(spec)
        if fault is None and spec["name"] in seen:
            fault = _("this name is used twice.")
        if fault is not None:
            raise Invalid({"inputs": _("Input %(number)d: %(fault)s") % {"number": number, "fault": fault}})
        seen.add(spec["name"])


def _fault_of(spec: Any) -> str | None:
    if not isinstance(spec, dict) or not set(spec) <= KEYS:
        return _("only these keys are known: %(keys)s.") % {"keys": ", ".join(sorted(KEYS))}
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", str(spec.get("name", ""))):
        return _("the name is small letters, digits and underscores.")
    if spec.get("kind") not in KINDS:
        return _("the kind is one of: %(kinds)s.") % {"kinds": ", ".join(KINDS)}
    if not is_names(spec.get("names")):
        return _("give its name in at least one language.")
    for bound in ("min", "max"):
        if not isinstance(spec.get(bound, 0), int):
            return _("bounds are whole numbers.")
    if spec["kind"] == "choice":
        choices = spec.get("choices")
        if not isinstance(choices, list) or not choices:
            return _("a choice needs its choices.")
        if not all(isinstance(c, dict) and c.get("code") and is_names(c.get("names")) for c in choices):
            return _("each choice has a code and names.")
    if spec.get("default") is not None:
        try:
            _clean(spec, spec["default"])
        except Fault as fault:
            return _("its default does not fit: %(fault)s") % {"fault": fault}
    return None


def is_names(value: Any) -> bool:
    """Whether this is ``{language: text}`` with at least one text."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(k, str) and isinstance(v, str) and v.strip() for k, v in value.items())
    )
