"""Two connections at once: one capture, one batch, one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.ledger.models import Transfer
from mahalla.kernel.payments import inbox, listeners, operations
from mahalla.kernel.payments.models import Hold, PayoutBatch, ProviderNews
from mahalla.kernel.payments.provider import News
from mahalla.kit.errors import Refused
from tests.kernel.payments_town import IBAN, Town, again, escrow, open_town

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def town(transactional_db: None) -> Iterator[Town]:
    with open_town() as opened:
        yield opened


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=10)
            return act()
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_captures_at_once_post_once(town: Town) -> None:
    hold = town.hold()
    town.work()

    def capture(amount: int) -> Callable[[], Any]:
        return lambda: operations.capture(hold, amount_minor=amount, now=town.now)

    results = at_once(capture(96_00), capture(90_00), capture(96_00))
    assert "hold_state" in results
    town.work()
    assert Transfer.objects.filter(code="capture").count() == 1
    assert escrow().credit_minor == again(hold).captured_minor


def test_the_same_news_on_two_connections_is_judged_once(town: Town) -> None:
    hold = town.hold("late")
    town.work()
    news = News("authorised", hold.call_key, "ch_1", 136_80, "SAR")

    def answer(key: str) -> Callable[[], None]:
        return lambda: inbox.record_answer(news, provider="sandbox", key=key, now=town.now)

    at_once(answer("a"), answer("a"), answer("b"))
    assert town.events == ["authorised"]
    assert escrow().credits_pending == 136_80
    assert sorted(ProviderNews.objects.filter(kind="authorised").values_list("outcome", flat=True)) == [
        "done",
        "late",
    ]


def test_a_capture_and_a_void_at_once_leave_one_of_them(town: Town) -> None:
    hold = town.hold()
    town.work()
    at_once(
        lambda: operations.capture(hold, amount_minor=96_00, now=town.now),
        lambda: operations.void(hold, now=town.now),
    )
    town.work()
    expected = {"captured": 96_00, "voided": 0}[again(hold).state]
    assert (escrow().credit_minor, escrow().credits_pending) == (expected, 0)


def test_two_payout_runs_at_once_send_once(town: Town) -> None:
    operations.set_payout_method(town.bilal.pk, kind="bank", account=IBAN, holder="Bilal Saleh", now=town.now)
    town.earn(80_00, "job:1")
    operations.schedule_payout(
        worker_id=town.bilal.pk,
        amount_minor=80_00,
        currency="SAR",
        due_at=town.now,
        reference="job:1",
        now=town.now,
    )
    results = at_once(*[lambda: operations.run_payouts(town.now)] * 3)
    assert sorted(results) == [0, 0, 1]
    town.wait(minutes=2)
    assert PayoutBatch.objects.get().state == "completed"
    assert ledger.balance(f"payable/user:{town.bilal.pk}").credit_minor == 0


def test_two_refunds_at_once_never_exceed_the_capture(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.work()
    results = at_once(
        lambda: operations.refund(hold, amount_minor=60_00, key="a", now=town.now),
        lambda: operations.refund(hold, amount_minor=60_00, key="b", now=town.now),
    )
    assert "refund_exceeds_capture" in results
    town.wait(minutes=2)
    assert escrow().credit_minor == 36_00


def test_a_flow_that_captures_and_news_that_moves_the_flow_do_not_block_each_other(town: Town) -> None:
    """The flow locks its root, then the hold; news locks the hold's root first too (``lock_first``)."""
    root = User.objects.filter(pk=town.omar.pk)  # stands for a flow's root

    def lock_root(reference: str = "") -> None:
        assert root.select_for_update(no_key=True).get()

    listeners.lock_first(lock_root)
    listeners.on("renewed", lambda hold, now: lock_root())
    for number in range(5):
        hold = town.hold(reference=f"job:{number}")
        town.work()
        operations.change_method(hold, method_id=town.card("late").pk, now=town.now)
        hold = again(hold)
        news = News("authorised", hold.renewal_key, f"ch_{number}", 136_80, "SAR")

        def flow(hold: Hold = hold) -> None:
            with transaction.atomic():
                lock_root()
                sleep(0.02)
                operations.capture(hold, amount_minor=96_00, now=town.now)

        def hear(news: News = news) -> None:
            inbox.record_answer(news, provider="sandbox", key=news.subject, now=town.now)

        at_once(flow, hear)
        assert again(hold).state == "capture_requested"
