"""Every address of the console against every role: what the table opens answers, everything else is refused."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mahalla.console import access, pages
from mahalla.console.site import site
from mahalla.kernel.cases import operations as cases
from mahalla.kernel.identity.models import User
from mahalla.kernel.trust import operations as trust
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma.console.roles import SECTIONS
from tests.khidma import builders as b
from tests.khidma.ops_town import STAFF, Desk, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(khidma):
    """One of everything that a page can be about, and the arguments by which the pages are reached."""
    lina, sara = b.client("Lina"), b.tasker("Sara")
    offer = b.offered(lina, sara)
    against = {"opened_by_id": lina.pk, "against_id": sara.pk, "actor": b.client_of(lina), "now": b.EVENING}
    report = cases.open_case(kind="harassment", subject=f"user:{sara.pk}", text="He shouted", **against)
    dispute = cases.open_case(
        kind="damage", subject=f"user:{sara.pk}", text="Broken", claimed_minor=100, charge_minor=200,
        worker_minor=150, **against,
    )  # fmt: skip
    flag = trust.raise_flag(
        "shared_device", key="k", user_id=sara.pk, score=90, evidence={}, actor=SYSTEM, now=b.EVENING
    )
    sanction = trust.impose(sara.pk, "warning", reason="Late", actor=SYSTEM, now=b.EVENING)
    check = b.approve_check(sara, "national_id", now=b.EVENING)
    return {
        "task": offer.request_id,
        "offer": offer.pk,
        "dispute": dispute.pk,
        "incident": report.pk,
        "flag": flag.pk,
        "sanction": sanction.pk,
        "check": check.pk,
        "person": sara.pk,
        "approval": sara.pk,
        "category": b.category().pk,
        "purse": sara.pk,
    }


def address(page: pages.Page, town: dict[str, int]) -> str:
    kwargs = {}
    if "<int:pk>" in page.route:
        kwargs["pk"] = town[page.name.split("-")[0]]
    if "<slug:event>" in page.route:
        kwargs["event"] = "take"
    if "<slug:name>" in page.route:
        kwargs["name"] = "service_fee_base"
    if "<int:thread>" in page.route:
        kwargs["thread"] = 1
    return reverse(f"admin:{page.name}", kwargs=kwargs)


@pytest.mark.parametrize("name", STAFF)
def test_each_role_opens_its_own_parts_and_no_other(town, name):
    desk = Desk(name)
    mine = SECTIONS[STAFF[name]]
    for page in pages.all_pages():
        url = address(page, town)
        answer = desk.get(url.removeprefix("/console/"))
        if page.section in mine:
            # 405: a page that is only posted to; it is open, and says so
            assert answer.status_code in {200, 405}, (name, page.name, answer.status_code)
        else:
            assert answer.status_code == 403, (name, page.name, answer.status_code)
            assert desk.post(url.removeprefix("/console/")).status_code == 403


def test_every_address_of_the_console_is_a_guarded_page(town):
    """Whatever is added later goes through the same guard, or this fails."""
    frame = {"index", "login", "logout", "password_change", "password_change_done", "search"}
    names = {pattern.name for pattern in site.get_urls()}
    assert names == frame | {page.name for page in pages.all_pages()}
    assert {page.section for page in pages.all_pages()} <= {section.code for section in access.SECTIONS}


def test_guests_are_asked_to_sign_in_and_people_are_refused(town, client):
    lina = User.objects.get(name="Lina")
    root = User.objects.create(phone="+966511111111", name="Root", is_staff=True, is_superuser=True)
    for page in pages.all_pages():
        url = address(page, town)
        answer = client.get(url)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/"), page.name
        assert browser(lina).get(url).status_code == 403, page.name
        assert browser(root).get(url).status_code == 403, page.name  # a superuser without a role sees nothing
    for name in ("index", "search", "password_change"):
        assert client.get(reverse(f"admin:{name}")).status_code == 302
        assert browser(lina).get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.spec("KH-ADMIN-08")
def test_trust_and_safety_sees_incidents_fraud_alerts_and_gps_only(town):
    desk = Desk("Tariq")
    page = desk.page()
    for label in ("Incidents", "Fraud alerts", "GPS mismatches"):
        assert label in page
    for label in ("Live board", "Disputes", "Checks", "Policy values", "Marketplace figures", "Audit log"):
        assert label not in page
    listed = {page.name for page in pages.sidebar(_asking(desk.user))}
    assert listed == {"incidents", "flags", "gps"}


def _asking(user):
    from django.test import RequestFactory

    request = RequestFactory().get("/console/")
    request.user = user
    return request


def test_a_suspended_admin_has_no_part_left(town):
    desk = Desk("Adel")
    other = Desk("Adel")
    trust.impose(
        desk.user.pk,
        "suspension",
        reason="Stolen laptop",
        actor=b.staff_of(other.user, "admin"),
        now=b.EVENING,
    )
    assert access.sections_of(User.objects.get(pk=desk.user.pk)) == frozenset()
    assert desk.get("board/").status_code in {302, 403}


def test_the_login_address_leads_to_the_shared_door(khidma, client):
    assert reverse("admin:login") == "/console/login/"
    assert client.get("/console/login/")["Location"].startswith("/sign-in/")


def test_both_languages_and_directions(town):
    english, arabic = Desk("Adel"), Desk("Adel", language="ar")
    assert 'dir="ltr"' in english.page("board/")
    assert 'lang="ar"' in arabic.page("board/") and 'dir="rtl"' in arabic.page("board/")


def test_the_palette_finds_only_what_the_role_opens(town):
    abeer, tariq = Desk("Abeer"), Desk("Tariq")
    assert f"#{town['task']}" in abeer.page("search/", s=f"#{town['task']}", extended="1")
    assert f"/console/tasks/{town['task']}/" not in tariq.page("search/", s=f"#{town['task']}", extended="1")
    assert "REP-2026" in tariq.page("search/", s="REP-", extended="1")
    assert "REP-2026" not in abeer.page("search/", s="REP-", extended="1")
    assert f"/console/people/{town['person']}/" in Desk("Adel").page("search/", s="sara", extended="1")
    assert f"/console/people/{town['person']}/" not in abeer.page("search/", s="sara", extended="1")
