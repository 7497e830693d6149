"""Who gets into every client page, and what the slower of two tabs is told."""

from __future__ import annotations

import pytest

from mahalla.kernel.work.models import Job, Request
from tests.khidma import builders as b
from tests.khidma import client_town as town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]


@pytest.mark.spec("KH-UX-03")
def test_each_client_page_answers_200_for_the_client_and_403_for_a_guest() -> None:
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = town.submitted(lina, sara)
    draft, looking = b.draft(lina), b.posted(lina, now=b.at(1, "20:00"))
    done, task = f"tasks/{job.request_id}/", f"tasks/new/{draft.pk}/"
    paths = [
        "account/", "account/terms/", "account/phone/", "account/leave/", "notices/", "notices/preferences/", "me/",
        "addresses/", "addresses/new/", "tasks/new/", f"{task}details/", f"{task}photos/", f"{task}address/",
        f"{task}window/", f"{task}choice/", f"{task}payment/", f"{task}preview/", f"tasks/{looking.pk}/taskers/",
        f"taskers/{sara.pk}/", done, f"{done}chat/", f"{done}receipt/", f"{done}dispute/", "tasks/",
        "tasks/past/?q=clean", "templates/", "series/", "favourites/", "payments/methods/", "payments/methods/new/",
        "payments/", "cases/",
    ]  # fmt: skip
    web, guest = town.browser(lina), town.browser(None)
    assert {path: web.get(f"/{path}").status_code for path in paths} == dict.fromkeys(paths, 200)
    assert {path: guest.get(f"/{path}").status_code for path in paths} == dict.fromkeys(paths, 403)
    assert guest.get("/sign-in/").status_code == 200


def test_the_second_tab_with_an_overlapping_offer_gets_one_sentence() -> None:
    sara = b.tasker("Sara")
    first, second = b.offered(b.client("Lina"), sara), b.offered(b.client("Huda"), sara)
    town.go_to(b.EVENING)
    web = town.browser(sara)

    def accept(pk: int, key: str) -> tuple[int, str]:
        form = {"version": 1, "start_at": b.at(2, "14:30").isoformat(), "idempotency_key": key}
        answer = web.post(f"/offers/{pk}/", form, follow=True)
        return answer.status_code, answer.content.decode()

    assert accept(first.pk, "tab-1")[0] == 200
    status, page = accept(second.pk, "tab-2")
    assert Job.objects.count() == 1
    assert status == 422
    assert "You are not free in this time any more. Say no, so that somebody else can help." in page


def test_posting_twice_is_one_task_and_a_late_form_says_where_it_stands() -> None:
    lina = b.client("Lina")
    draft = b.draft(lina)
    town.go_to(b.EVENING)
    web = town.browser(lina)
    for _press in range(2):
        assert web.post(f"/tasks/new/{draft.pk}/preview/", {})["Location"] == f"/tasks/{draft.pk}/"
    assert Request.objects.filter(client=lina).count() == 1
