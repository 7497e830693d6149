"""What a worker is owed, when it leaves, and why something waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import operations, queries, sandbox
from mahalla.kernel.payments.models import Payout, PayoutBatch
from mahalla.kit.errors import Invalid, NotFound, Refused
from tests.kernel.payments_town import CLOSED_IBAN, IBAN, NOON, Town, town

__all__ = ["town"]


def bank(town: Town, account: str = IBAN, holder: str = "Bilal Saleh") -> None:
    operations.set_payout_method(town.bilal.pk, kind="bank", account=account, holder=holder, now=town.now)


def earn(town: Town, amount_minor: int, reference: str, due_at: datetime | None = None) -> Payout:
    town.earn(amount_minor, reference)
    return operations.schedule_payout(
        worker_id=town.bilal.pk,
        amount_minor=amount_minor,
        currency="SAR",
        due_at=due_at or town.now,
        reference=reference,
        now=town.now,
    )


def run(town: Town) -> int:
    batches = operations.run_payouts(town.now)
    town.wait(minutes=2)
    return batches


@pytest.mark.spec("KH-PAY-15")
def test_captured_on_tuesday_leaves_in_thursdays_run(town: Town) -> None:
    bank(town)
    due = operations.due_after(NOON, now=town.now)
    assert f"{due:%A %H:%M}" == "Thursday 06:00"
    payout = earn(town, 80_00, "job:1", due)
    assert queries.payouts_for(town.bilal.pk).rows[0].due_at == due
    town.now = datetime(2026, 3, 4, 3, tzinfo=UTC)
    assert run(town) == 0, "Wednesday 06:00 in Riyadh"
    town.now = datetime(2026, 3, 5, 3, tzinfo=UTC)
    assert run(town) == 1, "Thursday 06:00"
    payout.refresh_from_db()
    assert payout.state == "completed"
    assert run(town) == 0


@pytest.mark.spec("KH-PAY-16")
def test_pending_and_completed_payouts_add_up_to_the_ledger(town: Town) -> None:
    bank(town)
    earn(town, 80_00, "job:1")
    assert run(town) == 1
    later = town.now + timedelta(days=2)
    earn(town, 80_00, "job:2", later)
    earn(town, 65_00, "job:3", later)
    seen = queries.payouts_for(town.bilal.pk)
    assert seen.by_state == {"completed": 80_00, "pending": 145_00}
    assert [row.reference for row in seen.rows if row.state == "pending"] == ["job:2", "job:3"]
    done = next(row for row in seen.rows if row.state == "completed")
    assert done.batch is not None and done.batch.method is not None
    assert (str(done.batch.method), done.closed_at) == ("SA…7519", done.batch.closed_at)
    assert seen.open_minor == seen.ledger_minor == 145_00
    assert ledger.balance(f"payable/user:{town.bilal.pk}").credit_minor == 145_00
    assert queries.payouts_for(town.omar.pk).rows == []


@pytest.mark.spec("KH-PAY-14")
def test_without_a_payout_method_it_stays_pending_with_the_reason(town: Town) -> None:
    payout = earn(town, 80_00, "job:1")
    assert run(town) == 0
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == ("pending", "no_method")
    bank(town)
    assert run(town) == 1
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == ("completed", "")


def test_a_changed_method_holds_payouts_for_a_day(town: Town) -> None:
    bank(town)
    payout = earn(town, 80_00, "job:1")
    operations.set_payout_method(
        town.bilal.pk, kind="wallet", account="+966 50 000 0009", holder="Bilal Saleh", now=town.now
    )
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == ("held", "method_changed")
    late = earn(town, 20_00, "job:2")
    town.now += timedelta(hours=23)
    assert run(town) == 0
    late.refresh_from_db()
    assert late.state == "held"
    town.now += timedelta(hours=1)
    assert run(town) == 1
    batch = PayoutBatch.objects.get()
    assert batch.method is not None
    assert (batch.gross_minor, batch.method.account) == (100_00, "+966500000009")


@pytest.mark.parametrize(
    ("kind", "account", "holder", "field"),
    [
        ("bank", "SA0380000000608010167518", "Bilal Saleh", "account"),
        ("bank", "SA038000000060801016751", "Bilal Saleh", "account"),
        ("bank", "SA03 8000 0000 6080 1016 751\u0669", "Bilal Saleh", "account"),
        ("bank", IBAN, "Omar Nasser", "holder"),
        ("bank", IBAN, "Bilal", "holder"),
        ("bank", IBAN, "", "holder"),
        ("wallet", "0500000002", "Bilal Saleh", "account"),
        ("cheque", IBAN, "Bilal Saleh", "kind"),
    ],
)
def test_what_is_no_account_of_the_worker_is_refused(
    town: Town, kind: str, account: str, holder: str, field: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        operations.set_payout_method(town.bilal.pk, kind=kind, account=account, holder=holder, now=town.now)
    assert list(invalid.value.fields) == [field]
    assert queries.payout_method_of(town.bilal.pk) is None


@pytest.mark.parametrize(
    ("account", "holder"),
    [
        ("sa03 8000 0000 6080 1016 7519", "SALEH, Bilal"),
        ("DE89 3704 0044 0532 0130 00", "Bilal Ahmad Saleh"),
    ],
)
def test_an_iban_is_taken_as_people_write_it(town: Town, account: str, holder: str) -> None:
    bank(town, account, holder)
    bank(town, account, holder)
    method = queries.payout_method_of(town.bilal.pk)
    assert method is not None
    assert method.account == account.replace(" ", "").upper()
    assert method.usable_from == town.now


def test_a_sum_below_the_minimum_waits_for_more(town: Town) -> None:
    bank(town)
    small = earn(town, 4_99, "job:1")
    assert run(town) == 0
    small.refresh_from_db()
    assert (small.state, small.reason) == ("pending", "below_minimum")
    earn(town, 1, "job:2")
    assert run(town) == 1
    assert PayoutBatch.objects.get().net_minor == 5_00


@pytest.mark.spec("KH-PAY-08")
def test_cash_is_kept_and_its_fee_is_netted_from_the_next_payout(town: Town) -> None:
    bank(town)
    for _again in range(2):
        record = operations.record_cash(
            "job:1",
            worker_id=town.bilal.pk,
            client_id=town.amal.pk,
            amount_minor=96_00,
            fee_minor=16_00,
            currency="SAR",
            now=town.now,
        )
    assert record.state == "recorded"
    record = operations.confirm_cash("job:1", user_id=town.amal.pk, now=town.now)
    assert (record.state, record.amount_minor) == ("confirmed", 96_00), "the worker keeps 96.00 in hand"
    assert queries.cash_debt_minor(town.bilal.pk) == 16_00
    earn(town, 80_00, "job:2")
    assert operations.run_payouts(town.now) == 1
    assert queries.cash_debt_minor(town.bilal.pk) == 0, "what is on its way is not owed again"
    town.wait(minutes=2)
    batch = PayoutBatch.objects.get()
    assert (batch.gross_minor, batch.netted_minor, batch.net_minor) == (80_00, 16_00, 64_00)
    assert batch.state == "completed"
    assert queries.cash_debt_minor(town.bilal.pk) == 0
    assert ledger.balance(f"payable/user:{town.bilal.pk}").credit_minor == 0
    assert ledger.balance("revenue/fees").credit_minor == 16_00
    town.books()


def test_both_sides_say_what_was_paid_in_cash(town: Town) -> None:
    def record(reference: str, by: int, amount: int = 96_00) -> str:
        return operations.record_cash(
            reference,
            worker_id=town.bilal.pk,
            client_id=town.amal.pk,
            amount_minor=amount,
            fee_minor=16_00,
            currency="SAR",
            now=town.now,
            by_id=by,
        ).state

    assert record("job:1", town.amal.pk) == "recorded"
    assert queries.cash_debt_minor(town.bilal.pk) == 0, "the worker has not said so"
    assert record("job:1", town.bilal.pk) == "confirmed"
    assert queries.cash_debt_minor(town.bilal.pk) == 16_00
    assert record("job:2", town.bilal.pk) == "recorded"
    with pytest.raises(Refused) as refused:
        record("job:2", town.amal.pk, 90_00)
    assert refused.value.code == "cash_recorded"
    operations.confirm_cash("job:2", user_id=town.amal.pk, now=town.now, agree=False)
    assert town.events == ["cash_contested"]
    for outsider in (lambda: record("job:3", town.omar.pk), lambda: record("job:1", town.omar.pk)):
        with pytest.raises(NotFound):
            outsider()
    with pytest.raises(NotFound):
        operations.confirm_cash("job:1", user_id=town.omar.pk, now=town.now)


def test_a_debt_larger_than_the_payout_takes_all_of_it(town: Town) -> None:
    bank(town)
    operations.record_cash(
        "job:1",
        worker_id=town.bilal.pk,
        client_id=town.amal.pk,
        amount_minor=600_00,
        fee_minor=100_00,
        currency="SAR",
        now=town.now,
    )
    earn(town, 80_00, "job:2")
    assert run(town) == 1
    assert Payout.objects.get().state == "completed"
    assert queries.cash_debt_minor(town.bilal.pk) == 20_00
    assert town.events == ["payout_paid"]


def test_a_payout_that_fails_returns_the_money_and_settles_no_debt(town: Town) -> None:
    bank(town, CLOSED_IBAN)
    operations.record_cash(
        "job:1",
        worker_id=town.bilal.pk,
        client_id=town.amal.pk,
        amount_minor=96_00,
        fee_minor=16_00,
        currency="SAR",
        now=town.now,
    )
    payout = earn(town, 80_00, "job:2")
    assert run(town) == 1
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == ("failed", "account_closed")
    assert town.events == ["payout_failed"]
    assert queries.cash_debt_minor(town.bilal.pk) == 16_00
    assert queries.payouts_for(town.bilal.pk).ledger_minor == 80_00
    assert run(town) == 0, "not again by itself"
    operations.retry_payout(payout, now=town.now)
    with pytest.raises(Refused):
        operations.retry_payout(payout, now=town.now)
    bank(town)
    town.now += timedelta(hours=24)
    assert run(town) == 1
    payout.refresh_from_db()
    assert (payout.state, queries.cash_debt_minor(town.bilal.pk)) == ("completed", 0)


def test_what_the_ledger_does_not_owe_is_not_sent(town: Town) -> None:
    bank(town)
    earn(town, 80_00, "job:1")
    unfunded = operations.schedule_payout(
        worker_id=town.bilal.pk,
        amount_minor=70_00,
        currency="SAR",
        due_at=town.now,
        reference="job:2",
        now=town.now,
    )
    assert run(town) == 1
    unfunded.refresh_from_db()
    assert (unfunded.state, unfunded.reason) == ("pending", "balance")
    assert PayoutBatch.objects.get().gross_minor == 80_00


def test_a_dispute_keeps_one_jobs_payout_back(town: Town) -> None:
    bank(town)
    earn(town, 80_00, "job:1")
    earn(town, 65_00, "job:2")
    assert operations.hold_payouts("job:1", reason="dispute", now=town.now) == 1
    assert run(town) == 1
    assert queries.payouts_for(town.bilal.pk).by_state == {"held": 80_00, "completed": 65_00}
    assert operations.release_payouts("job:1", now=town.now) == 1
    assert run(town) == 1
    assert operations.hold_payouts("job:1", reason="dispute", now=town.now) == 0, "it has left"


def test_an_outage_delays_a_payout_and_sends_it_once(town: Town) -> None:
    bank(town)
    earn(town, 80_00, "job:1")
    sandbox.switch("down", True)
    assert run(town) == 1
    town.wait(hours=3)
    assert Payout.objects.get().state == "processing"
    assert run(town) == 0
    sandbox.switch("down", False)
    town.wait(minutes=5)
    assert Payout.objects.get().state == "completed"
    assert ledger.balance("clearing/sandbox").debit_minor == 0
