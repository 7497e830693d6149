"""Accounts and transfers through their doors: posting, reserving, floors, idempotency, reversal, statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from mahalla.kernel.ledger import errors, operations, queries
from mahalla.kernel.ledger.models import Floor, Transfer
from mahalla.kernel.ledger.operations import Leg

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def accounts() -> None:
    operations.open("clearing/sandbox", "SAR", hot=True)
    operations.open("fees", "SAR", hot=True)
    operations.open("escrow/job:12", "SAR", floor=Floor.DEBITS)
    operations.open("payable/user:7", "SAR", floor=Floor.DEBITS)
    operations.open("debt/user:8", "SAR", floor=Floor.CREDITS)
    operations.open("credits/user:7", "credits")


def post(*legs: Leg, now: datetime = NOON, reference: str = "job:12") -> None:
    operations.post(*legs, now=now, reference=reference)


def capture(amount_minor: int, key: str = "capture") -> Leg:
    return Leg("clearing/sandbox", "escrow/job:12", amount_minor, "capture", key)


def held(path: str) -> int:
    return queries.balance(path).credit_minor


@pytest.fixture(autouse=True)
def ledger_is_whole(accounts: None):
    """After every test here: both sides equal in every asset, and every total is the sum of its transfers."""
    yield
    assert set(queries.trial_balance().values()) == {0}
    assert queries.audit() == []


@pytest.mark.spec("KH-PAY-17")
def test_capture_and_release_are_balanced_entries_and_an_unbalanced_one_is_rejected() -> None:
    operations.journal(
        {"clearing/sandbox": 96_00},
        {"escrow/job:12": 96_00},
        code="capture",
        key="c",
        now=NOON,
        reference="job:12",
    )
    assert queries.balance("clearing/sandbox").debit_minor == 96_00
    assert held("escrow/job:12") == 96_00

    release = {"payable/user:7": 80_00, "fees": 15_00}
    with pytest.raises(errors.Unbalanced):
        operations.journal(
            {"escrow/job:12": 96_00}, release, code="release", key="r", now=NOON, reference="job:12"
        )
    assert (held("escrow/job:12"), held("payable/user:7"), held("fees")) == (96_00, 0, 0)

    release["fees"] = 16_00
    operations.journal(
        {"escrow/job:12": 96_00}, release, code="release", key="r", now=NOON, reference="job:12"
    )
    assert (held("escrow/job:12"), held("payable/user:7"), held("fees")) == (0, 80_00, 16_00)
    assert queries.trial_balance() == {"SAR": 0, "credits": 0}

    operations.reverse("r#2", "r#2 back", now=NOON, reference="job:12")
    assert (held("escrow/job:12"), held("fees")) == (16_00, 0)


def test_a_floor_holds_and_a_refusal_moves_nothing() -> None:
    post(capture(50_00))
    with transaction.atomic():
        with pytest.raises(errors.InsufficientFunds):
            post(
                Leg("escrow/job:12", "payable/user:7", 20_00, "release", "a"),
                Leg("escrow/job:12", "fees", 30_01, "fee", "b"),
            )
        assert not Transfer.objects.filter(key__in=["a", "b"]).exists()  # and the transaction goes on
    post(Leg("escrow/job:12", "payable/user:7", 50_00, "release", "a"))
    assert held("payable/user:7") == 50_00


def test_the_floor_of_a_debt_is_on_the_other_side() -> None:
    post(Leg("debt/user:8", "fees", 30_00, "cash_fee", "fee"))
    assert queries.balance("debt/user:8").available_minor == 30_00
    with pytest.raises(errors.InsufficientFunds):
        post(Leg("clearing/sandbox", "debt/user:8", 30_01, "paid", "too-much"))
    post(Leg("clearing/sandbox", "debt/user:8", 30_00, "paid", "paid"))
    assert queries.balance("debt/user:8").debit_minor == 0


def test_a_batch_is_judged_as_a_whole_whatever_the_order_of_its_legs() -> None:
    post(Leg("escrow/job:12", "payable/user:7", 96_00, "release", "out"), capture(96_00, "in"))
    assert held("payable/user:7") == 96_00


def test_what_is_reserved_cannot_be_spent_twice() -> None:
    post(capture(100_00))
    post(Leg("escrow/job:12", "payable/user:7", 80_00, "hold", "hold", kind="pending"))
    escrow = queries.balance("escrow/job:12")
    assert (escrow.credit_minor, escrow.debits_pending, escrow.available_minor) == (100_00, 80_00, 20_00)
    assert queries.balance("payable/user:7").credits_pending == 80_00
    for amount, kind in [(20_01, "posted"), (20_01, "pending")]:
        with pytest.raises(errors.InsufficientFunds):
            post(Leg("escrow/job:12", "fees", amount, "fee", f"more-{kind}", kind=kind))
    # money that is only on its way to an account cannot leave it
    with pytest.raises(errors.InsufficientFunds):
        post(Leg("payable/user:7", "clearing/sandbox", 1, "payout", "early"))


def test_a_post_takes_part_and_frees_the_rest() -> None:
    post(capture(136_80))
    post(Leg("escrow/job:12", "payable/user:7", 136_80, "hold", "hold", kind="pending"))
    with pytest.raises(errors.ExceedsPending):
        post(Leg.post("hold", 136_81, code="take", key="take"))
    post(Leg.post("hold", 65_00, code="take", key="take"))
    escrow = queries.balance("escrow/job:12")
    assert (escrow.debits_posted, escrow.debits_pending, escrow.available_minor) == (65_00, 0, 71_80)
    assert held("payable/user:7") == 65_00


def test_a_void_frees_all() -> None:
    post(capture(10_00), Leg("escrow/job:12", "fees", 10_00, "hold", "hold", kind="pending"))
    with pytest.raises(errors.ExceedsPending):
        post(Leg("", "", 5_00, "free", "part", "void", "hold"))
    post(Leg.void("hold", code="free", key="free"))
    assert queries.balance("escrow/job:12").available_minor == 10_00
    assert queries.balance("fees").credits_pending == 0


@pytest.mark.parametrize(
    "first", [Leg.post("hold", 6_00, code="x", key="1"), Leg.void("hold", code="x", key="1")]
)
@pytest.mark.parametrize(
    "second", [Leg.post("hold", 4_00, code="x", key="2"), Leg.void("hold", code="x", key="2")]
)
def test_a_reservation_is_resolved_once(first: Leg, second: Leg) -> None:
    post(capture(10_00), Leg("escrow/job:12", "fees", 10_00, "hold", "hold", kind="pending"))
    post(first)
    with pytest.raises(errors.AlreadyResolved):
        post(second)
    post(first)  # the same key again is the same resolution


def test_only_a_reservation_can_be_resolved_and_between_its_own_accounts() -> None:
    post(capture(10_00), Leg("escrow/job:12", "fees", 10_00, "hold", "hold", kind="pending"))
    for leg in [
        Leg.post("capture", 1, code="x", key="x"),
        Leg.void("nothing", code="x", key="x"),
        Leg("escrow/job:12", "payable/user:7", 1, "x", "x", "post", "hold"),
    ]:
        with pytest.raises(errors.UnknownTransfer):
            post(leg)
    post(Leg("escrow/job:12", "fees", 1, "x", "x", "post", "hold"))


def test_the_same_key_moves_money_once() -> None:
    for later in range(3):
        post(capture(96_00), now=NOON + timedelta(hours=later))
    assert held("escrow/job:12") == 96_00
    assert Transfer.objects.get(key="capture").at == NOON


@pytest.mark.parametrize(
    "other",
    [
        Leg("clearing/sandbox", "escrow/job:12", 96_01, "capture", "capture"),
        Leg("clearing/sandbox", "payable/user:7", 96_00, "capture", "capture"),
        Leg("clearing/sandbox", "escrow/job:12", 96_00, "tip", "capture"),
        Leg("clearing/sandbox", "escrow/job:12", 96_00, "capture", "capture", kind="pending"),
    ],
)
def test_a_key_with_other_content_is_refused(other: Leg) -> None:
    post(capture(96_00))
    with pytest.raises(errors.KeyReused):
        post(other)
    with pytest.raises(errors.KeyReused):
        post(capture(96_00), reference="job:13")
    assert held("escrow/job:12") == 96_00


def test_a_batch_is_repeated_whole_or_not_at_all() -> None:
    fee = Leg("escrow/job:12", "fees", 16_00, "fee", "fee")
    post(capture(96_00))
    with pytest.raises(errors.KeyReused):
        post(capture(96_00), fee)
    with pytest.raises(errors.KeyReused):
        post(fee, fee)
    assert held("fees") == 0


@pytest.mark.parametrize(
    "credits", [{"payable/user:7": 60_00}, {"payable/user:7": 60_00, "fees": 6_00, "escrow/job:12": 4_00}]
)
def test_a_journal_entry_is_the_same_only_with_the_same_lines(credits: dict[str, int]) -> None:
    def write(lines: dict[str, int]) -> None:
        sides = {"clearing/sandbox": sum(lines.values())}
        operations.journal(sides, lines, code="j", key="j", now=NOON, reference="job:12")

    for _ in range(2):
        write({"payable/user:7": 60_00, "fees": 6_00})
    with pytest.raises(errors.KeyReused):
        write(credits)
    assert (held("payable/user:7"), held("fees"), held("escrow/job:12")) == (60_00, 6_00, 0)


def test_a_journal_entry_of_many_lines_arrives_where_it_says() -> None:
    operations.journal(
        {"clearing/sandbox": 70, "debt/user:8": 30},
        {"escrow/job:12": 50, "fees": 45, "payable/user:7": 5},
        code="j", key="j", now=NOON, reference="x",
    )  # fmt: skip
    debits = [queries.balance(path).debit_minor for path in ("clearing/sandbox", "debt/user:8")]
    assert (debits, held("escrow/job:12"), held("fees"), held("payable/user:7")) == ([70, 30], 50, 45, 5)


@pytest.mark.parametrize(
    "sides", [({}, {}), ({"fees": 0}, {"escrow/job:12": 0}), ({"fees": 5, "escrow/job:12": -5}, {})]
)
def test_a_journal_entry_has_two_equal_positive_sides(sides: tuple[dict[str, int], dict[str, int]]) -> None:
    with pytest.raises(errors.Unbalanced):
        operations.journal(*sides, code="j", key="j", now=NOON, reference="x")


def test_two_assets_do_not_meet_and_money_needs_two_accounts() -> None:
    with pytest.raises(errors.Unbalanced):
        post(Leg("clearing/sandbox", "credits/user:7", 5, "x", "x"))
    with pytest.raises(errors.Unbalanced):
        post(Leg("clearing/sandbox", "clearing/sandbox", 5, "x", "x"))


@pytest.mark.parametrize(
    ("debit", "credit"), [("clearing/sandbox", "escrow/job:99"), ("clearing/other", "fees")]
)
def test_an_account_is_opened_before_money_goes_there(debit: str, credit: str) -> None:
    with pytest.raises(errors.UnknownAccount) as refusal:
        post(Leg(debit, credit, 5, "x", "x"))
    assert refusal.value.detail["what"] in (debit, credit)
    with pytest.raises(errors.UnknownAccount):
        queries.balance("escrow/job:99")


def test_an_account_is_opened_once_on_its_terms() -> None:
    again = operations.open("escrow/job:12", "SAR", floor=Floor.DEBITS)
    assert again == operations.open("escrow/job:12", "SAR", floor=Floor.DEBITS)
    for asset, floor, hot in [
        ("JOD", Floor.DEBITS, False),
        ("SAR", Floor.NONE, False),
        ("SAR", Floor.NONE, True),
    ]:
        with pytest.raises(errors.AccountDiffers):
            operations.open("escrow/job:12", asset, floor=floor, hot=hot)
    with pytest.raises(ValueError, match="no floor"):
        operations.open("hot", "SAR", floor=Floor.DEBITS, hot=True)


def test_a_mistake_is_taken_back_once_by_its_reversal() -> None:
    post(capture(96_00))
    operations.reverse("capture", "undo", now=NOON, reference="job:12")
    operations.reverse("capture", "undo", now=NOON, reference="job:12")
    assert held("escrow/job:12") == 0
    with pytest.raises(errors.AlreadyReversed):
        operations.reverse("capture", "undo-again", now=NOON, reference="job:12")
    assert [movement.amount_minor for movement in queries.statement("escrow/job:12")] == [96_00, -96_00]


def test_spent_money_and_reservations_cannot_be_reversed() -> None:
    post(capture(10_00))
    post(Leg("escrow/job:12", "fees", 10_00, "hold", "hold", kind="pending"))
    for key in ("hold", "nothing"):
        with pytest.raises(errors.UnknownTransfer):
            operations.reverse(key, "undo", now=NOON, reference="job:12")
    with pytest.raises(errors.InsufficientFunds):
        operations.reverse("capture", "undo", now=NOON, reference="job:12")


def test_rolling_up_changes_no_balance() -> None:
    post(capture(96_00))
    post(Leg("escrow/job:12", "fees", 20_00, "hold", "hold", kind="pending"))
    before = queries.balances(["fees", "clearing/sandbox"])
    assert operations.roll_up(NOON, limit=1) == 1
    assert queries.balances(["fees", "clearing/sandbox"]) == before
    post(Leg.post("hold", 16_00, code="fee", key="fee"))
    assert (held("fees"), queries.balance("fees").credits_pending) == (16_00, 0)
    assert operations.roll_up(NOON) == 2
    assert operations.roll_up(NOON) == 0
    assert (held("fees"), queries.balance("clearing/sandbox").debit_minor) == (16_00, 96_00)


def test_a_statement_lists_an_account_and_those_below_it_and_no_neighbour() -> None:
    operations.open("payable/user:71", "SAR")
    post(capture(96_00))
    post(Leg("escrow/job:12", "payable/user:7", 80_00, "release", "pay"), now=NOON + timedelta(days=1))
    post(Leg("clearing/sandbox", "payable/user:71", 5_00, "bonus", "bonus"), now=NOON + timedelta(days=2))
    [mine] = queries.statement("payable/user:7")
    assert (mine.amount_minor, mine.counter_path, mine.code, mine.asset) == (
        80_00,
        "escrow/job:12",
        "release",
        "SAR",
    )
    assert [m.key for m in queries.statement("payable/")] == ["pay", "bonus"]
    assert [m.key for m in queries.statement("payable", after_key="pay")] == ["bonus"]
    assert [m.key for m in queries.statement("payable", limit=1)] == ["pay"]
    assert [m.key for m in queries.statement("payable", since=NOON + timedelta(days=2))] == ["bonus"]
    assert [m.key for m in queries.statement("payable", until=NOON + timedelta(days=2))] == ["pay"]
    assert queries.statement("pay") == queries.statement("payable/user") == []


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount_minor": 0}, ValueError),
        ({"amount_minor": -5}, ValueError),
        ({"amount_minor": 10**15}, ValueError),
        ({"amount_minor": 1.0}, TypeError),
        ({"amount_minor": True}, TypeError),
        ({"kind": "maybe"}, ValueError),
        ({"kind": "post"}, ValueError),
        ({"pending_key": "hold"}, ValueError),
        ({"key": ""}, ValueError),
        ({"code": ""}, ValueError),
    ],
)
def test_a_leg_that_makes_no_sense_is_not_even_made(wrong: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        Leg(**{"debit": "a", "credit": "b", "amount_minor": 1, "code": "c", "key": "k", **wrong})


def test_an_empty_batch_does_nothing_and_a_naive_instant_is_refused() -> None:
    post()
    with pytest.raises(ValueError, match="aware"):
        post(capture(1), now=NOON.replace(tzinfo=None))
