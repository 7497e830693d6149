"""The conversation of a task, live between two people, over a real stream process (KH-CHAT-01)."""

from __future__ import annotations

import time

import pytest

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Job
from tests.khidma import builders as b
from tests.khidma import client_town as town
from tests.khidma import tasker_town
from tests.patience import within
from tests.web.test_stream import Listener, port, signed_in  # noqa: F401 - port is the fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("khidma")]


@pytest.mark.spec("KH-CHAT-01")
def test_a_message_reaches_the_other_side_within_2_s_and_on_day_8_only_reading_works(port: int) -> None:  # noqa: F811
    town.go_to(b.EVENING)
    lina, sara, rami = b.client("Lina"), b.tasker("Sara"), b.client("Rami")
    job = b.confirmed(lina, sara)
    talk, lines = f"/tasks/{job.request_id}/chat/", f"/jobs/{job.pk}/chat/lines/"
    theirs = tasker_town.browser(sara)
    mine = town.browser(lina)
    assert (mine.get(talk).status_code, theirs.get(lines).status_code) == (200, 200)  # both have it open
    with Listener(port, signed_in(sara)) as hers, Listener(port, signed_in(rami)) as outside:
        began = time.monotonic()
        assert mine.post(talk, {"text": "The bell is broken"}).status_code == 302
        hers.until(lambda: hers.messages, within=within(2))
        shown = tasker_town.text_of(theirs.get(lines))
        assert time.monotonic() - began < within(2)
        assert "The bell is broken" in shown
        assert outside.messages == []
    assert town.browser(rami).get(talk).status_code == 404

    worker = b.tasker_of(sara)
    here = {"lat": b.HOME[0], "lng": b.HOME[1]}
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data=here)
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
    run_until(b.at(2, "17:00"), start=b.at(2, "14:30"))
    town.go_to(b.at(9, "16:59"))
    assert town.browser(lina).post(talk, {"text": "Thank you"}).status_code == 302
    town.go_to(b.at(10, "17:00"))
    refused = town.browser(lina).post(talk, {"text": "And also"})
    assert refused.status_code == 409
    page = town.browser(lina).get(talk)
    assert page.status_code == 200
    for text in (page.content.decode(), tasker_town.text_of(theirs.get(lines))):
        assert "The bell is broken" in text
        assert "Thank you" in text
        assert "And also" not in text
    assert Job.objects.get(pk=job.pk).submitted_at == b.at(2, "17:00")
