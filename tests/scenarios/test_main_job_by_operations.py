"""The main job in ten steps, by the operations themselves: every state and every figure."""

from __future__ import annotations

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold, Payout
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.markets.khidma import ranking
from tests.khidma import builders as b
from tests.khidma.test_match_order import proven

pytestmark = pytest.mark.django_db


def fresh(subject):
    return type(subject).objects.get(pk=subject.pk)


def test_the_main_job(khidma):
    lina, sara = b.client("Lina"), proven("Sara")
    agent = b.person("Noor", "support_agent")
    request = b.draft(lina)
    assert (request.quote["low_minor"], request.quote["high_minor"]) == (9900, 13860)
    request = engine.apply(request, "post", actor=b.client_of(lina), now=b.EVENING)
    assert fresh(request).state == "matching"
    ranked = ranking.ranking_for_display(request)
    assert (round(ranked.explain(sara.pk).score, 4), ranked.worker_ids[0]) == (0.7099, sara.pk)

    t = b.at(1, "20:05")
    engine.apply(request, "select", actor=b.client_of(lina), now=t, data={"worker_id": sara.pk})
    offer = Offer.objects.get(request=request)
    t = b.at(1, "20:10")
    engine.apply(offer, "accept", actor=b.tasker_of(sara), now=t, data={"start_at": b.at(2, "14:30")})
    run_until(t, start=t)
    job = Job.objects.get(request=request)
    assert job.state == "confirmed"
    assert Hold.objects.get(reference=job.reference).amount_minor == 14976
    assert Request.objects.get(pk=request.pk).status == "confirmed"

    worker = b.tasker_of(sara)
    run_until(b.at(2, "14:10"), start=t)
    engine.apply(job, "set_off", actor=worker, now=b.at(2, "14:10"), data={"lat": 24.75, "lng": 46.6753})
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data={"lat": 24.71396, "lng": 46.6753})
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
    job = fresh(job)
    assert job.state == "completed"
    assert job.final["total_minor"] == 9600

    t = b.at(2, "18:00")
    engine.apply(
        job,
        "dispute",
        actor=b.client_of(lina),
        now=t,
        data={"kind": "hours", "minutes": 120, "text": "Two hours only"},
    )
    run_until(t, start=b.at(2, "17:00"))
    case = job_case(job)
    assert case.claimed_minor == 1800
    assert ledger.balance(f"escrow/{job.reference}").credit_minor == 1800
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 6500

    t = b.at(3, "09:00")
    cases.take(case, actor=b.staff_of(agent, "support_agent"), now=t)
    cases.decide(
        case,
        refund_minor=1800,
        reason="The timer and photos",
        actor=b.staff_of(agent, "support_agent"),
        now=t,
    )
    run_until(t, start=t)
    job = fresh(job)
    assert (job.state, job.data["refund_kind"]) == ("refunded", "partial")
    assert ledger.balance("revenue/fees").credit_minor == 1300

    run_until(b.at(5, "12:00"), start=t)
    paid = Payout.objects.get(worker=sara)
    assert (paid.amount_minor, paid.state) == (6500, "completed")
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 0

    engine.apply(job, "review", actor=b.client_of(lina), now=b.at(5, "12:00"), data={"stars": 4, "tags": []})
    engine.apply(job, "tip", actor=b.client_of(lina), now=b.at(5, "12:00"), data={"amount_minor": 1000})
    run_until(b.at(5, "12:10"), start=b.at(5, "12:00"))
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 1000
    assert set(ledger.trial_balance().values()) == {0}
    names = list(
        Event.objects.filter(stream=request.stream, noun__in=["request", "offer", "job"]).values_list(
            "name", flat=True
        )
    )
    assert len(names) >= 14


def job_case(job):
    from mahalla.kernel.cases.models import Case

    return Case.objects.get(job_id=job.pk)
