"""Templates, duplicates, booking again, favourites: what a client starts from."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.catalog.operations import edit_category
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.places import operations as places
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import catalogue, photos, ranking, saved, wizard
from tests.kernel.media_samples import image
from tests.khidma import builders as b
from tests.khidma.test_wizard import complete, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def lina(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    return b.client("Lina")


def cleaner(name="Sara", **fields):
    return b.tasker(
        name, category_=Category.objects.get(code="home_cleaning"), skills=("cleaning",), **fields
    )


def done(client, tasker):
    """A task of tomorrow that the Tasker did."""
    request = wizard.post(complete(client), actor=b.client_of(client), now=b.EVENING)
    engine.apply(request, "select", actor=b.client_of(client), now=b.EVENING, data={"worker_id": tasker.pk})
    engine.apply(request.offers.get(), "accept", actor=b.tasker_of(tasker), now=b.EVENING)
    start, worker = b.at(2, "14:00"), b.tasker_of(tasker)
    run_until(start, start=b.EVENING)
    job = Job.objects.get(request=request)
    here = {"lat": b.HOME[0], "lng": b.HOME[1]}
    engine.apply(job, "arrive", actor=worker, now=start, data=here)
    engine.apply(job, "start_timer", actor=worker, now=start)
    engine.apply(job, "submit", actor=worker, now=start + timedelta(hours=3))
    return job


@pytest.mark.spec("KH-REQ-10")
def test_the_weekly_clean_template_gives_a_draft_equal_in_category_inputs_and_address(lina):
    request = complete(lina, floor=3, parking="limited", pets=True)
    photos.attach(request, io.BytesIO(image()), actor=b.client_of(lina), now=b.EVENING)
    kept = saved.save_template(lina, request.pk, name=" Weekly clean ", now=b.EVENING)
    assert [t.name for t in saved.templates_of(lina)] == ["Weekly clean"]

    draft = saved.start_from_template(lina, kept.pk, now=b.EVENING)
    assert draft.pk != request.pk
    assert draft.state == "draft"
    assert draft.category == request.category
    assert draft.details == request.details
    assert draft.place == request.place
    assert (draft.lat, draft.lng, draft.city_id) == (request.lat, request.lng, request.city_id)
    assert (draft.text, draft.method_id, draft.pricing_model) == (request.text, request.method_id, "hourly")
    assert (draft.window_start, draft.photos.count()) == (None, 0)
    assert wizard.resume_step(draft) == "window"
    assert saved.start_from_template(lina, kept.pk, now=b.EVENING, photos=True).photos.count() == 1

    draft = save(draft, "window", **{"date": "2026-03-09", "from": "09:00", "to": "15:00"})
    assert wizard.resume_step(draft) == "preview"
    assert wizard.post(draft, actor=b.client_of(lina), now=b.EVENING).state == "matching"


def test_a_template_name_is_one_of_its_client(lina):
    request = complete(lina)
    first = saved.save_template(lina, request.pk, name="Clean", now=b.EVENING)
    assert saved.save_template(lina, request.pk, name="Clean", now=b.EVENING).pk == first.pk
    with pytest.raises(Invalid):
        saved.save_template(lina, request.pk, name="  ", now=b.EVENING)
    huda = b.client("Huda")
    for attempt in (
        lambda: saved.save_template(huda, request.pk, name="Mine", now=b.EVENING),
        lambda: saved.start_from_template(huda, first.pk, now=b.EVENING),
        lambda: saved.remove_template(huda, first.pk),
        lambda: saved.duplicate(huda, request.pk, now=b.EVENING),
        lambda: saved.book_again(huda, request.pk, now=b.EVENING),
    ):
        with pytest.raises(NotFound):
            attempt()
    saved.remove_template(lina, first.pk)
    assert saved.templates_of(lina) == []


@pytest.mark.spec("KH-REQ-13")
def test_duplicating_an_expired_task_opens_the_wizard_at_the_time_window(lina):
    request = wizard.post(complete(lina), actor=b.client_of(lina), now=b.EVENING)
    run_until(b.at(3, "09:00"), start=b.EVENING)
    request.refresh_from_db()
    assert request.state == "expired"
    draft = saved.duplicate(lina, request.pk, now=b.at(3, "09:00"))
    assert (draft.state, draft.origin) == ("draft", "duplicate")
    assert wizard.resume_step(draft) == "window"
    assert (draft.details, draft.place) == (request.details, request.place)

    cancelled = wizard.post(complete(lina, now=b.EVENING), actor=b.client_of(lina), now=b.EVENING)
    engine.apply(cancelled, "cancel", actor=b.client_of(lina), now=b.EVENING)
    assert wizard.resume_step(saved.duplicate(lina, cancelled.pk, now=b.EVENING)) == "window"


def test_what_is_gone_meanwhile_is_asked_again(lina):
    request = wizard.post(complete(lina), actor=b.client_of(lina), now=b.EVENING)
    home = lina.addresses.get()
    places.remove(home, now=b.EVENING)
    draft = saved.duplicate(lina, request.pk, now=b.EVENING)
    assert draft.place["lines"] == "12 Olaya Street"  # the snapshot stands in for the removed address
    assert wizard.resume_step(draft) == "window"
    edit_category(Category.objects.get(code="home_cleaning"), actor=SYSTEM, now=b.EVENING, enabled=False)
    assert wizard.resume_step(saved.duplicate(lina, request.pk, now=b.EVENING)) == "category"


@pytest.mark.spec("KH-REQ-14")
def test_book_again_gives_omar_a_pending_offer_and_his_decline_brings_the_list_without_him(lina):
    omar, sara = cleaner("Omar"), cleaner("Sara")
    job = done(lina, omar)
    now = b.at(3, "10:00")
    run_until(now, start=b.at(2, "17:00"))
    draft = saved.book_again(lina, job.request_id, now=now)
    draft = save(draft, "window", now=now, **{"date": "2026-03-05", "from": "09:00", "to": "15:00"})
    request = wizard.post(draft, actor=b.client_of(lina), now=now)
    offer = request.offers.get()
    assert (offer.worker_id, offer.state, offer.source) == (omar.pk, "pending", "client_request")
    assert request.state == "offered"

    engine.apply(offer, "decline", actor=b.tasker_of(omar), now=now)
    request.refresh_from_db()
    assert request.state == "matching"
    assert ranking.ranking_for_display(request).worker_ids == [sara.pk]


def test_book_again_needs_somebody_who_worked(lina):
    request = complete(lina)
    with pytest.raises(NotFound) as refusal:
        saved.book_again(lina, request.pk, now=b.EVENING)
    assert refusal.value.code == "nobody_worked"


@pytest.mark.spec("KH-PROFILE-11")
def test_marking_sara_makes_her_a_favourite_once_and_lets_her_be_asked_first(lina):
    sara, omar = cleaner("Sara"), cleaner("Omar")
    saved.add_favourite(lina, sara.pk, now=b.EVENING)
    saved.add_favourite(lina, sara.pk, now=b.EVENING + timedelta(minutes=1))
    saved.add_favourite(lina, omar.pk, now=b.EVENING)
    schedule.switch(omar.pk, False, now=b.EVENING)
    cards = {card.worker.pk: card for card in saved.favourites(lina, now=b.EVENING)}
    assert len(cards) == 2
    assert (cards[sara.pk].available, cards[sara.pk].next_free) == (True, b.EVENING)
    assert cards[sara.pk].categories == ["home_cleaning"]
    assert (cards[omar.pk].available, cards[omar.pk].next_free) == (False, None)

    # the "request" button: a Draft that goes to Sara first
    draft = wizard.start(lina, now=b.EVENING, category="home_cleaning", first_worker_id=sara.pk)
    assert draft.data["first_worker_id"] == sara.pk

    saved.remove_favourite(lina, omar.pk)
    saved.remove_favourite(lina, omar.pk)
    assert [card.worker.pk for card in saved.favourites(lina, now=b.EVENING)] == [sara.pk]
    assert saved.favourites(b.client("Huda"), now=b.EVENING) == []
    with pytest.raises(NotFound):
        saved.add_favourite(lina, lina.pk, now=b.EVENING)
    with pytest.raises(NotFound):
        saved.add_favourite(lina, b.client("Rana").pk, now=b.EVENING)
