"""Reading trust: who is eligible, which badges show, which sanctions hold, what waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import kinds as declared
from mahalla.kernel.trust.models import Flag, Sanction, Verification
from mahalla.kit.errors import NotFound


def _counting(at: datetime) -> Q:
    """An approval that counts at this instant, also before its deadline was fired."""
    return Q(state="approved") & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))


def valid(user_ids: Iterable[int], kinds: Iterable[str], at: datetime) -> set[int]:
    """Those of ``user_ids`` who hold a counting approval of *every* kind at ``at``; one query (KH-ID-09)."""
    wanted, asked = set(kinds), list(user_ids)
    if not wanted or not asked:
        return set(asked)
    rows = (
        Verification.objects.filter(_counting(at), user_id__in=asked, kind__in=wanted)
        .values("user_id")
        .annotate(held=Count("kind", distinct=True))
        .filter(held=len(wanted))
    )
    return {row["user_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Badge:
    """``code`` and ``label`` as the market declares them; ``checked_at`` is the last check's date (KH-PROFILE-09)."""

    code: str
    label: Any
    checked_at: datetime


def badges(user_ids: Iterable[int], at: datetime) -> dict[int, list[Badge]]:
    """The badges of many people in one query, in the order in which the market declares its kinds."""
    with_badge = {code: kind for code, kind in declared.kinds().items() if kind.badge}
    order = list(with_badge)
    rows = Verification.objects.filter(_counting(at), user_id__in=list(user_ids), kind__in=order)
    latest: dict[tuple[int, str], datetime] = {}
    for user_id, code, decided in rows.values_list("user_id", "kind", "decided_at"):
        if decided and decided > latest.get((user_id, code), decided.min.replace(tzinfo=decided.tzinfo)):
            latest[user_id, code] = decided
    out: dict[int, list[Badge]] = defaultdict(list)
    for user_id, code in sorted(latest, key=lambda pair: order.index(pair[1])):
        out[user_id].append(Badge(with_badge[code].badge, with_badge[code].label, latest[user_id, code]))
    return dict(out)


def checklist(user_id: int, kinds: Iterable[str], at: datetime) -> dict[str, str]:
    """Each kind as ``missing``, ``pending``, ``done``, ``rejected`` or ``expired``: what the person's page shows."""
    out = dict.fromkeys(kinds, "missing")
    words = {"submitted": "pending", "rejected": "rejected", "expired": "expired"}
    for check in Verification.objects.filter(user_id=user_id, kind__in=list(out)).order_by("pk"):
        if check.state == "approved":
            counts = check.valid_until is None or check.valid_until > at
            out[check.kind] = "done" if counts else "expired"
        elif check.state in words and out[check.kind] != "done":
            out[check.kind] = words[check.state]
    return out


def latest(user_id: int, kind: str) -> Verification | None:
    """The person's newest check of one kind, whatever its state."""
    return Verification.objects.filter(user_id=user_id, kind=kind).order_by("-pk").first()


def pending(kind: str = "") -> QuerySet[Verification]:
    """The checks that wait for a person, oldest first (KH-TRUST-03)."""
    rows = Verification.objects.filter(state="submitted", provider="").select_related("user")
    return (rows.filter(kind=kind) if kind else rows).order_by("submitted_at", "pk")


def verification_for(viewer: User, pk: int) -> Verification:
    """A check for its owner or for a role that may read documents. Raises ``NotFound`` for everybody else."""
    found = Verification.objects.select_related("user").filter(pk=pk).first()
    if found is None or (found.user_id != viewer.pk and not reads_documents(viewer)):
        raise NotFound()
    return found


def reads_documents(viewer: User) -> bool:
    """Whether the market lets this person read others' personal documents (KH-SEC-04)."""
    return viewer.is_active and viewer.has_role(*declared.document_readers())


def document_keys(user_id: int) -> list[str]:
    """The keyed hashes of the numbers that a person has ever given: what a ban shuts out (KH-ID-10)."""
    rows = Verification.objects.filter(user_id=user_id, state__in=["approved", "expired", "submitted"])
    return sorted(set(rows.exclude(document_key="").values_list("document_key", flat=True)))


def active_sanctions(user_ids: Iterable[int], at: datetime) -> dict[int, list[Sanction]]:
    """The sanctions in force at ``at`` by person, in one query; warnings stand on file and are not among them."""
    rows = (
        Sanction.objects.filter(
            user_id__in=list(user_ids), state__in=["active", "appealed"], starts_at__lte=at
        )
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        .exclude(level=Sanction.Level.WARNING)
        .order_by("starts_at", "pk")
    )
    out: dict[int, list[Sanction]] = defaultdict(list)
    for sanction in rows:
        out[sanction.user_id].append(sanction)
    return dict(out)


def blocked_from(
    user_ids: Iterable[int], category: str, at: datetime, *, parents: Iterable[str] = ()
) -> set[int]:
    """Those who may not be offered work of ``category`` (or of its ``parents``) at ``at`` (KH-TRUST-14)."""
    return barred(active_sanctions(user_ids, at), category, parents=parents)


def barred(
    sanctions: Mapping[int, Iterable[Sanction]], category: str, *, parents: Iterable[str] = ()
) -> set[int]:
    """The same of sanctions already read: whom one of theirs keeps from this work."""
    codes = {category, *parents}
    hard = {Sanction.Level.SUSPENSION, Sanction.Level.BAN}
    return {
        user_id
        for user_id, held in sanctions.items()
        if any(s.level in hard or (s.category and s.category in codes) for s in held)
    }


def sanctions_of(user_id: int) -> QuerySet[Sanction]:
    """A person's whole file, newest first, warnings too."""
    return Sanction.objects.filter(user_id=user_id).order_by("-starts_at", "-pk")


def alerts(*, rule: str = "", with_low: bool = False) -> QuerySet[Flag]:
    """Open flags for review: highest score, then most money, then oldest. Below the alert score only ``with_low``."""
    rows = Flag.objects.filter(state="open").select_related("user").prefetch_related("others")
    if not with_low:
        rows = rows.filter(alert=True)
    if rule:
        rows = rows.filter(rule=rule)
    return rows.order_by("-score", "-amount_minor", "raised_at", "pk")


def open_flags(user_ids: Iterable[int]) -> Mapping[int, int]:
    """How many open flags each person has; people without one are left out."""
    rows = (
        Flag.objects.filter(user_id__in=list(user_ids), state="open")
        .values("user_id")
        .annotate(n=Count("pk"))
    )
    return {row["user_id"]: row["n"] for row in rows}
