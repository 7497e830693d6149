"""Providers' news comes by one address, signed, and counts once."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client

from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger.models import Transfer
from mahalla.kernel.payments import signatures
from mahalla.kernel.payments.models import Hold, ProviderNews
from mahalla.kernel.payments.provider import News
from mahalla.kit import clock
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


def test_the_same_news_twice_counts_once_and_a_forged_one_never(khidma):
    lina, sara = b.client(), b.tasker()
    with clock.travel(b.EVENING):
        job = b.accepted(lina, sara)
        run_until(b.EVENING, start=b.EVENING)
        engine.apply(job, "cancel", actor=b.client_of(lina), now=b.EVENING)
        hold = Hold.objects.get(reference=job.reference)
        assert hold.state == "capture_requested"
        news = News("captured", hold.call_key, hold.provider_ref, hold.capture_minor, "SAR")
        body = json.dumps({"type": news.kind, "data": news.to_json()}).encode()

        def send(secret: str) -> int:
            signed = signatures.sign(body, event_id="evt_1", secret=secret, now=b.EVENING)
            address = "/api/v1/webhooks/sandbox"
            answer = Client(enforce_csrf_checks=True).post(
                address, body, content_type="application/json", headers=signed
            )
            return answer.status_code

        assert send("guessed") == 400
        assert not ProviderNews.objects.filter(event_id="evt_1").exists()
        assert [send(settings.MAHALLA_SANDBOX_SECRET) for _again in range(2)] == [200, 200]
        assert Transfer.objects.filter(code="capture").count() == 1
        assert Client().post("/api/v1/webhooks/nobody", {}).status_code == 404
