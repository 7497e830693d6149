"""Where the money goes and when it comes (KH-PAY-14..16)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from mahalla.kernel.payments import queries as payments
from mahalla.kernel.payments.models import Payout, PayoutMethod
from mahalla.kernel.work.models import Job
from mahalla.kit.market import active
from mahalla.markets.khidma import onboarding
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker import words
from mahalla.markets.khidma.pages.tasker.door import as_tasker, attempt, now_of, person, posted, tasker_page

TONES = {"pending": "info", "held": "warn", "processing": "accent", "completed": "good", "failed": "bad"}
ORDER = ("pending", "held", "processing", "failed", "completed")


@tasker_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every payout with its task, date and state, and sums that add up to the rows (KH-PAY-16)."""
    user = person(request)
    found = payments.payouts_for(user.pk)
    ids = [int(r.reference.split(":")[1]) for r in found.rows if r.reference.startswith("job:")]
    jobs = Job.objects.filter(pk__in=ids, worker=user).select_related("request__category").in_bulk()
    rows = [_row(payout, jobs) for payout in reversed(found.rows)]
    sums = [
        (Payout.State(state).label, found.by_state[state]) for state in ORDER if found.by_state.get(state)
    ]
    context = {
        "method": payments.payout_method_of(user.pk),
        "rows": rows,
        "sums": sums,
        "open_minor": found.open_minor,
        "debt_minor": payments.cash_debt_minor(user.pk),
        "now": now_of(request),
    }
    return render(request, "khidma/tasker/payouts.html", context)


def _row(payout: Payout, jobs: dict[int, Job]) -> dict[str, Any]:
    _noun, _sep, pk = payout.reference.partition(":")
    job = jobs.get(int(pk)) if pk.isdecimal() else None
    return {
        "payout": payout,
        "job": job,
        "tone": TONES.get(payout.state, ""),
        "reason": words.PAYOUT_REASONS.get(payout.reason, payout.reason),
        "method": payout.batch.method if payout.batch else None,
    }


class MethodForm(forms.Form):
    kind = forms.ChoiceField(
        label=_lazy("Where to?"), choices=PayoutMethod.Kind.choices, widget=forms.RadioSelect, initial="bank"
    )
    account = forms.CharField(
        label=_lazy("IBAN, or the wallet's phone number"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr", "autocapitalize": "characters"}),
        help_text=_lazy("An IBAN begins with SA and has 24 characters; a phone number begins with +966."),
    )
    holder = forms.CharField(
        label=_lazy("Name on the account"),
        max_length=120,
        help_text=_lazy("It must be your own."),
    )


@sensitive_post_parameters("account")
@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest) -> HttpResponse:
    """A change holds payouts for a day, so that a thief's change waits."""
    user = person(request)
    current = payments.payout_method_of(user.pk)
    initial = {
        "holder": current.holder if current else user.name,
        "kind": current.kind if current else "bank",
    }
    form = MethodForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                onboarding.set_payout_method(
                    user, **form.cleaned_data, actor=as_tasker(request), now=now_of(request)
                )
        if form.is_valid():
            messages.success(request, _("Saved. Your payouts go there."))
            return redirect("work-payouts")
    context = {"current": current, "currency": active().currency}
    return answer(request, "khidma/tasker/payout_method.html", form, **context)
