"""Registering, signing in, and what people change about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import outbox
from mahalla.kernel.identity import codes, phones, queries, roles, sms, status
from mahalla.kernel.identity.codes import CodeSent, Purpose
from mahalla.kernel.identity.models import CodeTry, Consent, PhoneCode, User
from mahalla.kernel.identity.record import itself, note
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, Invalid, Refused
from mahalla.kit.market import active

NAME_MAX = 120


@dataclass(frozen=True, slots=True)
class Verified:
    """A right code's yield: the account, or a ``proof`` with which a new person registers.

    ``needs_password`` is set for staff: the code alone signs them in nowhere (see ``confirm_password``).
    """

    user: User | None
    proof: str = ""
    registered: bool = False
    needs_password: bool = False


def request_code(
    phone: str, *, now: datetime, address: str = "", language: str = "", purpose: str = Purpose.SIGN_IN
) -> CodeSent:
    """Send a sign-in code by SMS (KH-ID-02, KH-ID-04); the answer tells nobody whether the number has an account.

    ``address`` is the asking network address. Raises ``Invalid`` and ``TooMany`` (KH-SEC-05).
    """
    sent = codes.send_code(phone, purpose=purpose, address=address, language=language, user_id=None, now=now)
    outbox.enqueue("identity.purge_codes", key=f"identity.purge:{now:%Y-%m-%d}", payload={}, now=now)
    return sent


def verify_code(
    phone: str,
    *,
    code: str,
    now: datetime,
    terms: str = "",
    role: str = "",
    name: str = "",
    language: str = "",
) -> Verified:
    """Use a code: sign in, or register when the number is unused and ``terms`` (the version read) is given.

    An unused number without ``terms`` yields a ``proof`` for ``complete_registration``. Raises ``Refused``
    ``code_wrong``, ``TooMany`` after ``otp_tries``, ``Denied`` for suspended and banned people. Runs in a
    transaction of its own (``durable``): a caller's rollback would forget the wrong try.
    """
    number = phones.normalise(phone)
    if terms:
        _check_registration(terms=terms, role=_role_or_only(role), name=name)
    with transaction.atomic(durable=True):
        outcome = _verify(number, code=code, now=now, terms=terms, role=role, name=name, language=language)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def _verify(
    phone: str, *, code: str, now: datetime, terms: str, role: str, name: str, language: str
) -> Verified | Refused:
    used = codes.redeem(phone, purpose=Purpose.SIGN_IN, code=code, user_id=None, now=now)
    if isinstance(used, Refused):
        return used
    user = User.objects.select_for_update().filter(phone=phone).first()
    if user is not None:
        refusal = status.admit(user, now=now)
        if refusal is not None:
            return refusal
        return Verified(user, needs_password=user.is_staff and user.has_usable_password())
    if queries.is_banned_phone(phone):
        return _banned()
    if not terms:
        return Verified(None, proof=codes.make_proof(used, now=now))
    return Verified(
        register(phone, role=role, name=name, language=language, terms=terms, now=now), registered=True
    )


def complete_registration(
    proof: str, *, terms: str, now: datetime, role: str = "", name: str = "", language: str = ""
) -> User:
    """Register the person who verified a number (``Verified.proof``). The proof counts once."""
    _check_registration(terms=terms, role=_role_or_only(role), name=name)
    with transaction.atomic():
        phone = codes.take_proof(proof, now=now)
        return register(phone, role=role, name=name, language=language, terms=terms, now=now)


def register(
    phone: str, *, terms: str, now: datetime, role: str = "", name: str = "", language: str = ""
) -> User:
    """Make the account of a verified number (KH-ID-01, KH-ID-03): no e-mail, terms accepted, one sign-up role.

    The caller vouches for the number (a used code, a seed). Raises ``Invalid``, ``Refused`` ``phone_in_use`` or
    ``terms_outdated``, ``Denied`` for a banned number.
    """
    role = _role_or_only(role)
    _check_registration(terms=terms, role=role, name=name)
    if queries.is_banned_phone(phone):
        raise _banned()
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                phone, name=name.strip(), language=_language(language), phone_verified_at=now, date_joined=now
            )
            note(user, "registered", actor=itself(user), now=now, to_state=user.status)
            accept_terms(user, version=terms, language=user.language, now=now)
            roles.grant_role(user, role, actor=itself(user), now=now)
    except IntegrityError as error:
        raise _in_use() from error
    return user


def confirm_password(user: User, *, password: str, now: datetime) -> None:
    """The second thing that staff must know. Raises ``Invalid`` on ``password``, ``TooMany`` after ``otp_tries``."""
    key = user.phone or f"user:{user.pk}"
    with transaction.atomic(durable=True):
        codes.lock(f"password:{key}")
        refusal: Refused | None = codes.count_try(key, purpose=codes.PASSWORD, now=now)
        if refusal is None and not user.check_password(password):
            refusal = Invalid({"password": _("The password is wrong.")})
        if refusal is None:
            CodeTry.objects.filter(phone=key, purpose=codes.PASSWORD).delete()
    if refusal is not None:
        raise refusal


def accept_terms(user: User, *, version: str, language: str, now: datetime) -> None:
    """Store the acceptance with version, time and language (KH-ID-06). Raises ``Refused`` for an old version."""
    _require_version(version)
    with transaction.atomic():
        fresh = 0
        for document in queries.DOCUMENTS:
            _row, made = Consent.objects.get_or_create(
                user=user,
                document=document,
                version=version,
                defaults={"language": language, "accepted_at": now},
            )
            fresh += made
        if fresh:
            note(user, "terms_accepted", actor=itself(user), now=now, payload={"version": version})


def request_phone_change(user: User, phone: str, *, now: datetime, address: str = "") -> CodeSent:
    """Send a code to the new number (KH-ID-05). Whether it has an account shows only to who holds it."""
    number = phones.normalise(phone)
    if number == user.phone:
        raise Invalid({"phone": _("This is your number already.")})
    return codes.send_code(
        number,
        purpose=Purpose.CHANGE_PHONE,
        address=address,
        language=user.language,
        user_id=user.pk,
        now=now,
    )


def change_phone(user: User, phone: str, *, code: str, now: datetime) -> User:
    """Replace the number once the new one is verified, and tell the old one (KH-ID-05).

    Raises like ``verify_code``, and ``Refused`` ``phone_in_use``. Durable, for the same reason.
    """
    number = phones.normalise(phone)
    with transaction.atomic(durable=True):
        used = codes.redeem(number, purpose=Purpose.CHANGE_PHONE, code=code, user_id=user.pk, now=now)
        refusal = _replace_phone(user, number, now=now) if isinstance(used, PhoneCode) else used
    if refusal is not None:
        raise refusal
    user.refresh_from_db()
    return user


def _replace_phone(user: User, phone: str, *, now: datetime) -> Refused | None:
    kept = User.objects.select_for_update().get(pk=user.pk)
    if queries.is_banned_phone(phone):
        return _banned()
    old, kept.phone, kept.phone_verified_at = kept.phone, phone, now
    try:
        with transaction.atomic():
            kept.save(update_fields=["phone", "phone_verified_at"])
    except IntegrityError:
        return _in_use()
    note(kept, "phone_changed", actor=itself(kept), now=now)
    if old:
        with translation.override(kept.language):
            text = _now(
                "The phone number of your account was changed to one ending in %(end)s. "
                "If this was not you, contact us at once."
            )
            sms.send(old, text % {"end": phones.masked(phone)}, now)
    return None


def update_profile(
    user: User,
    *,
    now: datetime,
    name: str | None = None,
    language: str | None = None,
    actor: Actor | None = None,
) -> User:
    """Change the own name or language (KH-PROFILE-04). Raises ``Invalid``."""
    fields = []
    if name is not None:
        _check_name(name)
        user.name = name.strip()
        fields.append("name")
    if language is not None:
        if language not in dict(active().languages):
            raise Invalid({"language": _("This language is not offered here.")})
        user.language = language
        fields.append("language")
    with transaction.atomic():
        user.save(update_fields=fields)
        note(user, "profile_changed", actor=actor or itself(user), now=now, payload={"fields": fields})
    return user


def _check_registration(*, terms: str, role: str, name: str) -> None:
    _require_version(terms)
    roles.require_signup(role)
    _check_name(name)


def _check_name(name: str) -> None:
    if len(name.strip()) > NAME_MAX or any(not char.isprintable() for char in name):
        raise Invalid({"name": _("Write a name of at most 120 letters, in one line.")})


def _require_version(version: str) -> None:
    if version != queries.terms_version():
        raise Refused("terms_outdated", _("Our terms have changed. Read and accept them to go on."))


def _role_or_only(role: str) -> str:
    """The role asked for; the first sign-up role where the person chose none."""
    if role:
        return role
    offered = roles.signup_roles()
    if not offered:
        raise Invalid({"role": _("One cannot register here.")})
    return offered[0].code


def _language(language: str) -> str:
    return language if language in dict(active().languages) else active().default_language


def _in_use() -> Refused:
    return Refused("phone_in_use", _("This number belongs to another account."), field="phone")


def _banned() -> Denied:
    return Denied("account_banned", _("This account is closed for breaking the rules."))
