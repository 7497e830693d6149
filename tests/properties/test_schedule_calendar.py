"""What the calendar says and what the database lets happen are one: nothing fits that cannot be taken."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mahalla.kernel.identity.models import User
from mahalla.kernel.schedule import operations, queries
from mahalla.kit import spans
from mahalla.kit.errors import Refused
from mahalla.kit.spans import Span

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BERLIN = spans.zone("Europe/Berlin")
#: the day on which Berlin's clocks go forward
MIDNIGHT = spans.instant(date(2026, 3, 29), 0, BERLIN)

quarters = st.integers(0, 40)
pieces = st.tuples(quarters, st.integers(1, 12))
hours = st.just([(0, 60)]) | st.lists(st.tuples(quarters, st.integers(1, 40)), max_size=3)
doings = st.lists(
    st.tuples(st.sampled_from(["work", "block", "release", "move"]), pieces, st.sampled_from([0, 30])),
    max_size=12,
)


def at(quarter: int) -> datetime:
    return MIDNIGHT + quarter * timedelta(minutes=15)


def do(worker: int, number: int, what: str, piece: tuple[int, int], buffer_min: int) -> None:
    start, end = at(piece[0]), at(piece[0] + piece[1])
    if what == "work":
        operations.occupy(
            worker_id=worker, start=start, end=end, reference=f"job:{number}", now=NOW, buffer_min=buffer_min
        )
    elif what == "block":
        operations.block(worker, start=start, end=end, now=NOW)
    elif what == "release":
        operations.release(f"job:{piece[0] % max(number, 1)}")
    else:
        operations.move(f"job:{piece[1] % max(number, 1)}", start=start, end=end, buffer_min=buffer_min)


def ranges(week: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Sunday's hours, merged as the calendar wants them."""
    joined = spans.normalise(Span(at(a), at(min(a + length, 96))) for a, length in week)
    return [
        (6, int((s.start - MIDNIGHT).total_seconds() // 60), int((s.end - MIDNIGHT).total_seconds() // 60)) for s in joined
    ]  # fmt: skip


class Undo(Exception):
    """Each example leaves nothing behind."""


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours, doings, st.tuples(quarters, st.integers(4, 40)), st.integers(1, 6), st.sampled_from([0, 30]))
def test_what_fits_can_be_taken_and_nothing_earlier_could(
    week: list[tuple[int, int]],
    done: list[tuple[str, tuple[int, int], int]],
    asked: tuple[int, int],
    length: int,
    buffer_min: int,
) -> None:
    with suppress(Undo), transaction.atomic():
        worker = User.objects.create_user(phone="+4930000001").pk
        operations.set_week(worker, ranges(week), timezone="Europe/Berlin")
        for number, (what, piece, buffer) in enumerate(done):
            with suppress(Refused), transaction.atomic():
                do(worker, number, what, piece, buffer)
        window = Span(at(asked[0]), at(asked[0] + asked[1]))
        found = queries.earliest_fit(worker, window=window, minutes=length * 15, buffer_min=buffer_min)
        free = queries.free_spans(worker, start=window.start, end=window.end)
        upto = asked[0] + asked[1] if found is None else int((found - MIDNIGHT).total_seconds() // 900)
        for quarter in range(asked[0], upto):
            whole = Span(at(quarter), at(quarter + length))
            inside = any(f.start <= whole.start and whole.end <= f.end for f in free)
            way = queries.busy_of(worker, start=whole.end, end=whole.end + timedelta(minutes=buffer_min))
            assert not inside or (buffer_min and way.exists())
        if found is not None:
            assert window.start <= found and found + length * timedelta(minutes=15) <= window.end
            operations.occupy(
                worker_id=worker, start=found, end=found + length * timedelta(minutes=15),
                reference="the one", now=NOW, buffer_min=buffer_min,
            )  # fmt: skip
        raise Undo
