"""Recurring tasks: planned by the wall clock, posted a week ahead, once, first to the previous Tasker."""

from __future__ import annotations

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.events import outbox
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_due, run_until
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.places import operations as places
from mahalla.kernel.places.models import District
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import clock
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.market import activate
from mahalla.markets.khidma import catalogue, recurring, series, wizard
from mahalla.markets.khidma.models import Occurrence, Series
from tests.khidma import builders as b
from tests.khidma.test_wizard import complete, save

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 3, 9)


@pytest.fixture
def lina(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    return b.client("Lina")


def cleaner(name="Sara", **fields):
    return b.tasker(
        name, category_=Category.objects.get(code="home_cleaning"), skills=("cleaning",), **fields
    )


def weekly(client, *, first="2026-03-16", every="weekly", now=b.EVENING, **fields):
    draft = complete(client, now=now)
    draft = save(draft, "window", **{"date": first, "from": "09:00", "to": "14:00"}, now=now)
    return series.start(draft, every=every, actor=b.client_of(client), now=now, **fields)


def days_pass(start, to):
    """Days go by with the recurring jobs that matter here, once a day (all of them by the hour would be slow)."""
    at = start
    while at < to:
        at = min(at + timedelta(days=1), to)
        recurring.post_series(at)
        recurring.renew_holds(at)
        run_due(at)


def posted(found):
    return list(found.occurrences.order_by("day").values_list("day", flat=True))


@pytest.mark.spec("KH-REQ-12")
def test_weekly_cleaning_on_mondays_is_posted_seven_days_before_and_skip_leaves_it_alive(lina):
    sara, omar = cleaner("Sara"), cleaner("Omar", rate=2500)
    made = weekly(lina)
    assert Request.objects.filter(client=lina).count() == 0  # the Draft became the series

    eve = b.at(8, "22:30")
    days_pass(b.EVENING, eve)
    assert posted(made) == []
    run_until(b.at(9, "00:35"), start=eve)  # Monday the 9th, seven days before Monday the 16th
    assert posted(made) == [date(2026, 3, 16)]
    first = made.occurrences.get().request
    assert (first.state, first.origin) == ("matching", "series")
    assert (first.window_start, first.window_end) == (b.at(16, "09:00"), b.at(16, "14:00"))
    assert first.details["items"] == 5

    # the client takes Omar; he does the work, so the next occurrence goes first to him
    t = b.at(9, "00:36")
    engine.apply(first, "select", actor=b.client_of(lina), now=t, data={"worker_id": omar.pk})
    engine.apply(first.offers.get(), "accept", actor=b.tasker_of(omar), now=t)
    run_due(t)  # the card is checked
    days_pass(t, b.at(16, "00:05"))
    second = made.occurrences.get(day=date(2026, 3, 23)).request
    offer = second.offers.get()
    assert (offer.worker_id, offer.source, offer.state) == (omar.pk, "series", "pending")
    assert sara.pk != omar.pk

    # skipping the 30th leaves the series alive
    series.skip(made, date(2026, 3, 30), actor=b.client_of(lina), now=b.at(17, "10:00"))
    days_pass(b.at(16, "00:05"), b.at(30, "00:05"))
    assert posted(made) == [date(2026, 3, 16), date(2026, 3, 23), date(2026, 4, 6)]
    made.refresh_from_db()
    assert made.stopped_at is None

    series.stop(made, actor=b.client_of(lina), now=b.at(30, "10:00"))
    days_pass(b.at(30, "00:05"), b.at(10, "00:05", month=4))
    assert posted(made)[-1] == date(2026, 4, 6)


@pytest.mark.parametrize(
    ("every", "first", "days"),
    [
        ("weekly", date(2026, 3, 9), ["2026-03-09", "2026-03-16", "2026-03-23"]),
        ("every_2_weeks", date(2026, 3, 9), ["2026-03-09", "2026-03-23", "2026-04-06"]),
        ("monthly", date(2026, 1, 31), ["2026-01-31", "2026-02-28", "2026-03-31"]),
    ],
)
def test_the_days_of_each_rhythm(every, first, days):
    plan = Series(every=every, first_day=first, count=3)
    assert [str(day) for day in series.days_of(plan, upto=date.max)] == days
    plan = Series(every=every, first_day=first, until=date.fromisoformat(days[1]))
    assert [str(day) for day in series.days_of(plan, upto=date.max)] == days[:2]


@pytest.mark.spec("KH-CAL-05")
def test_a_weekly_09_00_stays_09_00_after_the_clocks_change(khidma):
    berlin = ZoneInfo("Europe/Berlin")
    plan = Series(
        every="weekly", first_day=date(2026, 3, 23), from_time=time(9), to_time=time(12),
        zone="Europe/Berlin", count=2,
    )  # fmt: skip
    before, after = (series.window_of(plan, day) for day in series.days_of(plan, upto=date.max))
    assert [w[0].astimezone(berlin).time() for w in (before, after)] == [time(9), time(9)]
    assert after[0] - before[0] == timedelta(days=7) - timedelta(hours=1)


def test_days_within_the_horizon_are_posted_at_once(lina):
    made = weekly(lina, first="2026-03-04", count=2)
    run_due(b.EVENING)
    assert posted(made) == [date(2026, 3, 4)]
    made.refresh_from_db()
    assert made.posted_through == date(2026, 3, 4)


def test_the_hourly_job_posts_each_day_once(lina):
    made = weekly(lina, first="2026-03-04")
    for _n in range(3):
        series.post_due(now=b.EVENING)
        run_due(b.EVENING)
    series.post_due(now=b.EVENING + timedelta(hours=1))
    run_due(b.EVENING + timedelta(hours=1))
    assert posted(made) == [date(2026, 3, 4)]
    assert Request.objects.filter(client=lina, origin="series").count() == 1


def test_what_is_in_the_way_is_told_and_tried_again(lina):
    made = weekly(lina)
    card = lina.payment_methods.get()
    card.removed_at, card.is_default = b.EVENING, False
    card.save()
    run_until(b.at(9, "02:59"), start=b.at(8, "23:00"))
    made.refresh_from_db()
    assert posted(made) == []
    assert made.data["trouble"]["day"] == "2026-03-16"
    assert made.data["trouble"]["code"] == "invalid"
    assert Notice.objects.filter(user=lina, name="series_stuck").count() == 1  # told once, tried three times

    new = b.add_card(lina, now=b.at(9, "03:40"))
    series.change(made, actor=b.client_of(lina), now=b.at(9, "03:40"), method_id=new.pk)
    run_until(b.at(9, "05:00"), start=b.at(9, "03:40"))
    made.refresh_from_db()
    assert posted(made) == [date(2026, 3, 16)]
    assert "trouble" not in made.data


def test_an_expired_occurrence_leaves_the_series_alive(lina):
    made = weekly(lina, first="2026-03-04")
    days_pass(b.EVENING, b.at(5, "01:00"))
    assert made.occurrences.get(day=date(2026, 3, 4)).request.state == "expired"
    assert date(2026, 3, 11) in posted(made)
    assert made.occurrences.get(day=date(2026, 3, 11)).request.state == "matching"


def test_changing_the_series_changes_what_is_to_come(lina):
    office = places.add(
        lina, now=b.EVENING, label="Office", lines="8 King Fahd Road", floor=7, elevator=True,
        parking="none", lat=24.72, lng=46.68,
    )  # fmt: skip
    made = weekly(lina, first="2026-03-04")
    run_due(b.EVENING)
    first = made.occurrences.get().request
    made = series.change(
        made, actor=b.client_of(lina), now=b.EVENING, first_day=date(2026, 3, 12), every="every_2_weeks",
        from_time=time(10), to_time=time(16), address_id=office.pk, details={"items": 2},
    )  # fmt: skip
    days_pass(b.EVENING, b.at(5, "02:00"))
    first.refresh_from_db()
    assert first.place["label"] == "Home"
    nxt = made.occurrences.get(day=date(2026, 3, 12)).request
    assert (nxt.place["label"], nxt.details["items"], nxt.details["floor"]) == ("Office", 2, 7)
    assert nxt.window_start == b.at(12, "10:00")
    days = [planned.day for planned in series.coming(made, now=b.at(5, "02:00"), most=3)]
    assert days == [date(2026, 3, 12), date(2026, 3, 26), date(2026, 4, 9)]


def test_skipping_a_posted_day_cancels_it_while_nobody_has_accepted(lina):
    sara = cleaner()
    made = weekly(lina, first="2026-03-04")
    run_due(b.EVENING)
    request = made.occurrences.get().request
    series.skip(made, date(2026, 3, 4), actor=b.client_of(lina), now=b.EVENING)
    request.refresh_from_db()
    assert request.state == "cancelled_client"
    with pytest.raises(Invalid):
        series.skip(made, date(2026, 3, 5), actor=b.client_of(lina), now=b.EVENING)

    days_pass(b.EVENING, b.at(4, "00:05"))
    nxt = made.occurrences.get(day=date(2026, 3, 11)).request
    t = b.at(4, "00:06")
    engine.apply(nxt, "select", actor=b.client_of(lina), now=t, data={"worker_id": sara.pk})
    engine.apply(nxt.offers.get(), "accept", actor=b.tasker_of(sara), now=t)
    with pytest.raises(Refused) as refusal:
        series.skip(made, date(2026, 3, 11), actor=b.client_of(lina), now=t)
    assert refusal.value.code == "already_booked"
    assert Job.objects.get(request=nxt).state == "accepted"


def test_a_series_that_does_not_fit_is_refused_with_its_fields(lina):
    draft = complete(lina)
    kwargs = {"actor": b.client_of(lina), "now": b.EVENING}
    for fields, named in (
        ({"every": "daily"}, "every"),
        ({"every": "weekly", "until": date(2026, 3, 1)}, "until"),
        ({"every": "weekly", "count": 0}, "count"),
        ({"every": "weekly", "count": 3, "until": date(2026, 5, 1)}, "count"),
    ):
        with pytest.raises(Invalid) as refusal:
            series.start(draft, **fields, **kwargs)
        assert set(refusal.value.fields) == {named}
    flexible = save(draft, "window", flexible=True)
    with pytest.raises(Invalid):
        series.start(flexible, every="weekly", **kwargs)
    half = wizard.start(lina, now=b.EVENING, category="home_cleaning")
    with pytest.raises(Invalid):
        series.start(half, every="weekly", **kwargs)
    assert not Series.objects.exists()
    assert Request.objects.filter(pk=draft.pk).exists()


def test_a_series_is_its_clients_alone(lina):
    huda = b.client("Huda")
    made = weekly(lina)
    with pytest.raises(NotFound):
        series.series_for(huda, made.pk)
    for verb in (series.stop, series.change):
        with pytest.raises(NotFound):
            verb(made, actor=b.client_of(huda), now=b.EVENING)
    with pytest.raises(NotFound):
        series.skip(made, date(2026, 3, 16), actor=b.client_of(huda), now=b.EVENING)
    assert [s.pk for s in series.series_of(lina)] == [made.pk]
    assert series.series_of(huda) == []
    assert District.objects.exists()
    assert isinstance(made.created_at, datetime)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_post_a_day_once():
    policy.forget()
    with activate("khidma"), clock.travel(b.EVENING):
        b.city()
        catalogue.plant(b.EVENING)
        made = weekly(b.client("Lina"), first="2026-03-04")
        payload = {"series": made.pk, "day": "2026-03-04"}
        barrier, errors = threading.Barrier(4), []

        def work():
            from django.db import transaction

            try:
                barrier.wait(timeout=30)
                with transaction.atomic():
                    series.keep_promise(payload, b.EVENING)
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outbox.run_due(b.EVENING)
        assert errors == []
        assert Occurrence.objects.filter(series=made).count() == 1
        assert Request.objects.filter(origin="series").count() == 1
