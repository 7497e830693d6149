"""How a client pays: methods, another way when one fails, the bank's approval, and everything that was paid."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.flow import engine
from mahalla.kernel.payments import operations as payments
from mahalla.kernel.payments import provider, queries, sandbox
from mahalla.kernel.payments.models import Hold, PaymentMethod
from mahalla.kernel.payments.sandbox_cards import BEHAVIOURS, CARDS, tokenise, tokenise_wallet
from mahalla.kernel.work.models import Job
from mahalla.kit import spans
from mahalla.kit.errors import NotFound, Refused
from mahalla.kit.market import active
from mahalla.markets.khidma import debts
from mahalla.markets.khidma.pages.client.money import shown
from mahalla.markets.khidma.pages.client.objects import task_for, work_of
from mahalla.markets.khidma.pages.client.stage import stage_of
from mahalla.markets.khidma.pages.common import (
    answer,
    as_client,
    back_to,
    client_page,
    now_of,
    once,
    person,
    show_refusal,
)

EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/?\s*(?:20)?(\d\d)")


# --- methods --------------------------------------------------------------------------------------------------------


@client_page
@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    return render(request, "khidma/client/methods.html", {"methods": queries.methods_for(person(request).pk)})


class CardForm(forms.Form):
    """The sandbox's own form: test cards only. The number becomes a token at once and is kept nowhere."""

    aliases = {"token": "number"}
    number = forms.CharField(
        label=_("Card number"),
        max_length=23,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    expiry = forms.CharField(label=_("Expires"), max_length=7, help_text=_("Month and year, such as 08/30"))
    holder = forms.CharField(label=_("Name on the card"), max_length=120, required=False)

    def clean_expiry(self) -> str:
        found = EXPIRY.fullmatch(self.cleaned_data["expiry"].strip())
        if found is None:
            raise forms.ValidationError(_("Write month and year, such as 08/30."))
        return f"20{found[2]}-{found[1]}"

    def add(self, user_id: int, *, now: datetime) -> PaymentMethod:
        card = tokenise(self.cleaned_data["number"], expiry=self.cleaned_data["expiry"])
        return payments.add_method(
            user_id,
            kind=card.kind,
            token=card.token,
            brand=card.brand,
            last4=card.last4,
            expiry=card.expiry,
            holder=self.cleaned_data["holder"],
            now=now,
        )


class WalletForm(forms.Form):
    aliases = {"token": "phone"}
    phone = forms.CharField(
        label=_("The wallet's phone number"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )

    def add(self, user_id: int, *, now: datetime) -> PaymentMethod:
        wallet = tokenise_wallet(self.cleaned_data["phone"])
        return payments.add_method(
            user_id, kind=wallet.kind, token=wallet.token, brand=wallet.brand, last4=wallet.last4, now=now
        )


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def add_method(request: HttpRequest) -> HttpResponse:
    """A card or a wallet. Where a real provider is set, its own form stands here instead of ours."""
    kind = "wallet" if request.GET.get("kind") == "wallet" else "card"
    made: type[CardForm | WalletForm] = WalletForm if kind == "wallet" else CardForm
    form = made(request.POST if request.method == "POST" else None)
    own_form = provider.default_name() == "sandbox"
    if request.method == "POST" and own_form and form.is_valid():
        try:
            with once(request) as fresh:
                if fresh:
                    form.add(person(request).pk, now=now_of(request))
        except Refused as refusal:
            show_refusal(form, refusal, form.aliases)
        else:
            messages.success(request, _("Saved."))
            return back_to(request, reverse("methods"))
    tests = [(number, BEHAVIOURS[what]) for number, what in CARDS.items()][:6]
    context = {"kind": kind, "own_form": own_form, "tests": tests, "next": request.GET.get("next", "")}
    return answer(request, "khidma/client/method_new.html", form, **context)


class MethodForm(forms.Form):
    """What a person may change of a method (KH-PAY-02)."""

    label = forms.CharField(
        label=_("Name"), max_length=60, required=False, help_text=_("Such as: family card")
    )
    holder = forms.CharField(label=_("Name on the card"), max_length=120, required=False)
    expiry = forms.CharField(label=_("Expires"), max_length=7, required=False)

    def clean_expiry(self) -> str:
        text = self.cleaned_data["expiry"].strip()
        found = EXPIRY.fullmatch(text)
        if text and found is None:
            raise forms.ValidationError(_("Write month and year, such as 08/30."))
        return f"20{found[2]}-{found[1]}" if found else ""


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest, pk: int) -> HttpResponse:
    """One method: its name, default, and away with it."""
    user, now = person(request), now_of(request)
    found = queries.methods_for(user.pk).filter(pk=pk).first()
    if found is None:
        raise NotFound("method_not_found")
    expiry = f"{found.expiry[5:]}/{found.expiry[2:4]}" if found.expiry else ""
    initial = {"label": found.label, "holder": found.holder, "expiry": expiry}
    form = MethodForm(request.POST if request.method == "POST" else None, initial=initial)
    if found.kind != "card":
        del form.fields["holder"], form.fields["expiry"]
    if request.method == "POST" and form.is_valid():
        try:
            payments.edit_method(user.pk, pk, now=now, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("methods")
    return answer(request, "khidma/client/method.html", form, method=found)


@client_page
@require_POST
def make_default(request: HttpRequest, pk: int) -> HttpResponse:
    payments.set_default(person(request).pk, pk)
    return redirect("methods")


@client_page
@require_POST
def remove_method(request: HttpRequest, pk: int) -> HttpResponse:
    payments.remove_method(person(request).pk, pk, now=now_of(request))
    messages.success(request, _("Removed."))
    return redirect("methods")


# --- a task's payment -----------------------------------------------------------------------------------------------


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def another_way(request: HttpRequest, pk: int) -> HttpResponse:
    """Another card or wallet for agreed work, while its payment is not secured or can still be moved (KH-FLOW-09)."""
    task, now = task_for(person(request), pk), now_of(request)
    job = work_of(task)
    if request.method == "POST":
        chosen = request.POST.get("method", "")
        if not chosen.isdigit():
            messages.error(request, _("Choose how you will pay."))
            return redirect("task-pay", pk=pk)
        engine.apply(job, "change_method", actor=as_client(request), now=now, data={"method_id": int(chosen)})
        return redirect("task", pk=pk)
    usable = [m for m in queries.methods_for(person(request).pk) if m.kind != "cash"]
    context = {"task": task, "job": job, "s": stage_of(task, now=now), "methods": usable}
    return render(request, "khidma/client/pay.html", context)


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, ref: str) -> HttpResponse:
    """The sandbox bank's page for the cardholder: approve or refuse (3-D Secure). Only the payer finds it."""
    charge = sandbox.asked_approval(ref)
    hold = Hold.objects.filter(payer=person(request), action_url__contains=f"/{ref}/").first()
    if charge is None or hold is None:
        raise NotFound("nothing_to_approve", _("There is nothing to approve here any more."))
    job = Job.objects.filter(pk=hold.reference.partition(":")[2], client=person(request)).first()
    if request.method == "POST":
        sandbox.confirm(ref, request.POST.get("answer") == "yes", now_of(request))
        return redirect("task", pk=job.request_id) if job else redirect("payments")
    return render(request, "khidma/client/approve.html", {"charge": charge, "hold": hold, "job": job})


# --- everything that was paid ---------------------------------------------------------------------------------------


@client_page
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Holds, charges and refunds by month, each with its task and breakdown; what was spent on what (KH-PAY-09, -12)."""
    user, now = person(request), now_of(request)
    zone = spans.zone(active().timezone)
    today = now.astimezone(zone).date()
    month = _month(request.GET.get("month", ""))
    since = until = None
    if month is not None:
        following = (month + timedelta(days=32)).replace(day=1)
        since, until = spans.instant(month, 0, zone), spans.instant(following, 0, zone)
    rows = list(queries.history_for(user.pk, since=since, until=until)[:100])
    numbers = [r.reference.partition(":")[2] for r in rows if r.reference.startswith("job:")]
    jobs = Job.objects.filter(pk__in=numbers, client=user).select_related("request__category", "worker")
    by_reference = {job.reference: job for job in jobs}
    lines = [_line(hold, by_reference.get(hold.reference)) for hold in rows]
    spent: dict[Any, int] = {}
    for line in lines:
        paid = line["hold"].captured_minor - line["hold"].refunded_minor
        if paid and line["job"]:
            name = line["job"].request.category
            spent[name] = spent.get(name, 0) + paid
    context = {
        "lines": lines,
        "months": _months(today),
        "month": month,
        "spent": sorted(spent.items(), key=lambda pair: -pair[1]),
        "spent_minor": sum(spent.values()),
        "owed_minor": debts.debt_minor(user.pk),
        "methods": [m for m in queries.methods_for(user.pk) if m.kind != "cash"],
    }
    return render(request, "khidma/client/payments.html", context)


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def settle_debt(request: HttpRequest) -> HttpResponse:
    """Pay what is owed with a card or wallet (KH-PAY-19); pressing twice charges once. The form is on the payments page."""
    if request.method != "POST":
        return history(request)
    chosen, back = request.POST.get("method", ""), redirect("payments")
    if not chosen.isdigit():
        messages.error(request, _("Choose how you will pay."))
        return back
    try:
        debts.settle(person(request), method_id=int(chosen), now=now_of(request))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return back
    messages.success(
        request, _("Thank you. The payment is on its way; you can post as soon as it is through.")
    )
    return back


def _line(hold: Hold, job: Job | None) -> dict[str, Any]:
    tip = hold.kind == Hold.Kind.CHARGE and hold.reference.startswith("job:")
    return {
        "hold": hold,
        "job": job,
        "tip": tip,
        "price": shown(job.final or job.quote) if job and not tip else None,
        "tone": {"captured": "good", "failed": "bad", "expired": "bad", "action_required": "warn"}.get(
            hold.state, ""
        ),
        "refunds": sorted(hold.refunds.all(), key=lambda r: r.pk),
    }


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _months(today: date) -> list[date]:
    """This month and the five before it."""
    first = today.replace(day=1)
    found = [first]
    while len(found) < 6:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found
