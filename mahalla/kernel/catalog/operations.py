"""What operators do with the catalogue, without a release (KH-CAT-05)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from mahalla.kernel.catalog import inputs
from mahalla.kernel.catalog.models import Category, CategoryVersion, ReviewTag, Skill
from mahalla.kernel.catalog.terms import FIELDS, Terms
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid

MINUTES_MAX = 7 * 24 * 60
#: changed in place: they say where a category stands in the list, not what its work is
PLACING = ("parent", "icon", "position", "enabled")


class HasInputs(Protocol):
    """A ``Category``, or the ``Terms`` that a request was posted with."""

    @property
    def inputs(self) -> Any: ...


def validate_inputs(category: HasInputs, data: Mapping[str, Any]) -> dict[str, Any]:
    """The category's structured details, cleaned and with defaults (KH-CAT-03).

    Raises ``Invalid`` with one sentence per field.
    """
    return inputs.validate(category.inputs, data)


@transaction.atomic
def create_category(*, code: str, actor: Actor, now: datetime, **fields: Any) -> Category:
    """Add a category or, with ``parent``, a sub-category. Raises ``Invalid``."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", code):
        raise Invalid({"code": _("The code is small letters, digits, dashes and underscores.")})
    if Category.objects.filter(code=code).exists():
        raise Invalid({"code": _("This code is taken.")})
    category = Category(code=code)
    _set(category, fields)
    category.save()
    _keep(category, actor, now)
    return category


@transaction.atomic
def edit_category(category: Category, *, actor: Actor, now: datetime, **fields: Any) -> Category:
    """Change a category. Work posted before keeps the version it was posted with.

    The version rises only when the terms of work change; moving and disabling leave it.
    """
    current = Category.objects.select_for_update(no_key=True).get(pk=category.pk)
    before = Terms.of(current)
    _set(current, fields)
    changed = Terms.of(current) != before
    if changed:
        current.version += 1
    current.save()
    if changed:
        _keep(current, actor, now)
    return current


@transaction.atomic
def order(codes: Sequence[str]) -> None:
    """Put these categories in this order."""
    for position, code in enumerate(codes):
        Category.objects.filter(code=code).update(position=position)


def save_skill(*, code: str, names: Mapping[str, str], position: int = 0, enabled: bool = True) -> Skill:
    _check_names(names)
    values = {"names": dict(names), "position": position, "enabled": enabled}
    return Skill.objects.update_or_create(code=code, defaults=values)[0]


def save_review_tag(*, code: str, names: Mapping[str, str], **fields: Any) -> ReviewTag:
    """Add or change a tag; ``fields`` are those of ``ReviewTag``."""
    _check_names(names)
    return ReviewTag.objects.update_or_create(code=code, defaults={"names": dict(names), **fields})[0]


def _set(category: Category, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS) - set(PLACING)
    if unknown:
        raise Invalid({name: _("This field is not known.") for name in sorted(unknown)})
    for name, value in fields.items():
        setattr(category, name, value)
    _check_names(category.names)
    inputs.check_specs(category.inputs)
    faults = {}
    if category.risk_class not in Category.Risk.values:
        faults["risk_class"] = _("The risk class is low, medium or high.")
    if category.work_place not in Category.WorkPlace.values:
        faults["work_place"] = _("Work is done on site or remotely.")
    if not isinstance(category.default_minutes, int) or not 0 < category.default_minutes <= MINUTES_MAX:
        faults["default_minutes"] = _("The usual duration is between 1 minute and 7 days.")
    for name in ("pricing_models", "required_skills", "tools"):
        codes = getattr(category, name)
        if not isinstance(codes, list) or not all(isinstance(code, str) and code for code in codes):
            faults[name] = _("Give a list of codes.")
    if not faults:
        absent = set(category.required_skills) - set(Skill.objects.values_list("code", flat=True))
        if absent:
            faults["required_skills"] = _("Unknown skill: %(codes)s.") % {"codes": ", ".join(sorted(absent))}
    parent = category.parent
    if parent is not None and (parent.parent_id is not None or parent.pk == category.pk):
        faults["parent"] = _("A sub-category stands under a category, not under another sub-category.")
    elif parent is not None and category.pk and category.children.exists():
        faults["parent"] = _("This category has sub-categories of its own.")
    if faults:
        raise Invalid(faults)


def _check_names(names: Any) -> None:
    if not inputs.is_names(names):
        raise Invalid({"names": _("Give a name in at least one language.")})


def _keep(category: Category, actor: Actor, now: datetime) -> None:
    CategoryVersion.objects.create(
        category=category,
        number=category.version,
        terms=Terms.of(category).to_json(),
        made_at=now,
        made_by_id=actor.user_id,
        reason=actor.reason,
    )
