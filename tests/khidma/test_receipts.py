"""Receipts and credit notes: unbroken numbers, the ledger's own figures, in both languages (KH-PAY-10)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.payments.models import Hold
from mahalla.kit.errors import NotFound
from mahalla.markets.khidma import receipts
from mahalla.markets.khidma.models import Receipt
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")


@pytest.mark.spec("KH-PAY-10")
def test_the_receipt_of_the_96_task_and_its_credit_note(khidma) -> None:
    lina = b.client(language="ar")
    job = b.completed(lina, b.tasker())
    b.step(job, "dispute", b.client_of(lina), NOW, kind="hours", minutes=120, text="two hours")
    first = Receipt.objects.get(kind="receipt")
    amounts = {line["kind"]: line["amount_minor"] for line in first.lines}
    assert (amounts["labour"] + amounts["travel"], amounts["service_fee"], first.total_minor) == (
        8000,
        1600,
        9600,
    )
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    case = Case.objects.get()
    cases.take(case, actor=agent, now=NOW)
    cases.decide(b.fresh(case), refund_minor=1800, reason="timer", actor=agent, now=NOW)
    run_until(NOW + timedelta(minutes=5), start=NOW)
    b.step(job, "tip", b.client_of(lina), NOW + timedelta(minutes=6), amount_minor=1000)
    rows = list(Receipt.objects.order_by("number").values_list("number", "kind", "total_minor"))
    assert rows == [(1, "receipt", 9600), (2, "credit_note", 1800), (3, "tip", 1000)]
    for language in ("ar", "en"):
        made = receipts.pdf(first, language=language)
        assert made.startswith(b"%PDF-")
    values = receipts._values(first, "en")
    assert values["total"][1].endswith("96.00")
    assert values["number"] == "KH-000001"


def test_only_who_paid_reads_it(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    b.step(job, "confirm", b.client_of(job.client), NOW)
    number = Receipt.objects.get().number
    assert receipts.receipt_for(job.client, number).job == job
    for outsider in (job.worker, b.client("Stranger"), b.person("Faisal", "ops_admin")):
        with pytest.raises(NotFound):
            receipts.receipt_for(outsider, number)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_numbers_drawn_at_once_have_no_gap(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    hold = Hold.objects.get(reference=job.reference)
    barrier = threading.Barrier(4)

    def draw(n: int) -> None:
        try:
            barrier.wait()
            for i in range(5):
                fake = Hold(pk=10_000 + n * 10 + i, captured_minor=100, currency=hold.currency)
                receipts.for_tip(job, fake, now=NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=draw, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(Receipt.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 21))
