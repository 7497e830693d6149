"""Inviting to review, reviewing, answering, reporting, hiding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.events import operations as events
from mahalla.kernel.reviews import listeners, manipulation, policies, reputation, scheme
from mahalla.kernel.reviews.models import Invitation, PrivateFeedback, Reply, Review, ReviewReport
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid, NotFound, Refused

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User

STARS = range(1, 6)
REPLY_MAX = 1000


def invite(
    *,
    job_id: int,
    side: str,
    author_id: int,
    subject_id: int,
    stream: str,
    opens_at: datetime,
    closes_at: datetime | None = None,
    gates_until: datetime | None = None,
    tags: Iterable[str] = (),
    weight: float = 1.0,
) -> None:
    """Open the window in which ``author`` may review ``subject`` for a job; twice is once.

    ``tags`` are the codes that fit the work, ``weight`` its complexity weight (KH-REV-05).
    """
    scheme.side(side)
    Invitation.objects.bulk_create(
        [
            Invitation(
                job_id=job_id,
                side=side,
                author_id=author_id,
                subject_id=subject_id,
                stream=stream,
                opens_at=opens_at,
                closes_at=closes_at,
                gates_until=gates_until,
                tags=sorted(set(tags)),
                weight=weight,
            )
        ],
        ignore_conflicts=True,
    )


def withdraw(*, job_id: int) -> int:
    """Take back a job's invitations that were not used (the work was undone); returns how many."""
    used = Review.objects.filter(job_id=job_id).values("side")
    return Invitation.objects.filter(job_id=job_id).exclude(side__in=used).delete()[0]


@transaction.atomic
def leave(
    *,
    job_id: int,
    side: str,
    author: User,
    now: datetime,
    stars: int | None = None,
    attributes: Mapping[str, int] | None = None,
    text: str = "",
    tags: Iterable[str] = (),
    private_feedback: str = "",
    language: str = "",
    factors: Mapping[str, float] | None = None,
    marks: Mapping[str, Iterable[str]] | None = None,
    subject_marks: Mapping[str, Iterable[str]] | None = None,
) -> Review:
    """Review the other side of a finished job, once (KH-REV-01).

    ``marks`` are what the author came with (``{"device": [...], "payment": [...], "address": [...]}``, any stable text) and
    ``subject_marks`` the same of the reviewed person; only keyed hashes are kept, to find manipulation (KH-TRUST-09).

    Raises ``NotFound`` for one who has no part in it, ``Refused`` (``not_rateable`` before the end, ``review_window_over``,
    ``already_reviewed``), and ``Invalid`` per field.
    """
    # both sides' invitations are held, in one order: a blind pair is revealed by exactly one of its two authors
    invitations = {
        one.side: one for one in Invitation.objects.select_for_update().filter(job_id=job_id).order_by("pk")
    }
    invitation = _usable(invitations.get(side), author, now)
    if Review.objects.filter(job_id=job_id, side=side).exists():
        raise _again()
    rule = scheme.side(side)
    late = invitation.closes_at is not None and now >= invitation.closes_at
    values = _checked(rule, invitation, stars, attributes or {}, text.strip(), list(tags))
    given = {"complexity": invitation.weight, **(factors or {})}
    review = Review(
        job_id=job_id,
        side=side,
        author=author,
        subject_id=invitation.subject_id,
        language=language or author.language,
        created_at=now,
        reveal_at=_reveal_at(rule, invitations.values(), now),
        public=rule.public and not late,
        factors=given,
        counted=0 not in given.values(),
        **values,
    )
    try:
        with transaction.atomic():
            review.save()
    except IntegrityError:
        raise _again() from None
    concerned = {review.subject_id, *(_reveal_pair(review, invitations, now) if rule.blind else ())}
    feedback = private_feedback.strip() if rule.private_feedback else ""
    if feedback:
        listeners.tell(
            "private", PrivateFeedback.objects.create(review=review, text=feedback, created_at=now), now=now
        )
    _record(review, "review.left", invitation.stream, Actor(author.pk, ""), now)
    listeners.tell("left", review, now=now)
    concerned |= manipulation.examine(
        review,
        marks=marks or {},
        subject_marks=subject_marks or {},
        pair_days=reputation.Rules.at(now).pair_days,
        now=now,
    )
    reputation.recalculate_many(concerned, now=now)
    return review


def _usable(invitation: Invitation | None, author: User, now: datetime) -> Invitation:
    if invitation is None:
        raise Refused("not_rateable", _("This work can be rated when it is done."))
    if invitation.author_id != author.pk or not author.is_active:
        raise NotFound("review_not_found", _("There is nothing here for you to rate."))
    if now < invitation.opens_at:
        raise Refused("not_rateable", _("This work can be rated when it is done."))
    # behind a gate a late review is still taken, and kept to ourselves
    if invitation.closes_at is not None and now >= max(
        invitation.closes_at, invitation.gates_until or invitation.closes_at
    ):
        raise Refused("review_window_over", _("The time to rate this work is over."))
    return invitation


def _again() -> Refused:
    return Refused("already_reviewed", _("You have rated this work already."))


def _checked(
    rule: scheme.Side,
    invitation: Invitation,
    stars: int | None,
    attributes: Mapping[str, int],
    text: str,
    tags: list[str],
) -> dict[str, object]:
    wrong: dict[str, object] = {}
    if rule.asks_stars:
        if not _is_stars(stars):
            wrong["stars"] = _("Choose 1 to 5 stars.")
        score = Decimal(stars or 0)
    else:
        stars = None
        known = {*rule.attributes, *rule.optional_attributes}
        for name in [*rule.attributes, *attributes]:
            if name not in known or not _is_stars(attributes.get(name)):
                wrong[name] = _("Choose 1 to 5 stars.")
        score = _mean(attributes) if not wrong else Decimal(0)
    if len(text) > rule.text_max:
        wrong["text"] = _("A review may have %(max)s characters.") % {"max": rule.text_max}
    if set(tags) - set(invitation.tags):
        wrong["tags"] = _("Choose from the tags shown.")
    if wrong:
        raise Invalid(wrong)
    kept = {} if rule.asks_stars else dict(attributes)
    return {"stars": stars, "attributes": kept, "score": score, "text": text, "tags": sorted(set(tags))}


def _is_stars(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in STARS


def _mean(attributes: Mapping[str, int]) -> Decimal:
    mean = Decimal(sum(attributes.values())) / len(attributes)
    return mean.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _reveal_at(rule: scheme.Side, invitations: Iterable[Invitation], now: datetime) -> datetime | None:
    """A blind review waits until the last window of its job is over, or for ever if one has no end."""
    if not rule.blind:
        return now
    ends = [one.closes_at for one in invitations if scheme.side(one.side).blind]
    if None in ends:
        return None
    return max(now, *(end for end in ends if end is not None))


def _reveal_pair(review: Review, invitations: Mapping[str, Invitation], now: datetime) -> set[int]:
    """Show all blind reviews of the job once every side has given its own; returns whom they speak of."""
    blind = {name for name in invitations if scheme.side(name).blind}
    given = Review.objects.filter(job_id=review.job_id, side__in=blind)
    if set(given.values_list("side", flat=True)) != blind:
        return set()
    given.filter(Q(reveal_at__isnull=True) | Q(reveal_at__gt=now)).update(reveal_at=now)
    review.reveal_at = now
    return set(given.values_list("subject_id", flat=True))


@transaction.atomic
def reply(review: Review, *, author: User, text: str, now: datetime) -> Reply:
    """Answer a review of oneself, once, publicly (KH-REV-04). Raises ``NotFound``, ``Refused`` ``already_replied``."""
    review = _shown_to_subject(review, author, now)
    if not scheme.side(review.side).reply:
        raise Refused("no_reply", _("Reviews of this kind take no reply."))
    text = _reply_text(text)
    try:
        with transaction.atomic():
            answer = Reply.objects.create(review=review, author=author, text=text, created_at=now)
    except IntegrityError:
        raise Refused("already_replied", _("You have answered this review already.")) from None
    _record(review, "review.replied", f"review:{review.pk}", Actor(author.pk, ""), now)
    listeners.tell("replied", answer, now=now)
    return answer


@transaction.atomic
def edit_reply(review: Review, *, author: User, text: str, now: datetime) -> Reply:
    """Change one's reply while the scheme allows it, 24 hours by default. Raises ``Refused`` ``reply_stands``."""
    review = _shown_to_subject(review, author, now)
    answer = Reply.objects.select_for_update().filter(review=review).first()
    if answer is None:
        raise NotFound("reply_not_found", _("There is no reply to change."))
    limit = scheme.side(review.side).reply_edit
    if limit is None or now >= answer.created_at + limit:
        raise Refused("reply_stands", _("The time to change this reply is over."))
    answer.text, answer.edited_at = _reply_text(text), now
    answer.save(update_fields=["text", "edited_at"])
    return answer


def _shown_to_subject(review: Review, author: User, now: datetime) -> Review:
    found = policies.shown(now).filter(pk=review.pk, subject_id=author.pk).first()
    if found is None or not author.is_active:
        raise NotFound("review_not_found", _("There is no review of you here."))
    return found


def _reply_text(text: str) -> str:
    text = text.strip()
    if not text or len(text) > REPLY_MAX:
        raise Invalid({"text": _("Write a reply of up to %(max)s characters.") % {"max": REPLY_MAX}})
    return text


@transaction.atomic
def report(review: Review, *, reporter: User, reason: str, now: datetime) -> ReviewReport:
    """Tell the staff that a review breaks the rules. It stays as it is until they decide (KH-REV-08)."""
    found = policies.visible_to(reporter, now).filter(pk=review.pk).first()
    if found is None:
        raise NotFound("review_not_found", _("This review does not exist, or it is not for you."))
    if not reason.strip():
        raise Invalid({"reason": _("Say what is wrong with this review.")})
    made, _fresh = ReviewReport.objects.get_or_create(
        review=found, reporter=reporter, defaults={"reason": reason.strip()[:1000], "created_at": now}
    )
    return made


@transaction.atomic
def hide(review: Review, *, reason: str, actor: Actor, now: datetime) -> Review:
    """Take a review out of everything, with a reason that is kept (KH-REV-08). ``actor`` must be staff."""
    policies.require_staff(actor)
    if not reason.strip():
        raise Invalid({"reason": _("Say why this review is hidden.")})
    return _show(review, visible=False, reason=reason.strip(), actor=actor, now=now)


@transaction.atomic
def unhide(review: Review, *, actor: Actor, now: datetime) -> Review:
    """Bring a hidden review back. ``actor`` must be staff."""
    policies.require_staff(actor)
    return _show(review, visible=True, reason="", actor=actor, now=now)


def _show(review: Review, *, visible: bool, reason: str, actor: Actor, now: datetime) -> Review:
    review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
    if review.visible != visible:
        review.visible, review.hidden_reason = visible, reason
        review.save(update_fields=["visible", "hidden_reason"])
        why = Actor(actor.user_id, actor.role, actor.on_behalf_of_id, reason or actor.reason)
        _record(review, "review.unhidden" if visible else "review.hidden", f"review:{review.pk}", why, now)
        reputation.recalculate(review.subject_id, now=now)
    return review


@transaction.atomic
def set_factor(review: Review, *, name: str, value: float | None, actor: Actor, now: datetime) -> Review:
    """Weigh a review by a named factor (``device``, ``burst``, …); 0 takes it out until ``None`` clears it.

    What trust and safety find, and what they clear (KH-TRUST-09, KH-MATCH-12).
    """
    review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
    factors = {key: kept for key, kept in review.factors.items() if key != name}
    if value is not None:
        factors[name] = value
    if factors != review.factors:
        review.factors, review.counted = factors, 0 not in factors.values()
        review.save(update_fields=["factors", "counted"])
        _record(review, "review.weighed", f"review:{review.pk}", actor, now, {"factor": name, "value": value})
        reputation.recalculate(review.subject_id, now=now)
    return review


def _record(
    review: Review,
    name: str,
    stream: str,
    actor: Actor,
    now: datetime,
    payload: Mapping[str, object] | None = None,
) -> None:
    shown = review.reveal_at is not None and review.reveal_at <= now and review.public
    people = [review.author_id, review.subject_id] if shown else [review.author_id]
    events.append(
        name=name,
        noun="review",
        subject_id=review.pk,
        stream=stream,
        actor=actor,
        now=now,
        payload={"job": review.job_id, "side": review.side, **(payload or {})},
        topics=[f"user:{user_id}" for user_id in people] if name in {"review.left", "review.replied"} else (),
    )
