"""Nobody floods the market: posts and messages are counted by person; 429 comes with a sentence (KH-SEC-05)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mahalla.kernel import policy
from mahalla.kernel.chat.models import Message
from mahalla.kernel.flow import engine
from mahalla.kernel.work.models import Request
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import TooMany
from tests.khidma import builders as b
from tests.khidma import client_town as town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]


def allow(name: str, value: int) -> None:
    policy.set_value(name, value, valid_from=b.EVENING - timedelta(days=1), actor=SYSTEM, now=b.EVENING)


def test_the_next_post_within_an_hour_is_refused_and_the_draft_is_kept() -> None:
    allow("posts_per_hour", 2)
    lina, omar = b.client("Lina"), b.client("Omar")
    town.go_to(b.EVENING)
    for minute in (0, 10):
        b.posted(lina, now=b.EVENING + timedelta(minutes=minute))
    draft = b.draft(lina)
    town.go_to(b.EVENING + timedelta(minutes=20))
    answer = town.browser(lina).post(f"/tasks/new/{draft.pk}/preview/", {})
    assert answer.status_code == 429
    assert answer["Retry-After"] == str(40 * 60)
    assert "Your draft is kept" in answer.content.decode()
    assert b.fresh(draft).state == "draft"
    b.posted(omar, now=b.EVENING + timedelta(minutes=20))  # everybody has their own count
    later = b.EVENING + timedelta(minutes=61)
    done = engine.apply(draft, "post", actor=b.client_of(lina), now=later)
    assert done.state == "matching"
    with pytest.raises(TooMany):
        b.posted(lina, now=later)


def test_what_the_platform_posts_for_a_client_is_not_counted_against_it() -> None:
    allow("posts_per_hour", 1)
    lina = b.client("Lina")
    b.posted(lina)
    repeated = engine.apply(b.draft(lina), "post", actor=SYSTEM, now=b.EVENING)
    assert Request.objects.get(pk=repeated.pk).state == "matching"


@pytest.mark.parametrize("side", ["client", "tasker"])
def test_too_many_messages_a_minute_answer_429_and_keep_the_words(side: str) -> None:
    allow("chat_messages_per_min", 3)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.confirmed(lina, sara)
    town.go_to(b.EVENING)
    writer, path = (
        (lina, f"/tasks/{job.request_id}/chat/") if side == "client" else (sara, f"/jobs/{job.pk}/chat/")
    )
    web = town.browser(writer)

    def say(text: str) -> Any:
        return web.post(path, {"text": text, "idempotency_key": text})

    for number in range(3):
        assert say(f"line {number}").status_code == 302
    answer = say("The fourth line")
    page = answer.content.decode()
    assert answer.status_code == 429
    assert "You are writing very fast" in page and "The fourth line" in page
    assert Message.objects.filter(author=writer).count() == 3
    town.go_to(b.EVENING + timedelta(minutes=1))
    assert say("The fourth line").status_code == 302
