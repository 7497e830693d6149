"""A Tasker's way to the first offer: the checklist, the checks, the manual approval, the newcomer's package."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.catalog.models import Skill
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.matching.models import Spot
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.work.models import Job, Offer
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.markets.khidma import feed, hours, inbox, onboarding, ranking, rates, supply, tips
from mahalla.markets.khidma.models import TaskerProfile, TaskerStats
from tests.khidma import builders as b
from tests.khidma.supply_town import done, picture

pytestmark = pytest.mark.django_db
IBAN = "SA0380000000608010167519"


def state_of(user, code):
    return next(step.state for step in supply.checklist(user, now=b.EVENING) if step.code == code)


def begun(name="Huda"):
    """Registered, with profile, price, hours, payout method and contract: all but the checks and the approval."""
    user = b.person(name)
    b.city()
    onboarding.start(user, now=b.EVENING)
    me = {"actor": b.tasker_of(user), "now": b.EVENING}
    lat, lng = b.HOME[0] + 0.03, b.HOME[1]
    onboarding.save_profile(user, bio="I clean with care.", lat=lat, lng=lng, radius_km=20, **me)
    rates.set_rate(user, b.category(), hourly_minor=3000, minimum_min=120, **me)
    hours.set_week(user, b.WEEK, **me)
    onboarding.set_payout_method(user, kind="bank", account=IBAN, holder=name, **me)
    onboarding.accept_contract(user, version=supply.CONTRACT_VERSION, **me)
    return user


def submitted(user, kind):
    """A check handed in, as it waits for a person."""
    from mahalla.kernel.trust.models import Verification

    check = Verification(user=user, kind=kind, submitted_at=b.EVENING)
    check.state, check.phase, check.state_since = "submitted", "open", b.EVENING
    check.save()
    return check


def candidates(request):
    return set(ranking.pool(request, now=b.EVENING).ids)


@pytest.mark.spec("KH-ID-03")
def test_after_the_code_there_is_a_checklist_and_no_offers(khidma):
    huda = b.person("Huda")
    b.posted(b.client())
    onboarding.start(huda, now=b.EVENING)
    onboarding.start(huda, now=b.EVENING)
    assert huda.has_role("tasker")
    steps = {step.code: step.state for step in supply.checklist(huda, now=b.EVENING)}
    assert steps == {
        "phone": "done",
        **dict.fromkeys(("national_id", "background_check", "profile", "rates", "payout"), "missing"),
        **dict.fromkeys(("contract", "hours", "approval"), "missing"),
    }
    assert inbox.offers_for(huda, now=b.EVENING) == []
    assert feed.feed_for(huda, now=b.EVENING) == []
    assert huda.pk not in supply.eligible([huda.pk], now=b.EVENING)


@pytest.mark.spec("KH-ID-09")
def test_with_a_check_pending_nobody_is_a_candidate_and_after_its_approval_is(khidma):
    admin = b.person("Adel", "admin")
    request = b.posted(b.client())
    huda = begun()
    b.approve_check(huda, "national_id", now=b.EVENING)
    check = submitted(huda, "background_check")
    onboarding.request_review(huda, actor=b.tasker_of(huda), now=b.EVENING)
    assert state_of(huda, "approval") == "pending"
    onboarding.approve(huda, actor=b.staff_of(admin, "admin"), now=b.EVENING)
    assert state_of(huda, "background_check") == "pending"
    assert huda.pk not in candidates(request)

    trust.approve(check, actor=b.staff_of(admin, "admin"), now=b.EVENING)
    assert state_of(huda, "background_check") == "done"
    assert huda.pk in candidates(request)
    assert Spot.objects.get(worker=huda).live


def test_every_step_counts(khidma):
    huda = begun()
    profile = TaskerProfile.objects.filter(user=huda)
    for kind in supply.CHECKS:
        b.approve_check(huda, kind, now=b.EVENING)
    profile.update(approved_at=b.EVENING)
    assert supply.eligible([huda.pk], now=b.EVENING) == {huda.pk}
    for missing in ({"bio": ""}, {"approved_at": None}, {"contract_version": "0"}, {"lat": None}):
        before = profile.values(*missing).get()
        profile.update(**missing)
        assert supply.eligible([huda.pk], now=b.EVENING) == set(), missing
        profile.update(**before)
    rates.remove_rate(huda, b.category().pk, actor=b.tasker_of(huda), now=b.EVENING)
    assert supply.eligible([huda.pk], now=b.EVENING) == set()
    assert not Spot.objects.filter(worker=huda).exists()


def test_the_review_waits_until_nothing_is_missing(khidma):
    admin, huda = b.person("Adel", "admin"), begun()
    with pytest.raises(Refused) as no:
        onboarding.request_review(huda, actor=b.tasker_of(huda), now=b.EVENING)
    assert no.value.detail["steps"] == ["national_id", "background_check"]
    with pytest.raises(Refused):
        onboarding.approve(huda, actor=b.staff_of(admin, "admin"), now=b.EVENING)


def test_a_rejection_says_why_and_the_tasker_may_ask_again(khidma):
    admin, huda = b.person("Adel", "admin"), begun()
    for kind in supply.CHECKS:
        b.approve_check(huda, kind, now=b.EVENING)
    onboarding.request_review(huda, actor=b.tasker_of(huda), now=b.EVENING)
    assert [p.user for p in onboarding.waiting()] == [huda]
    with pytest.raises(Invalid):
        onboarding.reject(huda, reason=" ", actor=b.staff_of(admin, "admin"), now=b.EVENING)
    onboarding.reject(huda, reason="The photo is blurred.", actor=b.staff_of(admin, "admin"), now=b.EVENING)
    step = next(s for s in supply.checklist(huda, now=b.EVENING) if s.code == "approval")
    assert (step.state, step.note) == ("rejected", "The photo is blurred.")
    assert "blurred" in Notice.objects.get(user=huda, name="tasker_rejected").body
    assert list(onboarding.waiting()) == []

    onboarding.request_review(huda, actor=b.tasker_of(huda), now=b.EVENING)
    onboarding.approve(huda, actor=b.staff_of(admin, "admin"), now=b.EVENING)
    event = Event.objects.get(name="tasker.approved")
    assert (event.actor_id, event.role, event.subject_id) == (admin.pk, "admin", huda.pk)
    assert supply.eligible([huda.pk], now=b.EVENING) == {huda.pk}
    with pytest.raises(Refused):
        onboarding.reject(huda, reason="Too late", actor=b.staff_of(admin, "admin"), now=b.EVENING)


def test_outsiders_decide_and_change_nothing(khidma):
    huda, omar = begun(), b.client("Omar")
    for role in ("client", "tasker", "admin"):
        with pytest.raises(Denied):
            onboarding.approve(huda, actor=b.staff_of(omar, role), now=b.EVENING)
        with pytest.raises(NotFound):
            onboarding.save_profile(huda, actor=b.staff_of(omar, role), now=b.EVENING, bio="Mine")
        with pytest.raises(NotFound):
            rates.set_rate(huda, b.category(), hourly_minor=100, actor=b.staff_of(omar, role), now=b.EVENING)
        with pytest.raises(NotFound):
            hours.switch(huda, False, actor=b.staff_of(omar, role), now=b.EVENING)
    with pytest.raises(NotFound):
        onboarding.set_payout_method(
            huda, kind="bank", account=IBAN, holder="Omar", actor=b.client_of(omar), now=b.EVENING
        )


def test_a_lapsed_check_is_missing_and_says_so(khidma):
    sara = b.tasker()
    later = b.EVENING + timedelta(days=365)
    step = next(s for s in supply.checklist(sara, now=later) if s.code == "national_id")
    assert step.state == "missing" and "run out" in str(step.note)
    assert {s.state for s in supply.checklist(sara, now=later)} <= {"missing", "pending", "done", "rejected"}


def test_the_sweep_mends_what_was_forgotten(khidma):
    sara = b.tasker()
    TaskerProfile.objects.filter(user=sara).update(contract_version="0")
    assert Spot.objects.get(worker=sara).live
    assert supply.sweep(now=b.EVENING) == 1
    assert not Spot.objects.get(worker=sara).live
    assert supply.sweep(now=b.EVENING) == 0


def test_a_suspension_takes_off_the_map_and_its_end_brings_back(khidma):
    admin, sara = b.person("Adel", "admin"), b.tasker()
    sanction = trust.impose(
        sara.pk,
        "suspension",
        reason="Three strikes",
        actor=b.staff_of(admin, "admin"),
        now=b.EVENING,
        ends_at=b.EVENING + timedelta(days=7),
    )
    assert not Spot.objects.get(worker=sara).live
    trust.lift(sanction, actor=b.staff_of(admin, "admin", "Cleared"), now=b.EVENING, reason="Cleared")
    assert Spot.objects.get(worker=sara).live


# --- profile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("radius_km", 51),
        ("radius_km", 0),
        ("bio", "x" * 1001),
        ("tools", ["chainsaw"]),
        ("name", " "),
        ("lat", 95),
        ("approved_at", "now"),
    ],
)
def test_what_cannot_be_saved_names_its_field(khidma, field, value):
    sara = b.tasker()
    fields = {"lng": 46.0, field: value} if field == "lat" else {field: value}
    with pytest.raises(Invalid) as no:
        onboarding.save_profile(sara, actor=b.tasker_of(sara), now=b.EVENING, **fields)
    assert field in no.value.fields


def test_only_own_pictures(khidma):
    sara, omar = b.tasker(), b.client("Omar")
    theirs = picture(omar, "portfolio")
    with pytest.raises(Invalid):
        onboarding.add_photo(sara, theirs, actor=b.tasker_of(sara), now=b.EVENING)
    with pytest.raises(Invalid):
        onboarding.save_profile(sara, actor=b.tasker_of(sara), now=b.EVENING, photo=picture(sara, "chat"))
    Skill.objects.get_or_create(code="ironing", defaults={"names": {"en": "Ironing"}})
    with pytest.raises(Invalid):
        onboarding.set_skills(
            sara, [{"code": "ironing", "years": -1}], actor=b.tasker_of(sara), now=b.EVENING
        )


def test_moving_the_centre_moves_the_spot_and_the_radius_is_kept(khidma):
    sara = b.tasker()
    me = {"actor": b.tasker_of(sara), "now": b.EVENING}
    onboarding.save_profile(sara, lat=24.8, lng=46.7, radius_km=15, **me)
    spot = Spot.objects.get(worker=sara)
    assert (spot.lat, spot.lng, spot.radius_m) == (24.8, 46.7, 15_000)


# --- the newcomer ---------------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-MATCH-15")
def test_the_first_three_tasks_bring_ten_percent_more(khidma):
    lina, sara = b.client(), b.tasker(approved_days_ago=1)
    paid = []
    for day in (3, 4, 5, 6):
        before = ledger.balances([f"payable/user:{sara.pk}"])
        start = next(iter(before.values())).credits_posted if before else 0
        done(lina, sara, day)
        paid.append(ledger.balance(f"payable/user:{sara.pk}").credits_posted - start)
    assert paid == [8800, 8800, 8800, 8000]
    assert ledger.balance("cost/incentives").debit_minor == 2400


def test_the_rest_of_the_package(khidma):
    """No offer before the approval, the price capped, one open instant booking."""
    lina, sara = b.client(), b.tasker(rate=4000, approved_days_ago=1, instant=True)
    first = b.posted(lina)
    engine.apply(first, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    assert Job.objects.get(request=first).terms["rate_minor"] == 3000
    second = b.posted(lina, window_start=b.at(3, "14:00"), window_end=b.at(3, "18:00"))
    engine.apply(second, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    assert Offer.objects.get(request=second).state == "pending"
    TaskerProfile.objects.filter(user=sara).update(approved_at=None)
    third = b.posted(lina, window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00"))
    with pytest.raises(Refused):
        engine.apply(third, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})


@pytest.mark.spec("KH-UX-05")
def test_tips_until_the_fifth_task(khidma):
    sara = b.tasker()
    assert str(tips.tips_for(sara, now=b.EVENING)[0].title) == "Answer quickly"
    TaskerStats.objects.filter(worker=sara).update(completed=6)
    assert tips.tips_for(sara, now=b.EVENING) == ()
