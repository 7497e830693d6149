"""Who bears a refund."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.cases.split import NOTHING, Parts, RefundTooLarge, split_refund

CHARGE = Parts(8000, 1600)


@pytest.mark.spec("KH-PAY-11")
def test_96_captured_48_back_is_40_from_the_earnings_and_8_from_the_fee_and_50_more_is_refused() -> None:
    assert split_refund(4800, captured=CHARGE) == Parts(4000, 800)
    with pytest.raises(RefundTooLarge) as refused:
        split_refund(5000, captured=CHARGE, refunded=Parts(4000, 800))
    assert refused.value.detail["left_minor"] == 4800


def test_18_of_96_is_15_and_3() -> None:
    assert split_refund(1800, captured=CHARGE) == Parts(1500, 300)


def test_what_one_side_cannot_bear_any_more_the_other_does() -> None:
    assert split_refund(2400, captured=CHARGE, refunded=Parts(0, 1600)) == Parts(2400, 0)
    assert split_refund(1600, captured=CHARGE, refunded=Parts(8000, 0)) == Parts(0, 1600)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.data())
def test_any_row_of_refunds_adds_up_and_never_takes_more_than_a_side_got(worker: int, fee: int, data) -> None:
    captured, refunded = Parts(worker, fee), NOTHING
    for _ in range(4):
        left = captured.total_minor - refunded.total_minor
        part = split_refund(data.draw(st.integers(0, left)), captured=captured, refunded=refunded)
        refunded = Parts(refunded.worker_minor + part.worker_minor, refunded.fee_minor + part.fee_minor)
        assert part.worker_minor >= 0 and part.fee_minor >= 0
        assert refunded.worker_minor <= worker and refunded.fee_minor <= fee
