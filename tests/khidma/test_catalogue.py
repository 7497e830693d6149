"""The starting catalogue, and what its fields do to a task."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog import operations as catalog
from mahalla.kernel.catalog import queries
from mahalla.kernel.catalog.models import Category, ReviewTag, Skill
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Invalid
from mahalla.kit.quote import Quote
from mahalla.kit.text import pick
from mahalla.markets.khidma import catalogue, ranking, steps, wizard
from mahalla.markets.khidma.catalogue_rows import GROUPS, SKILLS
from mahalla.markets.khidma.models import Rate, TaskerSkill
from tests.khidma import builders as b
from tests.khidma.test_wizard import complete, save

pytestmark = pytest.mark.django_db
ARABIC = re.compile("[\u0600-\u06ff]")


@pytest.fixture
def planted(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    return khidma


def test_planting_twice_adds_nothing_and_leaves_what_operators_changed(planted):
    cleaning = Category.objects.get(code="home_cleaning")
    catalog.edit_category(cleaning, actor=SYSTEM, now=b.EVENING, default_minutes=150, enabled=False)
    rows = (Category.objects.count(), Skill.objects.count(), ReviewTag.objects.count())
    assert catalogue.plant(b.EVENING) == 0
    assert rows == (Category.objects.count(), Skill.objects.count(), ReviewTag.objects.count())
    cleaning.refresh_from_db()
    assert (cleaning.default_minutes, cleaning.enabled) == (150, False)


def test_every_row_is_whole(planted):
    icons = set(re.findall(r'id="([a-z0-9-]+)"', _sprite()))
    assert {c.icon for c in Category.objects.all()} <= icons
    for row in [*Category.objects.all(), *Skill.objects.all(), *ReviewTag.objects.all()]:
        assert set(row.names) == {"en", "ar"}
        assert ARABIC.search(row.names["ar"])
        assert not ARABIC.search(row.names["en"])
    for category in catalogue.bookable():
        assert category.parent is not None
        assert steps.bookable(category.code) == category
        low, middle, high = category.flags["guide_minor"]
        assert 0 < low <= middle <= high
        assert ("fixed" in category.pricing_models) == ("guide_fixed_minor" in category.flags)
        assert set(category.required_skills) <= set(SKILLS)
        assert (category.work_place == "remote") == (category.parent.code == "remote")


def _sprite():
    from pathlib import Path

    import mahalla.web

    return (Path(mahalla.web.__file__).parent / "static" / "web" / "icons.svg").read_text()


@pytest.mark.spec("KH-CAT-01")
def test_tv_mounting_lists_skill_tool_duration_pricing_and_risk(planted):
    found = queries.open_category("tv_mounting")
    assert (found.parent.names["en"], found.names["en"]) == ("Mounting", "TV mounting")
    assert found.required_skills == ["mounting"]
    assert found.tools == ["drill"]
    assert found.default_minutes == 90
    assert found.pricing_models == ["hourly"]
    assert (found.risk_class, found.work_place) == ("low", "on_site")


@pytest.mark.spec("KH-CAT-02")
def test_the_first_step_lists_the_four_in_arabic(planted):
    with override("ar"):
        shown = {branch.category.code: pick(branch.category.names) for branch in queries.tree()}
    assert shown["cleaning"] == "التنظيف"
    assert shown["mounting"] == "التركيب والتعليق"
    assert shown["moving"] == "نقل العفش"
    assert shown["assembly"] == "تركيب الأثاث"
    assert all(branch.children for branch in queries.tree())
    assert len(shown) == len(GROUPS)


@pytest.mark.spec("KH-CAT-03")
def test_a_moving_task_without_floor_cannot_be_posted_and_a_cleaning_task_can(planted):
    lina = b.client("Lina")
    lina.addresses.update(floor=None)
    asked = {spec["name"]: spec for spec in Category.objects.get(code="small_move").inputs}
    assert list(asked) == ["items", "floor", "elevator", "parking", "heavy_lifting", "pets"]
    assert (asked["items"]["kind"], asked["items"]["min"], asked["floor"]["kind"]) == (
        "integer",
        1,
        "integer",
    )
    assert [choice["code"] for choice in asked["parking"]["choices"]] == ["none", "limited", "no_parking"]

    moving = wizard.start(lina, now=b.EVENING, category="small_move")
    with pytest.raises(Invalid) as refusal:
        save(moving, "details", details={"items": 4})
    assert set(refusal.value.fields) == {"floor"}
    method = lina.payment_methods.get()
    moving = save(moving, "address", address_id=lina.addresses.get().pk)
    moving = save(moving, "window", flexible=True)
    moving = save(moving, "payment", method_id=method.pk)
    with pytest.raises(Invalid) as refusal:
        wizard.post(moving, actor=b.client_of(lina), now=b.EVENING)
    assert "floor" in refusal.value.fields

    cleaning = wizard.start(lina, now=b.EVENING, category="home_cleaning", address_id=lina.addresses.get().pk)
    cleaning = save(cleaning, "window", flexible=True)
    cleaning = save(cleaning, "payment", method_id=method.pk)
    assert wizard.post(cleaning, actor=b.client_of(lina), now=b.EVENING).state == "matching"


def test_heavy_lifting_raises_the_preview_and_drops_taskers_without_the_skill(planted):
    lina = b.client("Lina")
    mover = Category.objects.get(code="furniture_move")
    strong = b.tasker("Omar", category_=mover, skills=("moving", "heavy_lifting"), tools=("truck",))
    b.tasker("Yusuf", category_=mover, skills=("moving",), tools=("truck",))
    request = complete(lina, code="furniture_move", floor=0)
    plain = wizard.preview(request, now=b.EVENING)
    request = save(request, "details", details={"items": 5, "floor": 0, "heavy_lifting": True})
    request = save(request, "window", **{"date": "2026-03-02", "from": "12:00", "to": "19:00"})
    heavy = wizard.preview(request, now=b.EVENING)
    assert (plain["minutes"], heavy["minutes"]) == (240, 264)
    assert heavy["low_minor"] > plain["low_minor"]
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    assert ranking.pool(request, now=b.EVENING).ids == [strong.pk]

    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": strong.pk})
    engine.apply(request.offers.get(), "accept", actor=b.tasker_of(strong), now=b.EVENING)
    job = Job.objects.get(request=request)
    assert job.terms["details"]["heavy_lifting"] is True
    assert job.terms["category_version"] == 1


@pytest.mark.spec("KH-CAT-05")
def test_a_disabled_sub_category_leaves_the_wizard_while_its_open_tasks_run_on(planted):
    lina = b.client("Lina")
    mounting = Category.objects.get(code="tv_mounting")
    omar = b.tasker("Omar", category_=mounting, skills=("mounting",), tools=("drill",))
    request = wizard.post(complete(lina, code="tv_mounting"), actor=b.client_of(lina), now=b.EVENING)
    admin = b.staff_of(b.person("Reem", "admin"), "admin", "no longer offered")
    new_inputs = [
        *mounting.inputs,
        {"name": "wall", "kind": "text", "required": True, "names": {"en": "Wall"}},
    ]
    catalog.edit_category(mounting, actor=admin, now=b.EVENING, enabled=False, inputs=new_inputs)

    children = {branch.category.code: [c.code for c in branch.children] for branch in queries.tree()}
    assert "tv_mounting" not in children["mounting"]
    with pytest.raises(Invalid):
        wizard.start(lina, now=b.EVENING, category="tv_mounting")

    # the open task keeps the version that it was posted with: the new input is not asked
    edited = engine.apply(
        request, "edit", actor=b.client_of(lina), now=b.EVENING, data={"fields": {"details": {"items": 2}}}
    )
    assert (edited.category_version, edited.details["items"], "wall" in edited.details) == (1, 2, False)
    engine.apply(edited, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": omar.pk})
    engine.apply(edited.offers.get(), "accept", actor=b.tasker_of(omar), now=b.EVENING)
    run_until(b.EVENING, start=b.EVENING)
    assert Job.objects.get(request=edited).state == "confirmed"


@pytest.mark.spec("KH-CAT-06")
def test_a_fixed_tv_mounting_at_45_00_has_no_timer_based_amount(planted):
    lina = b.client("Lina")
    mounting = Category.objects.get(code="tv_mounting")
    mounting = catalog.edit_category(
        mounting, actor=SYSTEM, now=b.EVENING, pricing_models=["hourly", "fixed"],
        flags={**mounting.flags, "guide_fixed_minor": [4000, 4500, 6000]},
    )  # fmt: skip
    omar = b.tasker(
        "Omar", category_=mounting, skills=("mounting",), tools=("drill",), fixed_minor=45_00, travel=0
    )
    request = complete(lina, code="tv_mounting")
    assert request.pricing_model == "hourly"
    request = save(request, "category", category="tv_mounting", pricing_model="fixed")
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": omar.pk})
    quote = Quote.from_json(request.offers.get().quote)
    assert [(line.kind, line.amount_minor) for line in quote.lines] == [
        ("labour", 45_00),
        ("service_fee", 9_00),
    ]

    engine.apply(request.offers.get(), "accept", actor=b.tasker_of(omar), now=b.EVENING)
    run_until(b.at(2, "14:00"), start=b.EVENING)
    job, worker = Job.objects.get(request=request), b.tasker_of(omar)
    here = {"lat": b.HOME[0], "lng": b.HOME[1]}
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:00"), data=here)
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:00"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "19:00"))
    job.refresh_from_db()
    final = Quote.from_json(job.final)
    assert (final.of_kind("labour"), final.total_minor) == (45_00, 54_00)
    assert Rate.objects.get(worker=omar).hourly_minor == 3000  # five hours at 30.00 play no part
    assert TaskerSkill.objects.count()
    assert not Case.objects.exists()
