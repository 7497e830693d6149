"""After the work: confirming is one button; here are the review, the tip, the dispute and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import ReviewTag
from mahalla.kernel.flow import engine
from mahalla.kernel.media import operations as media
from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import Refund
from mahalla.kernel.reviews.models import Invitation
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import Invalid, Refused
from mahalla.kit.market import active
from mahalla.kit.text import pick
from mahalla.markets.khidma import billing, money, receipts
from mahalla.markets.khidma.pages.client.money import minor_of, shown
from mahalla.markets.khidma.pages.client.objects import task_for, work_of
from mahalla.markets.khidma.pages.client.stage import stage_of
from mahalla.markets.khidma.pages.common import (
    answer,
    as_client,
    client_page,
    now_of,
    once,
    person,
    show_refusal,
)
from mahalla.markets.khidma.visibility import first_name
from mahalla.web.units import minutes as minutes_text

EVIDENCE_MAX = 10


def _context(task: Request, job: Job) -> dict[str, Any]:
    return {"task": task, "job": job, "worker_name": first_name(job.worker)}


def _open_now(job: Job, event: str, request: HttpRequest) -> None:
    """No form for what the flow does not take: before the end there is nothing to review and nobody to tip."""
    if event not in {action.event for action in engine.actions(job, as_client(request))}:
        raise Refused("not_open_now", _("That opens when the work is done."))


# --- the review -----------------------------------------------------------------------------------------------------


class ReviewForm(forms.Form):
    """Stars, a few words to tap, a text, and a word for our eyes only (KH-REV-01..03)."""

    stars = forms.ChoiceField(
        label=_("How was it?"), choices=[(str(n), str(n)) for n in range(1, 6)], widget=forms.RadioSelect
    )
    tags = forms.MultipleChoiceField(
        label=_("What stood out?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(
        label=_("Your review"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    private_feedback = forms.CharField(
        label=_("Only for us"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The Tasker never sees this, and it does not change the rating."),
    )

    def __init__(self, *args: Any, job: Job, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        invited = Invitation.objects.filter(job_id=job.pk, side="of_worker").first()
        rows = ReviewTag.objects.filter(code__in=invited.tags if invited else [], enabled=True)
        self.fields["tags"].choices = [(tag.code, pick(tag.names)) for tag in rows]  # type: ignore[attr-defined]


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_for(person(request), pk)
    job = work_of(task)
    _open_now(job, "review", request)
    form = ReviewForm(request.POST if request.method == "POST" else None, job=job)
    if request.method == "POST" and form.is_valid():
        data = {**form.cleaned_data, "stars": int(form.cleaned_data["stars"]), "device": _device(request)}
        try:
            engine.apply(job, "review", actor=as_client(request), now=now_of(request), data=data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Thank you. Your review is online."))
            return redirect("task", pk=pk)
    return answer(request, "khidma/client/review.html", form, **_context(task, job))


def _device(request: HttpRequest) -> str:
    return str(request.session.get("device", ""))


# --- the tip --------------------------------------------------------------------------------------------------------


class TipForm(forms.Form):
    """A suggestion to tap, or another amount; all of it goes to the Tasker (KH-PRICE-14)."""

    choice = forms.ChoiceField(label=_("Tip"), required=False, widget=forms.RadioSelect)
    amount = forms.CharField(label=_("Another amount"), required=False, max_length=12)

    def __init__(self, *args: Any, job: Job, pcts: list[int], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from mahalla.web.templatetags.mahalla import money as money_text

        self.currency = currency
        base = billing.worker_amount_minor(job)
        # whole riyals: nobody tips in halalas
        amounts = list(dict.fromkeys(max(100, round(base * pct / 10_000) * 100) for pct in pcts))
        self.fields["choice"].choices = [(str(minor), money_text(minor)) for minor in amounts]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        typed = (data.get("amount") or "").strip()
        try:
            data["minor"] = minor_of(typed, self.currency) if typed else int(data.get("choice") or 0)
        except Invalid as refusal:
            self.add_error("amount", str(refusal))
            return data
        if not data["minor"] and not self.errors:
            self.add_error("choice", _("Choose an amount."))
        return data


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def tip(request: HttpRequest, pk: int) -> HttpResponse:
    task, now = task_for(person(request), pk), now_of(request)
    job = work_of(task)
    _open_now(job, "tip", request)
    form = TipForm(
        request.POST if request.method == "POST" else None,
        job=job,
        pcts=[int(p) for p in policy.get("tip_suggestions", now=now)],
        currency=job.terms["currency"],
    )
    if request.method == "POST" and form.is_valid():
        try:
            with once(request) as fresh:
                if fresh:
                    data = {"amount_minor": form.cleaned_data["minor"]}
                    engine.apply(job, "tip", actor=as_client(request), now=now, data=data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Thank you. All of it goes to %(name)s.") % {"name": first_name(job.worker)}
            )
            return redirect("task", pk=pk)
    return answer(request, "khidma/client/tip.html", form, **_context(task, job))


# --- the dispute ----------------------------------------------------------------------------------------------------

KINDS: Mapping[str, Any] = {
    "hours": _("The hours are too many"),
    "partial": _("Not finished"),
    "not_as_expected": _("Not as agreed"),
    "damage": _("Something was damaged"),
    "no_show": _("The Tasker did not come"),
    "cancellation_fee": _("The cancellation fee"),
}


class DisputeForm(forms.Form):
    """What is wrong, how much of the charge that is, in words and with photos (KH-CASE-01)."""

    aliases = {"claimed": "amount", "evidence": "photos"}
    kind = forms.ChoiceField(label=_("What is wrong?"), widget=forms.RadioSelect)
    minutes = forms.TypedChoiceField(
        label=_("How long did it take, by your count?"), required=False, coerce=int, empty_value=None
    )
    amount = forms.CharField(
        label=_("How much of it do you dispute?"),
        required=False,
        max_length=12,
        help_text=_("Leave it empty to dispute the whole charge."),
    )
    text = forms.CharField(
        label=_("What happened?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args: Any, job: Job, now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job = job
        self.fields["kind"].choices = [(k, KINDS[k]) for k in open_kinds(job, now=now)]  # type: ignore[attr-defined]
        billed = int(job.data.get("billed_min") or 0)
        hours = [(m, minutes_text(m)) for m in range(billed - 15, 0, -15)]
        self.fields["minutes"].choices = [("", _("Choose")), *hours]  # type: ignore[attr-defined]

    def claim(self) -> dict[str, Any]:
        """What ``billing.claim`` takes. Raises ``Invalid`` for an amount that is none."""
        data = self.cleaned_data
        amount = (data.get("amount") or "").strip()
        out: dict[str, Any] = {"kind": data.get("kind"), "text": data.get("text", "")}
        if data.get("kind") == "hours":
            return out | {"minutes": data.get("minutes") or 0}
        return out | {"amount_minor": minor_of(amount, self.job.terms["currency"]) if amount else None}


def open_kinds(job: Job, *, now: Any) -> list[str]:
    """The kinds that can still be disputed for this work."""
    hourly = job.terms.get("pricing_model") == "hourly"
    if not job.final:
        return []
    found = []
    for kind in KINDS:
        charged_fee = job.state in {"cancelled_client", "cancelled_tasker"}
        if (kind == "hours" and not hourly) or (kind == "cancellation_fee") != charged_fee:
            continue
        if kind == "no_show" and job.arrived_at is not None:
            continue
        try:
            billing.dispute_in_time(job, kind, now=now, policy=lambda name: policy.get(name, now=now))
        except Refused:
            continue
        found.append(kind)
    return found


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    task, now = task_for(person(request), pk), now_of(request)
    job = work_of(task)
    job.request = task
    if job.state == "disputed":
        case = money.dispute_of(job)
        return redirect("case", pk=case.pk) if case else redirect("task", pk=pk)
    form = DisputeForm(request.POST if request.method == "POST" else None, job=job, now=now)
    if not open_kinds(job, now=now):
        raise Refused(
            "dispute_too_late", _("The time to dispute this is over. Write to support if it is serious.")
        )
    if request.method == "POST" and form.is_valid():
        try:
            data = form.claim()
            billing.claim(job, data)  # nothing is uploaded for a claim that cannot stand
            with once(request) as fresh:
                if fresh:
                    data["assets"] = stored(request, "photos", "dispute")
                    engine.apply(job, "dispute", actor=as_client(request), now=now, data=data)
        except Refused as refusal:
            show_refusal(form, refusal, form.aliases)
        else:
            case = money.dispute_of(job)
            return redirect("case", pk=case.pk) if case else redirect("task", pk=pk)
    context = _context(task, job) | {"price": shown(job.final), "claimed": _claimed(form)}
    return answer(request, "khidma/client/dispute.html", form, **context)


def _claimed(form: DisputeForm) -> int | None:
    """What the present answers come to; None while they say nothing yet."""
    if not form.is_bound:
        return None
    form.is_valid()
    try:
        return billing.claim(form.job, form.claim() | {"text": "…"}).claimed_minor
    except (Refused, AttributeError):
        return None


@client_page
@require_POST
def dispute_amount(request: HttpRequest, pk: int) -> HttpResponse:
    """The disputed amount while somebody answers: 2 hours of 2.5 makes 18.00 of 96.00."""
    job = work_of(task_for(person(request), pk))
    form = DisputeForm(request.POST, job=job, now=now_of(request))
    context = {"claimed": _claimed(form), "price": shown(job.final)}
    return render(request, "khidma/client/_claimed.html", context)


@client_page
@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    """A numbered document as PDF, in the language asked for or the reader's (KH-PAY-10)."""
    found = receipts.receipt_for(person(request), number)
    wanted = request.GET.get("language", "")
    codes = [code for code, _name in active().languages]
    language = wanted if wanted in codes else get_language() or codes[0]
    made = HttpResponse(receipts.pdf(found, language=language), content_type="application/pdf")
    made["Content-Disposition"] = f'inline; filename="{receipts.number_of(found)}.pdf"'
    return made


def stored(request: HttpRequest, field: str, purpose: str) -> list[int]:
    """The uploaded files as assets of the sender."""
    files = request.FILES.getlist(field)
    if len(files) > EVIDENCE_MAX:
        raise Invalid({field: _("Send at most %(count)d photos at once.") % {"count": EVIDENCE_MAX}})
    now = now_of(request)
    return [
        media.store(file, owner=person(request), purpose=purpose, now=now, field=field).pk for file in files
    ]


# --- the receipt ----------------------------------------------------------------------------------------------------


@client_page
@require_safe
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """What was paid, with its parts, tips and refunds (KH-PAY-09)."""
    task, now = task_for(person(request), pk), now_of(request)
    stage = stage_of(task, now=now)
    job = work_of(task)
    if not job.final:
        raise Refused("nothing_charged", _("Nothing was charged for this task."))
    hold = stage.hold
    refunds = list(Refund.objects.filter(hold=hold).order_by("pk")) if hold else []
    context = _context(task, job) | {
        "s": stage,
        "hold": hold,
        "cash": payments.cash_of(job.reference) if money.is_cash(job) else None,
        "refunds": refunds,
        "refunded_minor": sum(r.amount_minor for r in refunds if r.state != "failed"),
        "tips": job.data.get("tips", []),
        "documents": [(receipts.number_of(row), row) for row in job.receipts.order_by("number")],
    }
    return render(request, "khidma/client/receipt.html", context)
