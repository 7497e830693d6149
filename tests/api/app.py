"""An app of the tests: a bearer token, JSON in and out, a fresh key for every act."""

from __future__ import annotations

import itertools
from typing import Any

from django.test import Client

from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity.models import User
from mahalla.kit import clock

_keys = itertools.count(1)
BASE = "/api/v1"


class App:
    """``app.post("/tasks/7/cancellation")`` gives the answer; ``app.did(...)`` its JSON, after a look at its status."""

    def __init__(self, user: User | None = None, *, language: str = "en") -> None:
        headers = {"Accept-Language": language}
        if user is not None:
            headers["Authorization"] = f"Bearer {identity.issue_token(user, now=clock.now(), client='tests')}"
        self.user = user
        self.client = Client(headers=headers, raise_request_exception=False)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **query: Any) -> Any:
        headers = {}
        if method not in {"GET", "HEAD"}:
            headers["Idempotency-Key"] = key or f"test-{next(_keys)}"
        return self.client.generic(
            method,
            BASE + path,
            data=b"" if body is None else self.client._encode_json(body, "application/json"),
            content_type="application/json",
            query_params=query or None,
            headers=headers,
        )

    def did(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.call(method, path, body, **more)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.content.decode()}"
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.did("GET", path, **query)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.did("POST", path, {} if body is None else body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.did("PUT", path, {} if body is None else body, **more)

    def refused(self, status: int, code: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.call(method, path, body, **more)
        assert answer["Content-Type"] == "application/problem+json", answer.content
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), problem
        return problem
