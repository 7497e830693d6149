"""Chat, notices, reviews and reports of a task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat import operations as chat
from mahalla.kernel.chat.models import Message, Thread
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.notices import operations as notices
from mahalla.kernel.notices.models import Delivery, Notice
from mahalla.kernel.reviews import queries as reviews
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.trust.models import Flag
from mahalla.kit.errors import NotFound, Refused
from mahalla.markets.khidma import conduct
from mahalla.markets.khidma.console.roles import reads_talk
from tests.khidma import builders as b

pytestmark = pytest.mark.django_db
NOW = b.at(2, "18:00")


def thread_of(request) -> Thread:
    return Thread.objects.get(subject=request.stream)


@pytest.mark.spec("KH-CHAT-05")
def test_contacts_are_masked_before_confirmation_and_always_flagged(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    offer = b.offered(lina, sara)
    message = chat.send(
        thread_of(offer.request), author=sara, text="pay me outside 0501234567", now=b.EVENING
    )
    seen = message.masked_text or message.text
    assert "0501234567" not in seen
    flag = Flag.objects.get(user=sara)
    assert flag.rule == "off_platform_payment"
    b.step(offer, "accept", b.tasker_of(sara), b.EVENING, start_at=b.at(2, "14:30"))
    later = chat.send(
        thread_of(offer.request), author=lina, text="call 0507654321 at the gate", now=b.EVENING
    )
    assert "0507654321" in (later.masked_text or later.text)
    assert Flag.objects.filter(user=lina).count() == 1


def test_chat_opens_with_the_confirmation_and_closes_a_week_after(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    thread = thread_of(job.request)
    week = b.at(2, "17:00") + timedelta(days=7)
    chat.send(thread, author=job.client, text="thank you", now=week - timedelta(minutes=1))
    with pytest.raises(Refused) as refused:
        chat.send(thread, author=job.client, text="and also", now=b.at(10, "17:00"))
    assert refused.value.code == "chat_closed"
    assert Message.objects.filter(thread=thread).count() == 1


def test_a_declined_offer_closes_its_questions(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    offer = b.offered(lina, sara)
    b.step(offer, "decline", b.tasker_of(sara), b.EVENING)
    with pytest.raises(Refused):
        chat.send(thread_of(offer.request), author=sara, text="sorry", now=b.EVENING)


@pytest.mark.spec("KH-CHAT-02")
def test_a_question_during_the_work_reaches_the_other_side(khidma) -> None:
    job = b.started(b.client(), b.tasker())
    chat.send(thread_of(job.request), author=job.worker, text="Where is the mop?", now=b.at(2, "15:00"))
    run_until(b.at(2, "15:01"), start=b.at(2, "15:00"))
    notice = Notice.objects.get(user=job.client, name="message_received")
    assert notice.title == "Sara wrote to you"
    assert Delivery.objects.filter(notice=notice, channel="push").exists() or notice.shown
    assert not Notice.objects.filter(user=job.worker, name="message_received").exists()


@pytest.mark.spec("KH-NOTE-01")
def test_acceptance_tells_the_client_with_a_link(khidma) -> None:
    lina = b.client()
    keys = {"endpoint": "https://push.example/1", "p256dh": "k", "auth": "a"}
    notices.subscribe(lina, **keys, now=b.EVENING)
    job = b.confirmed(lina, b.tasker())
    notice = Notice.objects.get(user=lina, name="task_accepted")
    assert (notice.title, notice.link) == ("Sara accepted", f"/tasks/{job.request_id}/")
    assert Delivery.objects.filter(notice__user=lina, channel="push").exists()


def test_every_step_of_the_story_tells_whom_it_concerns(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.completed(lina, sara)
    b.step(job, "review", b.client_of(lina), NOW, stars=5)
    run_until(b.at(5, "12:00"), start=NOW)
    told = {
        user: set(Notice.objects.filter(user=user).values_list("name", flat=True)) for user in (lina, sara)
    }
    assert told[lina] >= {
        "task_accepted", "task_confirmed", "on_the_way", "arrived", "work_started", "hours_submitted", "payment_taken",
    }  # fmt: skip
    assert told[sara] >= {"new_task", "offer_received", "task_confirmed", "review_received", "payout_sent"}


def test_every_notice_leads_to_a_page_that_its_reader_may_open(khidma) -> None:
    lina, sara = b.client(), b.tasker()
    job = b.completed(lina, sara)
    b.step(job, "dispute", b.client_of(lina), NOW, kind="hours", minutes=120, text="two hours")
    case = Case.objects.get()
    cases.withdraw(case, actor=b.client_of(lina), now=NOW)
    b.step(job, "review", b.client_of(lina), NOW, stars=5)
    b.step(job, "tip", b.client_of(lina), NOW, amount_minor=500)
    run_until(b.at(5, "12:00"), start=NOW)
    for notice in Notice.objects.select_related("user"):
        web = Client()
        web.force_login(notice.user)
        answer = web.get(notice.link.partition("#")[0], follow=True)
        gone = notice.name in {"offer_received", "new_task"}  # answered meanwhile: the page says so
        assert answer.status_code == 200 or gone, (notice.name, notice.link, answer.status_code)


@pytest.mark.spec("KH-NOTE-03")
def test_on_the_way_names_the_minutes(khidma) -> None:
    lina = b.client()
    job = b.confirmed(lina, b.tasker())
    b.step(
        job,
        "set_off",
        b.tasker_of(job.worker),
        b.at(2, "14:00"),
        lat=b.HOME[0] + 6.4 / 111.195,
        lng=b.HOME[1],
    )
    assert Notice.objects.get(user=lina, name="on_the_way").title == "Sara is on the way, about 18 min"


def test_notices_speak_the_readers_language(khidma) -> None:
    lina = b.client(language="ar")
    job = b.confirmed(lina, b.tasker())
    names = set(Notice.objects.filter(user=lina).values_list("title", flat=True))
    assert names and job.request.client.language == "ar"


@pytest.mark.spec("KH-REV-03")
def test_private_words_reach_the_staff_and_move_no_rating(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    b.step(job, "review", b.client_of(job.client), NOW, stars=5, private_feedback="felt unsafe")
    case = Case.objects.get(kind="private_feedback")
    assert (case.group, case.against_id) == ("incident", job.worker_id)
    rating = reviews.rating_of(job.worker_id, now=NOW)
    assert (str(rating.mean), rating.count) == ("5.0", 1)
    assert "unsafe" not in str(Review.objects.values().get())


@pytest.mark.spec("KH-CASE-08")
def test_a_report_from_the_work_offers_to_stop_and_opens_one_incident(khidma) -> None:
    from mahalla.kernel.flow import engine

    job = b.started(b.client(), b.tasker())
    worker = b.tasker_of(job.worker)
    assert "stop_unsafe" in {action.event for action in engine.actions(job, worker)}
    b.step(job, "stop_unsafe", worker, b.at(2, "15:00"), text="He shouts at me")
    assert Case.objects.filter(group="incident", against=job.client).count() == 1


def test_reports_go_to_trust_and_safety_and_hide_who_wrote_them(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    case = conduct.report(job, kind="behaviour", text="Rude", actor=b.client_of(job.client), now=NOW)
    assert (case.group, case.against_id, case.one_sided) == ("report", job.worker_id, True)
    assert not Notice.objects.filter(user=job.worker, name__startswith="case_").exists()
    stranger = b.client("Stranger")
    with pytest.raises(NotFound):
        conduct.report(job, kind="behaviour", text="x", actor=b.client_of(stranger), now=NOW)


def test_an_agent_reads_the_chat_only_with_an_open_case(khidma) -> None:
    job = b.completed(b.client(), b.tasker())
    agent = b.person("Noor", "support_agent")
    thread = thread_of(job.request)
    assert reads_talk(agent, thread) is False
    b.step(job, "dispute", b.client_of(job.client), NOW, kind="hours", minutes=120, text="two hours")
    assert reads_talk(agent, thread) is True
    assert reads_talk(b.person("Ops", "ops_admin"), thread) is False
