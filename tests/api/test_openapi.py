"""The API describes itself: every operation, in words, with its refusals; and answers as it says."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from ninja import Schema
from schemathesis.core import NotSet

from mahalla.api import limits
from mahalla.api.urls import api
from mahalla.kit import market
from mahalla.markets.khidma.api.steps import NOUNS
from tests.api import contract
from tests.api.app import App
from tests.khidma import builders as b

#: what would end the caller's own account or session for the calls after it
LEAVING = {"deactivate", "request_deletion", "sign_out", "sign_out_elsewhere", "end_session", "change_phone"}


def test_every_operation_is_described_in_words():
    names = [operation.name for operation in contract.operations()]
    assert len(names) == len(set(names)) > 120
    for operation in contract.operations():
        assert operation.about["summary"] and operation.about["description"], operation
        assert operation.about["tags"], operation
        assert "default" in operation.about["responses"], operation
        if operation.method != "GET" and operation.signed_in:
            assert any(p["name"] == "Idempotency-Key" for p in operation.about["parameters"]), operation


def test_no_two_shapes_have_one_name():
    """The schema knows shapes by their names: the second of a name would hide the first."""

    def all_of(shape):
        for below in shape.__subclasses__():
            yield below
            yield from all_of(below)

    ours = {f"{c.__module__}.{c.__qualname__}" for c in all_of(Schema) if c.__module__.startswith("mahalla.")}
    plain = [name for name in ours if "[" not in name]
    doubled = [name for name, n in Counter(name.rsplit(".", 1)[1] for name in plain).items() if n > 1]
    assert not doubled


def test_only_signing_in_and_the_catalogue_are_open_to_strangers():
    open_ones = {operation.name for operation in contract.operations() if not operation.signed_in}
    assert open_ones == {
        "ask_code",
        "sign_in",
        "register",
        "list_categories",
        "list_review_tags",
        "get_category_prices",
        "receive_webhook",  # signed instead
    }


def test_every_step_that_a_flow_offers_has_an_address(khidma):
    """What a page can offer as a button the API serves too (KH-API-08)."""
    paths = {operation.path for operation in contract.operations() if operation.method == "POST"}
    for noun in ("request", "offer", "job"):
        for row in market.active().flows[noun].transitions:
            people = set(row.actors) - {"system"}
            if row.label and people:
                root = "/offers/{offer_id}" if row.event in {"accept", "decline"} else "/tasks/{task_id}"
                assert f"{root}/{NOUNS[noun, row.event]}" in paths, (noun, row.event)


@pytest.mark.django_db
def test_the_schema_is_served_to_everybody(khidma):
    answer = App().call("GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "Khidma API"


@pytest.mark.django_db
def test_whatever_the_schema_allows_is_answered_and_never_breaks(khidma, monkeypatch):
    monkeypatch.setattr(limits, "CALLS_PER_MIN", 10**6)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    b.accepted(lina, sara)
    described = schemathesis.openapi.from_dict(api.ninja.get_openapi_schema(path_prefix="/api/v1/"))
    for found in described.get_all_operations():
        operation = found.ok()
        about = operation.definition.raw
        if about["operationId"] in LEAVING or "multipart/form-data" in str(about.get("requestBody")):
            continue
        app = App(sara if "/tasker" in operation.path else lina)

        _probe(operation, app)


def _probe(operation, app) -> None:
    """Three calls of one operation, made up from its schema."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=3,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def probe(case):
        body = "" if isinstance(case.body, NotSet) else json.dumps(case.body)
        answer = app.client.generic(
            case.method,
            case.formatted_path,
            data=body,
            content_type="application/json",
            query_params=case.query or None,
        )
        shown = (case.method, case.formatted_path, case.query, body, answer.content)
        assert answer.status_code < 500, shown
        assert answer.status_code != 405, shown  # hidden behind another router's address
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", shown

    probe()
