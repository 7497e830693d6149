"""A Tasker's calendar as the market uses it: hours, the switch, blocks, travel, and the city's clock."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.places.models import City, District
from mahalla.kernel.schedule import queries as calendar
from mahalla.kernel.schedule.operations import BlockedByWork
from mahalla.kernel.work.models import Job
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import feed, hours, onboarding, ranking
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
MON, TUE = 0, 1


def candidates(request, now=b.EVENING):
    return ranking.pool(request, now=now).ids


def task(client, day, start, end, **fields):
    return b.posted(client, window_start=b.at(day, start), window_end=b.at(day, end), **fields)


def short(client, day, start, end):
    """A task of one hour."""
    return task(client, day, start, end, category=b.category("short", default_minutes=60), details={})


@pytest.mark.spec("KH-CAL-01")
def test_offers_only_for_what_fits_the_week(khidma):
    """Mon 08:00-12:00 and Tue 14:00-20:00: a Monday 13:00-15:00 task brings no offer. 2 March 2026 is a Monday."""
    lina, sara = b.client(), b.tasker(category_=b.category("short", default_minutes=60))
    week = [(MON, 480, 600), (MON, 600, 720), (TUE, 840, 1200)]
    hours.set_week(sara, week, actor=b.tasker_of(sara), now=b.EVENING)
    monday = short(lina, 2, "13:00", "15:00")
    assert candidates(monday) == []
    assert [i.request_id for i in feed.feed_for(sara, now=b.EVENING)] == []
    with pytest.raises(Refused):
        engine.apply(monday, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    engine.apply(monday, "auto_match", actor=b.SYSTEM, now=b.EVENING)
    assert not sara.offers.exists()
    assert candidates(short(lina, 2, "09:30", "10:45")) == [sara.pk]
    tuesday = short(lina, 3, "13:00", "15:00")
    assert ranking.pool(tuesday, now=b.EVENING).start[sara.pk] == b.at(3, "14:00")


@pytest.mark.spec("KH-CAL-02")
def test_off_hides_and_leaves_accepted_work_alone(khidma):
    lina, sara = b.client(), b.tasker()
    t = b.at(1, "20:00")
    job = b.accepted(lina, sara, start=b.at(2, "15:00"), window_end=b.at(2, "19:00"))
    run_until(t, start=t)
    ten = b.at(2, "10:00")
    hours.switch(sara, False, actor=b.tasker_of(sara), now=ten)
    assert Job.objects.get(pk=job.pk).state == "confirmed"
    assert Job.objects.get(pk=job.pk).start_at == b.at(2, "15:00")
    new = task(lina, 3, "14:00", "18:00")
    assert candidates(new, ten) == []
    assert feed.feed_for(sara, now=ten) == []
    assert sara.pk not in ranking.to_tell(new, now=ten)
    assert not Spot.objects.get(worker=sara).live
    with pytest.raises(Refused):
        feed.interested(sara, new.pk, now=ten)
    hours.switch(sara, True, actor=b.tasker_of(sara), now=ten)
    assert candidates(new, ten) == [sara.pk]


def test_on_puts_only_the_eligible_back(khidma):
    sara = b.tasker()
    onboarding_profile = sara.tasker
    onboarding_profile.approved_at = None
    onboarding_profile.save()
    hours.switch(sara, False, actor=b.tasker_of(sara), now=b.EVENING)
    hours.switch(sara, True, actor=b.tasker_of(sara), now=b.EVENING)
    assert not Spot.objects.get(worker=sara).live


@pytest.mark.spec("KH-CAL-03")
def test_blocks_overrule_the_week_and_not_accepted_work(khidma):
    """6 March 2026 is a Friday."""
    lina, sara = b.client(), b.tasker(category_=b.category("short", default_minutes=60))
    me = {"actor": b.tasker_of(sara), "now": b.EVENING}
    friday = short(lina, 6, "10:00", "12:00")
    assert candidates(friday) == [sara.pk]
    made = hours.block(sara, start=b.at(6, "10:00"), end=b.at(6, "12:00"), note="Family", **me)
    assert candidates(friday) == []
    assert candidates(short(lina, 6, "11:00", "13:00")) == [sara.pk]
    hours.unblock(sara, made.pk, **me)
    assert candidates(friday) == [sara.pk]

    b.accepted(lina, sara, category=b.category("short"), details={}, start=b.at(2, "15:00"))
    with pytest.raises(BlockedByWork):
        hours.block(sara, start=b.at(2, "15:30"), end=b.at(2, "17:00"), **me)
    with pytest.raises(BlockedByWork):
        hours.block(
            sara,
            start=b.at(2, "15:30") - timedelta(days=0),
            end=b.at(2, "17:00"),
            repeats_until=date(2026, 3, 20),
            **me,
        )
    hours.block(sara, start=b.at(6, "10:00"), end=b.at(6, "12:00"), repeats_until=date(2026, 3, 27), **me)
    assert candidates(short(lina, 20, "10:00", "12:00")) == []
    assert candidates(short(lina, 21, "10:00", "12:00")) == [sara.pk]


@pytest.mark.spec("KH-CAL-04")
def test_work_and_the_way_after_it_are_taken(khidma):
    """A task 10:00-12:00 blocks candidacy for 12:15 and allows 12:30."""
    lina = b.client()
    two_hours = b.category("two", default_minutes=120)
    sara = b.tasker(category_=two_hours)
    b.accepted(
        lina,
        sara,
        category=two_hours,
        details={},
        window_start=b.at(2, "10:00"),
        window_end=b.at(2, "14:00"),
        start=b.at(2, "10:00"),
    )
    assert candidates(task(lina, 2, "12:15", "14:15", category=two_hours, details={})) == []
    assert candidates(task(lina, 2, "12:30", "14:30", category=two_hours, details={})) == [sara.pk]


def test_times_are_of_the_city_and_keep_the_hour_across_the_change(khidma):
    """Hours and weekly blocks; Berlin springs forward on 29 March 2026. (Series: test_series.)"""
    berlin = City.objects.create(
        code="berlin", names={"en": "Berlin"}, timezone="Europe/Berlin", currency="EUR", lat=52.52, lng=13.4
    )
    District.objects.create(city=berlin, code="mitte", names={"en": "Mitte"}, lat=52.52, lng=13.4)
    zone = ZoneInfo("Europe/Berlin")
    sara = b.tasker()
    me = {"actor": b.tasker_of(sara), "now": b.EVENING}
    onboarding.save_profile(sara, lat=52.53, lng=13.41, **me)
    hours.set_week(sara, [(MON, 9 * 60, 17 * 60)], **me)

    def opens(day):
        noon = b.at(day, "00:00")
        free = calendar.free_spans(sara.pk, start=noon, end=noon + timedelta(days=1))
        return free[0].start

    before, after = opens(23), opens(30)
    assert [t.astimezone(zone).strftime("%H:%M") for t in (before, after)] == ["09:00", "09:00"]
    assert after - before == timedelta(days=7) - timedelta(hours=1)
    assert before.utcoffset() == timedelta(0)
    hours.block(sara, start=before, end=before + timedelta(hours=1), repeats_until=date(2026, 4, 13), **me)
    assert [t.astimezone(zone).strftime("%H:%M") for t in (opens(23), opens(30))] == ["10:00", "10:00"]
