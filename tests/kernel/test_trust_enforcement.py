"""The ladder of sanctions, strikes and flags: people decide, the platform remembers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import deadlines
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.trust import listeners, operations, queries
from mahalla.kernel.trust.models import Flag, Sanction
from mahalla.kernel.trust.sanctions import BannedBefore
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Denied, Invalid, Refused
from tests.kernel.trust_ward import NOON, People, people, ward

__all__ = ["people", "ward"]

DAY = timedelta(days=1)


def status(person) -> str:
    return User.objects.get(pk=person.pk).status


def test_a_category_suspension_leaves_other_categories_untouched(people: People) -> None:
    made = operations.impose(
        people.sara.pk,
        "category_suspension",
        category="moving",
        reason="two broken wardrobes",
        ends_at=NOON + 30 * DAY,
        evidence={"jobs": [4, 9]},
        actor=people.wafa.actor,
        now=NOON,
    )
    workers = [people.sara.pk, people.basil.pk]
    assert queries.blocked_from(workers, "moving", NOON) == {people.sara.pk}
    assert queries.blocked_from(workers, "moving-piano", NOON, parents=["moving"]) == {people.sara.pk}
    assert queries.blocked_from(workers, "cleaning", NOON) == set()
    assert status(people.sara) == "active"
    assert (made.reason, made.starts_at, made.ends_at) == ("two broken wardrobes", NOON, NOON + 30 * DAY)
    assert "two broken wardrobes" in Notice.objects.get(user=people.sara.user).body
    appealed = operations.appeal(
        made, text="They were broken before", actor=people.sara.actor, now=NOON + DAY
    )
    assert appealed.state == "appealed"
    assert queries.blocked_from(workers, "moving", NOON + DAY) == {people.sara.pk}
    with pytest.raises(Refused):  # another pair of eyes
        operations.uphold(appealed, reason="no", actor=people.wafa.actor, now=NOON + DAY)
    operations.lift(appealed, reason="the photos agree", actor=people.sami.actor, now=NOON + DAY)
    assert queries.blocked_from(workers, "moving", NOON + DAY) == set()


def test_every_sanction_says_why_and_fits(people: People) -> None:
    with pytest.raises(Invalid):
        operations.impose(people.sara.pk, "warning", reason=" ", actor=people.wafa.actor, now=NOON)
    with pytest.raises(Invalid):
        operations.impose(
            people.sara.pk, "category_suspension", reason="x", actor=people.wafa.actor, now=NOON
        )
    with pytest.raises(Invalid):
        operations.impose(
            people.sara.pk, "ban", reason="x", ends_at=NOON + DAY, actor=people.wafa.actor, now=NOON
        )
    with pytest.raises(Denied):
        operations.impose(people.sara.pk, "warning", reason="x", actor=people.nadir.actor, now=NOON)
    assert not Sanction.objects.exists()


def test_a_suspension_ends_by_itself_and_a_longer_one_holds(people: People) -> None:
    operations.impose(
        people.sara.pk,
        "suspension",
        reason="3 strikes",
        ends_at=NOON + 7 * DAY,
        actor=people.wafa.actor,
        now=NOON,
    )
    operations.impose(
        people.sara.pk, "suspension", reason="more", ends_at=NOON + 9 * DAY, actor=people.wafa.actor, now=NOON
    )
    assert status(people.sara) == "suspended"
    deadlines.run_due(NOON + 7 * DAY)
    assert status(people.sara) == "suspended"
    deadlines.run_due(NOON + 9 * DAY)
    assert status(people.sara) == "active"
    assert [s.state for s in queries.sanctions_of(people.sara.pk)] == ["ended", "ended"]
    assert queries.active_sanctions([people.sara.pk], NOON + 9 * DAY) == {}


def test_who_listens_is_told_in_the_same_transaction(people: People) -> None:
    def take_back_work(sanction: Sanction, *, actor, now) -> None:
        raise Refused("stuck", "the work cannot be taken back")

    listeners.on("sanctioned", take_back_work)
    try:
        with pytest.raises(Refused):
            operations.impose(people.sara.pk, "ban", reason="theft", actor=people.wafa.actor, now=NOON)
    finally:
        listeners.off("sanctioned", take_back_work)
    assert status(people.sara) == "active" and not Sanction.objects.exists()


def test_a_ban_is_made_once_and_can_be_taken_back(people: People) -> None:
    ban = operations.impose(people.sara.pk, "ban", reason="theft", actor=people.wafa.actor, now=NOON)
    with pytest.raises(BannedBefore):
        operations.impose(people.sara.pk, "ban", reason="again", actor=people.wafa.actor, now=NOON)
    operations.lift(ban, reason="it was the twin", actor=people.wafa.actor, now=NOON + DAY)
    assert status(people.sara) == "active"


def test_a_role_that_may_not_ban_bans_nobody(people: People) -> None:
    with pytest.raises(Denied):
        operations.impose(people.sara.pk, "ban", reason="theft", actor=people.sami.actor, now=NOON)
    assert not Sanction.objects.exists()


def test_the_third_strike_in_thirty_days_asks_a_person_and_suspends_nobody(people: People) -> None:
    for day, reference, counted in ((0, "job:1", 1), (20, "job:2", 2), (31, "job:3", 2), (40, "job:4", 3)):
        _strike, held = operations.add_strike(
            user_id=people.sara.pk, kind="cancelled", reference=reference, now=NOON + day * DAY
        )
        assert held == counted
    (flag,) = Flag.objects.all()
    assert flag.rule == "strike_limit" and flag.alert
    assert [s["reference"] for s in flag.evidence["strikes"]] == ["job:2", "job:3", "job:4"]
    assert status(people.sara) == "active" and not Sanction.objects.exists()


def test_a_strike_counts_once_and_a_voided_one_not_at_all(people: People) -> None:
    strike, _ = operations.add_strike(user_id=people.sara.pk, kind="no_show", reference="job:1", now=NOON)
    _, again = operations.add_strike(user_id=people.sara.pk, kind="no_show", reference="job:1", now=NOON)
    assert again == 1
    operations.void_strike(strike, reason="the road was closed", actor=people.sami.actor, now=NOON)
    _, held = operations.add_strike(user_id=people.sara.pk, kind="no_show", reference="job:2", now=NOON)
    assert held == 1
    assert Event.objects.get(name="staff.strike_voided").reason == "the road was closed"


def flag_review(people: People, *, score: int = 75, key: str = "r:1") -> Flag:
    return operations.raise_flag(
        "review_manipulation",
        key=key,
        user_id=people.sara.pk,
        score=score,
        evidence={"reviews": [1, 2, 3]},
        actor=SYSTEM,
        now=NOON,
    )


@pytest.mark.spec("KH-TRUST-11")
def test_a_flag_is_in_the_queue_with_its_rule_and_the_account_stays_active(people: People) -> None:
    flag = flag_review(people, score=100)
    assert [f.rule for f in queries.alerts()] == ["review_manipulation"]
    assert (flag.score, flag.evidence, flag.raised_at) == (100, {"reviews": [1, 2, 3]}, NOON)
    assert status(people.sara) == "active"
    assert queries.open_flags([people.sara.pk, people.basil.pk]) == {people.sara.pk: 1}


def test_alerts_begin_at_sixty_and_a_finding_is_kept_once(people: People) -> None:
    assert not flag_review(people, score=59, key="low").alert
    high = flag_review(people, score=60, key="high")
    assert flag_review(people, score=90, key="high").pk == high.pk
    assert list(queries.alerts()) == [high]
    assert queries.alerts(with_low=True).count() == 2


def test_a_false_alarm_is_told_to_those_who_withheld_weights(people: People) -> None:
    weights = {"sara": 1}

    def withhold(flag: Flag, *, actor, now) -> None:
        weights["sara"] = 0

    def restore(flag: Flag, *, actor, now) -> None:
        weights["sara"] = 1 if flag.state == "false_alarm" else 0

    listeners.on("flag_raised", withhold)
    listeners.on("flag_resolved", restore)
    try:
        flag = flag_review(people)
        assert weights == {"sara": 0}
        operations.resolve(flag, "false_alarm", reason="a family", actor=people.sami.actor, now=NOON)
        assert weights == {"sara": 1}
    finally:
        listeners.off("flag_raised", withhold)
        listeners.off("flag_resolved", restore)
    flag.refresh_from_db()
    assert (flag.state, flag.decided_by_id, flag.reason) == ("false_alarm", people.sami.pk, "a family")
    with pytest.raises(Refused):
        operations.resolve(flag, "confirmed", reason="no", actor=people.sami.actor, now=NOON)
