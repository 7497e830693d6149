"""The way of a Tasker from registration to the first offer (KH-ID-03, KH-ID-09, KH-PROFILE-06, KH-MATCH-15).

Each verb is the Tasker's own, or an administrator's on the Tasker's behalf; each leaves an event and puts the map in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category, Skill
from mahalla.kernel.events import operations as events
from mahalla.kernel.identity import operations as identity
from mahalla.kernel.identity import policies as people
from mahalla.kernel.identity.models import User
from mahalla.kernel.media.models import Asset
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.models import PayoutMethod
from mahalla.kernel.places import queries as places
from mahalla.kernel.places.operations import check_point
from mahalla.kernel.trust import flags
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused
from mahalla.markets.khidma import supply
from mahalla.markets.khidma.models import PortfolioPhoto, TaskerProfile, TaskerSkill, TaskerStats

TASKER = "tasker"
#: who decides about Taskers, and may help one with the profile
DECIDERS = ("admin", "ops_admin")
SHARED_ACCOUNT_SCORE = 80
BIO_MAX, YEARS_MAX, PORTFOLIO_MAX, SKILLS_MAX = 1000, 60, 12, 30
FIELDS = frozenset(
    [
        "bio",
        "languages",
        "tools",
        "photo",
        "lat",
        "lng",
        "radius_km",
        "accepts_pets",
        "high_skill",
        "push_new_tasks",
        "name",
    ]
)


def start(user: User, *, now: datetime) -> TaskerProfile:
    """Become a Tasker: the role, an empty profile with the default radius, counters at zero. Twice is once (KH-ID-03)."""
    people.require_active(user)
    people.require_verified(user)
    identity.grant_role(user, TASKER, actor=Actor(user.pk, TASKER), now=now)
    profile, fresh = TaskerProfile.objects.get_or_create(
        user=user, defaults={"created_at": now, "radius_km": policy.get("radius_km", now=now)}
    )
    if fresh:
        TaskerStats.objects.get_or_create(worker=user)
        note(profile, "started", actor=Actor(user.pk, TASKER), now=now)
    return profile


def profile_of(user: User, *, actor: Actor, lock: bool = False) -> TaskerProfile:
    """The profile, for its owner or staff on the owner's behalf. Raises ``NotFound`` for everybody else."""
    own = actor.user_id == user.pk
    if not own and not _staff(actor):
        raise NotFound()
    rows = TaskerProfile.objects.select_for_update() if lock else TaskerProfile.objects
    profile = rows.filter(user=user).first()
    if profile is None:
        raise NotFound("no_tasker", _("Start as a Tasker first."))
    if own:
        people.require_active(user)
    return profile


def _staff(actor: Actor) -> bool:
    if actor.role not in DECIDERS or actor.user_id is None:
        return False
    person = User.objects.filter(pk=actor.user_id, status=User.Status.ACTIVE).first()
    return person is not None and person.has_role(actor.role)


@transaction.atomic
def save_profile(user: User, *, actor: Actor, now: datetime, **fields: Any) -> TaskerProfile:
    """Change any of ``FIELDS``; raises ``Invalid`` with a sentence per field (KH-PROFILE-06).

    ``photo`` is an own picture of purpose ``avatar`` (or None), ``lat``/``lng`` the centre of the service area.
    """
    profile = profile_of(user, actor=actor, lock=True)
    values = _checked(profile, fields, now=now)
    name = values.pop("name", None)
    if name is not None and name != user.name:
        identity.update_profile(user, name=str(name), now=now, actor=actor)
    for field, value in values.items():
        setattr(profile, field, value)
    if {"lat", "lng"} & values.keys():
        _place(profile)
    profile.save()
    note(profile, "profile_saved", actor=actor, now=now, fields=sorted(fields))
    supply.refresh_spots(user.pk, now=now)
    return profile


def _place(profile: TaskerProfile) -> None:
    """The city and district that the centre lies in; what others may know of it."""
    assert profile.lat is not None and profile.lng is not None
    profile.district = places.district_of(profile.lat, profile.lng)
    profile.city = profile.district.city if profile.district else places.city_of(profile.lat, profile.lng)


def _checked(profile: TaskerProfile, fields: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    faults: dict[str, Any] = {name: _("This field is not known.") for name in fields.keys() - FIELDS}
    values = dict(fields)
    if "name" in fields and not str(fields["name"] or "").strip():
        faults["name"] = _("Tell clients your name.")
    if "bio" in fields:
        values["bio"] = str(fields["bio"] or "").strip()
        if len(values["bio"]) > BIO_MAX:
            faults["bio"] = _("Use at most %(count)d characters.") % {"count": BIO_MAX}
    if "languages" in fields:
        values["languages"] = _codes(fields["languages"])
        if any(not code.isalpha() or len(code) > 8 for code in values["languages"]):
            faults["languages"] = _("Choose languages from the list.")
    if "tools" in fields:
        values["tools"] = _codes(fields["tools"])
        if unknown := set(values["tools"]) - tools():
            faults["tools"] = _("This tool is not known: %(tool)s.") % {"tool": min(unknown)}
    if "photo" in fields:
        values["photo"] = _own_picture(profile.user_id, fields["photo"], "avatar", "photo", faults)
    if {"lat", "lng"} & fields.keys():
        try:
            values["lat"], values["lng"] = check_point(fields.get("lat"), fields.get("lng"))
        except Invalid as error:
            faults |= error.fields
    _check_radius(values, faults, now=now)
    if faults:
        raise Invalid(faults)
    return values


def _check_radius(values: dict[str, Any], faults: dict[str, Any], *, now: datetime) -> None:
    if "radius_km" not in values:
        return
    most = int(policy.get("radius_max_km", now=now))
    try:
        values["radius_km"] = int(values["radius_km"])
    except (TypeError, ValueError):
        values["radius_km"] = 0
    if not 1 <= values["radius_km"] <= most:
        faults["radius_km"] = _("Choose a radius between 1 and %(most)d km.") % {"most": most}


def _codes(values: Iterable[Any]) -> list[str]:
    return sorted({str(value).strip() for value in values} - {""})


def tools() -> set[str]:
    """Every tool that some category asks for."""
    rows = Category.objects.filter(enabled=True).values_list("tools", flat=True)
    return {str(tool) for codes in rows for tool in codes}


def _own_picture(
    user_id: int, asset: Asset | None, purpose: str, field: str, faults: dict[str, Any]
) -> Asset | None:
    if asset is not None and (
        asset.owner_id != user_id or asset.purpose != purpose or asset.removed_at is not None
    ):
        faults[field] = _("Choose one of your own pictures.")
    return asset


# --- skills and work photos -----------------------------------------------------------------------------------------


@transaction.atomic
def set_skills(
    user: User, skills: Iterable[Mapping[str, Any]], *, actor: Actor, now: datetime
) -> list[TaskerSkill]:
    """Replace the skills: ``{"code", "years", "text"}`` each (KH-PROFILE-06)."""
    profile = profile_of(user, actor=actor, lock=True)
    wanted = {str(row.get("code", "")): row for row in skills}
    known = {skill.code: skill for skill in Skill.objects.filter(code__in=wanted, enabled=True)}
    faults: dict[str, Any] = {}
    if unknown := wanted.keys() - known.keys():
        faults["skills"] = _("This skill is not known: %(skill)s.") % {"skill": min(unknown)}
    if len(wanted) > SKILLS_MAX:
        faults["skills"] = _("Choose at most %(count)d skills.") % {"count": SKILLS_MAX}
    rows = [_skill(profile, known[code], row, faults) for code, row in wanted.items() if code in known]
    if faults:
        raise Invalid(faults)
    profile.skills.all().delete()
    made = TaskerSkill.objects.bulk_create(rows)
    note(profile, "skills_set", actor=actor, now=now, skills=sorted(wanted))
    return made


def _skill(
    profile: TaskerProfile, skill: Skill, row: Mapping[str, Any], faults: dict[str, Any]
) -> TaskerSkill:
    try:
        years = int(row.get("years") or 0)
    except (TypeError, ValueError):
        years = -1
    text = str(row.get("text") or "").strip()
    if not 0 <= years <= YEARS_MAX:
        faults["years"] = _("Say for how many years, in whole numbers.")
    if len(text) > 300:
        faults["text"] = _("Use at most %(count)d characters.") % {"count": 300}
    return TaskerSkill(profile=profile, skill=skill, years=max(0, years), text=text)


@transaction.atomic
def add_photo(user: User, asset: Asset, *, actor: Actor, now: datetime, caption: str = "") -> PortfolioPhoto:
    """Show a picture of finished work; at most 12, of purpose ``portfolio``."""
    profile = profile_of(user, actor=actor, lock=True)
    faults: dict[str, Any] = {}
    _own_picture(user.pk, asset, "portfolio", "photo", faults)
    if len(caption.strip()) > 120:
        faults["caption"] = _("Use at most %(count)d characters.") % {"count": 120}
    if faults:
        raise Invalid(faults)
    if profile.portfolio.count() >= PORTFOLIO_MAX:
        raise Refused("portfolio_full", _("Twelve photos are enough. Remove one before you add another."))
    return PortfolioPhoto.objects.create(profile=profile, asset=asset, caption=caption.strip())


def remove_photo(user: User, photo_id: int, *, actor: Actor, now: datetime) -> None:
    profile = profile_of(user, actor=actor)
    if not PortfolioPhoto.objects.filter(pk=photo_id, profile=profile).delete()[0]:
        raise NotFound()


# --- the agreement, the payout method, the review -------------------------------------------------------------------


@transaction.atomic
def accept_contract(user: User, *, version: str, actor: Actor, now: datetime) -> TaskerProfile:
    """Agree to the contractor agreement in force; nobody agrees for somebody else."""
    if actor.user_id != user.pk:
        raise NotFound()
    profile = profile_of(user, actor=actor, lock=True)
    if version != supply.CONTRACT_VERSION:
        raise Refused("contract_changed", _("The agreement has changed. Read it again, then accept it."))
    profile.contract_version, profile.contract_accepted_at = version, now
    profile.save(update_fields=["contract_version", "contract_accepted_at"])
    note(profile, "contract_accepted", actor=actor, now=now, version=version)
    supply.refresh_spots(user.pk, now=now)
    return profile


def set_payout_method(
    user: User, *, kind: str, account: str, holder: str, actor: Actor, now: datetime
) -> Any:
    """Where the Tasker is paid (KH-PAY-14); only the Tasker says that."""
    if actor.user_id != user.pk:
        raise NotFound()
    people.require_active(user)
    made = payments.set_payout_method(user.pk, kind=kind, account=account, holder=holder, now=now)
    _shared_account(user, made, now=now)
    supply.refresh_spots(user.pk, now=now)
    return made


def _shared_account(user: User, made: Any, *, now: datetime) -> None:
    """One account for two Taskers may be a family or one person twice: somebody looks (KH-TRUST-10)."""
    same = PayoutMethod.objects.filter(kind=made.kind, account=made.account).exclude(user=user)
    others = sorted(set(same.values_list("user_id", flat=True)))
    if not others:
        return
    flags.raise_flag(
        "multi_account",
        key=f"multi_account:payout:{made.pk}",
        user_id=user.pk,
        others=others,
        score=SHARED_ACCOUNT_SCORE,
        evidence={"payout_method": made.pk, "account": made.masked},
        actor=SYSTEM,
        now=now,
    )


def open_steps(user: User, *, now: datetime) -> list[supply.Step]:
    """What the Tasker must do before asking for the review; a check that is being looked at is enough."""
    steps = supply.checklist(user, now=now)
    return [s for s in steps if s.needed and s.code != "approval" and s.state in {"missing", "rejected"}]


@transaction.atomic
def request_review(user: User, *, actor: Actor, now: datetime) -> TaskerProfile:
    """Hand in the finished profile; after a rejection too (§7 "Manual review")."""
    profile = profile_of(user, actor=actor, lock=True)
    if profile.approved_at is not None:
        raise Refused("already_approved", _("You are approved already."))
    _require_complete(user, now=now)
    profile.review_requested_at, profile.rejected_reason = now, ""
    profile.save(update_fields=["review_requested_at", "rejected_reason"])
    note(profile, "review_requested", actor=actor, now=now)
    return profile


def _require_complete(user: User, *, now: datetime) -> None:
    left = open_steps(user, now=now)
    if left:
        raise Refused(
            "checklist_open",
            _("Something is missing: %(step)s.") % {"step": left[0].label},
            steps=[step.code for step in left],
        )


def waiting() -> Any:
    """The Taskers who wait for our review, the longest first: the administrators' queue."""
    rows = TaskerProfile.objects.filter(
        review_requested_at__isnull=False, approved_at__isnull=True, rejected_reason=""
    )
    return rows.select_related("user", "city").order_by("review_requested_at", "pk")


@transaction.atomic
def approve(user: User, *, actor: Actor, now: datetime) -> TaskerProfile:
    """The manual approval before the first offer (KH-ID-09, KH-MATCH-15); the newcomer's 60 days begin.

    Raises ``Refused`` while a step is open. A check still being looked at only holds back the offers.
    """
    profile = _judged(user, actor)
    if profile.approved_at is not None:
        return profile
    _require_complete(user, now=now)
    profile.approved_at, profile.rejected_reason = now, ""
    profile.review_requested_at = profile.review_requested_at or now
    profile.save(update_fields=["approved_at", "rejected_reason", "review_requested_at"])
    _decided(profile, "approved", actor=actor, now=now)
    return profile


@transaction.atomic
def reject(user: User, *, reason: str, actor: Actor, now: datetime) -> TaskerProfile:
    """Turn a new Tasker down with a reason, which the Tasker reads. Who is approved is sanctioned instead."""
    profile = _judged(user, actor)
    if not reason.strip():
        raise Invalid({"reason": _("Say why: the Tasker is told this reason.")}, code="reason_needed")
    if profile.approved_at is not None:
        raise Refused("already_approved", _("This Tasker is approved. Use a sanction instead."))
    profile.rejected_reason = reason.strip()
    profile.save(update_fields=["rejected_reason"])
    _decided(profile, "rejected", actor=actor, now=now, reason=reason.strip())
    return profile


def _judged(user: User, actor: Actor) -> TaskerProfile:
    if not _staff(actor):
        raise Denied("staff_only", _("Only administrators decide about Taskers."))
    if actor.user_id == user.pk:
        raise Refused("own_case", _("Somebody else must decide about you."))
    profile = TaskerProfile.objects.select_for_update().filter(user=user).first()
    if profile is None:
        raise NotFound()
    return profile


def _decided(profile: TaskerProfile, what: str, *, actor: Actor, now: datetime, reason: str = "") -> None:
    event = note(profile, what, actor=actor, now=now, reason=reason)
    notices.notify(
        name=f"tasker_{what}",
        user_id=profile.user_id,
        params={"reason": reason},
        link="/work/",
        now=now,
        key=f"tasker:{what}:{event.pk}",
    )
    supply.refresh_spots(profile.user_id, now=now)


def note(profile: TaskerProfile, what: str, *, actor: Actor, now: datetime, **payload: Any) -> Any:
    """One line in the audit trail; the Tasker's open pages and the operators hear of it."""
    return events.append(
        name=f"tasker.{what}",
        noun="tasker",
        subject_id=profile.user_id,
        stream=f"user:{profile.user_id}",
        actor=actor,
        now=now,
        payload=payload,
        topics=[f"user:{profile.user_id}", "ops"],
    )
