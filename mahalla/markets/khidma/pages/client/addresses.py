"""The saved addresses (KH-PROFILE-03)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.places import operations, queries
from mahalla.kit.errors import Invalid, Refused
from mahalla.markets.khidma.pages.client.address_forms import AddressForm
from mahalla.markets.khidma.pages.common import (
    answer,
    back_to,
    client_page,
    now_of,
    once,
    person,
    show_refusal,
)

#: a missing point is the district's matter: that is what a person can choose without a map
ALIASES = {"lat": "district", "lng": "district"}


@client_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(
        request, "khidma/client/addresses.html", {"addresses": queries.addresses_for(person(request))}
    )


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with once(request) as fresh:
                if fresh:
                    operations.add(person(request), now=now_of(request), **form.address_fields())
        except Refused as refusal:
            show_refusal(form, _once_said(refusal), ALIASES)
        else:
            return back_to(request, reverse("addresses"))
    return answer(request, "khidma/client/address.html", form, next=request.GET.get("next", ""))


def _once_said(refusal: Refused) -> Refused:
    """A missing point is two missing numbers; one sentence is enough."""
    if isinstance(refusal, Invalid) and "lng" in refusal.fields and "lat" in refusal.fields:
        fields = {name: said for name, said in refusal.fields.items() if name != "lng"}
        return Invalid(
            fields | {"lat": _("Choose your district, or set the point on the map.")}, code=refusal.code
        )
    return refusal


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; posted tasks keep the address as it was."""
    address = queries.address_for(person(request), pk)
    form = AddressForm(
        request.POST if request.method == "POST" else None, initial=AddressForm.initial_of(address)
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit(address, now=now_of(request), **form.address_fields())
        except Refused as refusal:
            show_refusal(form, _once_said(refusal), ALIASES)
        else:
            messages.success(request, _("Saved."))
            return redirect("addresses")
    others = [a for a in queries.addresses_for(person(request)) if a.pk != pk]
    return answer(request, "khidma/client/address.html", form, address=address, others=others)


@client_page
@require_POST
def make_default(request: HttpRequest, pk: int) -> HttpResponse:
    operations.set_default(queries.address_for(person(request), pk), now=now_of(request))
    return redirect("addresses")


@client_page
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Away with it; of the default one is asked which other takes its place."""
    user = person(request)
    address = queries.address_for(user, pk)
    heir = request.POST.get("new_default", "")
    new_default = queries.address_for(user, int(heir)) if heir.isdigit() else None
    try:
        operations.remove(address, now=now_of(request), new_default=new_default)
    except operations.DefaultNeeded as refusal:
        messages.error(request, str(refusal))
        return redirect("address", pk=pk)
    messages.success(request, _("Removed."))
    return redirect("addresses")
