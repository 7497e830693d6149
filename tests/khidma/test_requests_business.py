"""Business orders and assisted scoping: behind their flags, off at the start."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mahalla.kernel import policy
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_due, run_until
from mahalla.kernel.places import operations as places
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import Denied, NotFound, Refused
from mahalla.markets.khidma import business, catalogue, scoping, segments, series
from mahalla.markets.khidma.models import Receipt
from tests.khidma import builders as b
from tests.khidma.test_wizard import complete, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def lina(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    return b.client("Lina")


def open_flag(name):
    admin = b.staff_of(b.person("Reem", "admin"), "admin", "pilot")
    policy.set_value(name, True, valid_from=b.EVENING, actor=admin, now=b.EVENING)
    policy.forget()


def test_business_orders_are_off_at_the_start_and_for_businesses_only(lina):
    for read in (business.sites, lambda user, now: business.statement(user, month=now.date(), now=now)):
        with pytest.raises(Refused) as refusal:
            read(lina, now=b.EVENING)
        assert refusal.value.code == "business_orders_off"
    open_flag("flag_business_orders")
    with pytest.raises(Denied):
        business.sites(lina, now=b.EVENING)


def order(client, address, *, first, items):
    draft = complete(client)
    draft = save(draft, "details", details={"items": items, "floor": 0})
    draft = save(draft, "address", address_id=address.pk)
    draft = save(draft, "window", **{"date": first, "from": "09:00", "to": "16:00"})
    return series.start(draft, every="weekly", actor=b.client_of(client), now=b.EVENING)


def book(request, tasker):
    client, now = b.client_of(request.client), b.at(1, "20:05")
    engine.apply(request, "select", actor=client, now=now, data={"worker_id": tasker.pk})
    engine.apply(request.offers.get(), "accept", actor=b.tasker_of(tasker), now=now)
    return Job.objects.get(request=request)


def finish(job):
    """Three hours of work, confirmed by the client."""
    start, worker = b.at(2, "09:00"), b.tasker_of(job.worker)
    here = {"lat": job.request.lat, "lng": job.request.lng}
    engine.apply(job, "arrive", actor=worker, now=start, data=here)
    engine.apply(job, "start_timer", actor=worker, now=start)
    engine.apply(job, "submit", actor=worker, now=start + timedelta(hours=3))
    engine.apply(job, "confirm", actor=b.client_of(job.client), now=start + timedelta(hours=4))


def receipts(jobs):
    """Each job's receipt, as the market wrote it when the money went through, else by its final price."""
    for job in Job.objects.filter(pk__in=[job.pk for job in jobs]):
        if not Receipt.objects.filter(job=job).exists():
            Receipt.objects.create(
                number=1000 + job.pk, kind=Receipt.Kind.RECEIPT, job=job, lines=job.final["lines"],
                currency="SAR", total_minor=job.final["total_minor"], issued_at=b.at(2, "13:00"),
            )  # fmt: skip


@pytest.mark.spec("KH-REQ-18")
def test_an_office_holds_two_series_on_two_addresses_and_one_statement(lina):
    open_flag("flag_business_orders")
    segments.declare(lina, "small_office", actor=b.client_of(lina), now=b.EVENING)
    home = lina.addresses.get()
    office = places.add(
        lina, now=b.EVENING, label="Branch", lines="8 King Fahd Road", floor=0, lat=24.72, lng=46.68
    )
    sara = b.tasker("Sara", category_=catalogue.bookable()[0], skills=("cleaning",), travel=0)
    omar = b.tasker("Omar", category_=catalogue.bookable()[0], skills=("cleaning",), travel=0, rate=4000)
    assert catalogue.bookable()[0].code == "home_cleaning"
    one = order(lina, home, first="2026-03-02", items=5)
    two = order(lina, office, first="2026-03-02", items=2)
    run_due(b.EVENING)
    assert [(site.address.label, [s.pk for s in site.series]) for site in business.sites(lina, now=b.EVENING)] == [
        ("Home", [one.pk]), ("Branch", [two.pk]),
    ]  # fmt: skip

    requests = [s.occurrences.order_by("day").first().request for s in (one, two)]
    jobs = [book(request, tasker) for request, tasker in zip(requests, (sara, omar), strict=True)]
    run_until(b.at(2, "09:00"), start=b.at(1, "20:05"))
    for job in jobs:
        finish(job)
    run_due(b.at(2, "13:00"))
    receipts(jobs)

    months = business.statement(lina, month=date(2026, 3, 20), now=b.at(31, "12:00"))
    assert (months.month, months.currency) == (date(2026, 3, 1), "SAR")
    assert {line.job.pk for line in months.lines} == {job.pk for job in jobs}
    assert months.by_site == {"Home": 103_50, "Branch": 144_00}  # 3 h × 30.00 and 15 %, 3 h × 40.00 and 20 %
    assert months.total_minor == 247_50
    assert {line.series_id for line in months.lines} == {one.pk, two.pk}
    assert Receipt.objects.count() == 2
    assert business.statement(lina, month=date(2026, 2, 1), now=b.at(31, "12:00")).lines == []

    huda = b.client("Huda")
    segments.declare(huda, "enterprise", actor=b.client_of(huda), now=b.EVENING)
    assert business.statement(huda, month=date(2026, 3, 1), now=b.at(31, "12:00")).lines == []


# --- assisted scoping -----------------------------------------------------------------------------------------------


def test_assisted_scoping_is_off_at_the_start(lina):
    with pytest.raises(Refused) as refusal:
        scoping.propose("mount two TVs", now=b.EVENING)
    assert refusal.value.code == "assisted_scoping_off"


@pytest.mark.spec("KH-REQ-19")
def test_two_tvs_on_the_third_floor_are_proposed_and_wait_for_the_client(lina):
    open_flag("flag_assisted_scoping")
    found = scoping.propose("mount two TVs on third floor", now=b.EVENING)
    assert (found.category.code, found.category.parent.code) == ("tv_mounting", "mounting")
    assert found.details == {"items": 2, "floor": 3}
    assert found.minutes == 104  # 1.5 h × 1.15 for three floors without a lift
    assert found.missing == []
    assert Request.objects.count() == 0

    draft = scoping.confirm(
        lina, category=found.category.code, details={**found.details, "items": 3}, text=found.text, now=b.EVENING
    )  # fmt: skip
    assert (draft.state, draft.posted_at, draft.details["items"]) == ("draft", None, 3)


@pytest.mark.parametrize(
    ("text", "code", "details"),
    [
        ("أبغى تعليق شاشتين في الدور الثالث", "tv_mounting", {"items": 2, "floor": 3}),
        ("تنظيف شقة بالدور الثاني بدون مصعد وعندي قطط", "home_cleaning", {"floor": 2, "elevator": False, "pets": True}),
        ("نقل عفش ثقيل ٨ قطع من الدور الرابع", "furniture_move", {"items": 8, "floor": 4, "heavy_lifting": True}),
        ("تنظيف ٣ مكيفات سبليت", "ac_cleaning", {"items": 3}),
        ("Assemble an IKEA wardrobe, 5th floor, there is an elevator", "furniture_assembly", {"floor": 5, "elevator": True}),
        ("my kitchen tap is leaking", "plumbing_minor", {}),
        ("Deep cleaning of my apartment, two cats", "deep_cleaning", {"pets": True}),
        ("type a spreadsheet of 40 invoices", "data_entry", {"items": 40}),
    ],
)  # fmt: skip
def test_words_in_both_languages(lina, text, code, details):
    open_flag("flag_assisted_scoping")
    found = scoping.propose(text, now=b.EVENING)
    assert (found.category.code, found.details) == (code, details)


def test_another_provider_is_believed_no_more_than_a_form(lina):
    class Loud:
        def guess(self, text, *, categories, photos):
            return scoping.Guess("small_move", {"items": -4, "floor": 2, "price": 1})

    open_flag("flag_assisted_scoping")
    before = scoping.use(Loud())
    try:
        found = scoping.propose("anything at all", now=b.EVENING)
    finally:
        scoping.use(before)
    assert (found.details, found.missing) == ({"floor": 2}, ["items"])
    with pytest.raises(NotFound):
        scoping.propose("zzz qqq", now=b.EVENING)
