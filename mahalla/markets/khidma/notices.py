"""Every notice of Khidma (KH-NOTE-01): what, to whom, in which words. The flow tables name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases import notices as cases
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.trust import notices as trust
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.market import NoticeSpec

People = Callable[[Ctx], Iterable[int]]


def request_of(c: Ctx) -> Request:
    subject: Request | Offer | Job = c.subject
    return subject if isinstance(subject, Request) else subject.request


def client(c: Ctx) -> list[int]:
    return [request_of(c).client_id]


def worker(c: Ctx) -> list[int]:
    return [c.subject.worker_id]


def tipped_in_cash(c: Ctx) -> list[int]:
    """A tip by card is told when it is there (``conduct.tip_paid``)."""
    return worker(c) if c.subject.terms.get("method_kind") == "cash" else []


def nobody(c: Ctx) -> list[int]:
    """For notices whose sender names the person."""
    return []


def both(c: Ctx) -> list[int]:
    return [*client(c), *worker(c)]


def matching_taskers(c: Ctx) -> list[int]:
    """Taskers with fitting skills, radius and calendar who want to hear of new tasks (KH-NOTE-04)."""
    from mahalla.markets.khidma import ranking

    return ranking.to_tell(c.subject, now=c.now)


def client_if_stuck(c: Ctx) -> list[int]:
    return client(c) if c.subject.state == "matching" and c.subject.data.get("needs_ops") else []


def client_if_staff_acted(c: Ctx) -> list[int]:
    return client(c) if c.actor.role in {"ops_admin", "admin"} else []


def the_other(c: Ctx) -> list[int]:
    return [person for person in both(c) if person != c.actor.user_id]


def reviewer_if_open(c: Ctx) -> list[int]:
    return client(c) if c.subject.state in {"completed", "refunded"} else []


def names(c: Ctx) -> Mapping[str, Any]:
    """The words every notice may use: first names, the category, minutes to arrival."""
    request = request_of(c)
    told: dict[str, Any] = {"category": request.category.names if request.category else {}}
    told["client"] = request.client.name.split(" ")[0]
    if not isinstance(c.subject, Request):
        told["worker"] = c.subject.worker.name.split(" ")[0]
    if isinstance(c.subject, Job):
        from mahalla.markets.khidma.presence import eta_min

        told["start_at"] = c.subject.start_at.isoformat()
        told["minutes"] = eta_min(c.subject) or 20 if c.event == "set_off" else 0
    return told


def link(c: Ctx) -> str:
    if isinstance(c.subject, Offer):
        return f"/offers/{c.subject.pk}/"
    return f"/tasks/{request_of(c).pk}/"


def feed_link(c: Ctx) -> str:
    """Where somebody who is not asked yet looks at a task."""
    return f"/feed/{request_of(c).pk}/"


def _spec(
    name: str,
    group: str,
    to: People,
    title: Any,
    body: Any = "",
    *,
    critical: bool = False,
    sms: bool = False,
    merge: str = "",
    where: Callable[[Ctx], str] = link,
) -> NoticeSpec:
    return NoticeSpec(
        name,
        group,
        to,
        title,
        body,
        params=names,
        link=where,
        critical=critical,
        sms=sms,
        merge=lambda c: merge and f"{merge}:{c.subject.stream}",
    )


_ALL = (
    _spec("new_task", "offers", matching_taskers, _("A new task near you: %(category)s"), where=feed_link),
    _spec(
        "needs_ops",
        "tasks",
        client_if_stuck,
        _("Nobody is free yet for %(category)s"),
        _("We are looking for a Tasker for you. You can also change the time, or choose again."),
    ),
    _spec(
        "offer_received",
        "offers",
        worker,
        _("%(client)s asks you: %(category)s"),
        _("Look at the task and the pay, and answer in time."),
        sms=True,
    ),
    _spec("offer_changed", "offers", worker, _("%(client)s changed the task. Look at the new price.")),
    _spec("offer_missed", "offers", worker, _("The time to answer %(client)s is over.")),
    _spec(
        "offer_withdrawn",
        "offers",
        worker,
        _("%(client)s's offer was taken back. It does not count against you."),
    ),
    _spec("offer_refused", "tasks", client, _("The Tasker cannot come. Choose another, or let us choose.")),
    _spec("task_accepted", "tasks", client, _("%(worker)s accepted"), critical=True, merge="agreed"),
    _spec(
        "task_confirmed",
        "tasks",
        both,
        _("Confirmed: %(category)s"),
        _("Everything is set. You can now write to each other."),
        critical=True,
        sms=True,
        merge="agreed",
    ),
    _spec(
        "payment_failed",
        "payments",
        client,
        _("The payment did not work"),
        _("Please choose another card or wallet, or the Tasker's time is given to somebody else."),
        critical=True,
    ),
    _spec(
        "payment_lapsed",
        "payments",
        both,
        _("The payment was not secured in time, so the booking is off."),
        critical=True,
    ),
    _spec(
        "task_expired",
        "tasks",
        client,
        _("Nobody took your task"),
        _("Nothing was charged. Post it again with another time?"),
    ),
    _spec(
        "task_cancelled_by_ops", "tasks", client_if_staff_acted, _("Our team cancelled your task for you.")
    ),
    _spec(
        "task_cancelled_by_client", "tasks", the_other, _("The task was cancelled"), critical=True, sms=True
    ),
    _spec(
        "task_cancelled_by_tasker",
        "tasks",
        client,
        _("%(worker)s cannot come"),
        _("You pay nothing. We are already looking for somebody else."),
        critical=True,
        sms=True,
    ),
    _spec("start_soon", "tasks", both, _("Coming up: %(category)s")),
    _spec(
        "on_the_way",
        "tasks",
        client,
        _("%(worker)s is on the way, about %(minutes)s min"),
        critical=True,
        sms=True,
    ),
    _spec("arrived", "tasks", client, _("%(worker)s has arrived"), critical=True),
    _spec(
        "tasker_waits",
        "tasks",
        client,
        _("%(worker)s is at your address and cannot reach you"),
        critical=True,
        sms=True,
    ),
    _spec("work_started", "tasks", client, _("%(worker)s has started"), critical=True),
    _spec(
        "tasker_no_show",
        "tasks",
        both,
        _("%(worker)s did not come"),
        _("You pay nothing. We look for somebody else."),
        critical=True,
    ),
    _spec(
        "client_no_show",
        "tasks",
        both,
        _("%(client)s was not there"),
        _("The minimum hours and the travel fee are charged."),
        critical=True,
    ),
    _spec(
        "extra_asked",
        "tasks",
        client,
        _("%(worker)s needs more time. Please look and approve."),
        critical=True,
    ),
    _spec("extra_approved", "tasks", worker, _("%(client)s approved the extra time.")),
    _spec("stop_asked", "tasks", worker, _("%(client)s asks you to stop early."), critical=True),
    _spec(
        "hours_submitted",
        "payments",
        client,
        _("%(worker)s has finished"),
        _("Look at the hours and confirm. Without an answer they count as confirmed after 24 hours."),
        critical=True,
    ),
    _spec("work_stuck", "tasks", both, _("Is %(category)s finished? Please end it on the task's page.")),
    _spec(
        "stopped_unsafe",
        "tasks",
        client,
        _("%(worker)s stopped the work for safety"),
        _("Our team looks into it and writes to you."),
        critical=True,
    ),
    _spec("work_confirmed", "payments", both, _("The work is confirmed"), _("The payment goes through now.")),
    _spec("review_received", "tasks", worker, _("%(client)s has reviewed you")),
    _spec("review_asked", "tasks", reviewer_if_open, _("How was %(worker)s? A word helps the next client.")),
    _spec(
        "dispute_opened",
        "payments",
        both,
        _("The charge is disputed"),
        _("Our team decides within 72 hours. What is not disputed is paid as usual."),
        critical=True,
    ),
    _spec(
        "dispute_decided",
        "payments",
        both,
        _("The dispute is decided"),
        _("Read the decision and its reason on the task's page."),
        critical=True,
    ),
    _spec(
        "series_stuck",
        "tasks",
        client,
        _("Your repeated task on %(day)s could not be posted"),
        _("Open it and put right what is missing; it is posted within the hour."),
    ),
    _spec("tip_received", "payments", tipped_in_cash, _("%(client)s gave you a tip")),
)
#: told by operations of onboarding and the feed, not by a flow: they bring their own people, words and link
_TOLD = (
    NoticeSpec(
        "tasker_approved",
        "account",
        nobody,
        _("Welcome! You can now be booked"),
        _("Switch yourself on and keep your hours up to date."),
        critical=True,
    ),
    NoticeSpec(
        "tasker_rejected",
        "account",
        nobody,
        _("We cannot accept you yet"),
        _("%(reason)s Change what is missing and ask again."),
        critical=True,
    ),
    NoticeSpec("tasker_interested", "tasks", nobody, _("%(worker)s would like to do %(category)s"), ""),
    # not from a table: money's news, words and answers (``conduct`` sends them)
    _spec("message_received", "messages", nobody, _("%(name)s wrote to you")),
    _spec(
        "payment_taken",
        "payments",
        nobody,
        _("Your payment for %(worker)s's work went through. Your receipt is ready."),
    ),
    _spec(
        "payment_owed",
        "payments",
        nobody,
        _("Your payment for %(worker)s's work did not go through"),
        _("Please pay it with another card or wallet; until then you cannot post."),
        critical=True,
    ),
    _spec(
        "refund_failed",
        "payments",
        nobody,
        _("Your bank did not take your refund"),
        _("The money is yours: our team sends it to you another way."),
        critical=True,
    ),
    _spec("tip_failed", "payments", nobody, _("Your tip for %(worker)s did not go through.")),
    _spec(
        "extra_not_held",
        "tasks",
        nobody,
        _("The client's card did not bear the extra time. Please end within the time planned."),
        critical=True,
    ),
    _spec("refund_done", "payments", nobody, _("Your refund is on its way to your card or wallet.")),
    _spec("payout_sent", "payments", nobody, _("Your money is on its way to your account.")),
    _spec(
        "payout_refused",
        "payments",
        nobody,
        _("Your payout did not arrive. Please check your account details."),
    ),
    _spec("reply_received", "tasks", nobody, _("%(worker)s answered your review")),
)
NOTICES: Mapping[str, NoticeSpec] = {
    **trust.defaults(checks_link="/work/checks/"),
    **cases.defaults(),
    **{spec.name: spec for spec in (*_ALL, *_TOLD)},
}
