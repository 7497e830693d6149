"""What people say of each other after the work: one review a job and side, by invitation."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

USER = settings.AUTH_USER_MODEL


class Invitation(models.Model):
    """The right to review one job from one side, given when the work is done; without one nothing can be rated.

    ``job_id`` is a plain number: what a job is, is the business of those who invite.
    """

    job_id = models.BigIntegerField()
    #: which side is reviewed, by the market's own scheme: ``of_worker``, ``of_client``
    side = models.CharField(max_length=24)
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    #: the stream of the work, where the review's events are told
    stream = models.CharField(max_length=64)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)
    #: until then what the market puts behind the gate waits for this review; later ones are kept, not shown
    gates_until = models.DateTimeField(null=True, blank=True)
    #: the codes of the tags that fit this work
    tags = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    #: how much the work's difficulty makes its review weigh
    weight = models.FloatField(default=1.0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job_id", "side"], name="review_one_invitation_per_side"),
            models.CheckConstraint(condition=~Q(author=F("subject")), name="review_invites_no_self_praise"),
        ]
        indexes = [models.Index(fields=["author", "opens_at"], name="review_invited")]

    def __str__(self) -> str:
        return f"{self.side} of job {self.job_id}"


class Review(models.Model):
    job_id = models.BigIntegerField()
    side = models.CharField(max_length=24)
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="reviews_given")
    subject = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="reviews_received")
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    #: ``{attribute: 1…5}`` in schemes that ask several
    attributes = models.JSONField(default=dict, blank=True)
    #: the stars, or the mean of the attributes
    score = models.DecimalField(max_digits=3, decimal_places=2)
    text = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    language = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField()
    #: nobody but its author sees it before; null: not until the other side has reviewed
    reveal_at = models.DateTimeField(null=True, blank=True)
    #: shown to people at all: some schemes ask for reviews that only the matching reads
    public = models.BooleanField(default=True)
    visible = models.BooleanField(default=True)
    hidden_reason = models.TextField(blank=True)
    #: named weights that multiply: ``{"complexity": 1.2, "device": 0}``; a 0 keeps it out of everything until cleared
    factors = models.JSONField(default=dict, blank=True)
    counted = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job_id", "side"], name="review_one_per_job_and_side"),
            models.CheckConstraint(
                condition=Q(stars__isnull=True) | Q(stars__range=(1, 5)), name="review_stars"
            ),
            models.CheckConstraint(condition=Q(score__range=(1, 5)), name="review_score"),
            models.CheckConstraint(
                condition=Q(visible=True) | ~Q(hidden_reason=""), name="review_hidden_with_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject", "-created_at"],
                name="review_shown",
                condition=Q(visible=True, counted=True, public=True),
            ),
            models.Index(fields=["reveal_at"], name="review_reveal"),
        ]

    def __str__(self) -> str:
        return f"{self.score} {self.side} of job {self.job_id}"


class PrivateFeedback(models.Model):
    """What the author tells the platform alone. A row of its own, so that no listing of reviews can carry it out."""

    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="private_feedback")
    text = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"of review {self.review_id}"


class ReviewMark(models.Model):
    """A keyed hash of the device, payment method or address that a review came from, to see when two are the same."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} of review {self.review_id}"


class Reply(models.Model):
    """The reviewed person's one public answer."""

    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="reply")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"to review {self.review_id}"


class ReviewReport(models.Model):
    """Somebody says that a review breaks the rules; staff decide."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "reporter"], name="review_reported_once")]

    def __str__(self) -> str:
        return f"of review {self.review_id}"


class ReputationScore(models.Model):
    """A person's reputation as ranking and enforcement read it; recalculated at every change and daily, as it ages."""

    user = models.OneToOneField(USER, on_delete=models.CASCADE, primary_key=True, related_name="reputation")
    value = models.FloatField()
    #: the public rating's two numbers
    count = models.PositiveIntegerField(default=0)
    mean = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    updated_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.value:.4f} of {self.user_id}"
