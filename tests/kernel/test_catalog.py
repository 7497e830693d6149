"""The catalogue: operators edit it while work runs on the versions it was posted with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mahalla.kernel.catalog import operations, queries
from mahalla.kernel.catalog.models import Category, CategoryVersion
from mahalla.kernel.identity.models import User
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Invalid, NotFound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARKING = [
    {"code": "none", "names": {"en": "No constraint", "ar": "لا يوجد"}},
    {"code": "limited", "names": {"en": "Limited"}},
    {"code": "no_parking", "names": {"en": "No parking"}},
]
INPUTS: list[dict[str, Any]] = [
    {"name": "items", "kind": "integer", "required": True, "min": 1, "max": 200, "names": {"en": "Items"}},
    {"name": "floor", "kind": "integer", "required": True, "names": {"en": "Floor", "ar": "الطابق"}},
    {"name": "elevator", "kind": "boolean", "names": {"en": "Elevator"}},
    {"name": "parking", "kind": "choice", "choices": PARKING, "default": "none", "names": {"en": "Parking"}},
    {"name": "remark", "kind": "text", "max": 20, "names": {"en": "Remark"}},
]


@pytest.fixture
def moving(db: None) -> Category:
    operations.save_skill(code="lifting", names={"en": "Lifting"})
    top = operations.create_category(
        code="moving", actor=SYSTEM, now=NOW, names={"en": "Moving", "ar": "نقل"}
    )
    return operations.create_category(
        code="flat-moving", actor=SYSTEM, now=NOW, parent=top, names={"en": "Moving a flat"},
        pricing_models=["hourly", "fixed"], risk_class="medium", default_minutes=180,
        required_skills=["lifting"], tools=["trolley"], inputs=INPUTS,
    )  # fmt: skip


def test_inputs_are_cleaned_and_filled_in(moving: Category) -> None:
    given = {"items": "6", "floor": -1, "elevator": "off", "remark": "  mind the cat "}
    assert operations.validate_inputs(moving, given) == {
        "items": 6, "floor": -1, "elevator": False, "parking": "none", "remark": "mind the cat",
    }  # fmt: skip
    assert operations.validate_inputs(moving, {"items": 1, "floor": 3, "elevator": True, "parking": "limited"}) == {
        "items": 1, "floor": 3, "elevator": True, "parking": "limited", "remark": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"floor": None}, {"floor"}),
        ({"floor": ""}, {"floor"}),
        ({"floor": True}, {"floor"}),
        ({"items": 0}, {"items"}),
        ({"items": "2.5"}, {"items"}),
        ({"items": 201, "parking": "yard"}, {"items", "parking"}),
        ({"items": "9" * 40}, {"items"}),
        ({"items": "٣x"}, {"items"}),
        ({"elevator": "maybe"}, {"elevator"}),
        ({"remark": "x" * 21}, {"remark"}),
        ({"remark": ["a"]}, {"remark"}),
        ({"parking": ["none"]}, {"parking"}),
        ({"pets": True}, {"pets"}),
    ],
)
def test_each_wrong_input_gets_its_sentence(
    moving: Category, change: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        operations.validate_inputs(moving, {"items": 6, "floor": 3, **change})
    assert set(refusal.value.fields) == fields
    assert all(str(sentence).endswith(".") for sentence in refusal.value.fields.values())


def test_work_keeps_the_version_it_was_posted_with(moving: Category) -> None:
    omar = User.objects.create_user(phone="+966500000003", name="Omar")
    posted = moving.version
    softer = [{**spec, "required": False} for spec in INPUTS]
    operator = Actor(omar.pk, "operator", reason="Floors are asked on the phone")
    edited = operations.edit_category(moving, actor=operator, now=NOW, inputs=softer, default_minutes=150)
    assert (edited.version, queries.terms_at(moving.pk, edited.version).default_minutes) == (2, 150)
    assert operations.validate_inputs(edited, {})["floor"] is None
    kept = queries.terms_at(moving.pk, posted)
    assert kept.default_minutes == 180
    with pytest.raises(Invalid):
        operations.validate_inputs(kept, {"items": 1})
    newest = CategoryVersion.objects.get(category=moving, number=2)
    assert (newest.made_by, newest.reason) == (omar, "Floors are asked on the phone")
    with pytest.raises(NotFound):
        queries.terms_at(moving.pk, 3)


def test_disabling_hides_and_changes_no_version(moving: Category) -> None:
    assert [(b.category.code, [c.code for c in b.children]) for b in queries.tree()] == [
        ("moving", ["flat-moving"])
    ]
    assert queries.open_category("flat-moving") == moving
    operations.edit_category(moving, actor=SYSTEM, now=NOW, enabled=False)
    assert [(b.category.code, b.children) for b in queries.tree()] == [("moving", [])]
    assert queries.terms_at(moving.pk, 1).default_minutes == 180
    operations.edit_category(moving, actor=SYSTEM, now=NOW, enabled=True)
    top = Category.objects.get(code="moving")
    operations.edit_category(top, actor=SYSTEM, now=NOW, enabled=False)
    assert queries.tree() == []
    with pytest.raises(NotFound):
        queries.open_category("flat-moving")
    moving.refresh_from_db()
    assert moving.version == 1


def test_operators_order_the_categories(moving: Category) -> None:
    operations.create_category(code="cleaning", actor=SYSTEM, now=NOW, names={"en": "Cleaning"})
    operations.order(["moving", "cleaning"])
    assert [b.category.code for b in queries.tree()] == ["moving", "cleaning"]
    operations.order(["cleaning", "moving"])
    assert [b.category.code for b in queries.tree()] == ["cleaning", "moving"]


def test_tags_are_those_of_all_work_and_of_the_category(moving: Category) -> None:
    cleaning = operations.create_category(code="cleaning", actor=SYSTEM, now=NOW, names={"en": "Cleaning"})
    operations.save_review_tag(code="punctual", names={"en": "Punctual", "ar": "ملتزم"})
    operations.save_review_tag(code="careful", names={"en": "Careful"}, category=moving.parent)
    operations.save_review_tag(code="spotless", names={"en": "Spotless"}, category=cleaning)
    operations.save_review_tag(code="clear", names={"en": "Clear wishes"}, about="client")
    assert [t.code for t in queries.review_tags(moving, about="worker")] == ["careful", "punctual"]
    assert [t.code for t in queries.review_tags(moving, about="client")] == ["clear"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"names": {}}, "names"),
        ({"names": {"en": " "}}, "names"),
        ({"risk_class": "wild"}, "risk_class"),
        ({"work_place": "moon"}, "work_place"),
        ({"default_minutes": 0}, "default_minutes"),
        ({"required_skills": ["juggling"]}, "required_skills"),
        ({"tools": "drill"}, "tools"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": [{"name": "a", "kind": "integer"}]}, "inputs"),
        ({"inputs": [INPUTS[0], INPUTS[0]]}, "inputs"),
        ({"inputs": [{**INPUTS[3], "default": "yard"}]}, "inputs"),
        ({"inputs": [{**INPUTS[3], "choices": []}]}, "inputs"),
        ({"inputs": [{**INPUTS[0], "kind": "date"}]}, "inputs"),
        ({"inputs": [{**INPUTS[0], "Name": "x"}]}, "inputs"),
        ({"inputs": [{**INPUTS[0], "min": "one"}]}, "inputs"),
        ({"version": 9}, "version"),
    ],
)
def test_an_edit_that_would_break_the_catalogue_is_refused(
    moving: Category, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        operations.edit_category(moving, actor=SYSTEM, now=NOW, **change)
    assert list(refusal.value.fields) == [field]
    moving.refresh_from_db()
    assert moving.version == 1


def test_the_tree_has_two_levels(moving: Category) -> None:
    with pytest.raises(Invalid):
        operations.create_category(code="x", actor=SYSTEM, now=NOW, names={"en": "X"}, parent=moving)
    other = operations.create_category(code="other", actor=SYSTEM, now=NOW, names={"en": "Other"})
    assert moving.parent is not None
    for parent in (other, moving.parent):
        with pytest.raises(Invalid):
            operations.edit_category(moving.parent, actor=SYSTEM, now=NOW, parent=parent)
    with pytest.raises(Invalid):
        operations.create_category(code="other", actor=SYSTEM, now=NOW, names={"en": "Again"})
