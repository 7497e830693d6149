"""The same figures wherever a client meets them: before, at the choice, after the work, on paper and in the books."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mahalla.kernel.cases import operations as cases
from mahalla.kernel.cases.models import Case
from mahalla.kernel.catalog.operations import save_review_tag
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.worker import run_until
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.payments.sandbox_cards import tokenise_wallet
from mahalla.kernel.reviews import operations as reviews
from mahalla.kernel.reviews import queries as given
from mahalla.kernel.reviews import reputation
from mahalla.kernel.reviews.models import Review
from mahalla.kernel.trust.models import Sanction
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit.errors import Invalid
from mahalla.markets.khidma import ranking, steps, wizard
from mahalla.markets.khidma.models import Receipt
from tests.khidma import builders as b
from tests.khidma import client_town as town
from tests.khidma.test_history import work
from tests.khidma.test_match_order import praised

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("khidma")]
FEBRUARY = datetime(2026, 2, 20, 17, 0, tzinfo=UTC)
DONE = {"done": ["category", "details", "photos", "address", "window", "choice", "payment"]}


def page_of(user, path: str) -> str:
    answer = town.browser(user).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode().replace("\xa0", " ").replace("<bdi>", "").replace("</bdi>", "")


def stand_in(page: str, *figures: str) -> None:
    for figure in figures:
        assert figure in page, figure


@pytest.mark.spec("KH-PRICE-09")
def test_the_breakdown_is_the_same_at_preview_choice_confirmation_receipt_and_in_the_ledger():
    town.go_to(b.EVENING)
    lina, sara = b.client("Lina"), b.tasker("Sara")
    draft = b.draft(lina, data=DONE)
    preview = page_of(lina, f"/tasks/new/{draft.pk}/preview/")
    stand_in(preview, "3 hr 18 min", "25.00", "35.00", "Service fee", "20%", "99.00", "138.60")
    task = engine.apply(draft, "post", actor=b.client_of(lina), now=b.EVENING)
    choice = page_of(lina, f"/taskers/{sara.pk}/?task={task.pk}")
    stand_in(choice, "3 hr 18 min × SAR 30.00", "99.00", "Travel", "5.00", "Service fee", "20.80", "124.80")

    b.step(task, "select", b.client_of(lina), b.EVENING, worker_id=sara.pk)
    b.step(Offer.objects.get(), "accept", b.tasker_of(sara), b.EVENING, start_at=b.at(2, "14:30"))
    job, here = Job.objects.get(), {"lat": b.HOME[0], "lng": b.HOME[1]}
    for event, at in (("arrive", "14:28"), ("start_timer", "14:30"), ("submit", "17:00")):
        job = b.step(job, event, b.tasker_of(sara), town.go_to(b.at(2, at)), **here)
    confirmation = page_of(lina, f"/tasks/{job.request_id}/")
    receipt = page_of(lina, f"/tasks/{job.request_id}/receipt/")
    for page in (confirmation, receipt):
        stand_in(page, "2 hr 30 min × SAR 30.00", "75.00", "Travel", "5.00", "Service fee", "16.00", "96.00")
    assert 7500 + 500 + 1600 == 9600

    b.step(job, "confirm", b.client_of(lina), b.at(2, "17:30"))
    assert Hold.objects.get(reference=job.reference).captured_minor == 9600
    assert ledger.balance(f"payable/user:{sara.pk}").credit_minor == 7500 + 500
    assert ledger.balance("revenue/fees").credit_minor == 1600
    kept = Receipt.objects.get()
    amounts = {line["kind"]: line["amount_minor"] for line in kept.lines}
    assert (amounts["labour"], amounts["travel"], amounts["service_fee"]) == (7500, 500, 1600)
    assert kept.total_minor == 9600
    stand_in(page_of(lina, f"/tasks/{job.request_id}/receipt/"), "75.00", "5.00", "16.00", "96.00")


@pytest.mark.spec("KH-PAY-01")
def test_the_wizard_offers_card_wallet_and_cash_and_a_partner_task_only_what_it_allows():
    town.go_to(b.EVENING)
    lina = b.client("Lina")
    wallet = tokenise_wallet("+966501112233")
    method = payments.add_method(
        lina.pk, kind=wallet.kind, token=wallet.token, brand=wallet.brand, last4=wallet.last4, now=b.EVENING
    )
    draft = b.draft(lina, data=DONE)
    page = page_of(lina, f"/tasks/new/{draft.pk}/payment/")
    stand_in(page, "·· 4242", f"·· {wallet.last4}", "Cash")
    actor = b.client_of(lina)
    assert (
        wizard.save_step(draft, "payment", {"method_id": method.pk}, actor=actor, now=b.EVENING).method_kind
        == "wallet"
    )

    steps.mark(draft, method_kinds=["card"])
    draft.save(update_fields=["data"])
    page = page_of(lina, f"/tasks/new/{draft.pk}/payment/")
    assert "·· 4242" in page
    assert f"·· {wallet.last4}" not in page
    assert 'value="cash"' not in page
    with pytest.raises(Invalid) as refused:
        wizard.save_step(draft, "payment", {"method_id": method.pk}, actor=actor, now=b.EVENING)
    assert "cannot be paid like that" in str(refused.value.fields["method_id"])
    card = lina.payment_methods.get(kind="card")
    kept = wizard.save_step(draft, "payment", {"method_id": card.pk}, actor=actor, now=b.EVENING)
    assert (kept.method_kind, kept.data["method_kinds"]) == ("card", ["card"])


def test_agreed_work_keeps_to_the_ways_to_pay_that_its_task_allows():
    lina, sara = b.client("Lina"), b.tasker("Sara")
    wallet = tokenise_wallet("+966501112233")
    method = payments.add_method(
        lina.pk, kind=wallet.kind, token=wallet.token, brand=wallet.brand, last4=wallet.last4, now=b.EVENING
    )
    job = b.confirmed(lina, sara, data={"method_kinds": ["card"]})
    with pytest.raises(Invalid):
        b.step(job, "change_method", b.client_of(lina), b.EVENING, method_id=method.pk)
    assert Request.objects.get(pk=job.request_id).method_kind == "card"


@pytest.mark.spec("KH-PAY-09")
def test_holds_captures_and_a_refund_are_listed_and_filter_by_month():
    lina, rami, sara = (
        b.client("Lina", now=FEBRUARY),
        b.client("Rami", now=FEBRUARY),
        b.tasker("Sara", now=FEBRUARY),
    )
    agent = b.staff_of(b.person("Noor", "support_agent"), "support_agent")
    old = work(lina, sara, 24, month=2)
    t = b.at(24, "18:00", month=2)
    b.step(old, "confirm", b.client_of(lina), t)
    disputed = work(lina, sara, 2)
    t = b.at(2, "18:00")
    b.step(disputed, "dispute", b.client_of(lina), t, kind="hours", minutes=120, text="Two hours")
    cases.take(Case.objects.get(), actor=agent, now=t)
    cases.decide(Case.objects.get(), refund_minor=1800, reason="The timer", actor=agent, now=t)
    run_until(b.at(2, "19:00"), start=t)
    window = {"window_start": b.at(4, "14:00"), "window_end": b.at(4, "18:00")}
    town.go_to(b.at(2, "20:00"))
    held = b.confirmed(lina, sara, now=b.at(2, "20:00"), start=b.at(4, "14:00"), **window)

    page = page_of(lina, "/payments/")
    rows = page.split('<details class="kh-payment">')[1:]
    assert len(rows) == 3
    for row, job in zip(rows, (held, disputed, old), strict=True):
        stand_in(row, "Cleaning", "Visa ·· 4242", f"/tasks/{job.request_id}/")
    stand_in(rows[0], "149.76", "Held: SAR 149.76")
    stand_in(rows[1], "96.00", "75.00", "5.00", "16.00", "Refund SAR 18.00", "Completed")
    stand_in(rows[2], "96.00", "Freed: SAR 53.76", "Charged")
    assert "Refund" not in rows[2]

    february = page_of(lina, "/payments/?month=2026-02").split('<details class="kh-payment">')[1:]
    march = page_of(lina, "/payments/?month=2026-03").split('<details class="kh-payment">')[1:]
    assert (len(february), len(march)) == (1, 2)
    assert f"/tasks/{old.request_id}/" in february[0]
    assert "kh-payment" not in page_of(rami, "/payments/")


@pytest.mark.spec("KH-REV-09")
def test_a_past_task_shows_the_stars_tags_text_and_reply_of_its_review():
    lina, sara = b.client("Lina"), b.tasker("Sara")
    save_review_tag(code="punctual", names={"en": "Punctual", "ar": "ملتزم"})
    job = b.completed(lina, sara)
    b.step(job, "confirm", b.client_of(lina), b.at(2, "17:30"))
    b.step(
        b.fresh(job), "review", b.client_of(lina), b.at(2, "18:00"),
        stars=4, tags=["punctual"], text="Very careful",
    )  # fmt: skip
    reviews.reply(Review.objects.get(), author=sara, text="Thank you, Lina", now=b.at(2, "19:00"))
    town.go_to(b.at(3, "09:00"))
    row = page_of(lina, "/tasks/past/")
    row = row[row.index("kh-said") :]
    stand_in(row, "</svg>4</span>", "Punctual", "Very careful", "Thank you, Lina")
    assert "Very careful" not in page_of(b.client("Rami"), "/tasks/past/")


@pytest.mark.spec("KH-REV-10")
def test_a_reputation_of_3_9_on_6_reviews_applies_the_factor_without_a_staff_action():
    sara, fine = b.tasker("Sara"), b.tasker("Huda")
    praised(sara, 4, 4, 4, 4, 3, 3)  # (40 + 22) / 16
    praised(fine, 4, 4, 4, 4, 4, 4)
    found = reputation.reputation_of([sara.pk], now=b.EVENING)[sara.pk]
    assert (round(found.value, 1), found.count) == (3.9, 6)
    ranked = ranking.rank(ranking.pool(b.posted(b.client()), now=b.EVENING))
    low, usual = ranked.explain(sara.pk), ranked.explain(fine.pk)
    assert (low.reasons, usual.reasons) == (("low_rating",), ())
    assert low.score == pytest.approx(low.base * 0.70)
    assert not Sanction.objects.exists()
    assert given.rating_of(sara.pk, now=b.EVENING).count == 6
