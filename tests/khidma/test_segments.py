"""Which kind of client or Tasker somebody is."""

from __future__ import annotations

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kit.errors import Invalid
from mahalla.markets.khidma import segments
from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerStats
from tests.khidma import builders as b
from tests.khidma.supply_town import done

pytestmark = pytest.mark.django_db


@pytest.mark.spec("KH-PROFILE-05")
def test_the_second_completed_task_makes_a_repeat_household(khidma):
    lina, sara = b.client(), b.tasker()
    assert segments.client_segment(lina) == "one_time"
    done(lina, sara, 3)
    assert segments.client_segment(lina) == "one_time"
    done(lina, sara, 4)
    assert segments.client_segment(lina) == "repeat_household"
    for kind in ("small_office", "property_manager", "enterprise"):
        segments.declare(lina, kind, actor=b.client_of(lina), now=b.EVENING)
        assert segments.client_segment(lina) == kind
    segments.declare(lina, "", actor=b.client_of(lina), now=b.EVENING)
    assert segments.client_segment(lina) == "repeat_household"
    assert Event.objects.filter(name="client.segment_declared").count() == 4
    with pytest.raises(Invalid):
        segments.declare(lina, "bank", actor=b.client_of(lina), now=b.EVENING)


@pytest.mark.spec("KH-PROFILE-12")
def test_new_ends_with_the_fifth_completed_task(khidma):
    lina, sara = b.client(), b.tasker(approved_days_ago=1, week=[(0, 600, 1200), (1, 600, 1200), *EVERY_DAY])
    TaskerStats.objects.filter(worker=sara).update(completed=4)
    assert segments.segment_of(sara.pk, now=b.at(3, "13:00")) == "new"
    done(lina, sara, 3)
    assert segments.segment_of(sara.pk, now=b.at(3, "17:00")) == "full_time"


EVERY_DAY = [(day, 7 * 60, 20 * 60) for day in range(2, 7)]


def test_the_first_that_fits_counts(khidma):
    few, much = [(0, 600, 900)], [(day, 480, 840) for day in range(5)]
    people = {
        "new": b.tasker("New", approved_days_ago=60, rate=9000, week=much),
        "specialist": b.tasker("Expert", rate=3501, week=much),
        "at_p75": b.tasker("Almost", rate=3500, week=much),
        "casual": b.tasker("Casual", week=few),
        "old_hand": b.tasker("Old", approved_days_ago=61, week=few),
    }
    for name in ("new", "specialist", "at_p75"):
        TaskerProfile.objects.filter(user=people[name]).update(high_skill=True)
    found = segments.segments_of([p.pk for p in people.values()], now=b.EVENING)
    assert {name: found[p.pk] for name, p in people.items()} == {
        "new": "new",
        "specialist": "specialist",
        "at_p75": "full_time",
        "casual": "casual",
        "old_hand": "casual",
    }


def test_a_category_of_high_skill_declares_for_its_taskers(khidma):
    wiring = b.category("wiring", flags={"guide_minor": [5000, 6000, 7000], "high_skill": True})
    omar = b.tasker("Omar", category_=wiring, rate=7001)
    assert segments.segment_of(omar.pk, now=b.EVENING) == "specialist"
    Rate.objects.filter(worker=omar).update(hourly_minor=7000)
    assert segments.segment_of(omar.pk, now=b.EVENING) != "specialist"


def test_many_at_once_cost_five_queries(khidma, django_assert_max_num_queries):
    ids = [b.tasker(f"T{n}").pk for n in range(4)]
    TaskerProfile.objects.update(high_skill=True)
    with django_assert_max_num_queries(5):
        assert len(segments.segments_of(ids, now=b.EVENING)) == 4
