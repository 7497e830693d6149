"""The ranking's figures, its controls one by one, and that every place can be explained."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.identity.models import User
from mahalla.kernel.matching import factors, runs
from mahalla.kernel.matching.candidates import Candidates, Factor, flag
from mahalla.kernel.matching.controls import (
    Boost,
    By,
    Control,
    Damp,
    Diversity,
    Favourites,
    Featured,
    Rule,
    Sort,
    Stage,
)
from mahalla.kernel.matching.rank import Ranking, rank, rank_or_fall_back

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIX = [
    Factor("distance", 0.20, lambda c: factors.distance_decay(c["distance_m"], scale_m=5_000)),
    Factor(
        "accept", 0.20, lambda c: factors.smoothed_rate(c["accepted"], c["answered"], prior=0.5, strength=5)
    ),
    Factor(
        "complete", 0.20, lambda c: factors.smoothed_rate(c["completed"], c["taken"], prior=0.9, strength=5)
    ),
    Factor("rating", 0.25, lambda c: factors.rating_factor(c["reputation"])),
    Factor("price", 0.10, lambda c: factors.price_competitiveness(c["price_minor"], c["median_minor"])),
    Factor("activity", 0.05, lambda c: factors.recency(c["idle_days"], days=14)),
]
WORKED = {
    "distance_m": 5_000, "accepted": 8, "answered": 10, "completed": 19, "taken": 20, "reputation": 13 / 3,
    "price_minor": 3_000, "median_minor": 3_000, "idle_days": 0.0,
}  # fmt: skip
TIES = Sort((By("score"), By("interested"), By("last_offer_s", rising=True)))
NEW = Rule("new", flag("new"))
CHEAP = Rule("below_median", flag("cheap"))


def scored(scores: list[float], *controls: Control, **columns: Any) -> Ranking:
    """Workers 1, 2, 3 … with these scores, under these controls."""
    candidates = Candidates.of(range(1, len(scores) + 1), given=scores, **columns)
    return rank(candidates, [Factor("given", 1.0, lambda c: c["given"])], controls or (Sort(),), version="t1")


def falling(count: int) -> list[float]:
    return [0.9 - 0.05 * i for i in range(count)]


def yes(*workers: int, of: int) -> list[bool]:
    return [worker in workers for worker in range(1, of + 1)]


@pytest.mark.spec("KH-MATCH-03")
def test_the_worked_example_scores_0_7099_and_says_why() -> None:
    ranking = rank(Candidates.of([7], **WORKED), SIX, version="six-1")
    told = ranking.explain(7)
    assert round(told.score, 4) == 0.7099
    assert {share.name: round(share.value, 4) for share in told.factors} == {
        "distance": 0.3679, "accept": 0.70, "complete": 0.94, "rating": 0.8333, "price": 0.50, "activity": 1.00,
    }  # fmt: skip
    assert sum(share.contribution for share in told.factors) == pytest.approx(told.score)


def test_equal_scores_go_to_interest_then_the_longest_without_an_offer_then_id() -> None:
    never = None
    columns = {
        "interested": [False, False, False, True, False],
        "last_offer_s": [50.0, 10.0, never, 90.0, 10.0],
    }
    assert scored([0.5] * 5, TIES, **columns).worker_ids == [4, 3, 2, 5, 1]
    hair = [0.5 + 1e-14, 0.5, 0.5, 0.5, 0.5]
    assert scored(hair, TIES, **columns).worker_ids == [4, 3, 2, 5, 1]


@pytest.mark.spec("KH-MATCH-04")
def test_distance_decays() -> None:
    found = factors.distance_decay([0, 5_000, 10_000], scale_m=5_000)
    assert found.round(4).tolist() == [1.0, 0.3679, 0.1353]
    assert factors.distance_decay([np.nan], scale_m=5_000).tolist() == [1.0]


@pytest.mark.spec("KH-MATCH-05")
def test_rates_are_smoothed() -> None:
    accept = factors.smoothed_rate([8, 0], [10, 0], prior=0.50, strength=5)
    complete = factors.smoothed_rate([19, 0], [20, 0], prior=0.90, strength=5)
    assert accept.round(4).tolist() == [0.70, 0.50]
    assert complete.round(4).tolist() == [0.94, 0.90]


@pytest.mark.spec("KH-MATCH-06")
def test_five_perfect_reviews_make_four_and_a_third_stars() -> None:
    stars = factors.reputation([25, 0], [5, 0], prior=4.0, strength=10)
    assert stars.round(4).tolist() == [4.3333, 4.0]
    assert factors.rating_factor(stars).round(4).tolist() == [0.8333, 0.75]


@pytest.mark.spec("KH-MATCH-07")
def test_price_is_compared_with_the_median() -> None:
    assert factors.price_competitiveness([3000, 1500, 4500, 9000, 1], 3000).tolist() == [
        0.5, 1.0, 0.0, 0.0, 1.0,
    ]  # fmt: skip
    assert factors.price_competitiveness([3000, 10], [0, None]).tolist() == [0.5, 0.5]


def test_activity_fades_over_its_days() -> None:
    assert factors.recency([0, 7, 14, 99, None], days=14).tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_steps_hold_their_upper_end() -> None:
    steps = [(5.0, 1.0), (10.0, 0.8), (15.0, 0.6)]
    assert factors.stepped([0, 5.0, 5.1, 15, 15.1], steps).tolist() == [1.0, 1.0, 0.8, 0.6, 0.0]


@pytest.mark.spec("KH-MATCH-10")
def test_newcomers_gain_and_lose_it_task_by_task() -> None:
    found = factors.newcomer_boost([0, 3, 5, 0], [True, True, True, False], boost=0.10, tasks=5)
    assert found.round(4).tolist() == [0.10, 0.04, 0.0, 0.0]
    boost = Boost("newcomer", lambda c: factors.newcomer_boost(c["done"], c["new"], boost=0.10, tasks=5))
    ranking = scored([0.50, 0.55], boost, Sort(), done=0, new=[True, False])
    assert ranking.worker_ids == [1, 2]
    (note,) = ranking.explain(1).adjustments
    assert (note.stage, note.before, note.after) == ("boost", 0.50, pytest.approx(0.60))


@pytest.mark.spec("KH-MATCH-11")
def test_a_newcomer_ranked_eighth_is_shown_fifth_and_the_former_fifth_sixth() -> None:
    ranking = scored(
        falling(10), Sort(), Diversity(5, [NEW, CHEAP]), new=yes(8, 10, of=10), cheap=yes(2, of=10)
    )
    assert ranking.worker_ids == [1, 2, 3, 4, 8, 5, 6, 7, 9, 10]
    (note,) = ranking.explain(8).adjustments
    assert (note.stage, note.before, note.after, note.reasons) == ("diversity", 8, 5, ("new",))
    assert ranking.explain(5).place == 6


def test_diversity_needs_no_second_place_for_who_is_new_and_cheap() -> None:
    diversity = Diversity(5, [NEW, CHEAP])
    ranking = scored(falling(9), Sort(), diversity, new=yes(7, of=9), cheap=yes(7, 8, of=9))
    assert ranking.worker_ids == [1, 2, 3, 4, 7, 5, 6, 8, 9]
    ranking = scored(falling(9), Sort(), diversity, new=yes(7, of=9), cheap=yes(6, of=9))
    assert ranking.worker_ids == [1, 2, 3, 7, 6, 4, 5, 8, 9]


def test_diversity_brings_nobody_where_there_is_nobody() -> None:
    diversity = Diversity(5, [NEW, CHEAP])
    assert scored(falling(7), Sort(), diversity, cheap=yes(1, of=7)).worker_ids == [1, 2, 3, 4, 5, 6, 7]
    assert scored(falling(3), Sort(), diversity, new=yes(3, of=3)).worker_ids == [1, 2, 3]
    one = Diversity(1, [NEW, CHEAP])
    assert scored(falling(3), Sort(), one, new=yes(2, of=3), cheap=yes(3, of=3)).worker_ids == [2, 1, 3]


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=25
    ),
    st.integers(1, 8),
)
def test_diversity_keeps_its_promise_and_everybody(
    people: list[tuple[float, bool, bool, bool]], top_n: int
) -> None:
    scores, new, cheap, liked = (list(column) for column in zip(*people, strict=True))
    columns = {"new": new, "cheap": cheap, "favourite": liked}
    plain = scored(scores, Sort(), **columns).worker_ids
    mixed = scored(scores, Sort(), Diversity(top_n, [NEW, CHEAP]), **columns).worker_ids
    assert sorted(mixed) == sorted(plain)
    if top_n >= 2:
        for kind in (new, cheap):
            assert any(kind[w - 1] for w in mixed[:top_n]) == any(kind)
    liked_first = scored(scores, Sort(), Diversity(top_n, [NEW, CHEAP]), Favourites(), **columns).worker_ids
    favourites = [w for w in plain if liked[w - 1]]
    assert liked_first == favourites + [w for w in mixed if not liked[w - 1]]


@pytest.mark.spec("KH-MATCH-13")
def test_a_favourite_stands_above_a_better_stranger() -> None:
    ranking = scored([0.70, 0.61, 0.65], Sort(), Favourites(), favourite=[False, True, False])
    assert ranking.worker_ids == [2, 1, 3]
    assert ranking.explain(2).reasons == ("favourites",)


@pytest.mark.spec("KH-MATCH-14")
def test_deranking_turns_0_70_into_0_49_once_and_gives_its_reasons() -> None:
    conditions = {
        "low_reputation": flag("poor"),
        "low_completion": flag("leaves"),
        "sanction": flag("sanctioned"),
    }
    ranking = scored(
        [0.70, 0.60], Damp("derank", 0.70, conditions), Sort(),
        poor=False, leaves=[True, False], sanctioned=[True, False],
    )  # fmt: skip
    told = ranking.explain(1)
    assert round(told.score, 4) == 0.49
    assert told.reasons == ("low_completion", "sanction")
    assert ranking.worker_ids == [2, 1]
    assert ranking.explain(2).adjustments == ()


@pytest.mark.spec("KH-MATCH-21")
def test_controls_apply_in_their_fixed_order() -> None:
    boost = Boost("newcomer", lambda c: np.full(len(c), 0.10))
    exposure = Damp("exposure", 0.80, {"shown_often": flag("shown")}, Stage.EXPOSURE)
    derank = Damp("derank", 0.70, {"sanction": flag("sanctioned")})
    all_seven = (boost, exposure, derank, Sort(), Diversity(5, [NEW]), Favourites(), Featured())
    ranking = scored([0.50], *all_seven, shown=True)
    assert ranking.explain(1).score == pytest.approx(0.48)
    assert [control.stage for control in all_seven] == sorted(Stage)
    for wrong in ((Sort(), boost), (exposure, boost, Sort()), (boost,), (Sort(), Sort()), ()):
        with pytest.raises(ValueError, match="order of Stage"):
            rank(Candidates.of([1], given=0.5), [], wrong, version="t1")


def test_the_featured_stand_in_the_marked_place_unless_they_earn_a_better() -> None:
    ranking = scored(falling(6), Sort(), Featured(place=3), featured=yes(5, 6, of=6))
    assert ranking.worker_ids == [1, 2, 5, 3, 4, 6]
    assert ranking.explain(5).reasons == ("featured",)
    assert ranking.explain(6).reasons == ()
    assert scored(falling(3), Sort(), Featured(place=3), featured=yes(1, of=3)).worker_ids == [1, 2, 3]
    both = scored(falling(6), Sort(), Featured(place=3, slots=2), featured=yes(5, 6, of=6))
    assert both.worker_ids == [1, 2, 5, 6, 3, 4]


def test_a_strict_order_of_criteria_is_a_sort_of_more_keys() -> None:
    keys = Sort((By("free"), By("boosted"), By("premium"), By("quality")))
    columns = {
        "free": [True, True, True, False],
        "boosted": [False, True, False, True],
        "premium": [True, False, False, False],
        "quality": [80, 70, 95, 99],
    }
    assert scored([0.0] * 4, keys, **columns).worker_ids == [2, 1, 3, 4]


@pytest.mark.spec("KH-OPS-07")
def test_a_failing_scorer_still_lists_in_distance_order_marked(caplog: pytest.LogCaptureFixture) -> None:
    def broken(candidates: Candidates) -> Any:
        raise RuntimeError("the model's file is gone")

    candidates = Candidates.of([1, 2, 3, 4], distance_m=[900, 200, 900, 500], rating=[4.0, 3.0, 4.5, None])
    ranking = rank_or_fall_back(candidates, [Factor("model", 1.0, broken)], version="six-1")
    assert (ranking.worker_ids, ranking.fallback) == ([2, 4, 3, 1], True)
    assert "falling back" in caplog.text
    assert rank_or_fall_back(candidates, [], version="six-1").fallback is False


@pytest.mark.parametrize("value", [[0.5, np.nan], [0.5, 1.1], [0.5, -0.1], [0.5], 0.5])
def test_a_factor_that_gives_no_share_for_each_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match="one value"):
        rank(Candidates.of([1, 2]), [Factor("odd", 1.0, lambda c: value)], version="t1")


def test_nobody_to_rank_is_an_empty_ranking() -> None:
    ranking = rank(Candidates.of([], **{name: [] for name in WORKED}), SIX, version="t1")
    assert ranking.worker_ids == []
    assert Ranking.from_json(json.loads(json.dumps(ranking.to_json()))).worker_ids == []


def test_facts_of_another_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        Candidates.of([1, 2, 3], rating=[4.0, 5.0])


@pytest.mark.django_db
def test_a_stored_run_explains_every_place_as_on_its_day() -> None:
    people = [User.objects.create_user(phone=f"+96650000000{n}").pk for n in range(3)]
    candidates = Candidates.of(
        people, **{**WORKED, "distance_m": [5_000, 100, 9_000]}, favourite=[False, False, True], unknown=None
    )
    ranking = rank(candidates, SIX, (Sort(), Favourites()), version="six-1")
    run = runs.record(ranking, request_id=12, purpose="list", now=NOW, shown_top=2)
    run.refresh_from_db()
    again = runs.ranking_of(run)
    assert again.worker_ids == ranking.worker_ids == [people[2], people[1], people[0]]
    for person in people:
        then, now = ranking.explain(person), again.explain(person)
        assert len(now.factors) == 6
        assert (now.place, now.reasons) == (then.place, then.reasons)
        assert now.score == pytest.approx(then.score, abs=1e-6)
        assert now.inputs["distance_m"] == then.inputs["distance_m"]
    with pytest.raises(LookupError):
        again.explain(999)
    assert runs.showings(people, since=NOW) == {people[2]: 1, people[1]: 1, people[0]: 0}
    assert runs.showings(people, since=NOW + timedelta(seconds=1)) == dict.fromkeys(people, 0)
