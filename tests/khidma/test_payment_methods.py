"""How a client pays, as this market uses it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments import queries
from mahalla.kernel.payments.models import Hold, PaymentMethod
from mahalla.kit.errors import Refused
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db


@pytest.mark.spec("KH-PAY-02")
def test_the_card_of_a_confirmed_task_cannot_be_removed(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    card = job.request.method_id
    spare = b.add_card(lina, b.SECURE_CARD)
    with pytest.raises(Refused) as refused:
        payments.remove_method(lina.pk, card, now=b.EVENING)
    assert refused.value.code == "method_in_use"
    kept = PaymentMethod.objects.get(pk=card)
    assert (kept.brand, kept.last4, kept.expiry) == ("visa", "4242", "2030-12")
    assert "4242424242424242" not in str(PaymentMethod.objects.values().get(pk=card))
    payments.edit_method(lina.pk, spare.pk, now=b.EVENING, label="Family card")
    payments.remove_method(lina.pk, spare.pk, now=b.EVENING)
    assert [method.pk for method in queries.methods_for(lina.pk)] == [card]


@pytest.mark.parametrize("state", ["posted", "offered", "completed"])
def test_every_live_task_holds_its_card(khidma, state: str) -> None:
    lina, sara = b.client(), b.tasker()
    made = {"posted": b.posted, "offered": b.offered, "completed": b.completed}[state]
    made(lina) if state == "posted" else made(lina, sara)
    with pytest.raises(Refused):
        payments.remove_method(lina.pk, queries.default_method(lina.pk).pk, now=b.EVENING)


def test_after_the_end_the_card_is_free(khidma) -> None:
    lina = b.client()
    request = b.posted(lina)
    b.step(request, "cancel", b.client_of(lina), b.EVENING)
    payments.remove_method(lina.pk, request.method_id, now=b.EVENING)


@pytest.mark.spec("KH-PAY-05")
def test_far_ahead_the_hold_is_made_six_days_before(khidma) -> None:
    """Accepted on day 0 for day 10: the method is checked now, 136.80 held on day 4, and valid on day 10."""
    day = [b.at(1 + n, "20:00") for n in range(11)]
    lina, sara = b.client("Maha"), b.tasker("Omar", week=[(d, 0, 1440) for d in range(7)])
    job = b.confirmed(
        lina,
        sara,
        details={"items": 5, "floor": 0},
        window_start=day[10],
        window_end=day[10] + timedelta(hours=6),
        start=day[10],
    )
    assert job.state == "confirmed"
    assert not Hold.objects.filter(reference=job.reference, state="authorised").exists()
    run_until(day[4] - timedelta(minutes=1), start=b.EVENING)
    assert not Hold.objects.filter(reference=job.reference, state="authorised").exists()
    run_until(day[4], start=day[4] - timedelta(minutes=1))
    hold = Hold.objects.get(reference=job.reference, state="authorised")
    assert (hold.amount_minor, hold.authorised_at) == (13680, day[4])
    run_until(day[10] - timedelta(minutes=1), start=day[4])
    hold.refresh_from_db()
    assert hold.state == "authorised"
    assert day[10] - hold.authorised_at <= timedelta(days=6)
