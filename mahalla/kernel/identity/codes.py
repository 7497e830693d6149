"""One-time codes by SMS: sent, counted, used once (KH-ID-02, KH-SEC-05).

Counting is by number, not by browser session: otherwise a fresh session, or a fresh code, would give fresh tries
(ADR 0003). Everything about one number happens under a lock of that number.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity import hashing, phones, sms
from mahalla.kernel.identity.models import CodeTry, PhoneCode
from mahalla.kernel.identity.numbers import minutes, number, per_address
from mahalla.kit.errors import Refused, TooMany

HOUR = timedelta(hours=1)
PASSWORD = "password"  # noqa: S105 - a purpose of tries, no secret
Purpose = PhoneCode.Purpose


@dataclass(frozen=True, slots=True)
class CodeSent:
    """What whoever asked may know: the same for numbers with and without an account."""

    phone: str
    digits: int
    expires_at: datetime
    resend_at: datetime


def lock(*names: str) -> None:
    """Wait for the transaction's turn on each name, in the order given."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"identity:{name}"])


def send_code(
    phone: str, *, purpose: str, address: str, language: str, user_id: int | None, now: datetime
) -> CodeSent:
    """Send a fresh code; an older one of the same purpose no longer works.

    Raises ``Invalid`` (phone) and ``TooMany``: before ``otp_resend_s`` are over, or after ``otp_per_hour`` codes.
    """
    phone = phones.normalise(phone)
    digits = number("otp_digits", now=now)
    code = f"{secrets.randbelow(10**digits):0{digits}d}"
    with transaction.atomic():
        lock(*([phone, f"address:{address}"] if address else [phone]))
        _refuse_haste(phone, purpose=purpose, address=address, now=now)
        _live(phone, purpose).update(replaced_at=now)
        sent = PhoneCode.objects.create(
            phone=phone,
            purpose=purpose,
            user_id=user_id,
            digest=hashing.short_lived("code", purpose, phone, code),
            address=address or None,
            created_at=now,
            expires_at=now + minutes("otp_ttl_min", now=now),
        )
        with translation.override(language or translation.get_language()):
            sms.send(phone, _now("Your code is %(code)s. Give it to nobody.") % {"code": code}, now)
    return CodeSent(phone, digits, sent.expires_at, now + timedelta(seconds=number("otp_resend_s", now=now)))


def redeem(phone: str, *, purpose: str, code: str, user_id: int | None, now: datetime) -> PhoneCode | Refused:
    """Use the live code of ``phone``. A refusal is returned, not raised: the try must be committed either way."""
    lock(phone)
    refusal = count_try(phone, purpose=purpose, now=now)
    if refusal:
        return refusal
    live = _live(phone, purpose).filter(expires_at__gt=now).first()
    digest = hashing.short_lived("code", purpose, phone, phones.latin_digits(code))
    if live is None or live.user_id != user_id or not compare_digest(live.digest, digest):
        return Refused(
            "code_wrong",
            _("This code is wrong or no longer valid. Check it, or ask for a new one."),
            field="code",
        )
    used = PhoneCode.objects.filter(pk=live.pk, used_at=None).update(used_at=now)
    assert used == 1, "the lock of the number is held"
    live.used_at = now
    CodeTry.objects.filter(phone=phone, purpose=purpose).delete()
    return live


def count_try(phone: str, *, purpose: str, now: datetime) -> TooMany | None:
    """Write down one try, or refuse it when ``otp_tries`` were made within ``otp_ttl_min``."""
    allowed, window = number("otp_tries", now=now), minutes("otp_ttl_min", now=now)
    tries = CodeTry.objects.filter(phone=phone, purpose=purpose, at__gt=now - window).order_by("-at")
    times = list(tries.values_list("at", flat=True)[:allowed])
    if len(times) == allowed:
        return TooMany(
            "too_many_tries",
            _("Too many wrong tries. Wait a few minutes, then ask for a new code."),
            retry_after_s=_seconds(times[-1] + window - now),
        )
    CodeTry.objects.create(phone=phone, purpose=purpose, at=now)
    return None


def make_proof(used: PhoneCode, *, now: datetime) -> str:
    """A secret that stands for "this number was just verified" until the registration is finished."""
    proof = secrets.token_urlsafe(32)
    used.proof_digest = hashing.short_lived("proof", proof)
    used.proof_until = now + minutes("otp_proof_min", now=now)
    used.save(update_fields=["proof_digest", "proof_until"])
    return proof


def take_proof(proof: str, *, now: datetime) -> str:
    """The number that ``proof`` stands for; it counts once. Raises ``Refused`` ``proof_wrong``."""
    found = (
        PhoneCode.objects.select_for_update()
        .filter(proof_digest=hashing.short_lived("proof", proof), proof_until__gt=now)
        .first()
    )
    if found is None or not proof:
        raise Refused("proof_wrong", _("This took too long. Start again with your phone number."))
    found.proof_digest, found.proof_until = "", None
    found.save(update_fields=["proof_digest", "proof_until"])
    return found.phone


def purge(now: datetime) -> None:
    """Delete what no limit can ask for any more."""
    PhoneCode.objects.filter(created_at__lt=now - timedelta(days=1)).delete()
    CodeTry.objects.filter(at__lt=now - timedelta(days=1)).delete()


def _live(phone: str, purpose: str) -> QuerySet[PhoneCode]:
    return PhoneCode.objects.filter(phone=phone, purpose=purpose, used_at=None, replaced_at=None)


def _refuse_haste(phone: str, *, purpose: str, address: str, now: datetime) -> None:
    recent = PhoneCode.objects.filter(created_at__gt=now - HOUR).order_by("-created_at")
    limits = [(recent.filter(phone=phone), number("otp_per_hour", now=now))]
    if address:
        limits.append((recent.filter(address=address), per_address(now)))
    for codes, allowed in limits:
        times = list(codes.values_list("created_at", flat=True)[:allowed])
        if len(times) == allowed:
            raise TooMany(
                "too_many_codes",
                _("Too many codes were asked for. Try again later."),
                retry_after_s=_seconds(times[-1] + HOUR - now),
            )
    last = recent.filter(phone=phone, purpose=purpose, used_at=None).first()
    wait = timedelta(seconds=number("otp_resend_s", now=now))
    if last and now < last.created_at + wait:
        raise TooMany(
            "code_just_sent",
            _("A code was just sent. Wait a moment before asking for another."),
            retry_after_s=_seconds(last.created_at + wait - now),
        )


def _seconds(span: timedelta) -> int:
    return max(1, -(-span // timedelta(seconds=1)))
