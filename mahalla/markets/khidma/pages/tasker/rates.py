"""Which work, and for how much: one price a category, with what others earn beside it (KH-PRICE-02..04, -11, -12)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel import policy
from mahalla.kernel.catalog.models import Category
from mahalla.kit.errors import NotFound
from mahalla.kit.market import active
from mahalla.kit.money import Money
from mahalla.markets.khidma import pricing, rates
from mahalla.markets.khidma.models import Rate, TaskerStats
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker import money
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    now_of,
    person,
    posted,
    profile_of,
    tasker_page,
    told,
)
from mahalla.web import units

MINIMA = (0, 60, 90, 120, 180, 240)
ALIASES = {
    "hourly_minor": "hourly",
    "fixed_minor": "fixed",
    "travel_fee_minor": "travel",
    "category": "__all__",
}


@tasker_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Own prices first, then every kind of work that may be added."""
    own = rates.own_rates(person(request), now=now_of(request))
    have = {item.rate.category_id for item in own}
    leaves = Category.objects.filter(enabled=True, parent__isnull=False, parent__enabled=True)
    groups: dict[str, list[Category]] = {}
    for category in leaves.select_related("parent").order_by("parent__position", "position"):
        if category.pk not in have:
            groups.setdefault(str(category.parent), []).append(category)
    return render(request, "khidma/tasker/rates.html", {"own": own, "groups": groups.items()})


class RateForm(forms.Form):
    """Amounts as people write them; only the pricing models of the category are asked."""

    hourly = forms.CharField(
        label=_lazy("Your price for an hour"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    fixed = forms.CharField(
        label=_lazy("Your price for the whole task"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    minimum_min = forms.TypedChoiceField(
        label=_lazy("The shortest work you take"),
        coerce=int,
        help_text=_lazy("Shorter work is paid as this much."),
    )
    travel = forms.CharField(
        label=_lazy("Travel fee"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_lazy("Leave it empty: then each kilometre above 5 pays 1.00, at most 20.00."),
    )
    instant = forms.BooleanField(
        label=_lazy("Book me at once"),
        required=False,
        help_text=_lazy("You say yes in advance: tasks that fit your hours are yours without asking."),
    )

    def __init__(self, category: Category, minimum_min: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for model in ("hourly", "fixed"):
            if model not in category.pricing_models:
                del self.fields[model]
        if category.work_place == Category.WorkPlace.REMOTE:
            del self.fields["travel"]
        if "hourly" not in self.fields:
            del self.fields["minimum_min"]
            return
        self.fields["minimum_min"].choices = [  # type: ignore[attr-defined]
            (n, units.minutes(n) if n else _("No minimum")) for n in sorted({*MINIMA, minimum_min})
        ]

    def values(self) -> dict[str, Any]:
        """What ``set_rate`` takes; an amount that cannot be read becomes the field's error."""
        data, out = self.cleaned_data, {}
        for field, name in (
            ("hourly", "hourly_minor"),
            ("fixed", "fixed_minor"),
            ("travel", "travel_fee_minor"),
        ):
            text = str(data.get(field) or "").strip()
            out[name] = money.minor_of(text, active().currency) if text else None
            if text and out[name] is None:
                self.add_error(field, _("Write an amount, for example 35."))
        return out | {"minimum_min": data.get("minimum_min") or 0, "instant": data.get("instant", False)}


def _major(minor: int | None) -> str:
    if minor is None:
        return ""
    text = str(Money(minor, active().currency).major)
    return text.removesuffix(".00")


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    category = get_object_or_404(Category.objects.select_related("parent"), code=code, enabled=True)
    user, now, profile = person(request), now_of(request), profile_of(request)
    rate = Rate.objects.filter(worker=user, category=category).first()
    minimum = rate.minimum_min if rate else 60
    initial = {"minimum_min": minimum} | (
        {
            "hourly": _major(rate.hourly_minor),
            "fixed": _major(rate.fixed_minor),
            "travel": _major(rate.travel_fee_minor),
            "instant": rate.instant,
        }
        if rate
        else {}
    )
    form = RateForm(category, minimum, posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.values()
        if form.is_valid():
            with attempt(request, form, ALIASES) as fresh:
                if fresh:
                    rates.set_rate(user, category, **values, actor=as_tasker(request), now=now)
        if form.is_valid():
            return redirect("work-rates")
    fixed = "hourly" not in category.pricing_models
    context = {
        "category": category,
        "rate": rate,
        "advice": rates.advice(category, profile.city_id, now=now, fixed=fixed),
        "fixed": fixed,
        "new": _new_words(request),
        "currency": active().currency,
    }
    return answer(request, "khidma/tasker/rate.html", form, **context)


def _new_words(request: HttpRequest) -> str:
    """For who is new: that the middle is the most for now, and for how long (KH-PRICE-12)."""
    user, now, profile = person(request), now_of(request), profile_of(request)
    done = TaskerStats.objects.filter(worker=user).values_list("completed", flat=True).first() or 0
    if profile.approved_at is not None and not pricing.is_new(profile, done, now=now):
        return ""
    left = max(1, int(policy.get("new_tasker_tasks", now=now)) - done)
    return ngettext(
        "While you are new we offer you at most at the middle price. Your own price counts after %(count)d more task.",
        "While you are new we offer you at most at the middle price. Your own price counts after %(count)d more tasks.",
        left,
    ) % {"count": left}


@tasker_page
@require_POST
def remove(request: HttpRequest, code: str) -> HttpResponse:
    """Not this work any more; what is agreed stays agreed."""
    category = Category.objects.filter(code=code).first()
    if category is None:
        raise NotFound
    with told(request, _("You get no more tasks of this kind.")) as fresh:
        if fresh:
            rates.remove_rate(person(request), category.pk, actor=as_tasker(request), now=now_of(request))
    return back(request, "work-rates")
