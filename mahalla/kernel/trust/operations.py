"""Checks: sending, deciding, contesting, reading and forgetting them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.media.policies import is_staff
from mahalla.kernel.trust import audit, kinds, queries, vault
from mahalla.kernel.trust.flags import add_strike, raise_flag, resolve, void_strike
from mahalla.kernel.trust.models import DocumentClaim, Verification, VerificationDocument
from mahalla.kernel.trust.sanctions import appeal, impose, lift, uphold
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.kit.market import active

__all__ = [
    "add_strike",
    "appeal",
    "approve",
    "ask",
    "contest",
    "impose",
    "lift",
    "look",
    "personal_data",
    "purge",
    "raise_flag",
    "reject",
    "resolve",
    "revoke",
    "submit",
    "uphold",
    "void_strike",
]

#: the media purpose of every document of a check
PURPOSE = "document"


class CheckPending(Refused):
    """One check of a kind is decided before the next is sent."""


def ask(user_id: int, kind: str, *, actor: Actor, now: datetime) -> Verification:
    """Ask somebody for a check that they have not sent: it then stands on their list as wanted."""
    kinds.kind(kind)
    return _create(Verification(user_id=user_id, kind=kind), "ask", actor=actor, now=now)


def submit(
    user_id: int,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    number: str = "",
    documents: Mapping[str, int] | None = None,
    consent: bool = False,
    expires_on: date | None = None,
    personal: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Verification:
    """Send one check. ``documents`` maps each part of the kind to an asset of the person with purpose ``document``;
    ``personal`` is kept encrypted with ``number``, ``data`` is not.

    Returns the check ``submitted``, or ``rejected`` at once when the number belongs to another account or was banned
    (KH-TRUST-01, KH-ID-10). Raises ``Invalid`` with a sentence per field, ``CheckPending`` while one is undecided.
    """
    spec, pages, canonical = kinds.kind(kind), dict(documents or {}), vault.canonical(number)
    assets = _check(spec, user_id, canonical, pages, consent=consent, expires_on=expires_on, now=now)
    with transaction.atomic():
        wanted = Verification.objects.filter(user_id=user_id, kind=kind, state="not_started").first()
        check = engine.lock(wanted) if wanted else Verification(user_id=user_id, kind=kind)
        check.document_key = vault.keyed_hash(kind, canonical) if canonical else ""
        sealed = {**dict(personal or {}), **({"number": canonical} if canonical else {})}
        check.sealed, check.data = vault.seal(sealed, user_id=user_id, kind=kind), dict(data or {})
        check.document_expires_on = expires_on
        check.consented_at = now if consent else None
        check.submitted_at = now
        if wanted:
            check.save()
            check = engine.step(check, "submit", actor=actor, now=now)
        else:
            check = _create(check, "submit", actor=actor, now=now)
        VerificationDocument.objects.bulk_create(
            VerificationDocument(verification=check, asset=asset, part=part) for part, asset in assets.items()
        )
    return check


def approve(
    check: Verification, *, actor: Actor, now: datetime, reason: str = "", valid_until: datetime | None = None
) -> Verification:
    """Accept a check; it counts until its re-check, its document's end, or ``valid_until`` where given."""
    data = {"valid_until": valid_until} if valid_until else {}
    return engine.apply(
        check, "approve", actor=replace(actor, reason=reason or actor.reason), now=now, data=data
    )


def reject(check: Verification, *, reason: str, actor: Actor, now: datetime) -> Verification:
    """Turn a check down. The reason is mandatory and told to the person (KH-TRUST-03)."""
    return engine.apply(check, "reject", actor=replace(actor, reason=reason), now=now)


def contest(check: Verification, *, text: str, actor: Actor, now: datetime) -> Verification:
    """Ask once for another look at a rejection; it goes back to the queue with the person's words (KH-TRUST-02)."""
    return _once(lambda: engine.apply(check, "contest", actor=actor, now=now, data={"text": text}))


def revoke(check: Verification, *, reason: str, actor: Actor, now: datetime) -> Verification:
    """Take an approval back before its time; eligibility ends at once."""
    return engine.apply(check, "revoke", actor=replace(actor, reason=reason), now=now)


def look(viewer: User, pk: int, *, role: str, now: datetime, reason: str = "") -> Verification:
    """A check with its pages, for its owner or a role that the market trusts with documents; a stranger's look is
    written down (KH-ADMIN-07). The pictures' bytes are read through ``media.queries.open_for``, which does the same.

    Raises ``Denied`` (403) for other staff (KH-SEC-04), ``NotFound`` for everybody else.
    """
    check = _readable(viewer, pk)
    _log_look(viewer, check, role=role, now=now, reason=reason, part="documents")
    return check


def personal_data(viewer: User, pk: int, *, role: str, now: datetime, reason: str = "") -> dict[str, Any]:
    """The decrypted number and names of a check; as ``look`` in who may and in what is written down."""
    check = _readable(viewer, pk)
    _log_look(viewer, check, role=role, now=now, reason=reason, part="personal")
    return vault.unseal(check.sealed, user_id=check.user_id, kind=check.kind)


def purge(check: Verification, *, actor: Actor, now: datetime) -> Verification:
    """Forget the pictures and the number of a check that is not in force; dates, decision and reason stay.

    Raises ``Refused`` for a check that is open or counts.
    """
    with transaction.atomic():
        check = engine.lock(check)
        if check.state in {"submitted", "approved"}:
            raise Refused("check_in_use", _("A check that waits or counts keeps its documents."))
        elsewhere = VerificationDocument.objects.filter(
            verification__state__in=["submitted", "approved"]
        ).values("asset_id")
        for page in check.pages.select_related("asset").exclude(asset_id__in=elsewhere):
            media.remove(page.asset, actor=actor, now=now)
        if check.state == "rejected":
            check.document_key = ""
            DocumentClaim.objects.filter(verification=check).delete()
        check.sealed, check.data, check.purged_at = "", {}, now
        check.save(update_fields=["sealed", "data", "document_key", "purged_at"])
        audit.acted(actor, "check_purged", "verification", check.pk, now)
    return check


def purge_rejected(now: datetime, limit: int = 200) -> int:
    """Purge what the market wants gone after rejection (``Kind.purge_rejected``): for the recurring sweep."""
    wanted = [code for code, kind in kinds.kinds().items() if kind.purge_rejected]
    rows = Verification.objects.filter(kind__in=wanted, state="rejected", purged_at__isnull=True)
    found = list(rows.order_by("pk")[:limit])
    for check in found:
        purge(check, actor=SYSTEM, now=now)
    return len(found)


def _create(check: Verification, event: str, *, actor: Actor, now: datetime) -> Verification:
    return _once(lambda: engine.create(check, event, actor=actor, now=now))


def _once(move: Any) -> Verification:
    """Run a move that makes a check open; the database holds that there is one a kind."""
    try:
        with transaction.atomic():
            moved: Verification = move()
            return moved
    except engine.AlreadyThere as error:
        if error.constraint == "one_open_verification_per_kind":
            raise CheckPending("check_pending", _("Your last one is still being checked.")) from error
        raise


def _check(
    spec: kinds.Kind,
    user_id: int,
    number: str,
    pages: Mapping[str, int],
    *,
    consent: bool,
    expires_on: date | None,
    now: datetime,
) -> dict[str, Asset]:
    """The assets by part. Raises ``Invalid`` naming everything that is wrong at once."""
    wrong: dict[str, Any] = {}
    if spec.number and not spec.takes_number(number):
        wrong["number"] = _("This is not how such a number looks. Please check it against the document.")
    if spec.consent and not consent:
        wrong["consent"] = _("We may check this only with your consent.")
    today = now.astimezone(ZoneInfo(active().timezone)).date()
    if spec.expires and expires_on is None:
        wrong["expires_on"] = _("Give the date on which the document ends.")
    elif expires_on is not None and expires_on < today:
        wrong["expires_on"] = _("This document has expired. Please send a valid one.")
    own = Asset.objects.filter(
        pk__in=pages.values(), owner_id=user_id, purpose=PURPOSE, removed_at__isnull=True
    ).in_bulk()
    for part in {*spec.parts, *pages}:
        if part not in {*spec.parts, *spec.optional}:
            wrong[part] = _("This is not asked for.")
        elif pages.get(part) not in own:
            wrong[part] = _("Please add this picture.")
    if wrong:
        raise Invalid(wrong)
    return {part: own[pk] for part, pk in pages.items()}


def _readable(viewer: User, pk: int) -> Verification:
    check = Verification.objects.filter(pk=pk).first()
    if check is not None and (check.user_id == viewer.pk or queries.reads_documents(viewer)):
        return check
    if is_staff(viewer):
        raise Denied("documents_closed", _("Your role may not read identity documents."))
    raise NotFound()


def _log_look(viewer: User, check: Verification, *, role: str, now: datetime, reason: str, part: str) -> None:
    if viewer.pk != check.user_id:
        actor = Actor(viewer.pk, role, on_behalf_of_id=check.user_id, reason=reason)
        audit.viewed(actor, "verification", check.pk, now, part=part, kind=check.kind)
