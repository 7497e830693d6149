"""In which order Taskers stand on a list: the six factors with their own weights, and every control (KH-MATCH-03..21)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import runs
from mahalla.kernel.matching.candidates import Factor
from mahalla.kernel.matching.models import RankingRun
from mahalla.kernel.matching.rank import Explanation, Ranking
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.reviews.reputation import reputation_of
from mahalla.kernel.schedule import operations as schedule
from mahalla.kernel.trust import operations as trust
from mahalla.kernel.work.models import Offer, Request
from mahalla.markets.khidma import ranking
from mahalla.markets.khidma.models import Favourite, Interest, TaskerStats
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def ranked(request: Request, *, now: datetime = b.EVENING) -> Ranking:
    return ranking.rank(ranking.pool(request, now=now))


def told(request: Request, worker: User, *, now: datetime = b.EVENING) -> Explanation:
    return ranked(request, now=now).explain(worker.pk)


def value(explained: Explanation, factor: str) -> float:
    return round({share.name: share.value for share in explained.factors}[factor], 4)


def history(worker: User, **counters: Any) -> None:
    TaskerStats.objects.filter(worker=worker).update(**counters)


def praised(worker: User, *stars: int, now: datetime = b.EVENING) -> None:
    """Reviews of weight 1, each by another client, of work done today."""
    for number, given in enumerate(stars):
        author = b.person(f"Author {number}", "client")
        job_id = 1_000_000 + worker.pk * 100 + number
        reviews.invite(
            job_id=job_id,
            side="of_worker",
            author_id=author.pk,
            subject_id=worker.pk,
            stream=f"request:{job_id}",
            opens_at=now,
        )
        reviews.leave(job_id=job_id, side="of_worker", author=author, now=now, stars=given)


def proven(name: str = "Sara", **fields: Any) -> User:
    """8 of 10 offers accepted, 19 of 20 tasks completed, five times 5 stars, active today."""
    worker = b.tasker(name, **fields)
    history(worker, accepted=8, declined=2, completed=19, cancelled=1, last_active_at=b.EVENING)
    praised(worker, 5, 5, 5, 5, 5)
    return worker


@pytest.mark.spec("KH-MATCH-03")
def test_the_worked_example_scores_0_7099_with_the_markets_own_weights(khidma) -> None:
    sara = proven()
    score = told(b.posted(b.client()), sara)
    assert {name: value(score, name) for name in ("distance", "accept", "complete", "rating", "price", "activity")} == {
        "distance": 0.3679, "accept": 0.70, "complete": 0.94, "rating": 0.8333, "price": 0.50, "activity": 1.00,
    }  # fmt: skip
    assert {share.name: share.weight for share in score.factors} == {
        "distance": 0.20, "accept": 0.20, "complete": 0.20, "rating": 0.25, "price": 0.10, "activity": 0.05,
    }  # fmt: skip
    assert round(score.score, 4) == 0.7099
    assert score.place == 1


def test_ties_go_to_interest_then_the_longest_without_an_offer_then_id(khidma) -> None:
    first, asked, eager = b.tasker("First"), b.tasker("Asked"), b.tasker("Eager")
    never = b.tasker("Never asked")
    request = b.posted(b.client())
    for hours, worker in ((30, first), (40, asked)):
        b.offered(b.client(), worker, now=b.EVENING - timedelta(hours=hours))
    Interest.objects.create(request=request, worker=eager, at=b.EVENING)
    assert ranked(request).worker_ids == [eager.pk, never.pk, asked.pk, first.pk]


@pytest.mark.spec("KH-MATCH-04")
def test_distance_decays_from_the_door(khidma) -> None:
    people = [b.tasker(f"{km} km", km=km) for km in (0, 5, 10)]
    request = b.posted(b.client())
    assert [value(told(request, who), "distance") for who in people] == [1.0, 0.3679, 0.1353]


@pytest.mark.spec("KH-MATCH-05")
def test_the_two_rates_by_the_counters_that_the_flow_keeps(khidma) -> None:
    sara, blank = proven(), b.tasker("Blank")
    request = b.posted(b.client())
    assert [value(told(request, sara), name) for name in ("accept", "complete")] == [0.70, 0.94]
    assert [value(told(request, blank), name) for name in ("accept", "complete")] == [0.50, 0.90]


@pytest.mark.spec("KH-MATCH-06")
def test_reputation_counts_as_a_fraction_and_higher_stands_higher(khidma) -> None:
    sara, blank = b.tasker("Sara"), b.tasker("Blank")
    praised(sara, 5, 5, 5, 5, 5)
    request = b.posted(b.client())
    assert round(told(request, sara).inputs["reputation"], 4) == 4.3333
    assert value(told(request, sara), "rating") == 0.8333
    assert (told(request, blank).inputs["reputation"], value(told(request, blank), "rating")) == (4.0, 0.75)
    assert ranked(request).worker_ids == [sara.pk, blank.pk]


@pytest.mark.spec("KH-MATCH-07")
def test_the_whole_price_is_compared_with_the_middle_of_category_and_city(khidma) -> None:
    """Median 30.00 an hour, no travel: at it 0.50, at half 1.00, at one and a half 0."""
    people = [b.tasker(f"{rate}", rate=rate, travel=0) for rate in (3000, 1500, 4500)]
    request = b.posted(b.client())
    found = [told(request, who) for who in people]
    assert [value(one, "price") for one in found] == [0.50, 1.00, 0.0]
    assert [one.inputs["price_minor"] for one in found] == [11_385, 5_693, 17_078]  # 3.3 h and a fee of 15 %
    assert found[0].inputs["median_minor"] == 11_385


def test_travel_is_in_the_price_that_is_compared(khidma) -> None:
    usual, dear = b.tasker("Usual", travel=500), b.tasker("Dear", travel=1500)
    b.tasker("Usual too", travel=500)
    request = b.posted(b.client())
    assert value(told(request, usual), "price") == 0.50
    assert value(told(request, dear), "price") == round(1.5 - 13_680 / 12_480, 4)


@pytest.mark.spec("KH-MATCH-08")
def test_an_answer_7_days_ago_counts_half_and_toggling_today_leaves_it(khidma) -> None:
    sara = b.tasker()
    offer = b.offered(b.client(), sara, now=b.EVENING)
    b.step(offer, "decline", b.tasker_of(sara), b.EVENING)
    later = b.EVENING + 7 * DAY
    window = {"window_start": b.at(9, "14:00"), "window_end": b.at(9, "18:00")}
    request = b.posted(b.client("Huda"), now=later, **window)
    assert value(told(request, sara, now=later), "activity") == 0.50
    for on in (False, True):
        schedule.switch(sara.pk, on, now=later)
    assert value(told(request, sara, now=later), "activity") == 0.50


def test_letting_an_offer_run_out_is_no_activity(khidma) -> None:
    sara = b.tasker()
    b.offered(b.client(), sara)
    run_until(b.EVENING + timedelta(minutes=30), start=b.EVENING)
    stats = TaskerStats.objects.get(worker=sara)
    assert (stats.expired, stats.last_active_at) == (1, None)


# --- controls -------------------------------------------------------------------------------------------------------


def waiting_offers(worker: User, count: int, *, now: datetime = b.EVENING) -> None:
    """Offers of the same evening, each for another day."""
    for day in range(count):
        window = {"window_start": b.at(5 + day, "14:00"), "window_end": b.at(5 + day, "18:00")}
        b.offered(b.client(f"Client {day}"), worker, now=now, **window)


@pytest.mark.spec("KH-MATCH-09")
def test_three_pending_offers_stop_automatic_ones_and_leave_the_tasker_selectable(khidma) -> None:
    sara, omar = b.tasker("Sara", km=1), b.tasker("Omar", km=9)
    waiting_offers(sara, 3)
    lina = b.client()
    request = b.posted(lina)
    assert ranked(request).worker_ids == [sara.pk, omar.pk]
    assert told(request, sara).inputs["busy_answering"]
    assert not told(request, omar).inputs["busy_answering"]
    assert ranking.next_auto(request, now=b.EVENING) == omar.pk
    b.step(request, "select", b.client_of(lina), b.EVENING, worker_id=sara.pk)
    assert Offer.objects.get(request=request).worker == sara


def test_ten_offers_in_a_day_stop_automatic_ones(khidma) -> None:
    sara, omar = b.tasker("Sara", km=1), b.tasker("Omar", km=9)
    waiting_offers(sara, 10)
    for offer in Offer.objects.filter(worker=sara):
        b.step(offer, "withdraw", b.client_of(offer.request.client), b.EVENING)
    request = b.posted(b.client(), window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00"))
    assert not told(request, sara).inputs["busy_answering"]
    assert ranking.next_auto(request, now=b.EVENING) == omar.pk
    assert ranking.next_auto(request, now=b.EVENING + timedelta(hours=24, minutes=1)) == sara.pk


def test_fifty_showings_in_a_day_damp_the_score(khidma) -> None:
    sara = b.tasker()
    request = b.posted(b.client(), window_start=b.at(4, "14:00"), window_end=b.at(4, "18:00"))
    for _ in range(49):
        ranking.run(request, now=b.EVENING, shown=True)
    assert told(request, sara).adjustments == ()
    ranking.run(request, now=b.EVENING, shown=True)
    (damped,) = told(request, sara).adjustments
    assert (damped.control, damped.reasons) == ("exposure", ("shown_often",))
    assert damped.after == pytest.approx(damped.before * 0.80)
    assert told(request, sara, now=b.EVENING + DAY + timedelta(minutes=1)).adjustments == ()


@pytest.mark.spec("KH-MATCH-10")
def test_newcomers_gain_less_with_every_task(khidma) -> None:
    request = b.posted(b.client())
    gains = []
    for completed in (0, 3, 5):
        new = b.tasker(f"New {completed}", approved_days_ago=3)
        history(new, completed=completed)
        one = told(request, new)
        gains.append(round(one.score - one.base, 4))
    assert gains == [0.10, 0.04, 0.0]
    old = b.tasker("Approved 61 days ago", approved_days_ago=61)
    assert told(request, old).score == told(request, old).base


@pytest.mark.spec("KH-MATCH-11")
def test_a_newcomer_ranked_eighth_is_shown_fifth(khidma) -> None:
    """Seven proven Taskers near by, one of them cheap; the newcomer far off."""
    people = [b.tasker(f"Old {n}", km=n, rate=2900 if n == 0 else 3000) for n in range(7)]
    for worker in people:
        history(worker, accepted=20, completed=20, last_active_at=b.EVENING)
    new = b.tasker("New", km=30, approved_days_ago=3)
    request = b.posted(b.client())
    plain, shown = [one.pk for one in people], ranked(request)
    assert shown.worker_ids == [*plain[:4], new.pk, *plain[4:]]
    (note,) = [n for n in shown.explain(new.pk).adjustments if n.stage == "diversity"]
    assert (note.before, note.after, note.reasons) == (8, 5, ("new",))
    assert shown.explain(plain[4]).place == 6


def reviewed(client: User, worker: User, day: int, *, device: str) -> None:
    """Two and a half hours of work on that day of March, and 5 stars from that phone."""
    window = {
        "window_start": b.at(day, "14:00"),
        "window_end": b.at(day, "18:00"),
        "start": b.at(day, "14:30"),
    }
    job = b.confirmed(client, worker, now=b.at(day, "09:00"), **window)
    for event, at in (("arrive", "14:28"), ("start_timer", "14:30"), ("submit", "17:00")):
        place = {} if event == "submit" else {"lat": b.HOME[0], "lng": b.HOME[1]}
        job = b.step(job, event, b.tasker_of(worker), b.at(day, at), **place)
    b.step(job, "review", b.client_of(client), b.at(day, "18:00"), stars=5, device=device)


@pytest.mark.spec("KH-MATCH-12")
def test_repeated_pairs_count_half_and_shared_devices_nothing(khidma) -> None:
    """Work of weight 1; a day takes 1/180 of a half-life."""
    b.category(risk_class="medium")
    lina, huda, sara = b.client("Lina"), b.client("Huda"), b.tasker()

    def reputation(day: int) -> float:
        return reputation_of([sara.pk], now=b.at(day, "18:00"))[sara.pk].value

    reviewed(lina, sara, 2, device="phone-1")
    assert reputation(2) == pytest.approx((40 + 5) / 11)
    reviewed(lina, sara, 3, device="phone-1")
    weights = 0.5 ** (1 / 180) + 0.5
    assert reputation(3) == pytest.approx((40 + 5 * weights) / (10 + weights))
    reviewed(huda, sara, 4, device="phone-1")
    assert reputation(4) == 4.0


def test_accepting_and_cancelling_counts_against_both_rates(khidma) -> None:
    omar = b.tasker("Omar")
    history(omar, accepted=4, declined=0, completed=4)
    job = b.confirmed(b.client(), omar)
    b.step(job, "tasker_cancel", b.tasker_of(omar), b.EVENING, reason="sick")
    stats = TaskerStats.objects.get(worker=omar)
    assert (stats.accepted, stats.answered, stats.completed, stats.taken) == (4, 5, 4, 5)
    request = b.posted(b.client("Huda"))
    assert value(told(request, omar), "accept") == round((4 + 2.5) / 10, 4)
    assert value(told(request, omar), "complete") == round((4 + 4.5) / 10, 4)


@pytest.mark.spec("KH-MATCH-13")
def test_a_favourite_stands_above_a_better_stranger_on_that_clients_list(khidma) -> None:
    stranger, favourite = b.tasker("Stranger", km=1), b.tasker("Favourite", km=9)
    lina, huda = b.client("Lina"), b.client("Huda")
    Favourite.objects.create(client=lina, worker=favourite, at=b.EVENING)
    hers, others = ranked(b.posted(lina)), ranked(b.posted(huda))
    assert hers.explain(favourite.pk).score < hers.explain(stranger.pk).score
    assert hers.worker_ids == [favourite.pk, stranger.pk]
    assert others.worker_ids == [stranger.pk, favourite.pk]


@pytest.mark.spec("KH-MATCH-14")
def test_low_completion_low_rating_and_a_sanction_lower_the_score_by_30_percent(khidma) -> None:
    people = {name: b.tasker(name) for name in ("unreliable", "disliked", "sanctioned", "fine")}
    history(people["unreliable"], recent_outcomes=[True] * 16 + [False] * 4)
    praised(people["disliked"], 1, 1, 1, 1, 1)
    history(people["fine"], recent_outcomes=[True] * 17 + [False] * 3)
    officer = b.staff_of(b.person("Noor", "admin"), "admin")
    trust.impose(people["sanctioned"].pk, "derank", reason="Rude", actor=officer, now=b.EVENING)
    request = b.posted(b.client())
    found = {name: told(request, who) for name, who in people.items()}
    assert {name: one.reasons for name, one in found.items()} == {
        "unreliable": ("low_completion",), "disliked": ("low_rating",), "sanctioned": ("sanction",), "fine": (),
    }  # fmt: skip
    for name in ("unreliable", "disliked", "sanctioned"):
        assert found[name].score == pytest.approx(found[name].base * 0.70)
    assert found["fine"].score == found["fine"].base


@pytest.mark.spec("KH-MATCH-21")
def test_the_controls_come_in_their_fixed_order(khidma, monkeypatch) -> None:
    """Score 0.50, boost 0.10, exposure 0.80, no de-ranking: (0.50 + 0.10) × 0.80 = 0.48."""
    new = b.tasker("New", approved_days_ago=3)
    request = b.posted(b.client())
    for _ in range(50):
        ranking.run(request, now=b.EVENING, shown=True)
    half = Factor("half", 0.5, lambda c: c["is_new"].astype(float))
    monkeypatch.setattr(ranking, "_factors", lambda number: (half,))
    one = told(request, new)
    assert one.base == 0.50
    assert [(n.stage, round(n.before, 4), round(n.after, 4)) for n in one.adjustments[:2]] == [
        ("boost", 0.50, 0.60),
        ("exposure", 0.60, 0.48),
    ]
    assert round(one.score, 4) == 0.48


@pytest.mark.spec("KH-MATCH-19")
def test_support_opens_a_tasks_run_and_sees_everybodys_factors(khidma) -> None:
    sara, new = proven("Sara"), b.tasker("New", km=2, approved_days_ago=3)
    request = b.posted(b.client())
    live = ranked(request)
    history(sara, accepted=0, completed=0)  # what is kept does not follow what comes later
    run = RankingRun.objects.get(request_id=request.pk, purpose="list")
    kept = runs.ranking_of(run)
    assert (run.version, run.fallback, run.created_at) == ("khidma-1", False, b.EVENING)
    for worker in (sara, new):
        now, then = live.explain(worker.pk), kept.explain(worker.pk)
        assert {share.name for share in then.factors} == {
            "distance", "accept", "complete", "rating", "price", "activity",
        }  # fmt: skip
        assert then.place == now.place
        assert then.score == pytest.approx(now.score, abs=1e-6)
        assert [a.control for a in then.adjustments] == [a.control for a in now.adjustments]
    inputs = kept.explain(sara.pk).inputs
    assert (inputs["accepted"], inputs["answered"], inputs["price_minor"]) == (8, 10, 11_960)


def test_no_position_of_a_list_hangs_on_who_reads_it(khidma) -> None:
    """Asked twice, the same; and once a Tasker was asked for a task and said no, not again."""
    people = [b.tasker(f"Tasker {n}", km=n + 1) for n in range(4)]
    lina = b.client()
    request = b.posted(lina)
    assert ranked(request).worker_ids == ranked(request).worker_ids == [one.pk for one in people]
    request = b.step(request, "select", b.client_of(lina), b.EVENING, worker_id=people[0].pk)
    b.step(request.offers.get(), "decline", b.tasker_of(people[0]), b.EVENING)
    assert ranked(b.fresh(request)).worker_ids == [one.pk for one in people[1:]]
