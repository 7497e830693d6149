"""What happens in the demo city these days: a task in every state, around Lina and Sara first of all."""

from __future__ import annotations

from datetime import datetime, timedelta

from mahalla.kernel.payments import operations as payments
from mahalla.kernel.work.models import Offer
from mahalla.markets.khidma import presence, saved
from mahalla.markets.khidma.demo import troubles
from mahalla.markets.khidma.demo.people import FAHAD, KHALID, LINA, SARA
from mahalla.markets.khidma.demo.stage import DAY, HOUR, MINUTE, RIYADH, Stage, Story

GRACE, IMRAN, RODEL, AHMED = "Grace Villanueva", "Imran Ahmed", "Rodel Santos", "أحمد السيد"


def stories(s: Stage) -> list[Story]:
    return [story(s) for story in (*STORIES, *troubles.STORIES)]


# --- Lina and Sara --------------------------------------------------------------------------------------------------


def cleaned_reviewed_paid(s: Stage) -> Story:
    """Sara cleaned at Lina's five days ago; Lina was happy, tipped, and Sara has her money."""
    start = s.local(-5, 10)
    job = yield from s.book(
        LINA,
        SARA,
        "home_cleaning",
        "Two floors, five rooms. The cat is shy, please keep the balcony door shut.",
        posted=start - 20 * HOUR,
        start=start,
        details={"items": 5, "pets": True},
    )
    s.say(job, s.who(LINA), "Hello Sara! The building is behind the bakery, second floor.")
    yield s.at + 3 * MINUTE
    s.say(job, s.who(SARA), "Thank you, I know the street. See you tomorrow at ten.")
    yield from s.work(job, start, 170)
    yield s.at + 2 * HOUR
    s.ask(
        job,
        "review",
        stars=5,
        tags=["punctual", "spotless"],
        text="Calm, quick and very thorough. The cat likes her too.",
    )
    yield s.at + 5 * MINUTE
    s.ask(job, "tip", amount_minor=1500)
    saved.add_favourite(s.who(LINA), s.who(SARA).pk, now=s.at)


def shelves_to_confirm(s: Stage) -> Story:
    """Four shelves hang at Lina's; she has a day to confirm the hours, or to object."""
    start = s.daytime(s.ago(hours=3))
    job = yield from s.book(
        LINA,
        IMRAN,
        "shelf_mounting",
        "Four shelves and a mirror in the hall. Concrete wall.",
        posted=start - 9 * HOUR,
        start=start,
        details={"items": 5},
    )
    s.say(job, s.who(LINA), "Do you bring plugs for concrete?")
    yield s.at + 2 * MINUTE
    s.say(job, s.who(IMRAN), "Yes, 8 mm. Please leave the mirror near the wall.")
    yield from s.work(job, start, 88)


def lina_chooses(s: Stage) -> Story:
    """Lina has just posted a cleaning for the day after tomorrow and looks at the list."""
    yield s.ago(minutes=5)
    s.post(
        LINA,
        "home_cleaning",
        "Kitchen and two bathrooms, guests on the weekend.",
        no_auto_match=True,
        details={"items": 3, "pets": True},
        **_window(s, 2, "14:00", "19:00"),
    )


def lina_drafts(s: Stage) -> Story:
    """A curtain rail that Lina has not come round to."""
    yield s.ago(hours=30)
    draft = s.draft(LINA, "curtain_mounting", "One rail above the balcony door, 2.4 m.", details={"items": 1})
    saved.save_template(s.who(LINA), draft.pk, name="Curtains", now=s.at)


def offered_to_sara(s: Stage) -> Story:
    """Khalid asks Sara for a deep clean; she has some hours to answer."""
    yield s.ago(minutes=18)
    request = s.post(
        KHALID,
        "deep_cleaning",
        "تنظيف عميق للدور الأرضي قبل عودة الأهل من السفر.",
        details={"items": 4},
        **_window(s, 3, "09:00", "17:00"),
    )
    yield s.ago(minutes=12)
    s.choose(request, SARA)


def sara_today(s: Stage) -> Story:
    """Sara's next work: confirmed, paid for, a few hours from now."""
    start = _waking(s, s.now + 3 * HOUR)
    job = yield from s.book(
        "Emily Carter",
        SARA,
        "home_cleaning",
        "Villa 22, ring at the guard's house. Ground floor only.",
        posted=s.ago(hours=15),
        start=start,
        details={"items": 4},
    )
    s.say(job, s.who("Emily Carter"), "Parking is free inside the compound, I put your name at the gate.")
    yield s.at + 9 * MINUTE
    s.say(job, s.who(SARA), "Perfect, thank you.")


def sara_unrated(s: Stage) -> Story:
    """Nobody said anything within a day: confirmed by itself, paid out, the review still open."""
    start = s.local(-4, 16)
    job = yield from s.book(
        "نوف السبيعي",
        SARA,
        "home_cleaning",
        "شقة من أربع غرف، والمصعد يعمل.",
        posted=start - 18 * HOUR,
        start=start,
        details={"items": 4},
    )
    yield from s.work(job, start, 185)


# --- others at work -------------------------------------------------------------------------------------------------


def in_progress(s: Stage) -> Story:
    """A wardrobe is being put together at this moment."""
    start = s.ago(minutes=52) - timedelta(minutes=s.ago(minutes=52).minute % 5, seconds=s.now.second)
    job = yield from s.book(
        "Omar Haddad",
        RODEL,
        "furniture_assembly",
        "A wardrobe with three doors and a chest of drawers, still boxed.",
        posted=start - 8 * HOUR,
        start=start,
        details={"items": 2},
    )
    yield from s.go(job, start)
    yield s.ago(minutes=30)
    s.say(job, s.who(RODEL), "Doors are next. One hinge was bent, I have a spare.")
    yield s.ago(minutes=8)
    s.do(job, "ask_extra", minutes=30)


def on_the_way(s: Stage) -> Story:
    """A cleaner drives to Haifa's office tower."""
    start = s.now + 19 * MINUTE
    job = yield from s.book(
        "هيفاء الزامل",
        GRACE,
        "office_cleaning",
        "مكتب في الدور الحادي عشر، بطاقة الدخول عند الاستقبال.",
        posted=s.ago(hours=7),
        start=start,
        details={"items": 8},
    )
    yield s.ago(minutes=14)
    s.do(job, "set_off", **s.near(job, 0.05))
    for minutes, degrees in ((10, 0.038), (6, 0.027), (2, 0.018)):
        yield s.ago(minutes=minutes)
        job.refresh_from_db()
        presence.ping(job, worker_id=job.worker_id, data=s.near(job, degrees), now=s.at)


def booked_at_once(s: Stage) -> Story:
    """Khalid took Fahad's instant booking for the screens in the majlis."""
    yield s.ago(hours=4)
    request = s.post(
        KHALID,
        "tv_mounting",
        "شاشتان ٦٥ بوصة في المجلس.",
        details={"items": 2},
        **_window(s, 1, "16:00", "21:00"),
    )
    yield s.ago(hours=3.9)
    s.choose(request, FAHAD)


def waits_for_approval(s: Stage) -> Story:
    """Accepted, but Daniel's bank wants him to approve the payment first."""
    yield s.ago(minutes=14)
    request = s.post(
        "Daniel Weber",
        "handyman",
        "A door that sticks and two loose handles.",
        details={"items": 3},
        **_window(s, 2, "10:00", "16:00"),
    )
    yield s.ago(minutes=10)
    offer = s.choose(request, AHMED)
    yield s.ago(minutes=6)
    s.accept(offer)


def paid_in_cash(s: Stage) -> Story:
    """A dripping tap, paid in cash: the fee is the Tasker's debt until the next payout."""
    start = s.local(-2, 11)
    client = "منال الشهراني"
    yield start - 10 * HOUR
    cash = payments.add_method(s.who(client).pk, kind="cash", label="نقدًا", now=s.at)
    job = yield from s.book(
        client,
        AHMED,
        "plumbing_minor",
        "حنفية المطبخ تقطر طوال الليل.",
        posted=start - 9 * HOUR,
        start=start,
        method_id=cash.pk,
        details={"items": 1},
    )
    yield from s.work(job, start, 75)
    yield s.at + HOUR
    s.ask(job, "confirm")
    yield s.at + 10 * MINUTE
    s.ask(job, "review", stars=4, tags=["clear_messages"], text="عمل نظيف وسعر واضح من البداية.")


def not_yet_accepted(s: Stage) -> Story:
    """Two Taskers said no to Yousef's automatic search, the third is being asked."""
    yield s.ago(minutes=45)
    request = s.post(
        "Yousef Al-Amri",
        "furniture_assembly",
        "Bunk bed and a desk for the children's room.",
        details={"items": 2},
        choose_for_me=True,
        **_window(s, 2, "15:00", "20:00"),
    )
    for minutes, reason in ((33, "too_far"), (21, "")):
        yield s.ago(minutes=minutes)
        offer = Offer.objects.filter(request=request, state="pending").first()
        if offer is not None:
            s.decline(offer, reason)


def nobody_yet(s: Stage) -> Story:
    """Posted more than an hour ago, nobody chosen: it stands in the operators' queue."""
    yield s.ago(minutes=75)
    s.post(
        "منال الشهراني",
        "painting",
        "غرفة نوم واحدة باللون الأبيض، والدهان موجود.",
        details={"items": 1},
        no_auto_match=True,
        **_window(s, 1, "09:00", "18:00"),
    )


def expired(s: Stage) -> Story:
    """Nobody was found in time."""
    yield s.local(-4, 9)
    s.post(
        "سعود المطيري",
        "gardening",
        "عشب ونخلتان، وشبكة التنقيط فيها تسريب.",
        no_auto_match=True,
        **_window(s, -3, "15:00", "20:00"),
    )


STORIES = (
    cleaned_reviewed_paid,
    shelves_to_confirm,
    lina_chooses,
    lina_drafts,
    offered_to_sara,
    sara_today,
    sara_unrated,
    in_progress,
    on_the_way,
    booked_at_once,
    waits_for_approval,
    paid_in_cash,
    not_yet_accepted,
    nobody_yet,
    expired,
)


def _window(s: Stage, days: int, begin: str, end: str) -> dict[str, str]:
    """A day from today and two wall times, as the wizard takes them."""
    return {"date": s.local(days, 12).date().isoformat(), "from": begin, "to": end}


def _waking(s: Stage, moment: datetime) -> datetime:
    """``moment`` on the half hour, or the next morning when that would be at night."""
    local = moment.astimezone(RIYADH).replace(second=0, microsecond=0)
    local += timedelta(minutes=-local.minute % 30)
    if 8 <= local.hour <= 17:
        return local
    day = local if local.hour < 8 else local + DAY
    return day.replace(hour=9, minute=0)
