"""Who gets a worker's time when several reach for it at once: exactly one, and the database says who.

Two ways that look right and are wrong run here as positive controls, on a table without the constraint: if they
let no double through, the race was too tame to prove anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from mahalla.kernel.identity.models import User
from mahalla.kernel.schedule import operations
from mahalla.kernel.schedule.models import Busy
from tests.races.harness import Lane, Racers, attempts

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR, MINUTE, WEEK = timedelta(hours=1), timedelta(minutes=1), timedelta(days=7)


@pytest.fixture
def omar() -> int:
    return User.objects.create_user(phone="+966500000001", name="Omar").pk


@pytest.fixture
def scratch() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scratch_taken (slot int NOT NULL, lane int NOT NULL)")
        cursor.execute("CREATE INDEX ON scratch_taken (slot)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE scratch_taken")


def overlaps() -> int:
    """Work that meets earlier work of the same worker, and blocks that meet work; asked of the rows, not the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM (
                        SELECT lower(during) < max(upper(during)) OVER (
                            PARTITION BY worker_id ORDER BY lower(during), id
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS meets
                        FROM schedule_busy WHERE block_id IS NULL) w WHERE meets)
                 + (SELECT count(*) FROM schedule_busy b JOIN schedule_busy w
                        ON w.worker_id = b.worker_id AND w.during && b.during AND w.block_id IS NULL
                        WHERE b.block_id IS NOT NULL)
            """
        )
        return int(cursor.fetchone()[0])


def test_the_count_of_overlaps_sees_one(omar: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE schedule_busy DROP CONSTRAINT busy_never_overlaps")
    try:
        for number, minutes in enumerate((0, 30, 61)):
            start = NOW + minutes * MINUTE
            operations.occupy(
                worker_id=omar, start=start, end=start + HOUR, reference=f"job:{number}", now=NOW
            )
        assert overlaps() == 2
    finally:
        Busy.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE schedule_busy ADD CONSTRAINT busy_never_overlaps EXCLUDE USING gist"
                " (int8range(worker_id, worker_id, '[]') WITH &&, during WITH &&,"
                " int8range(block_id, block_id, '[]') WITH &&)"
            )


def test_of_four_that_reach_for_overlapping_time_exactly_one_wins(omar: int) -> None:
    with Racers(4) as racers:
        for attempt in range(attempts()):
            start = NOW + attempt * 2 * HOUR

            def reach(lane: Lane, start: datetime = start, attempt: int = attempt) -> int:
                begin = start + lane.number * 10 * MINUTE
                return operations.occupy(
                    worker_id=omar,
                    start=begin,
                    end=begin + HOUR,
                    reference=f"job:{attempt}-{lane.number}",
                    now=NOW,
                )

            outcomes = racers.run(reach)
            assert sum(outcome.won for outcome in outcomes) == 1, outcomes
            assert all(isinstance(o.error, operations.SlotTaken) for o in outcomes if not o.won), outcomes
    assert (Busy.objects.count(), overlaps()) == (attempts(), 0)


def test_the_same_reference_reached_for_twice_is_one_row_and_no_refusal(omar: int) -> None:
    with Racers(2) as racers:
        for attempt in range(attempts(share=0.1)):
            start = NOW + attempt * 2 * HOUR

            def reach(lane: Lane, start: datetime = start, attempt: int = attempt) -> int:
                return operations.occupy(
                    worker_id=omar, start=start, end=start + HOUR, reference=f"job:{attempt}", now=NOW
                )

            assert len({outcome.value for outcome in racers.run(reach)}) == 1
    assert Busy.objects.count() == attempts(share=0.1)


def test_a_weekly_block_and_work_never_both_get_the_same_hour(omar: int) -> None:
    operations.open_calendar(omar, timezone="Asia/Riyadh")
    winners = set()
    with Racers(3) as racers:
        for attempt in range(attempts(share=0.1)):
            start = NOW + attempt * 2 * HOUR

            def reach(lane: Lane, start: datetime = start, attempt: int = attempt) -> None:
                if lane.number == 0:
                    until = (start + 2 * WEEK).date()
                    operations.block(omar, start=start, end=start + HOUR, now=NOW, repeats_until=until)
                else:
                    begin = start + lane.number * WEEK
                    operations.occupy(
                        worker_id=omar, start=begin, end=begin + HOUR, reference=f"job:{attempt}-{lane.number}", now=NOW
                    )  # fmt: skip

            outcomes = racers.run(reach)
            refusals = {type(o.error) for o in outcomes if not o.won}
            assert refusals <= {operations.SlotTaken, operations.BlockedByWork}, outcomes
            winners.add(outcomes[0].won)
            assert overlaps() == 0
            Busy.objects.all().delete()


def test_moving_to_the_same_hour_lets_one_in(omar: int) -> None:
    for lane in range(3):
        operations.occupy(
            worker_id=omar,
            start=NOW + lane * HOUR,
            end=NOW + (lane + 1) * HOUR,
            reference=f"job:{lane}",
            now=NOW,
        )
    with Racers(3) as racers:
        for attempt in range(attempts(share=0.1)):
            start = NOW + (attempt + 5) * 2 * HOUR

            def reach(lane: Lane, start: datetime = start) -> None:
                operations.move(f"job:{lane.number}", start=start, end=start + HOUR)

            outcomes = racers.run(reach)
            assert sum(outcome.won for outcome in outcomes) == 1, outcomes
            assert all(isinstance(o.error, operations.SlotTaken) for o in outcomes if not o.won), outcomes


def test_moving_and_reaching_for_the_same_hour_lets_one_in(omar: int) -> None:
    """An update and inserts meet: the losers are refused, and nobody is thrown out by a deadlock."""
    operations.occupy(worker_id=omar, start=NOW, end=NOW + HOUR, reference="job:moving", now=NOW)
    with Racers(4) as racers:
        for attempt in range(attempts(share=0.1)):
            start = NOW + (attempt + 2) * 2 * HOUR

            def reach(lane: Lane, start: datetime = start, attempt: int = attempt) -> None:
                if lane.number == 0:
                    operations.move("job:moving", start=start, end=start + HOUR)
                else:
                    operations.occupy(
                        worker_id=omar, start=start, end=start + HOUR, reference=f"job:{attempt}-{lane.number}", now=NOW
                    )  # fmt: skip

            outcomes = racers.run(reach)
            assert sum(outcome.won for outcome in outcomes) == 1, outcomes
            assert all(isinstance(o.error, operations.SlotTaken) for o in outcomes if not o.won), outcomes
    assert overlaps() == 0


CHECK_THEN_INSERT = (
    "SELECT count(*) FROM scratch_taken WHERE slot = %(slot)s",
    "INSERT INTO scratch_taken VALUES (%(slot)s, %(lane)s)",
)
LOCK_IN_THE_SAME_STATEMENT = """
    WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(slot)s))
    INSERT INTO scratch_taken SELECT %(slot)s, %(lane)s FROM gate
    WHERE NOT EXISTS (SELECT 1 FROM scratch_taken WHERE slot = %(slot)s)
"""


def check_then_insert(lane: Lane, slot: int) -> None:
    values = {"slot": slot, "lane": lane.number}
    with lane.raw.transaction(), lane.raw.cursor() as cursor:
        cursor.execute(CHECK_THEN_INSERT[0], values)
        row = cursor.fetchone()
        if row is not None and row[0] == 0:
            cursor.execute(CHECK_THEN_INSERT[1], values)


def lock_in_the_same_statement(lane: Lane, slot: int) -> None:
    """The statement's snapshot is older than its lock: who waited does not see what the other did."""
    lane.raw.execute(LOCK_IN_THE_SAME_STATEMENT, {"slot": slot, "lane": lane.number})


@pytest.mark.parametrize("wrong", [check_then_insert, lock_in_the_same_statement])
def test_the_race_is_hard_enough_to_break_what_is_wrong(scratch: None, wrong: object) -> None:
    doubles = 0
    with Racers(4) as racers:
        for slot in range(attempts()):
            outcomes = racers.run(lambda lane, slot=slot: wrong(lane, slot))  # type: ignore[operator,misc]
            assert all(outcome.won for outcome in outcomes), outcomes
            if slot % 50 == 49:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT count(*) FROM (SELECT slot FROM scratch_taken GROUP BY slot HAVING count(*) > 1) d"
                    )
                    doubles = cursor.fetchone()[0]
                if doubles >= 5:
                    break
    assert doubles > 0
