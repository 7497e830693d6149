"""Operations by the API: the board, tasks nobody takes, acting for others with a reason that stays."""

from __future__ import annotations

import pytest

from mahalla.kernel.events.models import Event
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Offer
from mahalla.kit import clock
from tests.api.app import App
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def evening(khidma):
    with clock.travel(b.EVENING):
        yield


def later(clock_time):
    run_until(b.at(1, clock_time), start=b.EVENING)
    return clock.travel(b.at(1, clock_time))


def test_a_task_that_nobody_takes_comes_to_the_queue_and_is_assigned(evening):
    lina, sara, huda = b.client("Lina"), b.tasker("Sara"), App(b.person("Huda", "ops_admin"))
    request = b.posted(lina, data={"no_auto_match": True})
    at = f"/tasks/{request.pk}"
    assert huda.get("/ops/tasks/unaccepted")["items"] == []
    assert [row["id"] for row in huda.get("/ops/tasks")["items"]] == [request.pk]
    with later("20:16"):
        (waiting,) = huda.get("/ops/tasks/unaccepted")["items"]
        assert waiting["unaccepted_since"]
        huda.refused(422, "invalid", "POST", f"{at}/assignment", {"worker_id": sara.pk})
        body = {"worker_id": sara.pk, "reason": "Sara is near"}
        App(lina).refused(403, "not_yours_to_do", "POST", f"{at}/assignment", body)
        assert huda.post(f"{at}/assignment", body)["status"] == "offered"
        assert Offer.objects.get(request=request).source == "ops"
        App(sara).refused(404, "offer_not_found", "POST", f"{at}/spoken-consent", {"reason": "I said so"})
        huda.post(f"{at}/spoken-consent", {"reason": "She agreed by phone at 20:15"})
        assert huda.get(at)["status"] == "accepted"
    kept = Event.objects.filter(stream=request.stream, role="ops_admin")
    assert "She agreed by phone at 20:15" in [event.reason for event in kept]


def test_operations_cancel_for_a_client_only_with_a_reason(evening):
    lina, huda = b.client("Lina"), App(b.person("Huda", "ops_admin"))
    request = b.posted(lina)
    at = f"/tasks/{request.pk}"
    problem = huda.refused(422, "reason_needed", "POST", f"{at}/cancellation", {})
    assert list(problem["errors"]) == ["reason"]
    assert huda.post(f"{at}/cancellation", {"reason": "She called"})["status"] == "cancelled_client"
    App(b.person("Noor", "support_agent")).refused(403, "role_needed", "GET", "/ops/tasks")


def test_everybody_reports_the_other_side_and_only_the_desk_reads_it(evening):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara)
    made = App(lina).post(f"/tasks/{job.request_id}/reports", {"kind": "behaviour", "text": "She shouted."})
    App(sara).refused(404, "not_found", "GET", f"/cases/{made['id']}")
    assert App(sara).get("/cases")["items"] == []
    agent = App(b.person("Tariq", "ts_agent"))
    assert [row["id"] for row in agent.get("/cases/queue", group="report")] == [made["id"]]
    agent.refused(403, "role_needed", "GET", "/cases/queue", group="dispute")
