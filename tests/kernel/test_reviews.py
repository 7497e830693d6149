"""After the work one side rates the other, once; the answer, the moderation, and what stays private."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, connection, transaction

from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.reviews import listeners, operations, queries, reputation, scheme
from mahalla.kernel.reviews.models import Invitation, PrivateFeedback, ReputationScore, Review
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(listeners._listeners, "_told", {name: [] for name in listeners._listeners._told})
    monkeypatch.setattr(scheme, "sides", lambda: scheme.DEFAULT)
    yield


@pytest.fixture
def layla() -> User:
    return User.objects.create_user(phone="+966500000001", name="Layla Hassan", language="ar")


@pytest.fixture
def sara() -> User:
    """The worker."""
    return User.objects.create_user(phone="+966500000002", name="Sara Ali")


@pytest.fixture
def omar() -> User:
    """The outsider."""
    return User.objects.create_user(phone="+966500000009", name="Omar")


@pytest.fixture
def admin() -> User:
    return User.objects.create_user(phone="+966500000003", name="Admin", is_staff=True)


def invite(author: User, subject: User, job_id: int = 12, **more: Any) -> None:
    given: dict[str, Any] = {"side": "of_worker", "opens_at": NOW, "closes_at": NOW + 14 * DAYS} | more
    operations.invite(
        job_id=job_id, author_id=author.pk, subject_id=subject.pk, stream=f"job:{job_id}", **given
    )


def rate(
    author: User, subject: User, stars: int = 5, *, job_id: int = 12, now: datetime = NOW, **more: Any
) -> Review:
    invite(author, subject, job_id, opens_at=now, closes_at=now + 14 * DAYS, tags=more.get("tags", ()))
    return operations.leave(job_id=job_id, side="of_worker", author=author, stars=stars, now=now, **more)


def clients(count: int) -> list[User]:
    return [User.objects.create_user(phone=f"+9665100000{n:02}", name=f"Client {n}") for n in range(count)]


@pytest.mark.spec("KH-REV-01")
def test_a_finished_job_is_rated_once_with_1_to_5_stars_within_14_days(
    layla: User, sara: User, omar: User
) -> None:
    def leave(author: User = layla, now: datetime = NOW, stars: Any = 5) -> Review:
        return operations.leave(job_id=12, side="of_worker", author=author, stars=stars, now=now)

    with pytest.raises(Refused) as early:
        leave()
    assert early.value.code == "not_rateable"
    invite(layla, sara)
    with pytest.raises(Refused):
        leave(now=NOW - timedelta(seconds=1))
    with pytest.raises(NotFound):
        leave(author=omar)
    with pytest.raises(NotFound):
        leave(author=sara)
    for stars in (0, 6, None, 4.5, True):
        with pytest.raises(Invalid) as refused:
            leave(stars=stars)
        assert "stars" in refused.value.fields
    with pytest.raises(Refused) as over:
        leave(now=NOW + 14 * DAYS)
    assert over.value.code == "review_window_over"
    leave(now=NOW + 14 * DAYS - timedelta(seconds=1))
    with pytest.raises(Refused) as again:
        leave(now=NOW + 14 * DAYS - timedelta(seconds=1), stars=1)
    assert again.value.code == "already_reviewed"
    assert Review.objects.get().stars == 5


@pytest.mark.spec("KH-REV-02")
def test_tags_are_counted_on_the_profile(layla: User, sara: User) -> None:
    for n, client in enumerate(clients(12)):
        chosen = ["punctual", "clean_work"] if n < 5 else ["punctual"]
        rate(client, sara, job_id=n, tags=chosen, now=NOW - n * DAYS)
    review = rate(layla, sara, job_id=99, text="ممتازة")
    assert review.language == "ar"
    assert queries.tag_counts(sara.pk, now=NOW) == [("punctual", 12), ("clean_work", 5)]
    invite(layla, sara, 100, tags=["punctual"])
    with pytest.raises(Invalid) as refused:
        operations.leave(job_id=100, side="of_worker", author=layla, stars=5, tags=["assembly"], now=NOW)
    assert "tags" in refused.value.fields


def test_private_feedback_changes_no_rating_and_reaches_the_staff_only(
    layla: User, sara: User, omar: User, admin: User
) -> None:
    heard: list[str] = []
    listeners.on("private", lambda feedback, now: heard.append(feedback.text))
    rate(omar, sara, 5, job_id=1)
    before = (queries.rating_of(sara.pk, now=NOW), reputation.reputation_of([sara.pk], now=NOW))
    review = rate(layla, sara, 5, private_feedback="felt unsafe")
    assert heard == ["felt unsafe"]
    assert queries.rating_of(sara.pk, now=NOW).mean == before[0].mean
    assert queries.private_feedback_for(admin, review) == "felt unsafe"
    for viewer in (layla, sara, omar):
        with pytest.raises(Denied):
            queries.private_feedback_for(viewer, review)


def test_private_feedback_is_in_no_public_serialisation(layla: User, sara: User) -> None:
    secret = "felt unsafe"
    review = rate(layla, sara, 4, text="Fine", private_feedback=secret)
    assert PrivateFeedback.objects.get().text == secret
    shown = [
        *(dataclasses.asdict(one) for one in queries.recent(sara.pk, now=NOW)),
        *(dataclasses.asdict(one) for one in queries.given_by(layla, now=NOW)),
        serializers.serialize("json", [review]),
        str(list(Review.objects.values())),
        *Event.objects.values("name", "payload", "reason"),
    ]
    assert len(shown) > 4
    assert secret not in json.dumps(shown, default=str)


@pytest.mark.spec("KH-REV-04")
def test_the_worker_answers_a_review_once_and_edits_it_for_24_hours(
    layla: User, sara: User, omar: User
) -> None:
    review = rate(layla, sara, 4, text="A little late")
    for other in (layla, omar):
        with pytest.raises(NotFound):
            operations.reply(review, author=other, text="No", now=NOW)
    operations.reply(review, author=sara, text="Traffic, sorry", now=NOW)
    (line,) = queries.recent(sara.pk, now=NOW)
    assert (line.author_name, line.text, line.reply) == ("Layla", "A little late", "Traffic, sorry")
    assert str(queries.rating_of(sara.pk, now=NOW)) == "4.0 (1)"
    with pytest.raises(Refused) as second:
        operations.reply(review, author=sara, text="And another", now=NOW)
    assert second.value.code == "already_replied"
    operations.edit_reply(review, author=sara, text="Traffic. Sorry!", now=NOW + DAYS - timedelta(seconds=1))
    with pytest.raises(Refused) as over:
        operations.edit_reply(review, author=sara, text="Changed", now=NOW + DAYS)
    assert over.value.code == "reply_stands"
    assert queries.recent(sara.pk, now=NOW)[0].reply == "Traffic. Sorry!"


@pytest.mark.spec("KH-REV-08")
def test_hiding_recalculates_rating_and_reputation_at_once_and_unhiding_too(
    layla: User, sara: User, omar: User, admin: User
) -> None:
    rate(omar, sara, 5, job_id=1)
    abusive = rate(layla, sara, 1, text="abuse")
    staff = Actor(admin.pk, "admin")
    operations.report(abusive, reporter=sara, reason="An insult", now=NOW)
    operations.report(abusive, reporter=sara, reason="An insult", now=NOW)
    assert abusive.reports.count() == 1
    assert str(queries.rating_of(sara.pk, now=NOW)) == "3.0 (2)"
    with pytest.raises(Denied):
        operations.hide(abusive, reason="I do not like it", actor=Actor(sara.pk, "admin"), now=NOW)
    with pytest.raises(Invalid):
        operations.hide(abusive, reason=" ", actor=staff, now=NOW)
    operations.hide(abusive, reason="insult", actor=staff, now=NOW)
    assert str(queries.rating_of(sara.pk, now=NOW)) == "5.0 (1)"
    score = ReputationScore.objects.get(user=sara)
    assert (score.count, score.value) == (1, pytest.approx((40 + 5) / 11))
    assert [one.text for one in queries.recent(sara.pk, now=NOW)] == [""]
    with pytest.raises(NotFound):
        queries.review_for(omar, abusive.pk, now=NOW)
    assert queries.review_for(admin, abusive.pk, now=NOW).hidden_reason == "insult"
    assert Event.objects.get(name="review.hidden").reason == "insult"
    operations.unhide(abusive, actor=staff, now=NOW)
    assert str(queries.rating_of(sara.pk, now=NOW)) == "3.0 (2)"


def test_a_suspicious_review_counts_nowhere_until_cleared(layla: User, sara: User, admin: User) -> None:
    review = rate(layla, sara, 5)
    staff = Actor(admin.pk, "ts_agent")
    operations.set_factor(review, name="device", value=0, actor=staff, now=NOW)
    assert queries.rating_of(sara.pk, now=NOW) == queries.Rating(None, 0)
    assert queries.recent(sara.pk, now=NOW) == []
    assert [one.stars for one in queries.given_by(layla, now=NOW)] == [5]
    operations.set_factor(review, name="device", value=None, actor=staff, now=NOW)
    assert str(queries.rating_of(sara.pk, now=NOW)) == "5.0 (1)"


def test_the_breakdown_and_the_pages_of_reviews(sara: User) -> None:
    for n, (client, stars) in enumerate(zip(clients(3), (5, 4, 5), strict=True)):
        rate(client, sara, stars, job_id=n)
    assert str(queries.rating_of(sara.pk, now=NOW)) == "4.7 (3)"
    assert queries.breakdown(sara.pk, now=NOW) == {5: 2, 4: 1, 3: 0, 2: 0, 1: 0}
    first = queries.recent(sara.pk, now=NOW, limit=2)
    rest = queries.recent(sara.pk, now=NOW, before_id=first[-1].id)
    assert [one.job_id for one in [*first, *rest]] == [2, 1, 0]


def test_what_is_open_to_write(layla: User, sara: User) -> None:
    invite(layla, sara, 1)
    invite(layla, sara, 2, opens_at=NOW + DAYS)
    invite(layla, sara, 3)
    assert operations.withdraw(job_id=3) == 1
    assert [one.job_id for one in queries.pending(layla, now=NOW)] == [1]
    operations.leave(job_id=1, side="of_worker", author=layla, stars=5, now=NOW)
    assert not queries.pending(layla, now=NOW).exists()
    assert not queries.pending(layla, now=NOW + 15 * DAYS).exists()
    assert queries.gate_for(layla, now=NOW) is None


TEN = tuple(f"a{n}" for n in range(10))
MUTUAL = {
    "of_applicant": scheme.Side(attributes=TEN, blind=True, reply=False),
    "of_employer": scheme.Side(attributes=TEN[:6], optional_attributes=TEN[6:], blind=True),
}


@pytest.fixture
def mutual(monkeypatch: pytest.MonkeyPatch, layla: User, sara: User) -> None:
    monkeypatch.setattr(scheme, "sides", lambda: MUTUAL)
    ends = {"closes_at": NOW + 3 * DAYS, "gates_until": NOW + 30 * DAYS}
    invite(layla, sara, side="of_applicant", **ends)
    invite(sara, layla, side="of_employer", **ends)


def answers(*values: int) -> dict[str, int]:
    return dict(zip(TEN, values, strict=False))


@pytest.mark.usefixtures("mutual")
def test_ten_attributes_make_one_score_and_a_missing_one_is_named(layla: User, sara: User) -> None:
    with pytest.raises(Invalid) as missing:
        operations.leave(job_id=12, side="of_applicant", author=layla, attributes=answers(*[5] * 9), now=NOW)
    assert set(missing.value.fields) == {"a9"}
    given = answers(4, 5, 5, 4, 3, 5, 4, 5, 4, 4)
    review = operations.leave(job_id=12, side="of_applicant", author=layla, attributes=given, now=NOW)
    assert (review.score, review.stars) == (Decimal("4.30"), None)
    six = operations.leave(
        job_id=12, side="of_employer", author=sara, attributes=answers(5, 4, 4, 4, 3, 4), now=NOW
    )
    assert six.score == Decimal("4.00")


@pytest.mark.usefixtures("mutual")
def test_neither_sees_the_others_before_both_are_in(layla: User, sara: User, omar: User) -> None:
    review = operations.leave(
        job_id=12, side="of_applicant", author=layla, attributes=answers(*[2] * 10), now=NOW
    )
    for viewer in (sara, omar):
        with pytest.raises(NotFound):
            queries.review_for(viewer, review.pk, now=NOW)
    assert queries.rating_of(sara.pk, now=NOW).count == 0
    assert ReputationScore.objects.get(user=sara).value == 4.0
    assert f"user:{sara.pk}" not in Event.objects.get(name="review.left").topics
    operations.leave(
        job_id=12, side="of_employer", author=sara, attributes=answers(*[5] * 10), now=NOW + DAYS
    )
    assert str(queries.rating_of(sara.pk, now=NOW + DAYS)) == "2.0 (1)"
    assert str(queries.rating_of(layla.pk, now=NOW + DAYS)) == "5.0 (1)"
    assert ReputationScore.objects.get(user=sara).value < 4.0


@pytest.mark.usefixtures("mutual")
def test_the_window_reveals_what_only_one_has_given(layla: User, sara: User) -> None:
    operations.leave(job_id=12, side="of_applicant", author=layla, attributes=answers(*[2] * 10), now=NOW)
    end = NOW + 3 * DAYS
    assert queries.rating_of(sara.pk, now=end - timedelta(seconds=1)).count == 0
    assert queries.rating_of(sara.pk, now=end).count == 1
    assert reputation.refresh_due(now=end) == 1
    assert ReputationScore.objects.get(user=sara).count == 1
    assert reputation.refresh_due(now=end) == 0


@pytest.mark.usefixtures("mutual")
def test_the_gate_holds_until_reviewed_or_30_days_and_a_late_review_stays_private(
    layla: User, sara: User
) -> None:
    gate = queries.gate_for(sara, now=NOW)
    assert gate is not None and gate.side == "of_employer"
    late = NOW + 10 * DAYS
    assert queries.gate_for(sara, now=late) is not None
    operations.leave(job_id=12, side="of_employer", author=sara, attributes=answers(*[1] * 6), now=late)
    assert queries.gate_for(sara, now=late) is None
    assert queries.rating_of(layla.pk, now=late).count == 0
    assert queries.gate_for(layla, now=NOW + 30 * DAYS) is None
    with pytest.raises(Refused) as over:
        operations.leave(
            job_id=12, side="of_applicant", author=layla, attributes=answers(*[5] * 10), now=NOW + 30 * DAYS
        )
    assert over.value.code == "review_window_over"


def test_the_database_holds_one_review_a_side_and_stars_in_range(layla: User, sara: User) -> None:
    review = rate(layla, sara)
    row = {
        field.attname: getattr(review, field.attname) for field in Review._meta.fields if field.name != "id"
    }
    for wrong in ({}, {"job_id": 2, "stars": 6}, {"job_id": 2, "score": 0}, {"job_id": 2, "visible": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.create(**{**row, **wrong})
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(job_id=5, side="x", author=sara, subject=sara, stream="", opens_at=NOW)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_reviews_sent_at_once_one_wins(layla: User, sara: User) -> None:
    invite(layla, sara)
    gate, results = threading.Barrier(4), []

    def leave(stars: int) -> None:
        try:
            gate.wait()
            operations.leave(job_id=12, side="of_worker", author=layla, stars=stars, now=NOW)
            results.append("left")
        except Refused as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    racers = [threading.Thread(target=leave, args=(stars,)) for stars in (1, 3, 4, 5)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(results) == ["already_reviewed"] * 3 + ["left"]
    assert Review.objects.count() == 1
    assert ReputationScore.objects.get(user=sara).count == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_clients_at_once_both_count_in_the_kept_value(layla: User, omar: User, sara: User) -> None:
    for job_id, client in ((1, layla), (2, omar)):
        invite(client, sara, job_id)
    gate, failures = threading.Barrier(2), []

    def leave(job_id: int, client: User) -> None:
        try:
            gate.wait()
            operations.leave(job_id=job_id, side="of_worker", author=client, stars=5, now=NOW)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    racers = [threading.Thread(target=leave, args=pair) for pair in ((1, layla), (2, omar))]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert failures == []
    assert ReputationScore.objects.get(user=sara).count == 2
