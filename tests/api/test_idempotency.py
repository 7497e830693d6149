"""One key is one effect: repeated, changed, refused, and by two connections at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from mahalla.api.models import IdempotentAnswer
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import User
from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b


def changes(user: User) -> int:
    return Event.objects.filter(noun="user", subject_id=user.pk, name="identity.profile_changed").count()


@pytest.mark.django_db
def test_the_same_call_again_has_one_effect_and_the_same_answer(khidma):
    lina = b.client()
    app = App(lina)
    first = app.call("PATCH", "/account", {"name": "Lina A."}, key="k1")
    identity.update_profile(lina, name="Somebody else", now=clock.now())
    again = app.call("PATCH", "/account", {"name": "Lina A."}, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert changes(lina) == 2  # the first call's and the one in between


@pytest.mark.django_db
def test_a_key_with_another_call_is_refused(khidma):
    lina = b.client()
    app = App(lina)
    app.did("PATCH", "/account", {"name": "Lina A."}, key="k1")
    app.refused(422, "idempotency_key_reused", "PATCH", "/account", {"name": "Lina B."}, key="k1")
    app.refused(422, "idempotency_key_reused", "POST", "/account/terms", {"name": "Lina A."}, key="k1")
    assert changes(lina) == 1


@pytest.mark.django_db
def test_keys_are_each_persons_own_and_last_a_day(khidma):
    lina, omar = b.client(), b.client("Omar")
    App(lina).did("PATCH", "/account", {"name": "One"}, key="k1")
    App(omar).did("PATCH", "/account", {"name": "Two"}, key="k1")
    assert (changes(lina), changes(omar)) == (1, 1)
    with clock.travel(clock.now() + timedelta(hours=24)):
        App(lina).did("PATCH", "/account", {"name": "Three"}, key="k1")
    assert changes(lina) == 2


@pytest.mark.django_db
def test_a_refusal_changes_nothing_and_leaves_its_key_free(khidma):
    lina = b.client()
    app = App(lina)
    app.refused(422, "invalid", "PATCH", "/account", {"name": "two\nlines"}, key="k1")
    assert not IdempotentAnswer.objects.exists()
    app.did("PATCH", "/account", {"name": "one line"}, key="k1")
    assert changes(lina) == 1


@pytest.mark.django_db
def test_what_a_failing_call_wrote_is_taken_back(khidma, monkeypatch):
    lina = b.client()
    real = identity.update_profile

    def write_then_break(*args, **kw):
        real(*args, **kw)
        raise RuntimeError("after the write")

    monkeypatch.setattr(identity, "update_profile", write_then_break)
    App(lina).refused(500, "internal", "PATCH", "/account", {"name": "Half"})
    lina.refresh_from_db()
    assert lina.name == "Lina"
    assert changes(lina) == 0


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_equal_calls_at_once_have_one_effect(khidma):
    lina = b.client()
    apps = [App(lina) for _connection in range(4)]
    start, answers = threading.Barrier(len(apps)), []

    def call(app: App) -> None:
        start.wait()
        try:
            answers.append(app.call("PATCH", "/account", {"name": "Lina A."}, key="race"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=(app,)) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False, True, True, True]
    assert changes(lina) == 1
    assert connection.is_usable()
