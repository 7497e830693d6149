"""Who can do a task at all: every hard filter, read live (KH-MATCH-01, -02, -18)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import Skill
from mahalla.kernel.flow import engine
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.matching.spots import refresh
from mahalla.kernel.payments import accounts
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Offer
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import candidates, ranking, supply
from mahalla.markets.khidma.models import TaskerProfile
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
MIN = timedelta(minutes=1)


def listed(request, now=b.EVENING) -> list[int]:
    return ranking.rank(ranking.pool(request, now=now)).worker_ids


def heavy_work():
    """Work that asks for a skill, a tool and, by its inputs, strong arms."""
    Skill.objects.get_or_create(code="packing", defaults={"names": {"en": "Packing"}})
    return b.category("moving", required_skills=["packing"], tools=["trolley"])


def mover(name: str, category, **fields):
    fields = {"skills": ("packing", "heavy_lifting"), "tools": ("trolley",), "category_": category, **fields}
    return b.tasker(name, **fields)


@pytest.mark.spec("KH-MATCH-01")
def test_of_five_who_fail_one_filter_each_none_is_listed_and_the_sixth_is(khidma) -> None:
    moving = heavy_work()
    far = mover("Far", moving, km=11)
    TaskerProfile.objects.filter(user=far).update(radius_km=10)
    supply.refresh_spots(far.pk, now=b.EVENING)
    busy = mover("Busy", moving)
    schedule.occupy(
        worker_id=busy.pk, start=b.at(2, "14:30"), end=b.at(2, "17:30"), reference="offer:0", now=b.EVENING
    )
    mover("Unskilled", moving, skills=("packing",))
    mover("Toolless", moving, tools=())
    unchecked = mover("Unchecked", moving)
    Verification.objects.filter(user=unchecked, kind="background_check").delete()
    sixth = mover("Sixth", moving)

    request = b.posted(b.client(), category=moving, details={"items": 1, "heavy_lifting": True})
    assert listed(request) == [sixth.pk]


def test_the_other_filters_one_by_one(khidma) -> None:
    """Suspended, barred from the category, account closed, out of hours, off, excluded, one's own task."""
    lina = b.client()
    request = b.posted(lina)
    names = ("Suspended", "Barred", "Closed", "Night", "Off", "Fine")
    people = {name: b.tasker(name, **({"week": [(0, 0, 300)]} if name == "Night" else {})) for name in names}
    officer = b.staff_of(b.person("Noor", "admin"), "admin")
    said = {"reason": "Complaints", "actor": officer, "now": b.EVENING}
    trust.impose(people["Suspended"].pk, "suspension", **said)
    trust.impose(people["Barred"].pk, "category_suspension", category="cleaning", **said)
    people["Closed"].status = "deactivated"
    people["Closed"].save()
    schedule.switch(people["Off"].pk, False, now=b.EVENING)
    assert listed(request) == [people["Fine"].pk]
    own = b.client("Client too")
    assert listed(b.posted(own)) == [people["Fine"].pk]


def test_a_cash_debt_closes_cash_tasks_only(khidma) -> None:
    owing, free = b.tasker("Owing"), b.tasker("Free")
    debt = accounts.ensure(accounts.cash_debt(owing.pk), "SAR")
    fees = accounts.ensure(accounts.FEES, "SAR")
    post(Leg(debt, fees, 10_001, "cash_fee", "test:debt"), now=b.EVENING, reference="test")
    card = b.posted(b.client())
    cash = b.posted(b.client("Huda"), method_kind="cash")
    assert set(listed(card)) == {owing.pk, free.pk}
    assert listed(cash) == [free.pk]


@pytest.mark.spec("KH-MATCH-02")
def test_one_who_switched_off_after_the_list_was_drawn_is_no_longer_available(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    request = b.posted(lina)
    assert listed(request) == [sara.pk]
    schedule.switch(sara.pk, False, now=b.EVENING + MIN)
    assert listed(request, b.EVENING + MIN) == []
    with pytest.raises(Refused) as refused:
        engine.apply(
            request, "select", actor=b.client_of(lina), now=b.EVENING + MIN, data={"worker_id": sara.pk}
        )
    assert refused.value.code == "no_longer_available"
    assert "no longer available" in str(refused.value)
    assert (b.fresh(request).state, Offer.objects.count()) == ("matching", 0)


def test_a_new_block_and_an_accepted_overlap_take_one_off_at_once(khidma) -> None:
    lina, sara, omar = b.client(), b.tasker("Sara"), b.tasker("Omar")
    request = b.posted(lina)
    schedule.block(sara.pk, start=b.at(2, "13:00"), end=b.at(2, "19:00"), now=b.EVENING)
    assert listed(request) == [omar.pk]
    b.accepted(b.client("Huda"), omar)
    assert listed(request) == []


@pytest.mark.spec("KH-MATCH-18")
def test_one_who_refuses_pets_is_absent_from_a_task_with_pets(khidma) -> None:
    no_pets, pets = b.tasker("No pets"), b.tasker("Pets")
    TaskerProfile.objects.filter(user=no_pets).update(accepts_pets=False)
    plain = b.posted(b.client())
    with_pets = b.posted(b.client("Huda"), details={"items": 1, "pets": True})
    assert set(listed(plain)) == {no_pets.pk, pets.pk}
    assert listed(with_pets) == [pets.pk]


def test_where_the_nearest_are_taken_further_ones_are_found(khidma, monkeypatch) -> None:
    """A list is not empty while somebody could come."""
    monkeypatch.setattr(candidates, "WIDTHS", (2, 4, 8))
    monkeypatch.setattr(candidates, "ENOUGH", 1)
    taken = [b.tasker(f"Near {n}", km=n + 1) for n in range(4)]
    for tasker in taken:
        schedule.block(tasker.pk, start=b.at(2, "13:00"), end=b.at(2, "19:00"), now=b.EVENING)
    far = b.tasker("Far", km=9)
    assert listed(b.posted(b.client())) == [far.pk]


def test_nobody_is_listed_without_a_window_or_when_it_is_over(khidma) -> None:
    b.tasker()
    request = b.posted(b.client())
    assert listed(request, b.at(2, "18:00")) == []
    request.window_start = request.window_end = None
    assert listed(request) == []


def test_a_stale_spot_lists_nobody_who_may_not_work(khidma) -> None:
    """The map is a shadow: who is on it by mistake still fails the checks asked live."""
    lina = b.client()
    stranger = b.person("Stranger", "tasker")
    refresh(
        stranger.pk, category_ids=[b.category().pk], lat=b.HOME[0], lng=b.HOME[1], live=True, radius_m=9_000
    )
    request = b.posted(lina)
    assert listed(request) == []
    with pytest.raises(Refused):
        ranking.check(request, stranger.pk, now=b.EVENING)


def test_the_number_of_questions_does_not_grow_with_the_candidates(
    khidma, django_assert_max_num_queries
) -> None:
    request = b.posted(b.client())
    for n in range(7):
        b.tasker(f"Tasker {n}", km=n + 1)
    ranking.run(request, now=b.EVENING)
    with django_assert_max_num_queries(15):
        assert len(ranking.rank(ranking.pool(request, now=b.EVENING)).worker_ids) == 7
