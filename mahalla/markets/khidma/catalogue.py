"""The starting catalogue (KH-CAT-02), planted once; from then on operators edit it in the console (KH-CAT-05)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mahalla.kernel.catalog import operations
from mahalla.kernel.catalog.models import Category, ReviewTag, Skill
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma.catalogue_rows import GROUPS, SKILLS, TAGS, Group, Kind


@transaction.atomic
def plant(now: datetime) -> int:
    """Add what is not there yet and return how many rows that was; what operators changed stays as they left it."""
    return _skills() + _categories(now) + _tags()


def bookable() -> list[Category]:
    """The enabled task types in the order of the wizard: a client books a leaf, its parent only groups."""
    found = Category.objects.filter(enabled=True, parent__enabled=True).select_related("parent")
    return list(found.order_by("parent__position", "parent__code", "position", "code"))


def _skills() -> int:
    known = set(Skill.objects.values_list("code", flat=True))
    fresh = [(code, names) for code, names in SKILLS.items() if code not in known]
    for position, (code, names) in enumerate(fresh, len(known)):
        operations.save_skill(code=code, names=names, position=position)
    return len(fresh)


def _categories(now: datetime) -> int:
    known = {category.code: category for category in Category.objects.all()}
    added = 0
    for position, group in enumerate(GROUPS):
        parent = known.get(group.code)
        if parent is None:
            parent = _group(group, position, now)
            added += 1
        for place, kind in enumerate(group.kinds):
            if kind.code not in known:
                _kind(kind, parent, place, now)
                added += 1
    return added


def _group(group: Group, position: int, now: datetime) -> Category:
    return operations.create_category(
        code=group.code, names=group.names, icon=group.icon, position=position, actor=SYSTEM, now=now
    )


def _kind(kind: Kind, parent: Category, position: int, now: datetime) -> Category:
    return operations.create_category(
        code=kind.code,
        parent=parent,
        names=kind.names,
        icon=kind.icon,
        position=position,
        pricing_models=kind.pricing_models,
        risk_class=kind.risk,
        work_place=kind.place,
        default_minutes=kind.minutes,
        required_skills=list(kind.skills),
        tools=list(kind.tools),
        inputs=kind.inputs,
        flags=kind.flags,
        actor=SYSTEM,
        now=now,
    )


def _tags() -> int:
    known = set(ReviewTag.objects.values_list("code", flat=True))
    groups = {category.code: category for category in Category.objects.filter(parent=None)}
    fresh = [tag for tag in TAGS if tag.code not in known]
    for tag in fresh:
        operations.save_review_tag(
            code=tag.code,
            names=tag.names,
            category=groups.get(tag.group),
            positive=tag.positive,
            position=TAGS.index(tag),
        )
    return len(fresh)
