"""What is insured: told before posting and before accepting, kept by the agreement, read in a dispute."""

from __future__ import annotations

import pytest

from mahalla.kernel import policy
from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog.operations import edit_category
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.work.models import Offer
from mahalla.kit.actors import SYSTEM
from mahalla.markets.khidma import insurance, ranking, wizard
from tests.api.app import App
from tests.khidma import builders as b
from tests.khidma import client_town as town
from tests.khidma.ops_town import Desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]
SHELF = {"items": 5, "floor": 2, "elevator": False, "parking": "none"}


def text_of(user, path: str) -> str:
    answer = town.browser(user).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode().replace("\xa0", " ")


@pytest.mark.spec("KH-TRUST-06")
def test_a_high_risk_task_outside_the_list_says_so_before_posting_and_before_accepting():
    town.go_to(b.EVENING)
    wires = b.category("electrical", risk_class="high")
    lina, sara = b.client("Lina"), b.tasker("Sara", category_=wires)
    draft = b.draft(lina, category=wires, data={"done": list(wizard_steps())})
    page = text_of(lina, f"/tasks/new/{draft.pk}/preview/")
    assert "Not insured: excluded" in page
    assert "is not on the list of insured work" in page
    told = App(lina).post(f"/tasks/{draft.pk}/previews")["insurance"]
    assert (told["status"], told["reasons"], told["damage_minor"]) == ("excluded", ["high_risk"], 0)
    engine.apply(draft, "post", actor=b.client_of(lina), now=b.EVENING)
    engine.apply(
        b.fresh(draft), "select", actor=b.client_of(lina), now=b.EVENING, data={"worker_id": sara.pk}
    )
    offer = Offer.objects.get()
    assert "Not insured: excluded" in text_of(sara, f"/offers/{offer.pk}/")
    assert App(sara).get(f"/offers/{offer.pk}")["insurance"]["status"] == "excluded"


def test_eligible_work_is_covered_up_to_the_limits_with_the_exclusions_beside_them():
    town.go_to(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    draft = b.draft(lina, data={"done": list(wizard_steps())})
    for page in (
        text_of(lina, f"/tasks/new/{draft.pk}/preview/"),
        text_of(sara, f"/offers/{b.offered(lina, sara).pk}/"),
    ):
        for words in ("Insured", "10,000.00", "5,000.00", "Cash and jewellery", "Damage that was there before",
                      "Heavy lifting that was not declared", "without a certificate"):  # fmt: skip
            assert words in page, words


def test_the_cover_is_frozen_at_acceptance():
    """Later limits, another list and another risk class change nothing of agreed work."""
    lina, sara, outsider = b.client("Lina"), b.tasker("Sara"), b.client("Rami")
    job = b.accepted(lina, sara)
    before = job.terms["insurance"]
    assert (before["status"], before["version"]) == ("standard", insurance.VERSION)
    assert (before["liability_minor"], before["damage_minor"]) == (10_000_00, 5_000_00)
    policy.set_value("insurance_damage_limit", 1_00, valid_from=b.EVENING, actor=SYSTEM, now=b.EVENING)
    edit_category(job.request.category, actor=SYSTEM, now=b.EVENING, risk_class="high")
    town.go_to(b.EVENING)
    assert App(lina).get(f"/tasks/{job.request_id}")["job"]["insurance"] == before
    assert "5,000.00" in text_of(lina, f"/tasks/{job.request_id}/")
    assert "5,000.00" in text_of(sara, f"/jobs/{job.pk}/")
    App(outsider).refused(404, "task_not_found", "GET", f"/tasks/{job.request_id}")


@pytest.mark.parametrize(
    ("risk", "flags", "details", "reasons"),
    [
        ("low", {}, {}, []),
        ("medium", {}, {"heavy_lifting": True}, []),
        ("high", {}, {}, ["high_risk"]),
        ("high", {"insured": True}, {}, []),
        ("low", {"insured": False}, {}, ["not_insured"]),
        ("low", {}, {"gas_mains": True}, ["gas_mains"]),
        ("high", {"insured": True, "certified": True}, {"gas_mains": True}, []),
        ("high", {}, {"gas_mains": True}, ["high_risk", "gas_mains"]),
    ],
)
def test_eligibility_follows_from_risk_class_list_and_inputs(risk, flags, details, reasons):
    kind = b.category("anything", risk_class=risk, flags=flags)
    cover = insurance.cover_of(kind, details, now=b.EVENING)
    assert cover["reasons"] == reasons
    assert cover["status"] == ("excluded" if reasons else "standard")


def test_an_extended_cover_doubles_the_limits_and_an_excluded_task_has_none_to_double():
    plain, wires = b.category("plain"), b.category("wires", risk_class="high")
    assert insurance.cover_of(plain, {}, now=b.EVENING, extended=True)["damage_minor"] == 10_000_00
    assert insurance.cover_of(wires, {}, now=b.EVENING, extended=True)["damage_minor"] == 0


@pytest.mark.spec("KH-CAT-04")
def test_heavy_lifting_reaches_the_price_the_ranking_the_insurance_and_the_dispute():
    """The same stored input, with the version of the category at acceptance, for all four."""
    town.go_to(b.EVENING)
    lina = b.client("Lina")
    strong, slight = b.tasker("Sara", skills=("heavy_lifting",)), b.tasker("Huda")
    light = b.draft(lina, details=SHELF)
    heavy = b.draft(lina, details={**SHELF, "heavy_lifting": True})
    assert (light.quote["high_minor"], heavy.quote["high_minor"]) == (
        13283,
        14490,
    )  # 3.3 h and 3.6 h at 35.00, fee 15 %
    assert wizard.preview(heavy, now=b.EVENING)["insurance"]["status"] == "standard"
    assert "undeclared_lifting" not in heavy.quote["insurance"]["exclusions"]
    for draft in (light, heavy):
        engine.apply(draft, "post", actor=b.client_of(lina), now=b.EVENING)
    assert set(ranking.pool(b.fresh(light), now=b.EVENING).ids) == {strong.pk, slight.pk}
    assert set(ranking.pool(b.fresh(heavy), now=b.EVENING).ids) == {strong.pk}

    job = b.completed(lina, strong, start=b.at(2, "14:00"), details={**SHELF, "heavy_lifting": True})
    edit_category(job.request.category, actor=SYSTEM, now=b.at(2, "17:10"), inputs=[])
    b.step(
        job, "dispute", b.client_of(lina), b.at(2, "18:00"), kind="damage", amount_minor=3000, text="A dent"
    )
    run_until(b.at(2, "18:00"), start=b.at(2, "17:00"))
    job = b.fresh(job)
    assert job.terms["insurance"]["status"] == "standard"
    assert job.terms["details"]["heavy_lifting"] is True
    case = Case.objects.get(job_id=job.pk)
    page = Desk("Noor", b.at(2, "18:05")).page(f"disputes/{case.pk}/").replace("\xa0", " ")
    panel = page[page.index("<dt>Heavy</dt><dd>yes</dd>") :]
    assert "Insured" in panel
    assert "damage <bdi>SAR 5,000.00</bdi>" in panel
    assert f"(v{job.terms['category_version']})" in page


def wizard_steps() -> tuple[str, ...]:
    return ("category", "details", "photos", "address", "window", "choice", "payment")
