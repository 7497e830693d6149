"""What people type about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity import phones, roles
from mahalla.kernel.identity.accounts import NAME_MAX
from mahalla.kit import market
from mahalla.kit.errors import Invalid, Refused


def show(form: forms.Form, refusal: Refused) -> None:
    """Put what an operation refused where it belongs on the form."""
    if isinstance(refusal, Invalid):
        for name, sentence in refusal.fields.items():
            form.add_error(name if name in form.fields else None, str(sentence))
    else:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


class PhoneForm(forms.Form):
    phone = forms.CharField(label=_("Mobile number"), max_length=32)

    def clean_phone(self) -> str:
        try:
            return phones.normalise(self.cleaned_data["phone"])
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from None


class CodeForm(forms.Form):
    code = forms.CharField(label=_("The code from the message"), max_length=12)


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class WelcomeForm(forms.Form):
    """A new person: name, role where there is a choice, terms."""

    name = forms.CharField(
        label=_("Your name"), max_length=NAME_MAX, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    role = forms.ChoiceField(label=_("What brings you here?"), widget=forms.RadioSelect)
    terms = forms.BooleanField(label=_("I accept the terms of service and the privacy policy"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(role.code, role.label) for role in roles.signup_roles()]
        if len(offered) > 1:
            self.fields["role"].choices = offered  # type: ignore[attr-defined]
        else:
            del self.fields["role"]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=NAME_MAX, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=_("Language"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = list(market.active().languages)  # type: ignore[attr-defined]


class TermsForm(forms.Form):
    version = forms.CharField(widget=forms.HiddenInput)
    terms = forms.BooleanField(label=_("I accept the terms of service and the privacy policy"))
