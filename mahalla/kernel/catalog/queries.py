"""Reads of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mahalla.kernel.catalog.models import Category, CategoryVersion, ReviewTag
from mahalla.kernel.catalog.terms import Terms
from mahalla.kit.errors import NotFound


@dataclass(frozen=True, slots=True)
class Branch:
    category: Category
    children: list[Category]


def tree() -> list[Branch]:
    """What new work can be posted as: enabled categories with their enabled sub-categories, in order. One query."""
    rows = list(Category.objects.filter(enabled=True))
    under: dict[int, list[Category]] = {}
    for row in rows:
        if row.parent_id is not None:
            under.setdefault(row.parent_id, []).append(row)
    return [Branch(row, under.get(row.pk, [])) for row in rows if row.parent_id is None]


def open_category(code: str) -> Category:
    """The category by code if new work can be posted as it (itself and its parent enabled), else ``NotFound``."""
    found = (
        Category.objects.select_related("parent")
        .filter(Q(parent=None) | Q(parent__enabled=True), code=code, enabled=True)
        .first()
    )
    if found is None:
        raise NotFound("category_not_found")
    return found


def terms_at(category_id: int, version: int) -> Terms:
    """The terms that work of this version keeps; ``NotFound`` if there never was such a version."""
    kept = CategoryVersion.objects.filter(category_id=category_id, number=version).first()
    if kept is None:
        raise NotFound("category_version_not_found")
    return Terms.from_json(kept.terms)


def review_tags(category: Category, *, about: str) -> QuerySet[ReviewTag]:
    """Tags offered for a review of somebody in the role ``about``: the general ones and those of the category."""
    own = Q(category=None) | Q(category=category)
    if category.parent_id is not None:
        own |= Q(category_id=category.parent_id)
    return ReviewTag.objects.filter(own, about=about, enabled=True)
