"""What the database refuses to everyone, asked directly in SQL, and controls that show the guards are what holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from mahalla.kernel.ledger import errors, operations, queries
from mahalla.kernel.ledger.models import Account, Floor, Transfer
from mahalla.kernel.ledger.operations import Leg

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def accounts() -> None:
    operations.open("clearing", "SAR", hot=True)
    operations.open("wallet", "SAR", floor=Floor.DEBITS)
    operations.open("wallet/other", "SAR", floor=Floor.DEBITS)
    operations.post(Leg("clearing", "wallet", 100, "top_up", "top-up"), now=NOON, reference="x")
    operations.post(
        Leg("wallet", "wallet/other", 30, "hold", "hold", kind="pending"), now=NOON, reference="x"
    )


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


NEW_TRANSFER = """
    INSERT INTO ledger_transfer (key, debit_id, credit_id, amount_minor, kind, pending_id, code, reference, at)
    SELECT 'forged', debit_id, credit_id, 5, 'posted', NULL, 'x', 'x', now() FROM ledger_transfer WHERE key = 'top-up'
"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transfer SET amount_minor = 1",
        "UPDATE ledger_transfer SET at = now() WHERE key = 'top-up'",
        "DELETE FROM ledger_transfer",
        NEW_TRANSFER,
        "UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE path = 'wallet'",
        "UPDATE ledger_account SET debits_pending = 0 WHERE path = 'wallet'",
        "UPDATE ledger_account SET floor = 'none' WHERE path = 'wallet'",
        "UPDATE ledger_account SET path = 'mine' WHERE path = 'wallet'",
        "UPDATE ledger_account SET asset = 'JOD' WHERE path = 'wallet'",
        "DELETE FROM ledger_account WHERE path = 'wallet/other'",
        "INSERT INTO ledger_account (path, asset, floor, hot, debits_posted, credits_posted, debits_pending, "
        "credits_pending) VALUES ('rich', 'SAR', 'none', false, 0, 5, 0, 0)",
        "UPDATE ledger_hotentry SET debits_posted = 1",
        "DELETE FROM ledger_hotentry",
        "INSERT INTO ledger_hotentry (account_id, transfer_id, debits_posted, credits_posted, debits_pending, "
        "credits_pending) SELECT account_id, transfer_id, 0, 5, 0, 0 FROM ledger_hotentry",
    ],
)
def test_what_is_written_stays_and_only_the_posting_function_writes(statement: str) -> None:
    with pytest.raises(DatabaseError, match="the ledger refuses") as refusal:
        sql(statement)
    assert refusal.value.__cause__.sqlstate == "ML000"  # type: ignore[union-attr]
    assert queries.audit() == []


def test_the_orm_is_refused_like_everyone() -> None:
    transfer = Transfer.objects.get(key="top-up")
    for attempt in (
        lambda: Account.objects.filter(path="wallet").update(credits_posted=5),
        lambda: Transfer.objects.filter(pk=transfer.pk).update(amount_minor=5),
        transfer.save,
    ):
        with pytest.raises(DatabaseError, match="the ledger refuses"), transaction.atomic():
            attempt()


def test_the_right_to_write_ends_with_the_posting_function() -> None:
    operations.post(Leg("clearing", "wallet", 1, "top_up", "again"), now=NOON, reference="x")
    operations.roll_up(NOON)
    with pytest.raises(DatabaseError, match="the ledger refuses"):
        sql("UPDATE ledger_account SET credits_posted = 5 WHERE path = 'wallet'")
    with pytest.raises(errors.InsufficientFunds):
        operations.post(Leg("wallet", "clearing", 5000, "x", "fails"), now=NOON, reference="x")
    with pytest.raises(DatabaseError, match="the ledger refuses"):
        sql("DELETE FROM ledger_transfer")


@pytest.mark.parametrize(
    ("legs", "constraint"),
    [
        (
            '{"kind": "posted", "amount": -5, "debit": "clearing", "credit": "wallet"}',
            "ledger_amount_positive",
        ),
        ('{"kind": "posted", "amount": 5, "debit": "clearing", "credit": "clearing"}', "ledger_two_accounts"),
        ('{"kind": "gift", "amount": 5, "debit": "clearing", "credit": "wallet"}', "ledger_kind_known"),
        (
            '{"kind": "posted", "amount": 71, "debit": "wallet", "credit": "clearing"}',
            "ledger_debits_covered",
        ),
    ],
)
def test_constraints_judge_also_those_who_call_the_function_in_sql(legs: str, constraint: str) -> None:
    base = '{"key": "raw", "code": "x", "pending": "", "reverses": ""}'
    with pytest.raises(IntegrityError, match=constraint):
        sql(f"SELECT ledger_post(jsonb_build_array('{base}'::jsonb || '{legs}'::jsonb), 'x', now())")


def test_a_hot_account_has_no_floor() -> None:
    with pytest.raises(IntegrityError, match="ledger_hot_without_floor"):
        sql(
            "INSERT INTO ledger_account (path, asset, floor, hot, debits_posted, credits_posted, debits_pending, "
            "credits_pending) VALUES ('h', 'SAR', 'debits_must_not_exceed_credits', true, 0, 0, 0, 0)"
        )


def spend_seventy_twice() -> int:
    """Two debits of 70 from a wallet with 100, 30 of which are reserved. How many went through?"""
    through = 0
    for key in ("first", "second"):
        try:
            operations.post(Leg("wallet", "clearing", 70, "spend", key), now=NOON, reference="x")
            through += 1
        except errors.InsufficientFunds:
            pass
    return through


def test_the_floor_lets_one_of_two_debits_through() -> None:
    assert spend_seventy_twice() == 1
    assert queries.balance("wallet").available_minor == 0


def test_control_without_the_floor_constraint_both_debits_go_through() -> None:
    """Nothing but the constraint holds the floor: with it dropped (in this test's transaction) money is doubled."""
    sql("ALTER TABLE ledger_account DROP CONSTRAINT ledger_debits_covered")
    assert spend_seventy_twice() == 2
    assert queries.balance("wallet").available_minor == -70


def test_control_without_the_unique_resolution_a_reservation_is_taken_twice() -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_resolved_once")
    for key, amount in [("take", 10), ("take-again", 20)]:
        try:
            operations.post(Leg.post("hold", amount, code="x", key=key), now=NOON, reference="x")
        except IntegrityError as doubled:  # the last net: a reservation freed twice would be negative
            assert key == "take-again"
            assert "ledger_totals_not_negative" in str(doubled)
            break
    else:
        pytest.fail("the totals' constraint did not notice")


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE path = 'wallet'",
        "DELETE FROM ledger_hotentry",
    ],
)
def test_control_the_audit_and_the_trial_balance_notice_what_got_past_the_guards(spoil: str) -> None:
    assert queries.audit() == []
    assert queries.trial_balance() == {"SAR": 0}
    sql(f"SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica; {spoil}")
    [found] = queries.audit()
    assert found.stored != found.from_transfers
    assert queries.trial_balance() != {"SAR": 0}
