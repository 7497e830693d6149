"""Policy values, the catalogue and the platform's clockwork, from the console."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from mahalla.kernel import policy
from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.catalog.models import Category, Skill
from mahalla.kernel.events.models import Event
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.models import RecurringRun
from mahalla.kernel.flow.recurring import schedule
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.policy.models import PolicyValue
from mahalla.kernel.work.models import Job, Request
from mahalla.markets.khidma import pricing
from tests.khidma import builders as b
from tests.khidma.ops_town import Desk

pytestmark = pytest.mark.django_db


def fee_pct(quote: dict) -> set[Decimal]:
    return {Decimal(line["meta"]["pct"]) for line in quote["lines"] if line["kind"] == "service_fee"}


@pytest.mark.spec("KH-ADMIN-09")
def test_a_new_fee_counts_for_the_next_preview_and_no_running_task(khidma):
    lina, sara = b.client("Lina"), b.tasker("Sara")
    job = b.accepted(lina, sara, start=b.at(2, "14:30"))
    before = (job.quote, job.terms)
    pct, total = str(before[1]["fee_pct"]), before[0]["total_minor"]
    desk = Desk("Adel", b.EVENING + timedelta(hours=1))
    page = desk.page("policies/service_fee_base/")
    assert "15" in page and "30" in page and "20" in page  # bounds and value
    refused = desk.post("policies/service_fee_base/", value="31", reason="Too little")
    assert refused.status_code == 422 and "must lie between 15 and 30" in refused.content.decode()
    assert desk.post("policies/service_fee_base/", value="22", reason="").status_code == 422
    assert desk.post("policies/service_fee_base/", value="many", reason="?").status_code == 422
    past = desk.post("policies/service_fee_base/", value="22", reason="!", valid_from="2026-02-01T00:00")
    assert past.status_code == 422 and not PolicyValue.objects.exists()
    assert desk.post("policies/service_fee_base/", value="22", reason="Board of March").status_code == 302
    preview = pricing.preview(b.draft(b.client("Omar"), now=desk.now), now=desk.now)
    assert Decimal(str(preview["fee_pct"])) == 22
    offered = b.offered(
        b.client("Hala"), sara, now=desk.now, window_start=b.at(3, "14:00"), window_end=b.at(3, "18:00")
    )
    assert fee_pct(offered.quote) == {Decimal(22)}
    # the running task keeps what was frozen, to its end
    worker = b.tasker_of(sara)
    run_until(b.at(2, "14:10"), start=b.EVENING)
    engine.apply(job, "set_off", actor=worker, now=b.at(2, "14:10"), data={"lat": 24.75, "lng": 46.6753})
    engine.apply(job, "arrive", actor=worker, now=b.at(2, "14:28"), data={"lat": 24.71396, "lng": 46.6753})
    engine.apply(job, "start_timer", actor=worker, now=b.at(2, "14:30"))
    engine.apply(job, "submit", actor=worker, now=b.at(2, "17:00"))
    job = Job.objects.get(pk=job.pk)
    assert (job.quote["total_minor"], str(job.terms["fee_pct"])) == (total, pct)
    assert job.final["total_minor"] == 96_00
    # who, from what, to what, why
    event = Event.objects.get(name="staff.policy_changed")
    assert (event.actor_id, event.role, event.reason) == (desk.user.pk, "admin", "Board of March")
    assert (event.payload["before"], event.payload["after"]) == (20, 22)
    assert "Board of March" in desk.page("audit/", what="policy")


def test_a_value_can_be_planned(khidma):
    desk = Desk("Adel")
    desk.post("policies/unaccepted_alert_min/", value="10", reason="Ramadan", valid_from="2026-03-10T00:00")
    assert policy.get("unaccepted_alert_min", now=b.at(9, "23:59")) == 15
    assert policy.get("unaccepted_alert_min", now=b.at(10, "00:00")) == 10
    assert "planned" in desk.page("policies/", q="unaccepted")
    desk.post("policies/recheck_warn_days/", value="[60, 30]", reason="Earlier")
    assert policy.get("recheck_warn_days", now=b.EVENING) == [60, 30]


@pytest.mark.spec("KH-CAT-05")
def test_a_disabled_sub_category_is_hidden_while_its_open_tasks_run_on(khidma):
    cleaning = b.category()
    windows = b.category("windows", parent=cleaning)
    lina, sara = b.client("Lina"), b.tasker("Sara", category_=windows)
    request = b.posted(lina, category=windows)
    desk = Desk("Adel")
    assert "windows" in desk.page("catalogue/")
    desk.post(f"catalogue/{windows.pk}/switch/", reason="No supply")
    assert [child.code for branch in catalog.tree() for child in branch.children] == []
    engine.apply(request, "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk})
    assert Request.objects.get(pk=request.pk).state == "offered"
    event = Event.objects.get(name="staff.category_switched")
    assert (event.payload["before"], event.payload["after"], event.actor_id) == (True, False, desk.user.pk)


def form(category: Category, **changes: str) -> dict[str, str]:
    return {
        "name_en": category.names["en"],
        "name_ar": category.names["ar"],
        "default_minutes": str(category.default_minutes),
        "risk_class": category.risk_class,
        "work_place": category.work_place,
        "position": str(category.position),
        "pricing_models": ", ".join(category.pricing_models),
        "inputs": json.dumps(category.inputs),
        "flags": json.dumps(category.flags),
        **changes,
    }


def test_an_edit_makes_a_version_and_posted_work_keeps_its_own(khidma):
    category = b.category()
    request = b.posted(b.client("Lina"))
    desk = Desk("Adel")
    assert desk.post(f"catalogue/{category.pk}/", **form(category, inputs="[{")).status_code == 422
    assert (
        desk.post(f"catalogue/{category.pk}/", **form(category, required_skills="flying")).status_code == 422
    )
    assert (
        desk.post(
            f"catalogue/{category.pk}/", **form(category, default_minutes="240", reason="Longer")
        ).status_code
        == 302
    )
    category.refresh_from_db()
    assert (category.default_minutes, category.version) == (240, 2)
    assert catalog.terms_at(request.category_id, request.category_version).default_minutes == 180
    desk.post("catalogue/skills/", code="windows", name_en="Windows", name_ar="نوافذ", enabled="1")
    assert Skill.objects.get(code="windows").names["ar"] == "نوافذ"
    assert desk.post("catalogue/new/", code="pool", **form(category, name_en="Pools")).status_code == 302
    pool = Category.objects.get(code="pool")
    desk.post("catalogue/order/", position_pool="0", position_cleaning="1")
    assert list(Category.objects.order_by("position").values_list("code", flat=True)) == ["pool", "cleaning"]
    assert pool.names["en"] == "Pools"


@pytest.mark.spec("KH-OPS-02")
def test_the_job_list_shows_last_run_result_and_next_run_of_each(khidma):
    names = [job.name for job in schedule()]
    assert names
    run_until(b.EVENING + timedelta(days=1, hours=2), start=b.EVENING)
    broken = RecurringRun.objects.get(name=names[0])
    broken.last_error = "ValueError: the bank is closed"
    broken.save()
    desk = Desk("Adel", b.EVENING + timedelta(days=1, hours=2, minutes=5))
    page = desk.page("jobs/")
    rows = [re.sub(r"\s+", " ", row) for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[1:]]
    assert len(rows) == len(names)
    for name, row in zip(names, rows, strict=True):
        assert name in row
        assert "ago" in row or "not yet" in row, name  # the last run
        assert row.count("<time") >= 1  # the next run
    assert "the bank is closed" in rows[0] and "failed" in rows[0]
    assert any("done" in row for row in rows[1:])


def test_the_health_page_names_what_is_late(khidma):
    b.posted(b.client("Lina"))
    desk = Desk("Adel", b.EVENING + timedelta(minutes=20))  # no worker has run for twenty minutes
    page = desk.page("health/")
    assert "choice_window" in page and "unaccepted_alert" in page
    run_until(desk.now, start=b.EVENING)
    assert "All are on time." in desk.page("health/")
    request = Request.objects.get()
    assert "start_matching" in desk.page("audit/stream/", of=request.stream)
