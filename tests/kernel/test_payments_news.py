"""News that comes late, twice, out of order, too early, forged or not at all: nothing is moved twice or backwards."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mahalla.kernel.events.models import Event
from mahalla.kernel.ledger.models import Transfer
from mahalla.kernel.payments import inbox, listeners, operations, sandbox, signatures
from mahalla.kernel.payments.models import Hold, ProviderNews, Refund, SandboxCharge
from mahalla.kernel.payments.provider import News
from tests.kernel.payments_town import Town, again, escrow, town

__all__ = ["town"]


def webhook(town: Town, news: News, event_id: str = "evt_1", secret: str = "", **skew: Any) -> int:
    body = json.dumps({"type": news.kind, "data": news.to_json()}).encode()
    signed_at = town.now - timedelta(**skew)
    key = secret or settings.MAHALLA_SANDBOX_SECRET
    headers = signatures.sign(body, event_id=event_id, secret=key, now=signed_at)
    return inbox.receive(headers, body, town.now)


def captured(hold: Hold, amount_minor: int = 96_00) -> News:
    return News("captured", hold.call_key, hold.provider_ref, amount_minor, "SAR")


@pytest.mark.spec("KH-PAY-22")
def test_the_same_capture_webhook_twice_leaves_one_posting(town: Town) -> None:
    hold = town.hold("repeated")
    town.wait(minutes=3)
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.wait(minutes=3)
    news = captured(again(hold))
    assert webhook(town, news, "evt_again") == 200
    assert webhook(town, news, "evt_again") == 200
    assert Transfer.objects.filter(code="capture").count() == 1
    assert escrow().credit_minor == 96_00
    assert town.events == ["authorised", "captured"]


@pytest.mark.spec("KH-SEC-07")
def test_a_forged_webhook_is_answered_400_and_changes_nothing(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    news = captured(again(hold))
    before = (ProviderNews.objects.count(), Transfer.objects.count(), Event.objects.count())
    body = json.dumps({"type": "captured", "data": news.to_json()}).encode()
    good = signatures.sign(body, event_id="evt_1", secret=settings.MAHALLA_SANDBOX_SECRET, now=town.now)
    assert webhook(town, news, secret="guessed") == 400
    assert webhook(town, news, minutes=6) == 400, "an old one is not replayed"
    assert webhook(town, news, minutes=-6) == 400
    assert inbox.receive({}, body, town.now) == 400
    assert inbox.receive(good, body.replace(b"9600", b"9999"), town.now) == 400
    assert inbox.receive(good | {"webhook-id": "evt_2"}, body, town.now) == 400
    assert inbox.receive(good, body, town.now, provider="nobody") == 404
    assert (ProviderNews.objects.count(), Transfer.objects.count(), Event.objects.count()) == before
    assert again(hold).state == "capture_requested"
    assert inbox.receive({k.title(): v for k, v in good.items()}, body, town.now) == 200
    assert again(hold).state == "captured"


def test_a_signed_body_that_is_no_news_is_refused(town: Town) -> None:
    for body in (
        b"",
        b"[]",
        b"{}",
        b'{"data": 7}',
        b'{"data": {"kind": "captured"}}',
        b'{"data": {"kind": "captured", "subject": "hold:1:1", "amount_minor": "9"}}',
        b'{"data": {"kind": 1, "subject": "hold:1:1"}}',
    ):
        headers = signatures.sign(body, event_id="e", secret=settings.MAHALLA_SANDBOX_SECRET, now=town.now)
        assert inbox.receive(headers, body, town.now) == 400
    assert ProviderNews.objects.count() == 0


def test_news_of_what_is_not_ours_is_kept_and_does_nothing(town: Town) -> None:
    for subject in ("hold:999:1", "hold:x:1", "refund:999", "payout:999", "method:999:1", "moon:1", ""):
        assert webhook(town, News("captured", subject, "x", 1, "SAR"), f"evt_{subject}") == 200
    assert set(ProviderNews.objects.values_list("outcome", flat=True)) == {"unknown"}


def test_an_answer_that_comes_by_webhook_only(town: Town) -> None:
    hold = town.hold("late")
    town.work()
    assert (again(hold).state, town.events) == ("requested", [])
    town.wait(minutes=8)
    assert (again(hold).state, town.events) == ("authorised", ["authorised"])


def test_captured_is_heard_before_authorised(town: Town) -> None:
    hold = town.hold("out_of_order")
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    town.wait(minutes=2)
    assert again(hold).state == "captured"
    town.wait(minutes=15)
    assert again(hold).state == "captured"
    assert escrow().credit_minor == 96_00
    assert ProviderNews.objects.get(kind="authorised", source="webhook").outcome == "late"
    charge = operations.charge_now(
        "job:12",
        key="tip",
        payer_id=town.amal.pk,
        method_id=hold.method_id,
        amount_minor=10_00,
        currency="SAR",
        destination="escrow/job:12",
        now=town.now,
    )
    town.wait(minutes=30)
    assert again(charge).state == "captured"
    assert town.events == ["authorised", "captured", "charged"]


def test_the_webhook_is_there_before_the_answer_and_the_redirect(town: Town) -> None:
    hold = town.hold("early")
    town.work()
    assert (again(hold).state, again(hold).action_url) == ("authorised", "")
    assert town.events == ["authorised"]
    assert ProviderNews.objects.get(kind="action_required").outcome == "late"


def test_an_outage_ends_and_everything_is_done_in_order(town: Town) -> None:
    first, second = town.hold(reference="job:1"), town.hold(reference="job:2")
    town.work()
    sandbox.switch("down", True)
    operations.raise_authorisation(first, amount_minor=150_00, now=town.now)
    operations.void(second, now=town.now)
    third = town.hold(reference="job:3")
    town.wait(minutes=90)
    assert [again(h).state for h in (first, second, third)] == ["authorised", "void_requested", "requested"]
    sandbox.switch("down", False)
    town.wait(minutes=2)
    assert [again(h).state for h in (first, second, third)] == ["authorised", "voided", "authorised"]
    assert again(first).amount_minor == 150_00
    operations.capture(first, amount_minor=150_00, now=town.now)
    town.work()
    assert again(first).state == "captured"


def test_a_bank_that_is_away_delays_its_own_cards_only(town: Town) -> None:
    stuck, fine = town.hold("outage", reference="job:1"), town.hold(reference="job:2")
    town.wait(hours=30)
    assert [again(h).state for h in (stuck, fine)] == ["requested", "authorised"]
    sandbox.switch("healed", True)
    town.wait(minutes=1)
    assert again(stuck).state == "authorised"


def test_a_worker_that_dies_between_call_and_record_asks_again_and_posts_once(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.capture(hold, amount_minor=96_00, now=town.now)
    hold = again(hold)
    lost = sandbox.Sandbox().capture(
        key=f"{hold.call_key}:capture",
        subject=hold.call_key,
        ref=hold.provider_ref,
        amount_minor=96_00,
        now=town.now,
    )
    town.work()
    assert again(hold).state == "captured"
    inbox.record_answer(lost, provider="sandbox", key=f"{hold.call_key}:capture", now=town.now)
    town.books()
    assert Transfer.objects.filter(code="capture").count() == 1
    assert SandboxCharge.objects.get().captured_minor == 96_00


def test_a_hold_granted_after_it_was_given_up_is_freed_at_the_provider(town: Town) -> None:
    hold = town.hold()
    operations.void(hold, now=town.now)
    town.work()
    assert again(hold).state == "voided"
    in_flight = sandbox.Sandbox().authorise(
        key=hold.call_key,
        token="sbx_ok_visa_4242",
        amount_minor=136_80,
        currency="SAR",
        capture_now=False,
        now=town.now,
    )
    assert SandboxCharge.objects.get().status == "authorised"
    inbox.record_answer(in_flight, provider="sandbox", key=hold.call_key, now=town.now)
    town.work()
    assert SandboxCharge.objects.get().status == "voided"
    assert again(hold).state == "voided"
    assert "authorised" not in town.events


def test_a_late_grant_of_a_voided_hold_never_brings_it_back(town: Town) -> None:
    hold = town.hold("late")
    town.work()
    operations.void(hold, now=town.now)
    town.wait(minutes=20)
    assert again(hold).state == "voided"
    assert SandboxCharge.objects.get().status == "voided"
    assert ProviderNews.objects.get(kind="authorised").outcome == "freed"


def test_money_taken_from_a_voided_hold_is_booked_and_goes_back(town: Town) -> None:
    hold = town.hold()
    town.work()
    operations.void(hold, now=town.now)
    town.work()
    SandboxCharge.objects.update(status="captured", captured_minor=136_80)
    assert webhook(town, captured(again(hold), 136_80)) == 200
    assert escrow().credit_minor == 136_80
    town.wait(minutes=2)
    assert (again(hold).refunded_minor, escrow().credit_minor) == (136_80, 0)
    assert Refund.objects.get().reason == "unwanted"
    assert "captured" not in town.events
    assert Event.objects.filter(name="payments.alert", payload__code="captured_unasked").exists()


@pytest.mark.parametrize(("amount", "currency"), [(100_00, "SAR"), (136_80, "USD"), (None, "SAR")])
def test_figures_that_are_not_ours_have_no_effect(town: Town, amount: int | None, currency: str) -> None:
    hold = town.hold("late")
    town.work()
    assert webhook(town, News("authorised", hold.call_key, "ch_x", amount, currency)) == 200
    assert again(hold).state == "requested"
    assert Transfer.objects.count() == 0
    assert Event.objects.filter(name="payments.alert", topics=["ops"]).count() == 1


def test_a_fault_of_ours_loses_no_news(town: Town) -> None:
    hold = town.hold("late")
    town.work()
    broken = [True]

    def listener(obj: Hold, now: Any) -> None:
        if broken[0]:
            raise RuntimeError("a bug in a listener")

    listeners.on("authorised", listener)
    assert webhook(town, News("authorised", hold.call_key, "ch_x", 136_80, "SAR")) == 200
    assert again(hold).state == "requested"
    assert Transfer.objects.count() == 0
    broken[0] = False
    town.work()
    assert again(hold).state == "authorised"
    assert escrow().credits_pending == 136_80


def test_a_lost_webhook_is_made_good_by_asking(town: Town) -> None:
    hold = town.hold("late")
    town.work()
    from mahalla.kernel.events.models import OutboxItem

    OutboxItem.objects.filter(kind="sandbox.webhook").delete()
    assert operations.reconcile(town.now) == 0, "it may still come"
    town.wait(hours=2)
    assert again(hold).state == "requested"
    assert operations.reconcile(town.now) == 1
    town.work()
    assert again(hold).state == "authorised"
    assert operations.reconcile(town.now) == 0
    assert Event.objects.filter(name="payments.reconciled").count() == 1


def test_roots_are_locked_before_the_hold(town: Town) -> None:
    locked: list[str] = []
    listeners.lock_first(locked.append)
    town.hold()
    town.work()
    assert locked == ["job:12"]
    with pytest.raises(ValueError, match="nothing called"):
        listeners.on("paid_in_full", lambda obj, now: None)


KINDS = (
    "pending",
    "action_required",
    "authorised",
    "failed",
    "captured",
    "voided",
    "expired",
    "capture_failed",
)
RANK = {"requested": 0, "action_required": 1, "authorised": 2, "capture_requested": 3}
_numbers = itertools.count()


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from([*KINDS, "we_capture", "we_void"]), max_size=10))
def test_no_order_of_news_moves_a_hold_backwards_or_money_twice(town: Town, story: list[str]) -> None:
    number = next(_numbers)
    hold = town.hold(reference=f"job:{number}")
    ref, rank = f"ch_{number}", 0
    for step in story:
        if step.startswith("we_"):
            try:
                if step == "we_capture":
                    operations.capture(hold, amount_minor=96_00, now=town.now)
                else:
                    operations.void(hold, now=town.now)
            except Exception as refused:
                assert type(refused).__name__ == "Refused"
        else:
            amount = {"captured": 96_00, "authorised": 136_80}.get(step)
            news = News(step, hold.call_key, ref, amount, "SAR", code="x")
            assert webhook(town, news, f"evt_{number}_{step}") == 200
        town.books()
        state = again(hold).state
        assert RANK.get(state, 9) >= rank, f"{story}: back to {state}"
        rank = RANK.get(state, 9)
    hold = again(hold)
    held = escrow(hold.reference) if Transfer.objects.filter(reference=hold.reference).exists() else None
    if held is not None:
        refunding = sum(r.amount_minor for r in hold.refunds.all())
        assert held.credit_minor == hold.captured_minor - hold.refunded_minor
        assert held.debits_pending == refunding
        assert held.credits_pending == (
            136_80 if hold.state in {"authorised", "capture_requested"} or hold.pending_key else 0
        )
    if hold.state in {"captured", "voided", "failed", "expired"}:
        assert hold.pending_key == "", "no reservation outlives its hold"
