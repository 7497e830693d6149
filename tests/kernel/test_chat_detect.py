"""Contact details and invitations to pay elsewhere are found in English and Arabic; ordinary talk is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mahalla.kernel.chat.detect import EMAIL, LINK, PAYMENT, PHONE, find, kinds, mask

FOUND = [
    ("pay me outside 0501234567", {PHONE, PAYMENT}),
    ("call 0501234567", {PHONE}),
    ("+966 50 123 4567 please", {PHONE}),
    ("050-123-4567", {PHONE}),
    ("050.123.4567", {PHONE}),
    ("(050) 123 4567", {PHONE}),
    ("0 5 0 1 2 3 4 5 6 7", {PHONE}),
    ("رقمي ٠٥٠١٢٣٤٥٦٧", {PHONE}),
    ("رقمي ٠٥٠ ١٢٣ ٤٥٦٧", {PHONE}),
    ("my number: ۰۵۰۱۲۳۴۵۶۷", {PHONE}),
    ("zero five zero one two three four five six seven", {PHONE}),
    ("صفر خمسة صفر واحد اثنين ثلاثة أربعة خمسة ستة سبعة", {PHONE}),
    ("write to sara@example.com", {EMAIL}),
    ("sara (at) example (dot) com", {EMAIL}),
    ("see https://example.com/me?x=1", {LINK}),
    ("www.example.org", {LINK}),
    ("wa.me/966501234567", {LINK}),
    ("my page is sara-cleans.sa", {LINK}),
    ("Let us skip the fee and pay directly", {PAYMENT}),
    ("pay me in cash", {PAYMENT}),
    ("You can do a bank transfer", {PAYMENT}),
    ("SA03 8000 0000 6080 1016 7519", {PAYMENT}),
    ("my card 4242 4242 4242 4242", {PAYMENT}),
    ("ادفع لي خارج التطبيق", {PAYMENT}),
    ("حول المبلغ مباشرة", {PAYMENT}),
    ("بدون عمولة", {PAYMENT}),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_found(text: str, expected: set[str]) -> None:
    assert set(kinds(find(text))) == expected


INNOCENT = [
    "The sofa is 200 x 90 x 85 cm, third floor, flat 12",
    "I come on 2026-03-02 at 10:30",
    "02/03/2026 10:00 - 12:00 works",
    "It costs 1,250.00 for 3 hours",
    "١٬٢٥٠٬٠٠٠ دينار",
    "I am outside, in front of the building site",
    "Someone has one key, two doors and three windows",
    "الشقة في الدور الثالث رقم ١٢",
    "I will send the photos. Thanks a lot...ok?",
    "Is parking paid or free?",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_left_alone(text: str) -> None:
    assert find(text) == []
    assert mask(text, find(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 050 123 4567 or me@example.com now", "call ••• or ••• now"),
        ("رقمي ٠٥٠١٢٣٤٥٦٧ اتصل", "رقمي ••• اتصل"),
        ("pay me outside 0501234567", "pay me outside •••"),
        ("IBAN SA03 8000 0000 6080 1016 7519.", "IBAN •••."),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert mask(text, find(text)) == shown


@given(st.text(max_size=300))
def test_any_text_is_read_in_order_and_within_its_bounds(text: str) -> None:
    found = find(text)
    assert found == sorted(found, key=lambda one: (one.start, one.end))
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert mask(text, []) == text


@pytest.mark.parametrize(
    "piece", ["0 ", "one ", "pay ", "a", "a.", "a@", "ادفع ", "1,", "SA03 ", "-", "outside the "]
)
def test_a_hostile_message_of_full_length_is_read_quickly(piece: str) -> None:
    text = (piece * 2000)[:2000]
    start = time.perf_counter()
    mask(text, find(text))
    assert time.perf_counter() - start < 0.5


@given(
    st.text("0123456789٠١٢٣٤٥٦٧٨٩", min_size=9, max_size=13),
    st.sampled_from(["", " ", "-", "."]),
    st.sampled_from(["call {} now", "رقمي {} شكرا", "{}"]),
)
def test_any_spelling_of_a_number_is_hidden(digits: str, between: str, frame: str) -> None:
    text = frame.format(between.join(digits))
    assert "•••" in mask(text, find(text))
