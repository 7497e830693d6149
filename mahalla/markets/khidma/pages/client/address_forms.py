"""A saved address as a form: the words, the building, and a point on the map."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.places.models import Address, City, District
from mahalla.kit.text import pick

ANSWERS = {"yes": True, "no": False, "": None}


def described(address: Address) -> str:
    """One line: the street and the district."""
    district = pick(address.district.names) if address.district else ""
    return " · ".join(part for part in (address.lines, district) if part)


class AddressForm(forms.Form):
    """The point comes from the map or the phone; where neither works, the middle of the chosen district stands in."""

    label = forms.CharField(
        label=_("Name"), max_length=60, required=False, help_text=_("Home, office, parents …")
    )
    lines = forms.CharField(
        label=_("Street and house number"),
        max_length=400,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    district = forms.ChoiceField(label=_("District"), required=False)
    building = forms.CharField(label=_("Building or flat"), max_length=80, required=False)
    floor = forms.IntegerField(
        label=_("Floor"), required=False, min_value=-10, max_value=200, help_text=_("The ground floor is 0.")
    )
    elevator = forms.ChoiceField(
        label=_("Is there a lift?"),
        required=False,
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=forms.RadioSelect,
    )
    parking = forms.ChoiceField(
        label=_("Parking"),
        required=False,
        choices=Address.Parking.choices,
        widget=forms.RadioSelect,
        initial="none",
    )
    note = forms.CharField(
        label=_("How to find you"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    lng = forms.FloatField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = District.objects.filter(city__enabled=True).select_related("city")
        self.districts = {str(d.pk): d for d in rows}
        several = len({d.city_id for d in rows}) > 1
        choices = [
            (pk, pick(d.names) + gettext(", ") + pick(d.city.names) if several else pick(d.names))
            for pk, d in self.districts.items()
        ]
        self.fields["district"].choices = [("", _("Choose your district")), *choices]  # type: ignore[attr-defined]

    def middle(self) -> tuple[float, float]:
        """Where the map opens: the point so far, else the city."""
        lat, lng = self["lat"].value(), self["lng"].value()
        if lat not in (None, "") and lng not in (None, ""):
            return float(lat), float(lng)
        city = City.objects.filter(enabled=True).first()
        return (city.lat, city.lng) if city else (24.7136, 46.6753)

    @classmethod
    def initial_of(cls, address: Address) -> dict[str, Any]:
        words = {True: "yes", False: "no", None: ""}
        plain = ("label", "lines", "building", "floor", "parking", "note", "lat", "lng")
        return {name: getattr(address, name) for name in plain} | {
            "elevator": words[address.elevator],
            "district": str(address.district_id or ""),
        }

    def address_fields(self) -> dict[str, Any]:
        """What ``places.add`` takes."""
        data = self.cleaned_data
        plain = ("label", "lines", "building", "floor", "note")
        fields = {name: data.get(name) for name in plain}
        lat, lng = data.get("lat"), data.get("lng")
        district = self.districts.get(data.get("district") or "")
        if (lat is None or lng is None) and district is not None:
            lat, lng = district.lat, district.lng
        return fields | {
            "elevator": ANSWERS[data.get("elevator") or ""],
            "parking": data.get("parking") or Address.Parking.NONE,
            "lat": lat,
            "lng": lng,
        }
