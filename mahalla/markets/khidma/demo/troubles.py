"""What goes wrong in the demo city: cancellations, disputes and an incident, for the desks to work on."""

from __future__ import annotations

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.markets.khidma.demo.people import STAFF
from mahalla.markets.khidma.demo.stage import HOUR, MINUTE, Stage, Story

MONA, ASIF, EMAD = "منى السيد", "Asif Mehmood", "عماد رمضان"
SUPPORT = next(one.phone for one in STAFF if one.role == "support_agent")


def cancelled_late(s: Stage) -> Story:
    """Rana cancelled an hour before the start; an hour of the rate is the Tasker's."""
    start = s.local(-2, 18)
    job = yield from s.book(
        "رنا حداد",
        MONA,
        "home_cleaning",
        "تنظيف عادي لشقة صغيرة.",
        posted=start - 9 * HOUR,
        start=start,
        details={"items": 2},
    )
    yield start - HOUR
    s.ask(job, "cancel")


def let_down_and_found_another(s: Stage) -> Story:
    """The first mover fell ill; the task looks for somebody else."""
    start = s.now + 30 * HOUR
    job = yield from s.book(
        "Arjun Mehta",
        ASIF,
        "small_move",
        "A washing machine and ten boxes to Al Malqa.",
        posted=s.ago(hours=20),
        start=start,
        details={"items": 11, "floor": 12},
        no_auto_match=True,
    )
    yield s.ago(hours=2)
    s.do(job, "tasker_cancel", reason="sick")


def hours_disputed(s: Stage) -> Story:
    """Faisal counts an hour less than the timer; nobody has taken the case yet."""
    start = s.daytime(s.ago(hours=12))
    job = yield from s.book(
        "فيصل العجمي",
        EMAD,
        "electrical_minor",
        "مقبسان يصدران شررًا، وتعليق ثريا في الصالة.",
        posted=start - 7 * HOUR,
        start=start,
        details={"items": 3},
    )
    yield from s.go(job, start)
    yield start + 50 * MINUTE
    s.do(job, "ask_extra", minutes=75)
    yield start + 56 * MINUTE
    s.ask(job, "approve_extra")
    yield start + 130 * MINUTE
    s.photo(job, "after")
    yield start + 135 * MINUTE
    s.do(job, "submit")
    yield start + 8 * HOUR
    s.ask(job, "dispute", kind="hours", minutes=75, text="خرج لشراء قطعة قرابة الساعة والعداد يعمل.")


def partly_refunded(s: Stage) -> Story:
    """An old dispute, decided: a part came back, the rest was earned."""
    start = s.local(-5, 13)
    job = yield from s.book(
        "Omar Haddad",
        MONA,
        "deep_cleaning",
        "Flat after the painters: dust on everything.",
        posted=start - 12 * HOUR,
        start=start,
        details={"items": 4},
    )
    yield from s.work(job, start, 290)
    yield s.at + 3 * HOUR
    s.ask(
        job,
        "dispute",
        kind="not_as_expected",
        amount_minor=4000,
        text="The balcony and the window frames were not done.",
    )
    yield s.at + 15 * HOUR
    case = Case.objects.get(job_id=job.pk)
    agent = s.staff(SUPPORT, "support_agent")
    cases.take(case, actor=agent, now=s.at)
    yield s.at + 40 * MINUTE
    cases.decide(
        case, refund_minor=3000, reason="Agreed with both sides after the photos.", actor=agent, now=s.at
    )
    yield s.at + 2 * HOUR
    s.ask(job, "review", stars=3, tags=["friendly"], text="Friendly, and it was settled fairly in the end.")


def stopped_as_unsafe(s: Stage) -> Story:
    """Bare wires on a staircase: the mover stopped, the incident waits for trust and safety."""
    start = s.daytime(s.ago(hours=26))
    job = yield from s.book(
        "سعود المطيري",
        ASIF,
        "lifting_help",
        "رفع ثلاجة دورًا واحدًا، والدرج ضيق.",
        posted=start - 6 * HOUR,
        start=start,
        details={"items": 1, "floor": 1},
    )
    yield from s.go(job, start)
    yield start + 35 * MINUTE
    s.do(job, "stop_unsafe", text="Bare live wires hang over the staircase. I stopped and told the client.")


STORIES = (
    cancelled_late,
    let_down_and_found_another,
    hours_disputed,
    partly_refunded,
    stopped_as_unsafe,
)
