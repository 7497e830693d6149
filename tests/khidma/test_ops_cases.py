"""Disputes, incidents, alerts and checks in the console: what staff see, decide and leave behind."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat import operations as chat
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.notices.models import Notice
from mahalla.kernel.payments.models import Refund
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.trust.models import Flag, Sanction, Verification
from mahalla.kernel.work.models import Job
from tests.kernel.media_samples import image
from tests.khidma import builders as b
from tests.khidma.ops_town import Desk, browser

pytestmark = pytest.mark.django_db


def flat(page: str) -> str:
    return re.sub(r"\s+", " ", page)


def work(lina: User, sara: User, *, north: float = 24.71396) -> Job:
    """A job done from 14:30 to 17:00: 2.5 h at 30.00 and 5.00 travel, with 20 % fee 96.00."""
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    run_until(b.at(2, "14:10"), start=b.EVENING)
    worker = b.tasker_of(sara)
    engine.apply(job, "set_off", actor=worker, now=b.at(2, "14:10"), data={"lat": 24.75, "lng": 46.6753})
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data={"lat": north, "lng": 46.6753})
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))
    return job


def done(lina: User, sara: User, **where: float) -> Job:
    job = work(lina, sara, **where)
    engine.apply(job, "submit", actor=b.tasker_of(sara), now=b.at(2, "17:00"))
    return job


def disputed(lina: User, sara: User, **data: object) -> Case:
    job = done(lina, sara)
    claim = {"kind": "hours", "minutes": 120, "text": "Two hours only", **data}
    engine.apply(job, "dispute", actor=b.client_of(lina), now=b.at(2, "18:00"), data=claim)
    run_until(b.at(2, "18:00"), start=b.at(2, "17:00"))
    return Case.objects.get(job_id=job.pk)


@pytest.mark.spec("KH-CASE-03")
def test_a_case_of_twenty_five_hours_without_answer_is_overdue_and_first(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    about = {"opened_by_id": lina.pk, "against_id": sara.pk, "actor": b.client_of(lina), "charge_minor": 100_00,
             "worker_minor": 80_00, "text": "Broken"}  # fmt: skip
    answered = cases.open_case(
        kind="damage", subject="user:1", claimed_minor=10_00, now=b.EVENING - timedelta(hours=40), **about
    )
    late = cases.open_case(
        kind="damage", subject="user:2", claimed_minor=20_00, now=b.EVENING - timedelta(hours=25), **about
    )
    fresh = cases.open_case(kind="damage", subject="user:3", claimed_minor=30_00, now=b.EVENING, **about)
    desk = Desk("Noor")
    cases.add_message(
        answered, text="We look", staff=True, actor=b.staff_of(desk.user, "support_agent"), now=b.EVENING
    )
    page = desk.page("disputes/")
    order = re.findall(r"DSP-2026-\d+", page)
    assert order == [late.code, fresh.code, answered.code]
    row = flat(page[page.index("k-late") :])
    assert late.code in row and "overdue" in row and "20.00" in row and "Something was damaged" in row
    assert "1 day ago" in row  # its age
    desk.post(f"disputes/{late.pk}/take/")
    assert Case.objects.get(pk=late.pk).owner_id == desk.user.pk
    other = b.person("Nabil", "support_agent")
    desk.post(f"disputes/{late.pk}/pass/", to=other.pk, reason="I know the client")
    assert Case.objects.get(pk=late.pk).owner_id == other.pk


@pytest.mark.spec("KH-CASE-04")
def test_an_hours_case_shows_the_timer_beside_the_claim(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = work(lina, sara)
    worker = b.tasker_of(sara)
    engine.apply(job, "pause", actor=worker, now=b.at(2, "15:50"))
    engine.apply(job, "resume", actor=worker, now=b.at(2, "16:10"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "17:15"))
    thread = Thread.objects.get(subject=job.request.stream)
    engine.apply(
        job, "dispute", actor=b.client_of(lina), now=b.at(2, "18:00"),
        data={"kind": "hours", "minutes": 120, "text": "Two hours only"},
    )  # fmt: skip
    chat.send(thread, author=lina, text="Where are you?", now=b.at(2, "18:01"))
    run_until(b.at(2, "18:01"), start=b.at(2, "17:15"))
    case = Case.objects.get(job_id=job.pk)
    desk = Desk("Noor", b.at(2, "18:05"))
    page = flat(desk.page(f"disputes/{case.pk}/"))
    assert "<small>Timer</small><b>2 hr 25 min</b>" in page
    assert "<small>The client counts</small><b>2 hr</b>" in page
    assert "14:30 – 15:50" in page and "16:10 – 17:15" in page  # 1 h 20 and 1 h 05
    for word in ("Items", "Floor", "Set off", "from the task", "chosen by the client", "version 1", "visa 4242",
                 "Two hours only", "Photos of the work"):  # fmt: skip
        assert word in page, word
    assert "Where are you?" not in page  # the talk is opened by a deed of its own, with a reason
    refused = desk.post(f"disputes/{case.pk}/talk/{thread.pk}/", reason="")
    assert refused.status_code == 302
    talk = desk.post(f"disputes/{case.pk}/talk/{thread.pk}/", reason="Who came when")
    assert "Where are you?" in talk.content.decode()
    read = Event.objects.get(name="chat.read_by_staff")
    assert (read.actor_id, read.reason) == (desk.user.pk, f"{case.code}: Who came when")
    seen = Event.objects.filter(name="staff.viewed", noun="case", subject_id=case.pk, actor_id=desk.user.pk)
    assert seen.exists()


@pytest.mark.spec("KH-CASE-05", "KH-SEC-06")
def test_a_partial_refund_of_eighteen_in_the_agents_name(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    case = disputed(lina, sara)
    assert (case.claimed_minor, case.charge_minor) == (18_00, 96_00)
    desk = Desk("Noor", b.at(3, "09:00"))
    here = f"disputes/{case.pk}/decide/"
    desk.post(here, refund="part", amount="eighteen", reason="The timer")
    desk.post(here, refund="part", amount="18.00", reason="")
    assert not Case.objects.get(pk=case.pk).decision
    desk.post(here, refund="part", amount="18.00", reason="The timer and the photos")
    run_until(b.at(3, "09:01"), start=b.at(3, "09:00"))
    job = Job.objects.get(pk=case.job_id)
    assert (job.state, job.data["refund_kind"]) == ("refunded", "partial")
    assert Refund.objects.get().amount_minor == 18_00
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 65_00
    assert ledger.balance("revenue/fees").credit_minor == 13_00
    for person in (lina, sara):
        told = Notice.objects.filter(user=person, name="case_decided")
        assert told.exists(), person
    # the append-only log names agent, 18.00 and reason, with before and after
    event = Event.objects.get(noun="case", name="decide")
    assert (event.actor_id, event.role, event.reason) == (
        desk.user.pk,
        "support_agent",
        "The timer and the photos",
    )
    assert (event.payload["before"], event.payload["after"]["refund_minor"]) == ({}, 18_00)
    log = Desk("Adel", b.at(3, "09:05")).page("audit/", what="decide")
    assert "Noor" in log and "The timer and the photos" in log and "1800" in log


def test_above_two_hundred_a_second_person_decides(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    case = cases.open_case(
        kind="damage", subject="user:1", opened_by_id=lina.pk, against_id=sara.pk, actor=b.client_of(lina),
        now=b.EVENING, text="The vase", claimed_minor=300_00, charge_minor=400_00, worker_minor=320_00,
    )  # fmt: skip
    noor = Desk("Noor")
    noor.post(f"disputes/{case.pk}/decide/", refund="claimed", reason="The photos show it")
    case.refresh_from_db()
    assert case.pending["refund_minor"] == 300_00 and not case.decision
    noor.post(f"disputes/{case.pk}/approve/")
    case.refresh_from_db()
    assert not case.decision  # not oneself
    adel = Desk("Adel")
    assert case.code in adel.page("disputes/") and "Waits for a second person" in adel.page(
        f"disputes/{case.pk}/"
    )
    adel.post(f"disputes/{case.pk}/approve/")
    case.refresh_from_db()
    assert case.decision["second_approver"] == adel.user.pk


def test_asking_for_evidence_shows_the_date_to_both(khidma):
    case = disputed(b.client("Lina"), b.tasker("Sara"))
    desk = Desk("Noor", b.at(3, "09:00"))
    desk.post(
        f"disputes/{case.pk}/ask_evidence/", of="both", due="2026-03-04T12:00", text="Photos of the kitchen"
    )
    case.refresh_from_db()
    assert (case.state, case.due_evidence) == ("awaiting_evidence", b.at(4, "12:00"))
    desk.post(f"disputes/{case.pk}/note/", text="She called twice")
    desk.post(f"disputes/{case.pk}/release/", reason="A regular of ours")
    page = desk.page(f"disputes/{case.pk}/")
    assert "Photos of the kitchen" in page and "She called twice" in page
    case.refresh_from_db()
    assert case.released_at == b.at(3, "09:00")


@pytest.mark.spec("KH-CASE-06")
def test_without_an_arrival_the_rules_propose_a_full_refund(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = done(lina, sara)
    Job.objects.filter(pk=job.pk).update(arrived_at=None)  # as if nobody had noted one
    engine.apply(
        Job.objects.get(pk=job.pk), "dispute", actor=b.client_of(lina), now=b.at(2, "18:00"),
        data={"kind": "no_show", "text": "Nobody came"},
    )  # fmt: skip
    case = Case.objects.get(job_id=job.pk)
    desk = Desk("Noor", b.at(2, "18:05"))
    page = flat(desk.page(f"disputes/{case.pk}/"))
    assert "The rules propose" in page and "96.00" in page and "No arrival was recorded" in page
    # the agent may deviate, with a reason
    desk.post(f"disputes/{case.pk}/decide/", refund="none", reason="The client's own camera shows her")
    case.refresh_from_db()
    assert (case.decision["outcome"], case.decision["as_proposed"]) == ("none", False)


def report(lina: User, sara: User, kind: str = "harassment") -> Case:
    return cases.open_case(
        kind=kind, subject=f"user:{sara.pk}", opened_by_id=lina.pk, against_id=sara.pk, text="He shouted at me",
        actor=b.client_of(lina), now=b.EVENING,
    )  # fmt: skip


@pytest.mark.spec("KH-CASE-09")
def test_an_incident_closed_as_warning_stands_on_the_file(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    case = report(lina, sara)
    desk = Desk("Tariq", b.EVENING + timedelta(hours=1))
    assert "High" in desk.page("incidents/") and "He shouted" in desk.page(f"incidents/{case.pk}/")
    desk.post(f"incidents/{case.pk}/note/", text="Both were called")
    desk.post(f"incidents/{case.pk}/decide/", outcome="warning", reason="First time, both agree")
    sanction = Sanction.objects.get(user=sara)
    assert (sanction.level, sanction.source, sanction.imposed_by_id) == ("warning", case.code, desk.user.pk)
    page = Desk("Adel", b.EVENING + timedelta(hours=2)).page(f"people/{sara.pk}/")
    assert "Warning" in page and "First time, both agree" in page


@pytest.mark.spec("KH-CASE-10")
def test_escalating_sets_owner_time_and_suspends_in_one_step(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    case = report(lina, sara)
    senior = b.person("Amal", "admin")
    desk = Desk("Tariq", b.EVENING + timedelta(hours=1))
    desk.post(f"incidents/{case.pk}/escalate/", to=senior.pk, severity="4", reason="")
    assert Case.objects.get(pk=case.pk).escalated_at is None
    desk.post(f"incidents/{case.pk}/escalate/", to=senior.pk, severity="4", reason="He has a knife")
    case.refresh_from_db()
    assert (case.owner_id, case.escalated_at, case.severity) == (senior.pk, desk.now, 4)
    assert User.objects.get(pk=sara.pk).status == "suspended"


def test_a_disputes_desk_decides_no_incident_and_the_other_way_round(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    case = report(lina, sara)
    assert Desk("Noor").get(f"disputes/{case.pk}/").status_code == 404
    assert Desk("Adel").get(f"disputes/{case.pk}/").status_code == 404  # it is not a dispute
    assert Desk("Adel").get(f"incidents/{case.pk}/").status_code == 200


@pytest.mark.spec("KH-TRUST-12")
def test_a_false_alarm_restores_the_withheld_weights(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    left = []
    for client in (lina, b.client("Omar")):
        reviews.invite(
            job_id=client.pk, side="of_worker", author_id=client.pk, subject_id=sara.pk, stream="request:1",
            opens_at=b.EVENING, closes_at=b.EVENING + timedelta(days=14),
        )  # fmt: skip
        left.append(
            reviews.leave(
                job_id=client.pk, side="of_worker", author=client, now=b.EVENING, stars=5,
                marks={"device": "phone-7"}, subject_marks={"device": "phone-7"},
            )
        )  # fmt: skip
    flag = Flag.objects.filter(rule="review_manipulation").order_by("pk").first()
    withheld = Review.objects.get(pk=left[0].pk)
    assert any(value == 0 for value in withheld.factors.values())
    desk = Desk("Tariq", b.EVENING + timedelta(hours=1))
    page = desk.page("flags/")
    assert "review_manipulation" in page and str(flag.score) in page
    page = desk.page(f"flags/{flag.pk}/")
    assert sara.name in page and lina.name in page  # the accounts it links
    desk.post(f"flags/{flag.pk}/resolve/", verdict="false_alarm", reason="")
    assert Flag.objects.get(pk=flag.pk).state == "open"
    for found in Flag.objects.filter(rule="review_manipulation", state="open"):
        desk.post(f"flags/{found.pk}/resolve/", verdict="false_alarm", reason="One family, two phones")
    flag.refresh_from_db()
    assert (flag.state, flag.decided_by_id, flag.reason) == (
        "false_alarm",
        desk.user.pk,
        "One family, two phones",
    )
    assert not any(value == 0 for value in Review.objects.get(pk=left[0].pk).factors.values())


@pytest.mark.spec("KH-TRUST-13")
def test_a_mismatch_shows_both_points_and_two_point_one_kilometres(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = done(lina, sara, north=b.HOME[0] + 2.1 / 111.195)
    desk = Desk("Tariq", b.at(2, "18:00"))
    page = flat(desk.page("gps/"))
    assert "2.1 km" in page
    assert "24.71360, 46.67530" in page and "24.73249, 46.67530" in page
    assert "map-pin" in page and f"#{job.request_id}" in page
    assert "Sara: done 1" in page and "Lina: done 1" in page  # both parties' history
    assert "14:10" in page and "14:28" in page and "14:30" in page  # set off, arrived, agreed start
    flag = Flag.objects.get(rule="gps_mismatch")
    answer = desk.post(
        f"flags/{flag.pk}/resolve/", verdict="confirmed", reason="Not at the door", back="/console/gps/"
    )
    assert answer["Location"] == "/console/gps/"
    assert "Sara" not in desk.page("gps/")


def checked(sara: User) -> Verification:
    from mahalla.kernel.media import operations as media
    from mahalla.kernel.trust import operations as trust

    pages = {
        part: media.store(BytesIO(image(size=(64, 48))), owner=sara, purpose="document", now=b.EVENING).pk
        for part in ("front", "back", "selfie")
    }
    return trust.submit(
        sara.pk, "national_id", actor=b.tasker_of(sara), now=b.EVENING, number="1012345678", documents=pages,
        expires_on=b.at(1, "00:00", year=2030).date(),
    )  # fmt: skip


@pytest.mark.spec("KH-TRUST-03", "KH-SEC-04")
def test_a_check_is_rejected_with_a_reason_and_read_only_by_its_role(khidma):
    sara = b.tasker("Sara")
    Verification.objects.filter(user=sara, kind="national_id").delete()
    check = checked(sara)
    desk = Desk("Adel", b.EVENING + timedelta(hours=1))
    assert "Sara" in desk.page("checks/")
    assert "1012345678" in desk.page(f"checks/{check.pk}/")
    asset = check.pages.first().asset
    assert desk.client.get(f"/media/{asset.pk}/full/").status_code == 200
    for other in ("Noor", "Abeer", "Tariq", "Mona"):
        outsider = Desk(other)
        assert outsider.client.get(f"/media/{asset.pk}/full/").status_code == 403, other
        assert outsider.get(f"checks/{check.pk}/").status_code == 403
    assert browser(b.client("Lina")).get(f"/media/{asset.pk}/full/").status_code == 404
    looks = Event.objects.filter(actor_id=desk.user.pk, name__in=("staff.viewed", "document.viewed"))
    assert {event.noun for event in looks} == {"verification", "asset"}
    desk.post(f"checks/{check.pk}/reject/", reason="")
    check.refresh_from_db()
    assert check.state == "submitted"
    desk.post(f"checks/{check.pk}/reject/", reason="The picture is too dark")
    check.refresh_from_db()
    assert (check.state, check.reason) == ("rejected", "The picture is too dark")
    log = desk.page("audit/", what="verification")
    assert "The picture is too dark" in log and "Adel" in log
    assert Notice.objects.filter(user=sara, name="verification_rejected").exists()


def test_a_new_tasker_is_approved_by_a_person(khidma):
    from mahalla.markets.khidma.models import TaskerProfile

    sara = b.tasker("Sara")
    TaskerProfile.objects.filter(user=sara).update(approved_at=None, review_requested_at=b.EVENING)
    desk = Desk("Adel", b.EVENING + timedelta(hours=1))
    assert "Sara" in desk.page("approvals/")
    desk.post(f"approvals/{sara.pk}/reject/", reason="")
    assert TaskerProfile.objects.get(user=sara).rejected_reason == ""
    desk.post(f"approvals/{sara.pk}/approve/")
    assert TaskerProfile.objects.get(user=sara).approved_at == desk.now
    assert "No Tasker waits" in desk.page("approvals/")
