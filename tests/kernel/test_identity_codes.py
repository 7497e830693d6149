"""Signing up and in by a code on the phone: right codes, wrong codes, too many codes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections, transaction

from mahalla.kernel.identity import codes, operations, phones
from mahalla.kernel.identity.models import CodeTry, Consent, PhoneCode, User
from mahalla.kit.errors import Denied, Invalid, Refused, TooMany
from tests.kernel.identity_town import HALA, NADIR, NOON, OMAR, Phones, inbox, person, sign_in, town

__all__ = ["inbox", "town"]
pytestmark = pytest.mark.django_db


@pytest.mark.spec("KH-ID-01")
def test_an_unused_number_with_accepted_terms_becomes_a_client_without_email(inbox: Phones) -> None:
    done = sign_in(HALA, inbox, NOON, terms="v1", role="client")
    assert done.registered
    user = User.objects.get(phone=HALA)
    assert user.has_role("client") and not user.has_role("worker")
    assert user.email == "" and not user.has_usable_password()


@pytest.mark.spec("KH-ID-02")
def test_the_right_code_within_five_minutes_verifies_and_the_sixth_try_is_refused(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    in_time = NOON + timedelta(minutes=4, seconds=59)
    done = operations.verify_code(HALA, code=inbox.code(HALA), now=in_time, terms="v1")
    assert done.user and done.user.phone_verified_at == in_time

    operations.request_code(OMAR, now=NOON)
    for nth in range(5):
        with pytest.raises(Refused, match="wrong"):
            operations.verify_code(OMAR, code=inbox.wrong(OMAR, nth), now=NOON + timedelta(seconds=10 + nth))
    with pytest.raises(TooMany) as sixth:
        operations.verify_code(OMAR, code=inbox.code(OMAR), now=NOON + timedelta(seconds=30), terms="v1")
    assert sixth.value.retry_after_s == 4 * 60 + 40
    assert not User.objects.filter(phone=OMAR).exists()


def test_a_code_is_worthless_after_five_minutes(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    with pytest.raises(Refused) as late:
        operations.verify_code(HALA, code=inbox.code(HALA), now=NOON + timedelta(minutes=5))
    assert late.value.code == "code_wrong"


def test_a_code_counts_once(inbox: Phones) -> None:
    sign_in(HALA, inbox, NOON, terms="v1")
    with pytest.raises(Refused) as again:
        operations.verify_code(HALA, code=inbox.code(HALA), now=NOON + timedelta(seconds=30))
    assert again.value.code == "code_wrong"


def test_a_new_code_gives_no_fresh_tries_and_ends_the_old_one(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    first = inbox.code(HALA)
    for nth in range(3):
        with pytest.raises(Refused):
            operations.verify_code(HALA, code=inbox.wrong(HALA, nth), now=NOON + timedelta(seconds=nth))
    operations.request_code(HALA, now=NOON + timedelta(seconds=60))
    if first != inbox.code(HALA):
        with pytest.raises(Refused) as old:
            operations.verify_code(HALA, code=first, now=NOON + timedelta(seconds=61))
        assert old.value.code == "code_wrong"
    with pytest.raises(Refused):
        operations.verify_code(HALA, code=inbox.wrong(HALA), now=NOON + timedelta(seconds=62))
    with pytest.raises(TooMany):
        operations.verify_code(HALA, code=inbox.code(HALA), now=NOON + timedelta(seconds=63), terms="v1")
    # the tries are forgiven when their five minutes are over
    late = NOON + timedelta(seconds=60 + 4 * 60 + 55)
    assert operations.verify_code(HALA, code=inbox.code(HALA), now=late, terms="v1").user


def test_resending_waits_a_minute_and_five_codes_an_hour_are_enough(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    with pytest.raises(TooMany) as soon:
        operations.request_code(HALA, now=NOON + timedelta(seconds=59))
    assert soon.value.code == "code_just_sent" and soon.value.retry_after_s == 1
    for minute in range(1, 5):
        operations.request_code(HALA, now=NOON + timedelta(minutes=minute))
    with pytest.raises(TooMany) as sixth:
        operations.request_code(HALA, now=NOON + timedelta(minutes=5))
    assert sixth.value.status == 429 and sixth.value.retry_after_s == 55 * 60
    assert len(inbox.messages) == 5
    operations.request_code(HALA, now=NOON + timedelta(minutes=60))


def test_one_address_may_not_ask_for_many_numbers(inbox: Phones) -> None:
    for n in range(5):
        operations.request_code(f"+96650000000{n}", now=NOON, address="203.0.113.7")
    with pytest.raises(TooMany):
        operations.request_code(NADIR, now=NOON, address="203.0.113.7")
    operations.request_code(NADIR, now=NOON, address="203.0.113.8")


def test_asking_tells_nobody_whether_a_number_has_an_account(inbox: Phones) -> None:
    person(HALA)
    known = operations.request_code(HALA, now=NOON)
    unknown = operations.request_code(OMAR, now=NOON)
    assert (known.digits, known.expires_at, known.resend_at) == (
        unknown.digits,
        unknown.expires_at,
        unknown.resend_at,
    )
    texts = {text.replace(inbox.code(phone), "…") for phone, text in inbox.messages}
    assert len(texts) == 1
    answers = set()
    for phone in (HALA, OMAR, NADIR):  # an account, a code only, neither
        with pytest.raises(Refused) as wrong:
            operations.verify_code(phone, code="12", now=NOON)
        answers.add((wrong.value.code, str(wrong.value)))
    assert len(answers) == 1


def test_the_code_is_kept_as_a_keyed_hash_only(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    row = PhoneCode.objects.get()
    assert inbox.code(HALA) not in str(row.__dict__)
    assert len(row.digest) == 64


def test_arabic_digits_are_read_in_numbers_and_codes(inbox: Phones) -> None:
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    sent = operations.request_code("0501234567".translate(arabic), now=NOON)
    assert sent.phone == HALA
    code = inbox.code(HALA).translate(arabic)
    assert operations.verify_code("٠٥٠ ١٢٣ ٤٥٦٧", code=f" {code} ", now=NOON, terms="v1").user


@pytest.mark.parametrize("text", ["", "12", "hello", "+966112345678", "+1900555", "0501234567890123"])
def test_numbers_that_receive_no_message_are_refused(town: object, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        phones.normalise(text)
    assert "phone" in refused.value.fields


def test_a_new_person_can_take_the_terms_after_the_code(inbox: Phones) -> None:
    step = sign_in(HALA, inbox, NOON)
    assert step.user is None and step.proof and not User.objects.exists()
    with pytest.raises(Refused) as old:
        operations.complete_registration(step.proof, terms="v0", now=NOON)
    assert old.value.code == "terms_outdated"
    with pytest.raises(Invalid):
        operations.complete_registration(step.proof, terms="v1", role="banker", now=NOON)
    user = operations.complete_registration(step.proof, terms="v1", role="worker", name=" Hala ", now=NOON)
    assert user.name == "Hala" and user.has_role("worker")
    with pytest.raises(Refused) as twice:
        operations.complete_registration(step.proof, terms="v1", now=NOON)
    assert twice.value.code == "proof_wrong"
    with pytest.raises(Refused):
        operations.complete_registration("", terms="v1", now=NOON)


def test_the_proof_of_a_number_lasts_half_an_hour(inbox: Phones) -> None:
    step = sign_in(HALA, inbox, NOON)
    with pytest.raises(Refused):
        operations.complete_registration(step.proof, terms="v1", now=NOON + timedelta(minutes=31))


def test_consent_is_kept_with_version_time_and_language(inbox: Phones) -> None:
    user = operations.register(HALA, terms="v1", language="ar", now=NOON)
    rows = Consent.objects.filter(user=user).values_list("document", "version", "language", "accepted_at")
    assert sorted(rows) == [("privacy", "v1", "ar", NOON), ("terms", "v1", "ar", NOON)]


def test_nobody_registers_as_staff(inbox: Phones) -> None:
    operations.request_code(NADIR, now=NOON)
    with pytest.raises(Invalid):
        operations.verify_code(NADIR, code=inbox.code(NADIR), now=NOON, terms="v1", role="banker")
    assert not User.objects.exists()


def test_a_banned_number_gets_the_same_answer_until_it_proves_itself(inbox: Phones) -> None:
    from mahalla.kit.actors import SYSTEM

    operations.ban(person(NADIR), reason="fraud", actor=SYSTEM, now=NOON)
    operations.request_code(NADIR, now=NOON)
    with pytest.raises(Denied) as closed:
        operations.verify_code(NADIR, code=inbox.code(NADIR), now=NOON)
    assert closed.value.code == "account_banned"


def test_old_codes_are_swept_away(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    with pytest.raises(Refused):
        operations.verify_code(HALA, code=inbox.wrong(HALA), now=NOON)
    codes.purge(NOON + timedelta(hours=23))
    assert PhoneCode.objects.exists() and CodeTry.objects.exists()
    codes.purge(NOON + timedelta(hours=25))
    assert not PhoneCode.objects.exists() and not CodeTry.objects.exists()


def _together(count: int, work: Callable[[int], object]) -> list[object]:
    """Run ``work`` on ``count`` real connections at the same moment."""
    start = Barrier(count)

    def one(n: int) -> object:
        try:
            connection.ensure_connection()
            start.wait(10)
            return work(n)
        except Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_the_same_code_at_once_opens_one_account_once(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    code = inbox.code(HALA)
    got = _together(4, lambda n: operations.verify_code(HALA, code=code, now=NOON, terms="v1"))
    assert len([one for one in got if isinstance(one, operations.Verified)]) == 1
    assert User.objects.filter(phone=HALA).count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_tries_and_requests_at_once_do_not_slip_past_the_limits(inbox: Phones) -> None:
    sent = _together(4, lambda n: operations.request_code(HALA, now=NOON))
    assert len([one for one in sent if isinstance(one, operations.CodeSent)]) == 1
    wrong = _together(
        8, lambda n: operations.verify_code(HALA, code=inbox.wrong(HALA, n), now=NOON + timedelta(seconds=1))
    )
    assert len([one for one in wrong if isinstance(one, TooMany)]) == 3


@pytest.mark.django_db(transaction=True)
def test_a_wrong_try_cannot_be_rolled_back_by_its_caller(inbox: Phones) -> None:
    operations.request_code(HALA, now=NOON)
    with pytest.raises(RuntimeError), transaction.atomic():
        operations.verify_code(HALA, code=inbox.wrong(HALA), now=NOON)
