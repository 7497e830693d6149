"""Edits before acceptance: judged before anything changes, re-priced, re-offered; refused from acceptance on (C16)."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.media import queries as media
from mahalla.kernel.work.models import Offer
from mahalla.kit.errors import Invalid, NotFound, Refused
from mahalla.kit.quote import Quote
from mahalla.markets.khidma import photos, supply
from mahalla.markets.khidma.models import TaskerProfile
from tests.kernel.media_samples import GPS_MARK, image
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
LATER = b.at(1, "20:05")


def edit(request, now=LATER, **fields):
    return engine.apply(request, "edit", actor=b.client_of(request.client), now=now, data={"fields": fields})


@pytest.mark.spec("KH-REQ-08")
def test_an_edit_while_offered_makes_version_2_and_after_acceptance_it_is_refused(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    assert Quote.from_json(offer.quote).total_minor == 124_80  # 3.3 h × 30.00 + 5.00, and 20 %

    request = edit(offer.request, details={"items": 8})
    offer = Offer.objects.get(pk=offer.pk)
    assert (offer.version, offer.state, request.state) == (2, "pending", "offered")
    # three items above five: 3 h × 1.25 = 3.75 h; 112.50 + 5.00, and 20 %
    assert request.estimate_min == 225
    assert Quote.from_json(offer.quote).total_minor == 141_00
    assert request.version == 2
    with pytest.raises(Refused) as refusal:
        engine.apply(offer, "accept", actor=b.tasker_of(sara), now=LATER, data={"version": 1})
    assert refusal.value.code == "stale_version"

    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=LATER, data={"version": 2})
    with pytest.raises(Refused) as refusal:
        edit(request, details={"items": 9})
    assert refusal.value.code == "task_already_accepted"
    request.refresh_from_db()
    assert request.details["items"] == 8


def test_an_edit_keeps_the_rest_and_the_fee_that_was_shown(khidma):
    lina = b.client("Lina")
    b.tasker("Sara")
    request = b.posted(lina)
    before = dict(request.quote)
    for name in ("Huda", "Rana"):
        b.posted(b.client(name))
    request = edit(request, details={"heavy_lifting": True}, text="The sofa is heavy")
    assert request.details == {
        "items": 5, "floor": 2, "elevator": False, "parking": "none", "heavy_lifting": True, "pets": False,
    }  # fmt: skip
    assert request.quote["fee_pct"] == before["fee_pct"] == "20"
    assert request.quote["minutes"] == 216  # 3 h × 1.20
    assert request.text == "The sofa is heavy"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"details": {"items": 0}}, "items"),
        ({"date": "2026-03-02", "from": "14:00", "to": "15:00"}, "window"),
        ({"category": "moving"}, "category"),
        ({"first_worker_id": 3}, "first_worker_id"),
        ({"price": 3}, "price"),
        ({"address_id": 999_999}, "address_id"),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(khidma, fields, named):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    b.category("moving")
    offer = b.offered(lina, sara)
    with pytest.raises(Invalid) as refusal:
        edit(offer.request, **fields)
    assert named in refusal.value.fields
    offer.refresh_from_db()
    assert (offer.version, offer.request.version) == (1, 1)


def test_an_edit_that_the_asked_tasker_could_not_do_says_to_take_the_offer_back(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    TaskerProfile.objects.filter(user=sara).update(accepts_pets=False)
    offer = b.offered(lina, sara)
    with pytest.raises(Refused) as refusal:
        edit(offer.request, details={"pets": True})
    assert refusal.value.code == "offer_no_longer_fits"
    engine.apply(offer, "withdraw", actor=b.client_of(lina), now=LATER)
    assert edit(offer.request, details={"pets": True}).details["pets"] is True


def test_an_outsider_edits_nothing(khidma):
    lina, huda = b.client("Lina"), b.client("Huda")
    b.tasker("Sara")
    request = b.posted(lina)
    with pytest.raises(NotFound):
        engine.apply(request, "edit", actor=b.client_of(huda), now=LATER, data={"fields": {"text": "x"}})


@pytest.mark.spec("KH-REQ-04")
def test_the_eleventh_photo_is_refused_and_a_served_photo_tells_no_place(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    request = b.draft(lina)
    data = image("JPEG", (320, 240), with_exif=True)
    assert GPS_MARK in data
    for _n in range(10):
        last = photos.attach(request, io.BytesIO(data), actor=b.client_of(lina), now=b.EVENING)
    with pytest.raises(Invalid) as refusal:
        photos.attach(request, io.BytesIO(data), actor=b.client_of(lina), now=b.EVENING)
    assert refusal.value.code == "too_many_photos"
    assert request.photos.count() == 10

    engine.apply(request, "post", actor=b.client_of(lina), now=b.EVENING)
    served = media.open_for(sara, last.asset_id, "full", now=b.EVENING)
    assert GPS_MARK not in served.data
    assert not Image.open(io.BytesIO(served.data)).getexif()

    too_large = data + bytes(10 * 1024 * 1024)
    photos.remove(request, last.pk, actor=b.client_of(lina), now=b.EVENING)
    with pytest.raises(Invalid) as refusal:
        photos.attach(request, io.BytesIO(too_large), actor=b.client_of(lina), now=b.EVENING)
    assert refusal.value.code == "file_too_large"


def test_who_sees_the_photos_of_a_task(khidma):
    lina, sara, omar = b.client("Lina"), b.tasker("Sara"), b.tasker("Omar", km=80)
    huda, noor = b.client("Huda"), b.person("Noor", "ops_admin")
    request = b.draft(lina)
    photo = photos.attach(request, io.BytesIO(image()), actor=b.client_of(lina), now=b.EVENING)

    def sees(user):
        try:
            media.asset_for(user, photo.asset_id)
        except NotFound:
            return False
        return True

    assert [sees(u) for u in (lina, sara, noor)] == [True, False, True]  # a draft is nobody's business
    engine.apply(request, "post", actor=b.client_of(lina), now=b.EVENING)
    assert [sees(u) for u in (lina, sara, noor, omar, huda)] == [True, True, True, False, False]
    other = b.tasker("Yusuf")
    assert sees(other)
    engine.apply(request, "select", actor=b.client_of(lina), now=LATER, data={"worker_id": sara.pk})
    engine.apply(request.offers.get(), "accept", actor=b.tasker_of(sara), now=LATER)
    run_until(LATER, start=LATER)
    assert [sees(u) for u in (sara, other, noor, huda)] == [True, False, True, False]
    supply.refresh_spots(sara.pk, now=LATER)


def test_a_photo_added_while_offered_is_an_edit(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    photos.attach(offer.request, io.BytesIO(image()), actor=b.client_of(lina), now=LATER)
    offer.refresh_from_db()
    assert offer.version == 2
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=LATER)
    with pytest.raises(Refused) as refusal:
        photos.attach(offer.request, io.BytesIO(image()), actor=b.client_of(lina), now=LATER)
    assert refusal.value.code == "task_already_accepted"
