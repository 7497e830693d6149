"""The forms of the wizard's steps: what a phone shows, and how it becomes the fields that the steps take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from babel.dates import format_date
from django import forms
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.payments.models import PaymentMethod
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Request
from mahalla.kit.text import pick
from mahalla.markets.khidma import steps
from mahalla.markets.khidma.pages.client.address_forms import AddressForm, described
from mahalla.web import units

NEW, CASH = "new", "cash"
DAYS_SHOWN = 14
DETAIL = "d_"
KIND = "input_kind"


class StepForm(forms.Form):
    """``fields_of_step`` is what ``wizard.save_step`` takes; ``aliases`` say where a refusal's field is shown."""

    aliases: Mapping[str, str] = {}

    def fields_of_step(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class DetailsForm(StepForm):
    """Free text and the structured inputs of the category (KH-REQ-03)."""

    text = forms.CharField(
        label=_("What should be done?"),
        required=False,
        max_length=steps.TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("No phone numbers or addresses here."),
    )

    def __init__(self, *args: Any, task: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        specs: Sequence[Mapping[str, Any]] = task.category.inputs if task.category else []
        for spec in specs:
            self.fields[DETAIL + spec["name"]] = _field(spec)
        self.aliases = {spec["name"]: DETAIL + spec["name"] for spec in specs}
        models = task.category.pricing_models if task.category else []
        if len(models) > 1:
            labels = {"hourly": _("By the hour"), "fixed": _("Fixed price")}
            self.fields["pricing_model"] = forms.ChoiceField(
                label=_("How is it priced?"),
                choices=[(m, labels.get(m, m)) for m in models],
                widget=forms.RadioSelect,
            )

    @classmethod
    def initial_of(cls, task: Request) -> dict[str, Any]:
        known = steps._of_address(task, steps._place_of(task)) if task.category else {}
        details = {
            DETAIL + name: value for name, value in {**known, **task.details}.items() if value is not None
        }
        return {"text": task.text, "pricing_model": task.pricing_model or "hourly", **details}

    def fields_of_step(self) -> dict[str, Any]:
        data = self.cleaned_data
        details = {
            k.removeprefix(DETAIL): v for k, v in data.items() if k.startswith(DETAIL) and v not in ("", None)
        }
        return {"text": data["text"], "details": details}

    def inputs(self) -> list[tuple[Any, str]]:
        """The bound inputs with the look each one has."""
        looks = {"integer": "stepper", "boolean": "switch", "choice": "segmented", "text": "input"}
        return [
            (self[name], looks[getattr(f, KIND, "text")])
            for name, f in self.fields.items()
            if name.startswith(DETAIL)
        ]


def _field(spec: Mapping[str, Any]) -> forms.Field:
    common: dict[str, Any] = {
        "label": pick(spec["names"]),
        "required": False,
        "help_text": pick(spec["help"]) if spec.get("help") else "",
    }
    made: forms.Field
    if spec["kind"] == "integer":
        bounds = {
            key: spec[name] for key, name in (("min_value", "min"), ("max_value", "max")) if name in spec
        }
        made = forms.IntegerField(**common, **bounds)
    elif spec["kind"] == "boolean":
        made = forms.BooleanField(**common)
    elif spec["kind"] == "choice":
        choices = [(c["code"], pick(c["names"])) for c in spec["choices"]]
        made = forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
    else:
        made = forms.CharField(max_length=spec.get("max", 500), **common)
    setattr(made, KIND, spec["kind"])
    return made


class AddressStep(AddressForm, StepForm):
    """One of the saved addresses, the default first, or a new one (KH-REQ-07)."""

    aliases = {"address": "where", "address_id": "where"}
    where = forms.ChoiceField(label=_("Address"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, saved: Sequence[Address], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(a.pk), a.label) for a in saved]
        self.notes = {str(a.pk): described(a) for a in saved}
        self.fields["where"].choices = [*choices, (NEW, _("New address"))]  # type: ignore[attr-defined]
        self.has_saved = bool(saved)

    def fields_of_step(self) -> dict[str, Any]:
        if self.cleaned_data["where"] != NEW:
            return {"address_id": self.cleaned_data["where"]}
        return {"address": self.address_fields()}


class WindowForm(StepForm):
    """A day and from–to, or flexible (KH-REQ-05)."""

    aliases = {"window": "to"}
    flexible = forms.BooleanField(
        label=_("I am flexible"), required=False, help_text=_("The first Tasker who is free comes.")
    )
    date = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    start = forms.TimeField(label=_("From"), required=False)
    to = forms.TimeField(label=_("Until"), required=False)

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.aliases = {"window": "to", "from": "start"}
        times = [(f"{m // 60:02d}:{m % 60:02d}",) * 2 for m in range(6 * 60, 24 * 60, 30)]
        for name in ("start", "to"):
            self.fields[name].widget = forms.Select(choices=times)
        self.fields["date"].widget.attrs["min"] = today.isoformat()
        self.days = [today + timedelta(days=n) for n in range(DAYS_SHOWN)]

    @property
    def later(self) -> str:
        """A day beyond the chips, typed or saved."""
        if self.is_bound:
            return str(self.data.get("later") or "")
        value = str(self["date"].value() or "")
        return value if value > self.days[-1].isoformat() else ""

    def clean(self) -> dict[str, Any]:
        """A later day, where one was typed, is the day that is meant."""
        data = super().clean() or {}
        typed = self.data.get("later")
        if typed and not data.get("flexible"):
            try:
                data["date"] = parse_date(typed) or data.get("date")
            except ValueError:
                self.add_error("date", gettext("Choose the day."))
        return data

    def chips(self) -> list[dict[str, Any]]:
        """The coming days to tap on; any later one is typed."""
        chosen = str(self["date"].value() or "")
        return [
            {
                "value": day.isoformat(),
                "name": _near(n) or format_date(day, "EEE", locale=units.locale()),
                "number": format_date(day, "d MMM", locale=units.locale()),
                "checked": day.isoformat() == chosen,
            }
            for n, day in enumerate(self.days)
        ]

    @classmethod
    def initial_of(cls, task: Request, *, now: dt.datetime) -> dict[str, Any]:
        local = task.data.get("window") or {}
        return {
            "flexible": bool(task.data.get("flexible")),
            "date": local.get("date"),
            "start": local.get("from", "14:00"),
            "to": local.get("to", "18:00"),
        }

    def fields_of_step(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data["flexible"]:
            return {"flexible": True}
        return {"date": data["date"], "from": data["start"], "to": data["to"]}


def _near(days: int) -> Any:
    return {0: _("Today"), 1: _("Tomorrow")}.get(days)


class ChoiceForm(StepForm):
    """Who chooses the Tasker (KH-FLOW-04, -05)."""

    aliases = {"choose_for_me": "who", "first_worker_id": "who"}
    who = forms.ChoiceField(
        label=_("Who chooses the Tasker?"),
        widget=forms.RadioSelect,
        choices=[("me", _("I choose")), ("you", _("Choose for me"))],
    )
    auto = forms.BooleanField(
        label=_("Choose for me if I take longer than 15 minutes"), required=False, initial=True
    )

    def __init__(self, *args: Any, task: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first = task.data.get("first_worker_id")
        self.icons = {"me": "users", "you": "sparkle"}
        self.notes = {
            "me": _("You get a list with prices and reviews."),
            "you": _("The best match is asked at once, then the next."),
        }

    @classmethod
    def initial_of(cls, task: Request) -> dict[str, Any]:
        return {
            "who": "you" if task.data.get("choose_for_me") else "me",
            "auto": not task.data.get("no_auto_match"),
        }

    def fields_of_step(self) -> dict[str, Any]:
        for_me = self.cleaned_data["who"] == "you"
        never = not for_me and not self.cleaned_data["auto"]
        return {"choose_for_me": for_me, "no_auto_match": never, "first_worker_id": self.first}


class PaymentStep(StepForm):
    """One of the client's methods; cash is there without being added, unless the task bars it (KH-PAY-01)."""

    aliases = {"method_id": "method"}
    method = forms.ChoiceField(label=_("How will you pay?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, methods: Sequence[PaymentMethod], task: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (str(m.pk), _label(m)) for m in methods if m.kind != CASH and steps.pays_with(task, m.kind)
        ]
        cash = next((str(m.pk) for m in methods if m.kind == CASH), CASH)
        if steps.pays_with(task, CASH):
            choices.append((cash, gettext("Cash")))
        self.fields["method"].choices = choices  # type: ignore[attr-defined]
        self.icons = {str(m.pk): {"card": "card", "wallet": "wallet"}.get(m.kind, "cash") for m in methods}
        self.icons[cash] = "cash"
        self.notes = {cash: _("You pay the Tasker when the work is done.")}


def _label(method: PaymentMethod) -> str:
    return method.label or f"{method.brand.capitalize()} ·· {method.last4}"


class ReviewForm(StepForm):
    """The last look. A name is asked only of whom we do not know it."""

    name = forms.CharField(
        label=_("Your name"), max_length=80, help_text=_("Your Tasker sees the first name.")
    )

    def __init__(self, *args: Any, needs_name: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_name:
            del self.fields["name"]
