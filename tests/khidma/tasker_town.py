"""A Tasker's world for the tests of the pages: a phone without scripts, pressing what stands on the page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job
from mahalla.kit import clock
from mahalla.web.photos import demo_photo
from tests.khidma import builders as b

THERE = {"lat": "24.71396", "lng": "46.6753", "accuracy_m": "12"}


def browser(user: User | None) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    if user is not None:
        client.force_login(user)
    return client


def text_of(page: Any) -> str:
    return unescape(page.content.decode())


def forms(page: Any) -> list[tuple[str, dict[str, str]]]:
    """The posting forms of a page with their hidden fields: what a thumb may press without scripts."""
    found = []
    for tag, body in re.findall(r"<form([^>]*)>(.*?)</form>", text_of(page), re.S):
        if 'method="post"' not in tag:
            continue
        action = re.search(r'action="([^"]*)"', tag)
        hidden = dict(
            re.findall(r'<input type="hidden" name="([^"]+)"(?: id="[^"]*")? value="([^"]*)"', body)
        )
        found.append((action[1] if action else "", hidden))
    return found


def press(client: Client, page: Any, action: str, **data: Any) -> Any:
    """Press the button of the form that leads to ``action`` on this very page, and see the page that follows."""
    where, hidden = next(
        form for form in forms(page) if (form[0].endswith(action) if action else not form[0])
    )
    answer = client.post(where or page.request["PATH_INFO"], {**hidden, **data}, follow=True)
    assert answer.status_code == 200, text_of(answer)[:2000]
    return answer


def at(moment: Any) -> None:
    """The clock moves on; deadlines and the outbox with it."""
    run_until(moment, start=clock.now())
    clock.set_clock(moment)


def picture(kind: str = "after") -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", demo_photo("work", kind), "image/jpeg")


def working() -> Job:
    """Sara works at Lina's since 14:30."""
    lina, sara = b.client("Lina Harbi"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    at(b.at(2, "14:20"))
    for event in ("set_off", "arrive"):
        engine.apply(job, event, actor=b.tasker_of(sara), now=clock.now(), data=THERE)
    at(b.at(2, "14:30"))
    engine.apply(job, "start_timer", actor=b.tasker_of(sara), now=clock.now())
    return job
