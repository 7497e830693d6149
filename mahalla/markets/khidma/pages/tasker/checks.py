"""National ID, background check and own insurance: sending them, and what came of it (KH-TRUST-01, KH-TRUST-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.media.models import Asset
from mahalla.kernel.trust import kinds, operations
from mahalla.kernel.trust import queries as trust
from mahalla.kernel.trust.models import Verification
from mahalla.kit.errors import Invalid, NotFound
from mahalla.markets.khidma import supply
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    files,
    keep,
    now_of,
    person,
    posted,
    tasker_page,
    told,
)

PARTS = {
    "front": _lazy("The front of the card"),
    "back": _lazy("The back of the card"),
    "selfie": _lazy("Your face, with the card in your hand"),
    "certificate": _lazy("The certificate"),
    "policy": _lazy("The insurance policy"),
}
KINDS = (*supply.CHECKS, "insurance")
#: uploaded pictures wait here while another field is being mended: three photos on a bad line are sent once
WAITING = "check_documents"


@dataclass(frozen=True, slots=True)
class Card:
    """One check as its person sees it. ``state``: missing, pending, done, rejected or expired."""

    kind: kinds.Kind
    state: str
    latest: Verification | None
    needed: bool

    @property
    def may_send(self) -> bool:
        return self.state in {"missing", "rejected", "expired"}

    @property
    def may_contest(self) -> bool:
        return self.state == "rejected" and self.latest is not None and not self.latest.contested_at


def cards_of(request: HttpRequest) -> list[Card]:
    user, now = person(request), now_of(request)
    states = trust.checklist(user.pk, KINDS, now)
    return [
        Card(kinds.kind(code), states[code], trust.latest(user.pk, code), code in supply.CHECKS)
        for code in KINDS
    ]


@tasker_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "khidma/tasker/checks.html", {"cards": cards_of(request)})


class CheckForm(forms.Form):
    """Only what this kind of check asks for."""

    number = forms.CharField(
        label=_lazy("ID number"),
        max_length=20,
        help_text=_lazy("10 digits, as on your national ID or Iqama."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    expires_on = forms.DateField(
        label=_lazy("Valid until"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    consent = forms.BooleanField(
        label=_lazy("I agree that my criminal record is checked"),
        required=False,
        help_text=_lazy("Only our verification team sees it. You may take your consent back at any time."),
    )

    def __init__(self, kind: kinds.Kind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not kind.number:
            del self.fields["number"]
        if not kind.expires:
            del self.fields["expires_on"]
        if not kind.consent:
            del self.fields["consent"]


@sensitive_post_parameters("number")
@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, code: str) -> HttpResponse:
    """One check, one page; what was uploaded stays while the rest is mended."""
    if code not in KINDS:
        raise NotFound
    card = next(card for card in cards_of(request) if card.kind.code == code)
    if not card.may_send:
        return redirect("work-checks")
    form = CheckForm(card.kind, posted(request))
    faults: dict[str, Any] = {}
    if request.method == "POST":
        faults = _take(request, card.kind)
        form.is_valid()
        if not faults and form.is_valid():
            with attempt(request, form, {"documents": "__all__"}) as fresh:
                if fresh:
                    _submit(request, card.kind, form.cleaned_data)
            if form.is_valid():
                _waiting(request).pop(code, None)
                request.session.modified = True
                return redirect("work-checks")
        elif faults:
            form.add_error(None, _("Please add what is missing."))
    have = _waiting(request).get(code, {})
    parts = [(part, PARTS.get(part, part), part in have, faults.get(part, "")) for part in card.kind.parts]
    return answer(request, "khidma/tasker/check.html", form, card=card, parts=parts)


def _waiting(request: HttpRequest) -> dict[str, dict[str, int]]:
    kept: dict[str, dict[str, int]] = request.session.setdefault(WAITING, {})
    return kept


def _take(request: HttpRequest, kind: kinds.Kind) -> dict[str, Any]:
    """Keep each picture that came; a sentence for each that is missing or cannot be read."""
    faults: dict[str, Any] = {}
    have = _waiting(request).setdefault(kind.code, {})
    own = set(
        Asset.objects.filter(owner=person(request), removed_at=None, pk__in=have.values()).values_list(
            "pk", flat=True
        )
    )
    for part in kind.parts:
        found = files(request, part)
        try:
            if found:
                have[part] = keep(request, found[0], "document", field=part).pk
            elif have.get(part) not in own:
                have.pop(part, None)
                faults[part] = _("Take this picture.")
        except Invalid as refusal:
            faults[part] = refusal.message
    request.session.modified = True
    return faults


def _submit(request: HttpRequest, kind: kinds.Kind, data: dict[str, Any]) -> None:
    expires: date | None = data.get("expires_on")
    operations.submit(
        person(request).pk,
        kind.code,
        actor=as_tasker(request),
        now=now_of(request),
        number=data.get("number", ""),
        documents=_waiting(request).get(kind.code, {}),
        consent=bool(data.get("consent")),
        expires_on=expires,
    )


@tasker_page
@require_POST
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once for another look at a rejection (KH-TRUST-02)."""
    check = Verification.objects.filter(user=person(request), pk=pk).first()
    if check is None:
        raise NotFound
    with told(request, _("Thank you. Somebody else looks at it again.")) as fresh:
        if fresh:
            text = request.POST.get("text", "").strip()
            if not text:
                raise Invalid({"text": _("Tell us why the decision is wrong.")})
            operations.contest(check, text=text, actor=as_tasker(request), now=now_of(request))
    return back(request, "work-checks")
