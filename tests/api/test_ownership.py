"""Role × operation × ownership: whoever has nothing to do with a thing learns nothing of it, by any operation.

The operations are those of the schema, so that a new one is in here the day it is written.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mahalla.api import limits
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.media import operations as media
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.trust.models import Verification
from mahalla.kernel.work.models import Job, Request
from mahalla.kit import clock
from mahalla.markets.khidma import hours, onboarding, photos, saved, series, wizard
from mahalla.markets.khidma.models import Receipt, TaskerProfile
from tests.api import contract
from tests.api.app import BASE, App
from tests.kernel.media_samples import image
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db

#: what everybody may read or mark, whose id it may be
PUBLIC = {
    "get_tasker": "an approved Tasker's page",
    "add_favourite": "a mark of one's own",
    "remove_favourite": "a mark of one's own",
    "unmark_interest": "a mark of one's own",
}
SECRETS = ("7 Hidden Lane", "Al-Harbi", "The code of the gate")


class Town:
    """Lina's and Sara's things, one of each kind that has a number."""

    def __init__(self) -> None:
        now = b.EVENING
        clock.set_clock(now)
        self.lina, self.sara = b.client("Lina Al-Harbi"), b.tasker("Sara")
        self.lina.addresses.update(lines="7 Hidden Lane")
        job = b.accepted(self.lina, self.sara, text="The code of the gate is blue")
        run_until(now, start=now)
        self.job = Job.objects.get(pk=job.pk)
        request = self.job.request
        draft = wizard.start(self.lina, now=now, category="cleaning")
        picture = photos.attach(draft, upload(), actor=b.client_of(self.lina), now=now)
        shot = media.store(upload(), owner=self.sara, purpose="portfolio", now=now)
        shown = onboarding.add_photo(self.sara, shot, actor=b.tasker_of(self.sara), now=now)
        block = hours.block(
            self.sara, start=b.at(9, "10:00"), end=b.at(9, "12:00"), actor=b.tasker_of(self.sara), now=now
        )
        paper = media.store(upload(), owner=self.sara, purpose="document", now=now)
        self.ids: dict[str, Any] = {
            "address_id": self.lina.addresses.get().pk,
            "method_id": self.lina.payment_methods.get().pk,
            "thread_id": Thread.objects.get(subject=request.stream).pk,
            "task_id": request.pk,
            "offer_id": self.job.offer_id,
            "template_id": saved.save_template(self.lina, request.pk, name="Weekly", now=now).pk,
            "series_id": self.series(now).pk,
            "case_id": self.disputed(now).pk,
            "tasker_id": self.sara.pk,
            "user_id": self.sara.pk,
            "block_id": block.pk,
            "check_id": Verification.objects.filter(user=self.sara).first().pk,
            "file_id": paper.pk,
            "variant": "full",
            "kind": "app",
            "session_id": App(self.lina).get("/sessions")[0]["id"],
            "step": "details",
            "code": "cleaning",
            "number": self.receipt(now).number,
            "review_id": self.review(now).pk,
            "category": "cleaning",
        }
        self.photo_ids = {"remove_photo": picture.pk, "remove_portfolio_photo": shown.pk}
        self.draft_id = draft.pk

    def series(self, now):
        address = self.lina.addresses.get()
        fields = {"category": "cleaning", "details": {"items": 5}, "address_id": address.pk}
        window = {"date": "2026-06-01", "from": "14:00", "to": "18:00"}
        method = {"method_id": self.lina.payment_methods.get().pk}
        made = wizard.start(self.lina, now=now, **fields, **window, **method, choose_for_me=True)
        wizard.save_step(made, "photos", {}, actor=b.client_of(self.lina), now=now)
        made = Request.objects.get(pk=made.pk)
        return series.start(made, every="weekly", actor=b.client_of(self.lina), now=now)

    def disputed(self, now) -> Case:
        """Another job of the two, done and disputed."""
        window = {"window_start": b.at(3, "14:00"), "window_end": b.at(3, "18:00")}
        job, worker = b.accepted(self.lina, self.sara, **window), b.tasker_of(self.sara)
        run_until(now, start=now)
        for clock_time, event, data in (
            ("13:50", "set_off", {}),
            ("14:00", "arrive", {"lat": b.HOME[0], "lng": b.HOME[1]}),
            ("14:00", "start_timer", {}),
            ("17:00", "submit", {}),
        ):
            engine.apply(job, event, actor=worker, now=b.at(3, clock_time), data=data)
        claim = {"kind": "hours", "minutes": 120, "text": "Two hours"}
        engine.apply(job, "dispute", actor=b.client_of(self.lina), now=b.at(3, "18:00"), data=claim)
        return Case.objects.get(job_id=job.pk)

    def receipt(self, now) -> Receipt:
        values = {"lines": [], "currency": "SAR", "total_minor": 9600, "issued_at": now}
        return Receipt.objects.create(number=1, kind="receipt", key="town", job=self.job, **values)

    def review(self, now) -> Review:
        """One that is not shown: hidden by staff."""
        values = {"stars": 1, "score": 1, "text": "The code of the gate", "created_at": now}
        author = {"author": self.lina, "subject": self.sara, "side": "of_worker"}
        return Review.objects.create(
            job_id=self.job.pk, visible=False, hidden_reason="Names a secret", **author, **values
        )

    def path(self, operation: contract.Operation) -> str:
        def number(match: re.Match[str]) -> str:
            name = match[1]
            if operation.name == "remove_photo" and name == "task_id":
                return str(self.draft_id)
            return str(self.photo_ids[operation.name] if name == "photo_id" else self.ids[name])

        return re.sub(r"\{(\w+)\}", number, operation.path)


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("p.jpg", image(), content_type="image/jpeg")


def call(app: App, operation: contract.Operation, path: str) -> Any:
    if "multipart/form-data" in operation.content:
        return app.client.post(BASE + path, {"photo": upload(), "file": upload(), "purpose": "chat"})
    return app.call(operation.method, path, operation.body())


@pytest.fixture
def town(khidma, monkeypatch):
    monkeypatch.setattr(limits, "CALLS_PER_MIN", 10**6)
    yield Town()
    clock.set_clock(None)


def outsiders() -> dict[str, Any]:
    """One of each role, with nothing to do with Lina or Sara; the Tasker works, but in something else."""
    gardening = b.category("gardening")
    return {
        "client": b.client("Omar"),
        "tasker": b.tasker("Faisal", category_=gardening, km=2),
        "ops_manager": b.person("Maha", "ops_manager"),
        "partner": b.person("Shop", "partner"),
        "nobody": b.person("Newcomer"),
    }


def test_an_outsider_of_any_role_gets_nothing_by_any_operation(town):
    wrong, asked = [], 0
    for role, person in outsiders().items():
        app = App(person)
        for operation in contract.operations():
            if not operation.ids or operation.name in PUBLIC or not operation.signed_in:
                continue
            answer = call(app, operation, town.path(operation))
            asked += 1
            desk = operation.path.startswith("/ops/")
            own_part = operation.path.startswith(("/tasker/", "/feed/"))
            fine = {403} if desk else {403, 404} if own_part else {404}
            if role == "ops_manager" and operation.name in {"get_file", "remove_file"}:
                fine = {403}  # staff know that documents exist, and are told that the right is missing
            if role == "ops_manager" and operation.name == "report_review":
                fine = {204}  # staff read hidden reviews; a report of one tells nothing
            if operation.name in {"set_rate", "remove_rate"} and role == "tasker":
                fine = {404, 200, 422}  # a category is nobody's: the Tasker's own rate in it
            if answer.status_code not in fine or any(word in answer.content.decode() for word in SECRETS):
                wrong.append((role, operation.name, answer.status_code, answer.content[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 300
    assert town.lina.addresses.filter(removed_at=None).count() == 1
    assert Job.objects.get(pk=town.job.pk).state == "confirmed"


def test_no_list_of_an_outsider_holds_anything_of_others(town):
    for role, person in outsiders().items():
        app = App(person)
        for operation in contract.operations():
            if operation.method == "GET" and not operation.ids:
                answer = app.call("GET", operation.path)
                assert answer.status_code in {200, 403, 404, 409, 422}, (role, operation.name, answer.content)
                text = answer.content.decode()
                assert not any(word in text for word in SECRETS), (role, operation.name)
                assert str(town.lina.phone) not in text and str(town.sara.phone) not in text


def test_the_desks_are_for_their_roles_alone(town):
    desks = [o for o in contract.operations() if o.path.startswith("/ops/") or o.name == "list_case_queue"]
    people = {"client": town.lina, "tasker": town.sara, **outsiders()}
    for role, person in people.items():
        for operation in desks:
            answer = call(App(person), operation, town.path(operation))
            assert answer.status_code == 403, (role, operation.name, answer.content)
    documents = App(b.person("Noor", "support_agent")).call("GET", "/ops/checks")
    assert documents.status_code == 403
    file = town.ids["file_id"]
    App(b.person("Noor", "support_agent")).refused(403, "file_restricted", "GET", f"/files/{file}/full")


def test_a_number_of_anothers_in_a_body_is_no_key_either(town):
    omar, ids = App(b.client("Omar")), town.ids
    draft = omar.post("/tasks", {"category": "cleaning"})["id"]
    omar.refused(404, "task_not_found", "POST", "/tasks/copies", {"task_id": ids["task_id"]})
    omar.refused(404, "nobody_worked", "POST", "/tasks/copies", {"task_id": draft, "same_tasker": True})
    omar.refused(404, "task_not_found", "POST", "/templates", {"task_id": ids["task_id"], "name": "Mine"})
    body = {"task_id": town.draft_id, "every": "weekly"}
    omar.refused(404, "draft_not_found", "POST", "/series", body)
    for step, field in (("address", "address_id"), ("payment", "method_id")):
        body = {field: ids[field]}
        problem = omar.refused(422, "invalid", "PUT", f"/tasks/{draft}/steps/{step}", body)
        assert list(problem["errors"]) == [field]
    faisal = App(b.tasker("Faisal"))
    faisal.refused(404, "file_not_found", "POST", "/tasker/portfolio", {"asset_id": ids["file_id"]})
    assert not TaskerProfile.objects.filter(photo_id=ids["file_id"]).exists()


def test_the_two_sides_of_a_task_take_only_their_own_steps(town):
    at = f"/tasks/{town.ids['task_id']}"
    lina, sara = App(town.lina), App(town.sara)
    lina.refused(403, "not_yours_to_do", "POST", f"{at}/departure", {})
    sara.refused(403, "not_yours_to_do", "POST", f"{at}/cancellation", {})
    sara.refused(404, "task_not_found", "GET", f"{at}/recommendations")
    sara.refused(404, "task_not_found", "GET", f"{at}/receipts")
    offered = {step["event"] for step in lina.get(at)["actions"]}
    assert offered == {"change_method", "cancel", "report_no_show"}
    assert {"set_off", "tasker_cancel"} <= {step["event"] for step in sara.get(at)["actions"]}


@pytest.mark.spec("KH-REQ-16")
def test_the_street_comes_with_the_confirmation(town):
    lina, sara = b.client("Lina Al-Harbi"), b.tasker("Maryam", km=3.2)
    offer = b.offered(lina, sara)
    app = App(sara)
    for path in (f"/offers/{offer.pk}", f"/tasks/{offer.request_id}", "/offers", "/feed"):
        text = json.dumps(app.get(path), ensure_ascii=False)
        assert "Olaya Street" not in text and "Al-Harbi" not in text, path
    place = app.get(f"/offers/{offer.pk}")["task"]["place"]
    assert (place["district"], place["distance_m"], place["lines"]) == ("Al Olaya", 3200, None)
    app.post(f"/offers/{offer.pk}/acceptance", {"version": 1})
    assert app.get(f"/tasks/{offer.request_id}")["place"]["lines"] is None  # agreed, not secured yet
    run_until(b.EVENING, start=b.EVENING)
    seen = app.get(f"/tasks/{offer.request_id}")
    assert (seen["status"], seen["place"]["lines"]) == ("confirmed", "12 Olaya Street")
