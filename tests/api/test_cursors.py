"""Lists come in pages that neither skip nor double, whatever is added meanwhile; page marks cannot be made up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def drafts(lina, count, *, now):
    return [b.draft(lina, now=now).pk for _n in range(count)]


def test_a_list_is_read_page_by_page_while_rows_come_in(khidma):
    lina = b.client()
    app, now = App(lina), clock.now()
    made = drafts(lina, 5, now=now)  # all of one instant: the key decides between them
    first = app.get("/tasks", limit=2)
    drafts(lina, 1, now=now + timedelta(minutes=1))
    second = app.get("/tasks", limit=2, cursor=first["next"])
    third = app.get("/tasks", limit=2, cursor=second["next"])
    seen = [row["id"] for part in (first, second, third) for row in part["items"]]
    assert seen == sorted(made, reverse=True)
    assert third["next"] is None


def test_a_page_holds_at_most_a_hundred(khidma):
    App(b.client()).refused(422, "invalid", "GET", "/tasks", limit=101)
    App(b.client("Omar")).refused(422, "invalid", "GET", "/tasks", limit=0)


def test_a_mark_that_was_changed_or_belongs_elsewhere_is_refused(khidma):
    lina = b.client()
    app = App(lina)
    drafts(lina, 2, now=clock.now())
    mark = app.get("/tasks", limit=1)["next"]
    for wrong in (mark[:-2] + "xx", "made up", "W10:abc"):
        problem = app.refused(422, "invalid", "GET", "/tasks", cursor=wrong)
        assert list(problem["errors"]) == ["cursor"]
    app.refused(422, "invalid", "GET", "/notices", cursor=mark)
    app.refused(422, "invalid", "GET", "/tasks", cursor=mark, side="tasker")


def test_a_mark_shows_only_the_own_rows_to_whoever_finds_it(khidma):
    lina, omar = b.client(), b.client("Omar")
    drafts(lina, 2, now=clock.now())
    mark = App(lina).get("/tasks", limit=1)["next"]
    assert App(omar).get("/tasks", cursor=mark)["items"] == []


def test_a_longer_page_takes_no_more_queries(khidma, django_assert_max_num_queries):
    lina, sara = b.client(), b.tasker()
    app = App(lina)
    b.accepted(lina, sara)
    drafts(lina, 9, now=clock.now())
    app.get("/tasks", limit=1)
    with django_assert_max_num_queries(8):
        assert len(app.get("/tasks", limit=10)["items"]) == 10
