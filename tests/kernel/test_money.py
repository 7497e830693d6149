"""Minor units, one rounding, shares that add up, and amounts as people read and write them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kit import money
from mahalla.kit.money import Money, NotAnAmount, OtherCurrency, exponent, parse, round_half_up, split
from mahalla.kit.quote import Line, Quote

CURRENCIES = st.sampled_from(["SAR", "JOD", "JPY", "IQD", "TJS", "MAD", "INR", "USD", "KWD", "CLF"])
LANGUAGES = st.sampled_from(["en", "ar", "ar-SA", "ar_JO", "fr", "ru", "tg", "hi"])
AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12)


@pytest.mark.parametrize(
    ("currency", "digits"), [("JOD", 3), ("JPY", 0), ("SAR", 2), ("IQD", 3), ("LBP", 2), ("CLF", 4)]
)
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "sar", "ABC", "SAR "])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, code)


@pytest.mark.spec("KH-PRICE-16")
def test_each_line_is_rounded_half_up_once_and_the_total_is_their_sum() -> None:
    labour = Money.of(Decimal("33.333"), "SAR")
    fee = labour.share(Fraction(20, 100))
    quote = Quote((Line("labour", labour.minor, "worker"), Line("fee", fee.minor, "platform")), "SAR")
    assert (labour.major, fee.major) == (Decimal("33.33"), Decimal("6.67"))
    assert quote.total.major == Decimal("40.00")
    with pytest.raises(OtherCurrency):
        labour + Money(1, "JOD")


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.5", 1),
        ("1.5", 2),
        ("2.5", 3),
        ("-0.5", -1),
        ("-2.5", -3),
        ("2.4999", 2),
        ("-2.4999", -2),
        ("0", 0),
    ],
)
def test_a_half_goes_away_from_zero(exact: str, rounded: int) -> None:
    assert round_half_up(Decimal(exact)) == rounded
    assert round_half_up(Fraction(exact)) == rounded


@pytest.mark.parametrize("float_use", [
    lambda: round_half_up(0.5),  # type: ignore[arg-type]
    lambda: Money(1.0, "SAR"),  # type: ignore[arg-type]
    lambda: Money(True, "SAR"),
    lambda: Money.of(33.3, "SAR"),  # type: ignore[arg-type]
    lambda: Money(100, "SAR").share(0.2),  # type: ignore[arg-type]
    lambda: split(100, [0.5, 0.5]),  # type: ignore[list-item]
    lambda: split(100.0, [1]),  # type: ignore[arg-type]
])  # fmt: skip
def test_no_float_touches_money(float_use) -> None:
    with pytest.raises(TypeError):
        float_use()


@given(st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=6))
def test_rounding_is_decimals_half_up(value: Decimal) -> None:
    assert round_half_up(value) == int(value.quantize(Decimal(1), ROUND_HALF_UP))
    assert round_half_up(-value) == -round_half_up(value)


WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**6), st.fractions(min_value=0, max_value=1000)), min_size=1, max_size=12
).filter(any)


@given(total=st.integers(0, 10**12), weights=WEIGHTS)
def test_shares_add_up_and_each_is_within_one_unit_of_its_due(
    total: int, weights: list[int | Fraction]
) -> None:
    shares = split(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * Fraction(weight) / sum(map(Fraction, weights))) < 1
        assert share >= 0
        assert weight or share == 0


@given(total=st.integers(0, 10**9), weights=WEIGHTS)
def test_a_larger_weight_never_gets_less(total: int, weights: list[int | Fraction]) -> None:
    by_weight = sorted(zip(weights, split(total, weights), strict=True), key=lambda pair: (pair[0], pair[1]))
    assert [share for _, share in by_weight] == sorted(share for _, share in by_weight)


def test_leftover_units_go_to_the_largest_remainders_the_earlier_first() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(1000, [Fraction(1, 3), Fraction(2, 3)]) == [333, 667]
    assert split(0, [1, 2]) == [0, 0]


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [-1, 2]), (1, []), (1, [0, 0])])
def test_what_cannot_be_split_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"negative|nothing"):
        split(total, weights)


@given(minor=AMOUNTS, currency=CURRENCIES, language=LANGUAGES)
def test_what_is_written_is_read_back(minor: int, currency: str, language: str) -> None:
    amount = Money(minor, currency)
    assert parse(money.format(amount, language), currency, language) == amount


def test_amounts_as_people_read_them() -> None:
    assert money.format(Money(136_80, "SAR"), "en") == "SAR\u00a0136.80"
    assert money.format(Money(1_234_500, "JOD"), "ar") == "\u200f1,234.500\u00a0د.أ.\u200f"
    assert money.format(Money(1_500_000, "IQD"), "en") == "IQD\u00a01,500"
    assert money.format(Money(1_500_250, "IQD"), "en") == "IQD\u00a01,500.250"
    assert money.format(Money(1200, "JPY"), "en") == "¥1,200"


@pytest.mark.parametrize(
    ("text", "language", "minor"),
    [("1,234.50", "en", 123450), ("١٬٢٣٤٫٥٠", "ar", 123450), ("۴۰٫۵", "ar", 4050), ("SAR 40", "en", 4000),
     ("٤٠ ر.س.", "ar", 4000), (" 1 234,50 ", "fr", 123450), ("-5", "en", -500)],
)  # fmt: skip
def test_amounts_as_people_type_them(text: str, language: str, minor: int) -> None:
    assert parse(text, "SAR", language).minor == minor


@pytest.mark.parametrize(
    "text", ["", "abc", "1.234", "1e5", "NaN", "1,2,3", "1.2.3", "--5", "5-", "9" * 40, "$5"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotAnAmount, match=r"at most 2 decimals, for example 123\.45") as refusal:
        parse(text, "SAR")
    assert list(refusal.value.fields) == ["amount"]
