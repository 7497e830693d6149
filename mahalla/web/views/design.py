"""The living page of the design system: every component, in both directions (``/design/?lang=ar``)."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from mahalla.kit import clock
from mahalla.web import brand, nav

LANGUAGES = ("en", "ar")
#: the page's words in both scripts, long and short, as real pages have them
WORDS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("design_words.json").read_text())
PLACES = [
    {"lat": 24.7136, "lng": 46.6753, "kind": "place", "label": ""},
    {"lat": 24.7312, "lng": 46.6520, "kind": "worker", "label": ""},
]


class Sample(forms.Form):
    """One field of every look."""

    title = forms.CharField(required=False)
    budget = forms.DecimalField(required=False)
    phone = forms.CharField(required=False)
    address = forms.CharField()
    district = forms.ChoiceField(choices=[])
    hours = forms.IntegerField(min_value=1, max_value=12, initial=3)
    model = forms.ChoiceField(widget=forms.RadioSelect, choices=[], initial="hourly")
    category = forms.ChoiceField(widget=forms.RadioSelect, choices=[], initial="cleaning")
    pets = forms.BooleanField(required=False, initial=True)
    terms = forms.BooleanField(required=False)
    tags = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, choices=[], initial=["careful"])
    rating = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[(str(n), str(n)) for n in range(1, 6)], initial="4"
    )
    details = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    photos = forms.FileField(required=False)
    code = forms.CharField(required=False)

    def __init__(self, words: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in words["labels"].items():
            self.fields[name].label = label
        for name, choices in words["choices"].items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in LANGUAGES else (translation.get_language() or "en").split("-")[0]
    words = WORDS.get(language, WORDS["en"])
    now = clock.now()
    with translation.override(language):
        form = Sample(words)
        form.fields["address"].widget.attrs["value"] = words["address_value"]
        bad = Sample(words, data={"address": ""})
        context = {
            "w": words, "form": form, "bad": bad, "icons": icon_names(), "language": language, "now": now,
            "due": now + timedelta(minutes=12, seconds=41), "began": now - timedelta(minutes=42, seconds=10),
            "tomorrow": now + timedelta(days=1), "last_week": now - timedelta(days=6),
            "tile_icons": {"cleaning": "broom", "mounting": "tv", "moving": "truck", "assembly": "sofa"},
            "points": [{**place, "label": label} for place, label in zip(PLACES, words["places"], strict=True)],
            "pictures": [(f"category:{code}", label) for code, label in words["pictures"]],
            "drawings": ["inbox", "chat", "calendar", "money", "search", "done"], "faces": [f"f{n}" for n in range(12)],
            "bar": [nav.NavItem(label, "#", name, badge, main) for label, name, badge, main in words["nav"]],
        }  # fmt: skip
        return render(request, "web/design.html", context)


@require_safe
@cache_control(max_age=86400, public=True)
def brand_colours(request: HttpRequest, colour: str) -> HttpResponse:
    """The accent tokens of a brand with a colour of its own, as a stylesheet (no inline styles are needed)."""
    if not brand.OWN.fullmatch(f"#{colour}"):
        raise Http404
    return HttpResponse(brand.sheet(f"#{colour}"), content_type="text/css")


def icon_names() -> list[str]:
    found = finders.find("web/icons.svg")
    return re.findall(r'symbol id="([^"]+)"', Path(str(found)).read_text()) if found else []
