"""Drawing a form field: which look, which attributes, which messages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BoundField
from django.template.loader import render_to_string

OPTIONS = {"prefix", "suffix", "hint", "label", "look", "icons", "optional", "notes", "extra"}
LISTED = {"segmented", "choices", "tiles", "chips", "stars"}


def look_of(bound: BoundField) -> str:
    """The look a field has when the page names none."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "chips"
    if isinstance(widget, forms.RadioSelect):
        return "choices" if len(list(bound.field.choices)) > 3 else "segmented"  # type: ignore[attr-defined]
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.FileInput):
        return "photos"
    return "select" if isinstance(widget, forms.Select) else "input"


def render(bound: BoundField, options: dict[str, Any]) -> str:
    look = options.get("look") or look_of(bound)
    attrs = {
        key: value for key, value in options.items() if key not in OPTIONS and value not in (None, False)
    }
    attrs |= _kind(look)
    if look not in LISTED | {"check", "switch", "photos"}:
        css = "code input" if look == "code" else "input"
        attrs["class"] = f"{css} {attrs.get('class', '')}".strip()
    if "prefix" in options or "suffix" in options or look in {"phone", "stepper"}:
        attrs["class"] = ""
    if bound.errors:
        attrs["aria-invalid"] = "true"
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    hint = options.get("hint", bound.help_text)
    described += [f"{bound.auto_id}_hint"] if hint else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    icons, notes = options.get("icons") or {}, options.get("notes") or {}
    context = {
        "bound": bound, "look": look, "hint": hint, "label": options.get("label", bound.label),
        "prefix": options.get("prefix", ""), "suffix": options.get("suffix", ""), "optional": options.get("optional"),
        "listed": look in LISTED, "multiple": isinstance(bound.field.widget, forms.CheckboxSelectMultiple),
    }  # fmt: skip
    if look in LISTED:
        context["entries"] = list(_entries(bound, icons, notes))
        context["extra_attrs"] = attrs
    else:
        context["control"] = bound.as_widget(attrs={**attrs})
    return render_to_string("web/components/field.html", context)


def _kind(look: str) -> dict[str, Any]:
    if look == "code":
        return {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "maxlength": "6",
            "pattern": "[0-9]*",
        }
    if look == "phone":
        return {"inputmode": "tel", "autocomplete": "tel-national", "type": "tel"}
    return {"inputmode": "numeric"} if look == "stepper" else {}


def _entries(bound: BoundField, icons: dict[str, str], notes: dict[str, Any]) -> Any:
    """The choices with what is chosen, flat, without the empty one."""
    value = bound.value()
    chosen = {str(one) for one in (value if isinstance(value, list | tuple | set) else [value])}
    for index, (key, label) in enumerate(bound.field.choices):  # type: ignore[attr-defined]
        if key in ("", None):
            continue
        yield {
            "id": f"{bound.auto_id}_{index}", "value": str(key), "label": label, "checked": str(key) in chosen,
            "icon": icons.get(str(key), ""), "note": notes.get(str(key), ""),
        }  # fmt: skip
