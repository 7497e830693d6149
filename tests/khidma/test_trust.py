"""Checks, badges, sanctions and the rules that protect a contractor: what they do to lists and offers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel import policy
from mahalla.kernel.flow import deadlines, engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.trust import queries
from mahalla.kernel.trust.models import Flag, Sanction, Verification
from mahalla.kernel.work.models import Offer
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Refused
from mahalla.markets.khidma import feed, onboarding, ranking, rates, supply
from mahalla.markets.khidma.models import TaskerStats
from tests.api.app import App
from tests.khidma import builders as b
from tests.khidma import client_town as town
from tests.khidma import tasker_town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]


def listed(request) -> set[int]:
    return set(ranking.pool(request, now=b.EVENING).ids)


def sent(user: User, kind: str, now=b.EVENING) -> Verification:
    check = Verification(user=user, kind=kind, submitted_at=now)
    check.state, check.phase, check.state_since = "submitted", "open", now
    check.save()
    return check


# --- checks ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-TRUST-02")
def test_a_rejected_background_check_says_why_and_how_to_contest_and_no_offers_come():
    town.go_to(b.EVENING)
    sara, adel = b.tasker("Sara"), b.person("Adel", "admin")
    Verification.objects.filter(user=sara, kind="background_check").delete()
    check = sent(sara, "background_check")
    trust.reject(
        check, reason="The certificate is unreadable", actor=b.staff_of(adel, "admin"), now=b.EVENING
    )
    supply.refresh_spots(sara.pk, now=b.EVENING)

    web = tasker_town.browser(sara)
    page = web.get("/work/checks/")
    assert "The certificate is unreadable" in tasker_town.text_of(page)
    assert "The certificate is unreadable" in Notice.objects.get(user=sara, name="verification_rejected").body
    request = b.posted(b.client())
    assert listed(request) == set()
    assert feed.feed_for(sara, now=b.EVENING) == []
    with pytest.raises(Refused):
        engine.apply(
            request, "select", actor=b.client_of(request.client), now=b.EVENING, data={"worker_id": sara.pk}
        )
    assert not Offer.objects.exists()

    tasker_town.press(web, page, f"/{check.pk}/contest/", text="Here is a clear copy")
    assert b.fresh(check).state == "submitted"
    assert b.fresh(check).contest == "Here is a clear copy"
    trust.approve(b.fresh(check), actor=b.staff_of(adel, "admin"), now=b.EVENING)
    assert listed(request) == {sara.pk}


@pytest.mark.spec("KH-TRUST-04")
def test_a_check_is_warned_of_30_and_7_days_before_and_lapses_on_day_365():
    sara, adel = b.tasker("Sara"), b.person("Adel", "admin")
    check = trust.approve(sent(sara, "background_check"), actor=b.staff_of(adel, "admin"), now=b.EVENING)
    day = timedelta(days=1)

    def warned() -> int:
        return Notice.objects.filter(user=sara, name="verification_warning").count()

    seen = {}
    for after in (334, 335, 357, 358, 364):
        deadlines.run_due(b.EVENING + after * day)
        seen[after] = warned()
    assert seen == {334: 0, 335: 1, 357: 1, 358: 2, 364: 2}
    assert b.fresh(check).state == "approved"
    eve, due = b.EVENING + 364 * day, b.EVENING + 365 * day
    b.approve_check(sara, "national_id", now=eve)
    window = {"window_start": due + timedelta(hours=14), "window_end": due + timedelta(hours=22)}
    request = b.posted(b.client(now=eve), now=eve, **window)
    assert ranking.pool(request, now=eve).ids == [sara.pk]
    deadlines.run_due(due)
    assert b.fresh(check).state == "expired"
    assert ranking.pool(request, now=due).ids == []
    step = next(s for s in supply.checklist(sara, now=due) if s.code == "background_check")
    assert (step.state, str(step.note)) == (
        "missing", "Your last check has run out. Please send a new one.",
    )  # fmt: skip


@pytest.mark.spec("KH-TRUST-05")
def test_every_card_of_a_tasker_carries_both_badges_with_their_date():
    town.go_to(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    task = b.posted(lina)

    def both(path: str) -> None:
        page = town.browser(lina).get(path).content.decode()
        for badge in ("ID checked", "Background checked"):
            after = page[page.index(badge) :][:120]
            assert 'datetime="2026-03-01"' in after, (path, badge)

    both(f"/tasks/{task.pk}/")  # the list
    both(f"/taskers/{sara.pk}/?task={task.pk}")  # the profile
    engine.apply(task, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    both(f"/tasks/{task.pk}/")  # the offer that waits
    engine.apply(
        Offer.objects.get(), "accept", actor=b.tasker_of(sara), now=b.EVENING,
        data={"start_at": b.at(2, "14:30")},
    )  # fmt: skip
    both(f"/tasks/{task.pk}/")  # the task
    told = App(lina).get(f"/taskers/{sara.pk}")["badges"]
    assert [(one["code"], one["checked_at"][:10]) for one in told] == [
        ("id_verified", "2026-03-01"),
        ("background_checked", "2026-03-01"),
    ]


# --- several accounts -----------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-TRUST-10")
def test_a_payout_account_of_two_taskers_is_an_alert_that_names_both():
    """The same account at the same person again is nothing; nobody is punished by the flag (S25)."""
    sara, huda = b.tasker("Sara"), b.tasker("Huda")
    iban = "SA4420000001234567891234"
    for user in (sara, sara, huda):
        onboarding.set_payout_method(
            user, kind="bank", account=iban, holder=user.name, actor=b.tasker_of(user), now=b.EVENING
        )
    alert = Flag.objects.get(rule="multi_account")
    assert (alert.user_id, [other.pk for other in alert.others.all()]) == (huda.pk, [sara.pk])
    assert alert in list(queries.alerts(rule="multi_account"))
    assert alert.evidence["account"] == "SA…1234"
    assert {User.objects.get(pk=u.pk).status for u in (sara, huda)} == {"active"}


# --- enforcement ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("KH-TRUST-14")
def test_a_category_suspension_for_moving_leaves_cleaning_offers_untouched():
    sara, noor = b.tasker("Sara"), b.person("Adel", "admin")
    moving = b.category("moving")
    rates.set_rate(sara, moving, hourly_minor=3000, minimum_min=120, actor=b.tasker_of(sara), now=b.EVENING)
    lina = b.client("Lina")
    waiting = b.offered(lina, sara)
    clean, move = b.posted(b.client("Rami")), b.posted(b.client("Dana"), category=moving)
    assert sara.pk in listed(clean) & listed(move)
    trust.impose(
        sara.pk, "category_suspension", category="moving", reason="Two damage claims", evidence={"cases": [1, 2]},
        actor=b.staff_of(noor, "admin"), now=b.EVENING, ends_at=b.EVENING + timedelta(days=30),
    )  # fmt: skip
    assert listed(move) == set()
    assert sara.pk in listed(clean)
    assert b.fresh(waiting).state == "pending"
    assert (
        b.step(waiting, "accept", b.tasker_of(sara), b.EVENING, start_at=b.at(2, "14:30")).state == "accepted"
    )

    held = Sanction.objects.get(user=sara)
    assert (held.reason, held.evidence, held.starts_at) == ("Two damage claims", {"cases": [1, 2]}, b.EVENING)
    assert "Two damage claims" in Notice.objects.filter(user=sara, name__startswith="sanction").get().body
    trust.appeal(held, text="The boxes were empty", actor=b.tasker_of(sara), now=b.EVENING)
    assert b.fresh(held).appeal == "The boxes were empty"


# --- independent contractors ----------------------------------------------------------------------------------------


@pytest.mark.spec("KH-TRUST-15")
def test_a_region_limit_of_10_hours_stops_an_offer_that_would_make_11():
    policy.set_value("daily_hours_max", 10, valid_from=b.EVENING, actor=SYSTEM, now=b.EVENING)
    sara = b.tasker("Sara")
    day = {"window_start": b.at(2, "07:00"), "window_end": b.at(2, "21:00")}
    long = b.category("long", default_minutes=480)
    rates.set_rate(sara, long, hourly_minor=3000, minimum_min=120, actor=b.tasker_of(sara), now=b.EVENING)
    plain = {"details": {"items": 1}}
    b.accepted(b.client("Lina"), sara, start=b.at(2, "07:00"), category=long, **day, **plain)  # 8 h
    evening = {"window_start": b.at(2, "16:00"), "window_end": b.at(2, "21:30")}
    three = b.posted(b.client("Rami"), **evening, **plain)
    assert three.estimate_min == 180
    assert listed(three) == set()  # 8 h + 3 h
    with pytest.raises(Refused):
        engine.apply(
            three, "select", actor=b.client_of(three.client), now=b.EVENING, data={"worker_id": sara.pk}
        )
    short = b.category("short", default_minutes=120)
    rates.set_rate(sara, short, hourly_minor=3000, minimum_min=120, actor=b.tasker_of(sara), now=b.EVENING)
    assert listed(b.posted(b.client("Dana"), category=short, **evening, **plain)) == {sara.pk}  # 8 h + 2 h
    tomorrow = {"window_start": b.at(3, "08:00"), "window_end": b.at(3, "14:00")}
    assert listed(b.posted(b.client("Omar"), **tomorrow, **plain)) == {sara.pk}

    # no task is imposed: a no has no sanction, only the statistics; the rate stays the Tasker's own
    offer = b.offered(b.client("Maha"), sara, **tomorrow, **plain)
    assert offer.quote["lines"][0]["meta"]["rate_minor"] == 3000
    b.step(offer, "decline", b.tasker_of(sara), b.EVENING)
    assert TaskerStats.objects.get(worker=sara).declined == 1
    assert not Sanction.objects.exists() and not Flag.objects.exists()
    assert sara.tasker.contract_version == supply.CONTRACT_VERSION
