"""The wizard: step by step, saved at each, resumed where it was left, posted live at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import Category
from mahalla.kernel.catalog.operations import edit_category
from mahalla.kernel.flow import engine
from mahalla.kernel.places import operations as places
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Request
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.kit.flow import IllegalMove
from mahalla.markets.khidma import catalogue, feed, ranking, steps, wizard
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def lina(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    return b.client("Lina")


def save(request, step, now=b.EVENING, **data):
    return wizard.save_step(request, step, data, actor=b.client_of(request.client), now=now)


def complete(client, *, code="home_cleaning", now=b.EVENING, **details):
    """All steps of a task for tomorrow 14:00–18:00 at the default address, by card."""
    request = wizard.start(client, now=now, category=code)
    request = save(request, "details", text="Please bring supplies", details={"items": 5, **details}, now=now)
    request = save(request, "photos", now=now)
    if "address" in wizard.steps_of(request):
        home = Address.objects.get(user=client, is_default=True)
        request = save(request, "address", address_id=home.pk, now=now)
    request = save(request, "window", **{"date": "2026-03-02", "from": "14:00", "to": "18:00"}, now=now)
    request = save(request, "choice", now=now)
    method = client.payment_methods.get(is_default=True)
    return save(request, "payment", method_id=method.pk, now=now)


def test_the_steps_run_in_the_order_of_the_wizard(lina):
    request = wizard.start(lina, now=b.EVENING)
    assert wizard.steps_of(request) == [
        "category", "details", "photos", "address", "window", "choice", "payment", "preview",
    ]  # fmt: skip
    assert request.state == "draft"
    assert wizard.resume_step(request) == "category"


@pytest.mark.spec("KH-REQ-01")
def test_a_draft_closed_after_step_3_resumes_at_step_4_with_the_data_kept(lina):
    request = wizard.start(lina, now=b.EVENING)
    save(request, "category", category="home_cleaning")
    save(request, "details", text="Two bedrooms", details={"items": 3, "pets": True})
    save(request, "photos")

    later = b.EVENING + timedelta(days=1)
    [reopened] = wizard.drafts_of(lina)
    assert wizard.steps_of(reopened).index(wizard.resume_step(reopened)) + 1 == 4
    assert wizard.resume_step(reopened) == "address"
    assert reopened.category.code == "home_cleaning"
    assert reopened.text == "Two bedrooms"
    assert (reopened.details["items"], reopened.details["pets"]) == (3, True)

    back = save(reopened, "details", text="Three bedrooms", details={"items": 4}, now=later)
    assert back.text == "Three bedrooms"
    assert wizard.resume_step(back) == "address"


def test_a_draft_belongs_to_its_client_alone(lina):
    huda = b.client("Huda")
    request = wizard.start(lina, now=b.EVENING)
    with pytest.raises(NotFound):
        wizard.save_step(
            request, "category", {"category": "gardening"}, actor=b.client_of(huda), now=b.EVENING
        )
    with pytest.raises(NotFound):
        wizard.draft_for(huda, request.pk)
    with pytest.raises(NotFound):
        wizard.post(request, actor=b.client_of(huda), now=b.EVENING)
    with pytest.raises(Denied):
        wizard.save_step(request, "photos", {}, actor=b.tasker_of(huda), now=b.EVENING)


def test_a_step_that_cannot_be_taken_saves_nothing_and_names_the_fields(lina):
    request = wizard.start(lina, now=b.EVENING, category="small_move")
    with pytest.raises(Invalid) as refusal:
        save(request, "details", text="x", details={"items": 0, "floor": "high", "parking": "far"})
    assert set(refusal.value.fields) == {"items", "floor", "parking"}
    request.refresh_from_db()
    assert (request.text, request.details) == ("", {})
    with pytest.raises(Invalid) as refusal:
        save(request, "window", **{"date": "soon", "from": "9", "to": ""})
    assert set(refusal.value.fields) == {"date", "from", "to"}
    with pytest.raises(Invalid) as refusal:
        save(request, "category", category="cleaning")
    assert "group" in str(refusal.value.fields["category"])
    with pytest.raises(Invalid):
        save(request, "category", category="tv_mounting", pricing_model="fixed")
    with pytest.raises(Invalid):
        save(request, "payment", method_id=b.client("Huda").payment_methods.get().pk)


@pytest.mark.spec("KH-REQ-03")
def test_the_inputs_are_stored_and_shown_to_the_tasker_before_acceptance(lina):
    sara = b.tasker("Sara", category_=Category.objects.get(code="home_cleaning"), skills=("cleaning",))
    request = complete(lina, floor=3, elevator=False, parking="limited", items=6)
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    asked = sara.offers.get().request
    assert sara.offers.get().state == "pending"
    assert asked.details == {
        "floor": 3, "elevator": False, "parking": "limited", "items": 6, "heavy_lifting": False, "pets": False,
    }  # fmt: skip
    assert asked.text == "Please bring supplies"


@pytest.mark.spec("KH-REQ-07")
def test_picking_the_office_fills_address_floor_and_parking(lina):
    office = places.add(
        lina, now=b.EVENING, label="Office", lines="8 King Fahd Road", floor=7, elevator=True,
        parking="no_parking", lat=24.72, lng=46.68,
    )  # fmt: skip
    request = wizard.start(lina, now=b.EVENING, category="home_cleaning")
    request = save(request, "details", details={"items": 2})
    choices, selected = wizard.address_choices(request)
    assert [address.label for address in choices] == ["Home", "Office"]
    assert selected == lina.addresses.get(label="Home").pk

    request = save(request, "address", address_id=office.pk)
    assert (request.place["lines"], request.place["floor"]) == ("8 King Fahd Road", 7)
    assert request.place["parking"] == "no_parking"
    assert (request.details["floor"], request.details["elevator"]) == (7, True)
    assert request.details["parking"] == "no_parking"
    assert wizard.address_choices(request)[1] == office.pk


def test_what_the_client_typed_stands_against_the_address(lina):
    request = wizard.start(lina, now=b.EVENING, category="home_cleaning")
    request = save(request, "details", details={"items": 2, "floor": 5})
    request = save(request, "address", address_id=lina.addresses.get().pk)
    assert request.details["floor"] == 5
    assert request.place["floor"] == 2


def test_a_new_address_is_saved_with_the_task(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    rana = b.person("Rana", "client")
    request = wizard.start(rana, now=b.EVENING, category="home_cleaning")
    with pytest.raises(Invalid) as refusal:
        save(request, "address", address={"label": "Home", "lat": 24.7})
    assert set(refusal.value.fields) == {"lines", "lng"}
    with pytest.raises(Invalid) as refusal:
        save(request, "address", address={"label": "Farm", "lines": "Far", "lat": 10.0, "lng": 10.0})
    assert set(refusal.value.fields) == {"address"}
    new = {"label": "Home", "lines": "3 Palm St", "floor": 1, "lat": 24.7136, "lng": 46.6753}
    request = save(request, "address", address=new)
    assert (request.city.code, request.district.code) == ("riyadh", "olaya")
    assert Address.objects.get(user=rana).is_default


@pytest.mark.spec("KH-PROFILE-01")
def test_posting_needs_a_name_and_an_address_and_the_first_address_is_the_default(khidma):
    b.city()
    catalogue.plant(b.EVENING)
    rana = b.person("", "client")
    card = b.add_card(rana)
    request = wizard.start(rana, now=b.EVENING, category="home_cleaning", details={}, method_id=card.pk)
    request = save(request, "window", flexible=True)
    with pytest.raises(Invalid) as refusal:
        wizard.post(request, actor=b.client_of(rana), now=b.EVENING)
    assert set(refusal.value.fields) == {"name", "address"}
    first, second = b.home(rana), b.home(rana)
    assert (first.is_default, second.is_default) == (True, False)
    rana.name = "Rana"
    rana.save()
    request = save(request, "address", address_id=first.pk)
    assert wizard.post(request, actor=b.client_of(rana), now=b.EVENING).state == "matching"


@pytest.mark.spec("KH-PROFILE-02")
def test_an_edited_address_leaves_the_posted_task_as_it_was(lina):
    request = wizard.post(complete(lina), actor=b.client_of(lina), now=b.EVENING)
    home = lina.addresses.get()
    places.edit(home, now=b.EVENING, lines="99 New Street", floor=9, lat=24.9, lng=46.9)
    request.refresh_from_db()
    assert (request.place["lines"], request.place["floor"]) == ("12 Olaya Street", 2)
    assert (request.lat, request.lng) == b.HOME


@pytest.mark.spec("KH-REQ-05")
def test_a_window_of_four_hours_suits_who_is_free_for_the_whole_estimate_inside_it(lina):
    home_cleaning = Category.objects.get(code="home_cleaning")
    edit_category(home_cleaning, actor=SYSTEM, now=b.EVENING, default_minutes=180)
    monday = 0
    free_15_18 = b.tasker(
        "Sara", category_=home_cleaning, skills=("cleaning",), week=[(monday, 15 * 60, 18 * 60)]
    )
    free_16_18 = b.tasker(
        "Omar", category_=home_cleaning, skills=("cleaning",), week=[(monday, 16 * 60, 18 * 60)]
    )
    request = complete(lina, floor=0)
    assert request.estimate_min == 180
    assert (request.window_start, request.window_end) == (b.at(2, "14:00"), b.at(2, "18:00"))
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    pool = ranking.pool(request, now=b.EVENING)
    assert pool.start == {free_15_18.pk: b.at(2, "15:00")}
    assert free_16_18.pk not in pool.ids


def test_a_window_without_room_for_the_work_or_the_lead_is_refused(lina):
    request = wizard.start(lina, now=b.EVENING, category="home_cleaning", details={"floor": 0})
    with pytest.raises(Invalid) as refusal:
        save(request, "window", **{"date": "2026-03-02", "from": "14:00", "to": "16:59"})
    assert refusal.value.code == "window_too_short"
    # at 13:00 the work of 3 h could start at 14:00 at the latest: the lead of 60 minutes is just not there
    with pytest.raises(Invalid) as refusal:
        save(
            request, "window", **{"date": "2026-03-02", "from": "10:00", "to": "17:00"}, now=b.at(2, "13:00")
        )
    assert refusal.value.code == "window_too_soon"
    save(request, "window", **{"date": "2026-03-02", "from": "10:00", "to": "17:00"}, now=b.at(2, "12:59"))


def test_more_work_opens_the_window_step_again(lina):
    request = complete(lina)
    assert wizard.resume_step(request) == "preview"
    request = save(request, "details", details={"items": 20, "floor": 9, "heavy_lifting": True})
    assert request.estimate_min == 270  # 3 h × 1.50, more than the window of 4 h holds
    assert wizard.resume_step(request) == "window"


def test_a_flexible_task_counts_from_the_moment_of_posting(lina):
    request = complete(lina)
    request = save(request, "window", flexible="on")
    later = b.EVENING + timedelta(hours=5)
    request = wizard.post(request, actor=b.client_of(lina), now=later)
    assert request.window_start == later + timedelta(hours=1)
    # who accepts in the last minute of the 72 hours still has the lead and the whole work ahead
    lead_and_work = timedelta(minutes=60 + request.estimate_min)
    assert request.window_end == later + timedelta(hours=72) + lead_and_work


def test_the_kind_of_choice_is_kept_and_cannot_contradict_itself(lina):
    request = wizard.start(lina, now=b.EVENING, category="home_cleaning")
    assert save(request, "choice", choose_for_me=True).data["choose_for_me"] is True
    assert "choose_for_me" not in save(request, "choice", no_auto_match=True).data
    with pytest.raises(Invalid):
        save(request, "choice", choose_for_me=True, no_auto_match=True)
    with pytest.raises(Invalid) as refusal:
        save(request, "choice", first_worker_id=b.tasker("Stranger").pk)
    assert set(refusal.value.fields) == {"first_worker_id"}


def test_remote_work_has_no_address_step(lina):
    request = complete(lina, code="data_entry")
    assert "address" not in wizard.steps_of(request)
    assert (request.place, request.lat, request.city_id) == ({}, None, None)
    assert wizard.post(request, actor=b.client_of(lina), now=b.EVENING).state == "matching"


@pytest.mark.spec("KH-PRICE-08")
def test_the_preview_range_is_99_00_to_138_60(lina):
    request = complete(lina, floor=2, elevator=False)
    assert request.estimate_min == 198  # 3.0 h × 1.10 = 3.3 h
    shown = wizard.preview(request, now=b.EVENING)
    assert (shown["p25_minor"], shown["p75_minor"], shown["fee_pct"]) == (2500, 3500, "20")
    assert (shown["low_minor"], shown["high_minor"]) == (99_00, 138_60)


def test_the_fee_that_the_preview_showed_holds_when_posting_until_the_draft_changes(lina):
    request = complete(lina)
    before = wizard.preview(request, now=b.EVENING)
    sara = b.tasker("Sara", category_=Category.objects.get(code="home_cleaning"), skills=("cleaning",))
    for name in ("Huda", "Rana"):
        other = b.client(name)
        wizard.post(complete(other), actor=b.client_of(other), now=b.EVENING)
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    assert request.quote["fee_pct"] == before["fee_pct"] == "20"
    assert request.quote["demand_supply"] == before["demand_supply"]
    fourth = b.client("Maha")
    changed = complete(fourth)
    assert wizard.preview(changed, now=b.EVENING)["fee_pct"] == "30"  # four tasks, one Tasker
    assert sara.pk


@pytest.mark.spec("KH-REQ-06")
def test_posting_makes_the_task_live_in_the_same_call(lina):
    sara = b.tasker("Sara", category_=Category.objects.get(code="home_cleaning"), skills=("cleaning",))
    request = wizard.post(complete(lina), actor=b.client_of(lina), now=b.EVENING)
    assert (request.state, request.status) == ("matching", "matching")
    assert sara.pk in ranking.pool(request, now=b.EVENING).ids
    names = request_events(request)
    assert names[-2:] == ["post", "start_matching"]
    assert [card.request_id for card in feed.feed_for(sara, now=b.EVENING)] == [request.pk]


def request_events(request):
    from mahalla.kernel.events.models import Event

    found = Event.objects.filter(noun="request", subject_id=request.pk).order_by("pk")
    return list(found.values_list("name", flat=True))


@pytest.mark.spec("KH-REQ-11")
def test_a_task_for_day_plus_10_is_matched_today_against_the_calendars_of_that_day(lina):
    home_cleaning = Category.objects.get(code="home_cleaning")
    wednesday = 2
    free = b.tasker("Sara", category_=home_cleaning, skills=("cleaning",), week=[(wednesday, 480, 1200)])
    b.tasker("Omar", category_=home_cleaning, skills=("cleaning",), week=[(0, 480, 1200), (1, 480, 1200)])
    request = complete(lina)
    request = save(request, "window", **{"date": "2026-03-11", "from": "14:00", "to": "18:00"})
    request = wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    assert (request.window_start - b.at(1, "14:00")).days == 10
    assert request.state == "matching"
    assert ranking.ranking_for_display(request).worker_ids == [free.pk]


@pytest.mark.spec("KH-REQ-02")
def test_mounting_gives_only_taskers_with_that_category_and_its_skills(lina):
    mounting = Category.objects.get(code="tv_mounting")
    home_cleaning = Category.objects.get(code="home_cleaning")
    able = b.tasker("Omar", category_=mounting, skills=("mounting",), tools=("drill",))
    b.tasker("Sara", category_=home_cleaning, skills=("cleaning", "mounting"), tools=("drill",))
    b.tasker("Yusuf", category_=mounting, skills=("cleaning",), tools=("drill",))
    request = wizard.post(complete(lina, code="tv_mounting"), actor=b.client_of(lina), now=b.EVENING)
    assert ranking.pool(request, now=b.EVENING).ids == [able.pk]
    assert ranking.ranking_for_display(request).worker_ids == [able.pk]


def test_a_category_that_closed_meanwhile_cannot_be_posted(lina):
    request = complete(lina)
    edit_category(Category.objects.get(code="cleaning"), actor=SYSTEM, now=b.EVENING, enabled=False)
    with pytest.raises(Invalid) as refusal:
        wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    assert set(refusal.value.fields) == {"category"}
    assert Request.objects.get(pk=request.pk).state == "draft"


def test_posting_twice_posts_once(lina):
    request = complete(lina)
    wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    with pytest.raises(IllegalMove):
        wizard.post(request, actor=b.client_of(lina), now=b.EVENING)
    with pytest.raises(Refused):
        save(request, "photos")


def test_every_step_has_fields_of_its_own():
    fields = [name for step in steps.STEPS for name in step.fields]
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize(
    "text", ["Call me on 0501234567", "Write to lina@example.com", "راسلني على ٠٥٠١٢٣٤٥٦٧"]
)
def test_a_way_round_the_chat_is_refused_in_the_text_that_everybody_reads(lina, text):
    request = wizard.start(lina, now=b.EVENING, category="home_cleaning")
    with pytest.raises(Invalid) as refused:
        save(request, "details", text=text, details={"items": 5})
    assert set(refused.value.fields) == {"text"}
    assert save(request, "details", text="3 rooms, 120 m², until 18:00", details={"items": 5}).text
