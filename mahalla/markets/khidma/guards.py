"""What must be true before a task may move. Each guard refuses with a sentence that says what to do."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.flow import timers
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.identity import policies as identity
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.errors import Denied, Invalid, NotFound, Refused, TooMany
from mahalla.markets.khidma import billing

STAFF = ("ops_admin", "admin")


# --- who ------------------------------------------------------------------------------------------------------------


def own_request(c: Ctx) -> None:
    """The client's own task, or the partner's; staff act for others, never on what is their own."""
    if c.actor.role in {"client", "partner"} and c.subject.client_id != c.actor.user_id:
        raise NotFound()
    no_own_stake(c, c.subject.client_id, getattr(c.subject, "worker_id", None))


def no_own_stake(c: Ctx, *people: int | None) -> None:
    """Nobody acts as staff on a task that they ordered or earn by."""
    if c.actor.role in STAFF and c.actor.user_id in people:
        raise Denied("own_task", _("This task is your own: somebody else of the staff must do this."))


def own_request_or_system(c: Ctx) -> None:
    if c.actor.role != "system":
        own_request(c)


def own_job(c: Ctx) -> None:
    own_request(c)


def own_job_or_system(c: Ctx) -> None:
    own_request_or_system(c)


def own_work(c: Ctx) -> None:
    if c.subject.worker_id != c.actor.user_id:
        raise NotFound()


def own_offer_of_client(c: Ctx) -> None:
    if c.actor.role in {"client", "partner"} and c.subject.request.client_id != c.actor.user_id:
        raise NotFound()


def answers_own_offer(c: Ctx) -> None:
    """The Tasker answers; staff may record the Tasker's spoken consent with a reason (KH-FLOW-28)."""
    if c.actor.role == "tasker" and c.subject.worker_id != c.actor.user_id:
        raise NotFound()
    no_own_stake(c, c.subject.worker_id, c.subject.request.client_id)
    if c.actor.role in STAFF and not (c.data.get("spoken_consent") and c.actor.reason):
        raise Denied(
            "consent_needed",
            _("Note the Tasker's spoken consent and a reason: nobody is put to work unasked."),
        )


def may_order(c: Ctx) -> None:
    """Active, with a verified phone and the present terms (KH-ID-02, -06, -10)."""
    client = c.subject.client
    identity.require_active(client)
    identity.require_verified(client)
    if c.event == "post":
        identity.require_terms(client)


def reason_given(c: Ctx) -> None:
    if not c.actor.reason.strip():
        raise Invalid(
            {"reason": _("Say why: the reason is kept and shown in the audit.")}, code="reason_needed"
        )


def reason_given_by_staff(c: Ctx) -> None:
    if c.actor.role in STAFF:
        reason_given(c)
        c.payload["waive_fee"] = bool(c.data.get("waive_fee"))


# --- posting and choosing -------------------------------------------------------------------------------------------


def complete_enough(c: Ctx) -> None:
    """Name, address, category with its required inputs and a payment method (KH-PROFILE-01, KH-CAT-03, KH-PAY-01)."""
    from mahalla.kernel.catalog.operations import validate_inputs

    request: Request = c.subject
    missing: dict[str, object] = {}
    if not request.client.name.strip():
        missing["name"] = _("Tell the Tasker your name.")
    if request.category is None:
        raise Invalid({"category": _("Choose what you need.")})
    if request.category.work_place != "remote" and not request.place:
        missing["address"] = _("Add the address where the work is.")
    if not request.method_id:
        missing["method"] = _("Choose how you will pay.")
    if not (request.window_start and request.window_end):
        missing["window"] = _("Choose when it should happen.")
    if missing:
        raise Invalid(missing)
    request.details = validate_inputs(request.category, request.details)


def window_ahead(c: Ctx) -> None:
    """The window has room for the estimate and the lead, and lies ahead (KH-REQ-05)."""
    request: Request = c.subject
    assert request.window_start is not None and request.window_end is not None
    room = request.window_end - request.window_start
    if room < timedelta(minutes=request.estimate_min):
        raise Invalid(
            {"window": _("The time window is shorter than the work. Make it longer.")},
            code="window_too_short",
        )
    latest = request.window_end - timedelta(minutes=request.estimate_min + c.policy("min_lead_min"))
    if latest <= c.now:
        raise Invalid({"window": _("That time is too soon. Choose a later time.")}, code="window_too_soon")


def no_unpaid_fee(c: Ctx) -> None:
    """A fee owed from a cash task is settled before the next post (KH-PAY-19)."""
    from mahalla.markets.khidma.debts import debt_minor

    if debt_minor(c.subject.client_id) > 0:
        raise Refused("unpaid_fee", _("Please settle your open cancellation fee first, then post."))


def not_too_often(c: Ctx) -> None:
    """So many tasks an hour by one client's own hand (KH-SEC-05); partners have their calls counted instead."""
    if c.actor.role != "client":
        return
    allowed, hour = int(c.policy("posts_per_hour")), timedelta(hours=1)
    recent = Request.objects.filter(client_id=c.subject.client_id, posted_at__gt=c.now - hour)
    times = list(recent.order_by("-posted_at").values_list("posted_at", flat=True)[:allowed])
    if len(times) == allowed and times[-1] is not None:
        wait = times[-1] + hour - c.now
        raise TooMany(
            "too_many_posts",
            _("You posted many tasks within an hour. Your draft is kept; post it a little later."),
            retry_after_s=max(1, -(-wait // timedelta(seconds=1))),
        )


def edit_fits(c: Ctx) -> None:
    """An edit is judged like a post before anything changes."""
    from mahalla.markets.khidma import wizard

    c.cache["edit"] = wizard.checked_edit(c.subject, c.data, now=c.now)


def refuse_edit(c: Ctx) -> None:
    raise Refused(
        "task_already_accepted",
        _("The task is already accepted. Tell the Tasker in the chat."),
        state=c.subject.status,
    )


def refuse_second_offer(c: Ctx) -> None:
    raise Refused(
        "offer_pending", _("You are waiting for an answer. Take that offer back first, then choose again.")
    )


def chosen_fits(c: Ctx) -> None:
    """The chosen Tasker passes the hard filters now, not when the list was drawn (KH-MATCH-02)."""
    from mahalla.markets.khidma import ranking

    worker_id = int(c.data["worker_id"])
    no_own_stake(c, c.subject.client_id, worker_id)
    c.cache["worker_id"] = worker_id
    ranking.check(c.subject, worker_id, now=c.now)


# --- answering ------------------------------------------------------------------------------------------------------


def current_version(c: Ctx) -> None:
    seen = c.data.get("version")
    if seen is not None and int(seen) != c.subject.version:
        raise Refused(
            "stale_version",
            _("The client changed the task. Look at it again, then answer."),
            version=c.subject.version,
        )


def in_time(c: Ctx) -> None:
    """The deadline counts, also when nobody has fired it yet."""
    due = timers.due_at("offer", c.subject.pk, "offer_ttl")
    if due is not None and c.now >= due:
        raise Refused("offer_expired", _("The time to answer is over."), state="expired")


def worker_may_work(c: Ctx) -> None:
    from mahalla.markets.khidma import supply

    offer: Offer = c.subject
    identity.require_active(offer.worker)
    if c.actor.role == "tasker":
        identity.require_terms(offer.worker)
    supply.require_eligible(offer.worker_id, now=c.now)
    if offer.request.method_kind == "cash":
        supply.require_cash_allowed(offer.worker_id, now=c.now)


def start_fits(c: Ctx) -> None:
    """The earliest fit in the window, or the later one the Tasker picked inside it (KH-FLOW-08)."""
    from mahalla.markets.khidma import ranking

    c.cache["start"] = ranking.start_for(c.subject, wished=c.data.get("start_at"), now=c.now)


# --- before the work ------------------------------------------------------------------------------------------------


def method_works(c: Ctx) -> None:
    from mahalla.kernel.payments import methods

    method = methods.usable(c.subject.client_id, int(c.data["method_id"]))
    if method.kind not in c.subject.request.data.get("method_kinds", (method.kind,)):
        raise Invalid({"method_id": _("This task cannot be paid like that. Choose another way.")})
    c.cache["method"] = method


def tasker_reason(c: Ctx) -> None:
    if c.data.get("reason") not in billing.TASKER_CANCEL_REASONS:
        raise Invalid({"reason": _("Choose a reason.")}, code="reason_needed")
    c.payload["reason"] = c.data["reason"]


def on_site(c: Ctx) -> None:
    if c.subject.terms.get("work_place") == "remote":
        raise Refused("remote_task", _("This task is done remotely: just start the timer."))


def not_set_off(c: Ctx) -> None:
    if c.subject.progress:
        raise Refused("already_on_the_way", _("You have already set off."))


def soon_enough(c: Ctx) -> None:
    """At most 3 hours before the start (KH-FLOW-16)."""
    hours = c.policy("set_off_max_hours")
    if c.subject.start_at - c.now > timedelta(hours=hours):
        raise Refused("too_early", _("That is possible from 3 hours before the start."), hours=hours)


def not_arrived(c: Ctx) -> None:
    if c.subject.progress == "arrived":
        raise Refused("already_arrived", _("You have already arrived."))


def arrived(c: Ctx) -> None:
    if c.subject.progress != "arrived":
        raise Refused("not_arrived", _("Mark your arrival first."))


def arrived_or_remote(c: Ctx) -> None:
    if c.subject.terms.get("work_place") == "remote":
        soon_enough(c)
    else:
        arrived(c)


def late_by_no_show(c: Ctx) -> None:
    """No arrival 30 minutes after the start (KH-FLOW-23)."""
    job: Job = c.subject
    if job.progress == "arrived":
        raise Refused("tasker_arrived", _("The Tasker has arrived."))
    if c.now < job.start_at + timedelta(minutes=c.policy("tasker_no_show_min")):
        raise Refused("not_late_yet", _("Please wait until 30 minutes after the start."))


def waited_long_enough(c: Ctx) -> None:
    """Arrived 20 minutes ago, the start has come, and one attempt to reach the client is logged (KH-FLOW-23)."""
    job: Job = c.subject
    arrived(c)
    assert job.arrived_at is not None
    waited = job.arrived_at + timedelta(minutes=c.policy("client_wait_min"))
    if c.now < max(waited, job.start_at):
        raise Refused("wait_longer", _("Please wait 20 minutes after your arrival."))
    if not job.data.get("contact_attempts"):
        raise Refused("try_to_reach", _("Write or call the client first, and note the attempt."))


# --- the work -------------------------------------------------------------------------------------------------------


def timer_runs(c: Ctx) -> None:
    if not c.subject.timer.filter(stopped_at__isnull=True).exists():
        raise Refused("timer_stands", _("The timer is not running."))


def timer_stands(c: Ctx) -> None:
    if c.subject.timer.filter(stopped_at__isnull=True).exists():
        raise Refused("timer_runs", _("The timer is already running."))


def extra_minutes(c: Ctx) -> None:
    minutes = int(c.data.get("minutes") or 0)
    if not 0 < minutes <= 12 * 60:
        raise Invalid({"minutes": _("Say how much more time you need.")})
    c.payload["minutes"] = minutes


def extra_was_asked(c: Ctx) -> None:
    if not c.subject.data.get("extra_asked_min"):
        raise Refused("nothing_asked", _("The Tasker has not asked for more time."))


def photo_given(c: Ctx) -> None:
    if c.data.get("asset") is None:
        raise Invalid({"photo": _("Choose a photo.")})


def photos_if_risky(c: Ctx) -> None:
    """Work of risk class ``high`` needs a photo of the finished work (KH-FLOW-21)."""
    job: Job = c.subject
    if job.terms.get("risk_class") == "high" and not job.evidence.filter(kind="after").exists():
        raise Refused("photo_needed", _("Add a photo of the finished work first."))


def hours_fit(c: Ctx) -> None:
    """Not more than the timer shows without the client's approval (KH-FLOW-20, -24, -25)."""
    c.cache["bill"] = billing.judge(c.subject, c.data, now=c.now, rounding=c.policy("hour_rounding_min"))


# --- after the work -------------------------------------------------------------------------------------------------


def not_confirmed(c: Ctx) -> None:
    if c.subject.confirmed_at is not None:
        raise Refused("already_confirmed", _("The work is already confirmed."))


def review_in_time(c: Ctx) -> None:
    job: Job = c.subject
    if job.submitted_at is None or c.now > job.submitted_at + timedelta(days=c.policy("review_days")):
        raise Refused("review_closed", _("Reviews are open for 14 days after the work."))


def review_fits(c: Ctx) -> None:
    stars = c.data.get("stars")
    low, high = c.policy("rating_min"), c.policy("rating_max")
    if not isinstance(stars, int) or not low <= stars <= high:
        raise Invalid({"stars": _("Give 1 to 5 stars.")})
    from mahalla.kernel.reviews.models import Review

    if Review.objects.filter(job_id=c.subject.pk, author_id=c.subject.client_id).exists():
        raise Refused("already_reviewed", _("You have already reviewed this task."))


def dispute_in_time(c: Ctx) -> None:
    billing.dispute_in_time(c.subject, str(c.data.get("kind", "")), now=c.now, policy=c.policy)


def dispute_fits(c: Ctx) -> None:
    c.cache["claim"] = billing.claim(c.subject, c.data)


def tip_fits(c: Ctx) -> None:
    """Up to 100 % of the Tasker's amount in all, within 14 days (KH-PRICE-14). ``key``: a form sent twice tips once."""
    job: Job = c.subject
    amount = int(c.data.get("amount_minor") or 0)
    key = str(c.data.get("key") or "")
    if key and key in job.data.get("tip_keys", []):
        raise Refused("already_tipped", _("Your tip was already sent. Thank you."))
    most = billing.worker_amount_minor(job) * c.policy("tip_max_pct") // 100 - sum(job.data.get("tips", []))
    if not 0 < amount <= most:
        raise Invalid(
            {"amount": _("Choose a tip between nothing and the whole amount of the work.")},
            code="tip_too_big",
        )
    if job.submitted_at is None or c.now > job.submitted_at + timedelta(days=c.policy("tip_days")):
        raise Refused("tips_closed", _("Tips are possible for 14 days after the work."))
