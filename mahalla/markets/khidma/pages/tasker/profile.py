"""The Tasker's own profile: about me, where I work, skills and photos of finished work (KH-PROFILE-06)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mahalla.kernel.catalog.models import Skill
from mahalla.kernel.places.models import City, District
from mahalla.kit.errors import Invalid
from mahalla.kit.text import pick
from mahalla.markets.khidma import onboarding
from mahalla.markets.khidma.models import TaskerProfile, TaskerSkill
from mahalla.markets.khidma.pages.common import answer
from mahalla.markets.khidma.pages.tasker.door import (
    as_tasker,
    attempt,
    back,
    files,
    keep,
    need,
    now_of,
    person,
    posted,
    profile_of,
    tasker_page,
    told,
)
from mahalla.markets.khidma.pages.tasker.words import tool_name

LANGUAGES = {
    "ar": _lazy("Arabic"),
    "en": _lazy("English"),
    "ur": _lazy("Urdu"),
    "hi": _lazy("Hindi"),
    "bn": _lazy("Bengali"),
    "tl": _lazy("Filipino"),
    "ne": _lazy("Nepali"),
    "am": _lazy("Amharic"),
}
RADII_KM = (3, 5, 10, 15, 20, 30, 50)


class ProfileForm(forms.Form):
    """The point comes from the map or the phone; where neither works, the middle of the chosen district stands in."""

    name = forms.CharField(
        label=_lazy("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    bio = forms.CharField(
        label=_lazy("About you"),
        max_length=onboarding.BIO_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_lazy("What can you do well? Two sentences are enough."),
    )
    photo = forms.FileField(label=_lazy("Your photo"), required=False)
    languages = forms.MultipleChoiceField(
        label=_lazy("I speak"),
        choices=list(LANGUAGES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    district = forms.ChoiceField(label=_lazy("Where do you start from?"), required=False)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    lng = forms.FloatField(required=False, widget=forms.HiddenInput)
    radius_km = forms.TypedChoiceField(
        label=_lazy("How far do you go?"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=_lazy("In kilometres"),
    )
    tools = forms.MultipleChoiceField(
        label=_lazy("I have"), required=False, widget=forms.CheckboxSelectMultiple
    )
    accepts_pets = forms.BooleanField(label=_lazy("I work where there are pets"), required=False)
    high_skill = forms.BooleanField(
        label=_lazy("I am a trained specialist"),
        required=False,
        help_text=_lazy("You have a certificate or years in the trade."),
    )
    push_new_tasks = forms.BooleanField(label=_lazy("Tell me about new tasks nearby"), required=False)

    def __init__(self, profile: TaskerProfile, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = District.objects.filter(city__enabled=True).select_related("city").order_by("city", "code")
        self.districts = {str(d.pk): d for d in rows}
        several = len({d.city_id for d in self.districts.values()}) > 1
        names = [
            (pk, pick(d.names) + _(", ") + pick(d.city.names) if several else pick(d.names))
            for pk, d in self.districts.items()
        ]
        self.fields["district"].choices = [("", _("Choose your district")), *names]  # type: ignore[attr-defined]
        radii = sorted({*RADII_KM, profile.radius_km})
        self.fields["radius_km"].choices = [(km, str(km)) for km in radii]  # type: ignore[attr-defined]
        codes = sorted(onboarding.tools() | set(profile.tools))
        self.fields["tools"].choices = [(code, tool_name(code)) for code in codes]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(profile: TaskerProfile) -> dict[str, Any]:
        plain = ("bio", "languages", "lat", "lng", "radius_km", "tools", "accepts_pets", "high_skill")
        return {name: getattr(profile, name) for name in plain} | {
            "name": profile.user.name,
            "push_new_tasks": profile.push_new_tasks,
            "district": str(profile.district_id or ""),
        }

    def point(self) -> list[dict[str, Any]]:
        """Where the map stands: the point so far, else the city."""
        lat, lng = self["lat"].value(), self["lng"].value()
        try:
            spot = {"lat": float(lat), "lng": float(lng)}
        except (TypeError, ValueError):
            city = City.objects.filter(enabled=True).first()
            if city is None:
                return []
            spot = {"lat": city.lat, "lng": city.lng}
        return [spot | {"kind": "place", "label": _("You start here")}]

    def values(self, profile: TaskerProfile) -> dict[str, Any]:
        """What ``save_profile`` takes. A district chosen anew moves the point to its middle."""
        data = self.cleaned_data
        plain = ("name", "bio", "languages", "radius_km", "tools", "accepts_pets", "high_skill")
        fields = {name: data[name] for name in (*plain, "push_new_tasks")}
        point = (data.get("lat"), data.get("lng"))
        district = self.districts.get(data.get("district") or "")
        moved = point != (profile.lat, profile.lng) and None not in point
        if district is not None and not moved and district.pk != profile.district_id:
            point = (district.lat, district.lng)
        if None in point:
            raise Invalid({"district": _("Choose your district, or use your phone's place.")})
        return fields | {"lat": point[0], "lng": point[1]}


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    profile = profile_of(request)
    form = ProfileForm(profile, posted(request), initial=ProfileForm.initial_of(profile))
    if request.method == "POST" and form.is_valid():
        with attempt(request, form) as fresh:
            if fresh:
                fields = form.values(profile)
                if found := files(request, "photo"):
                    fields["photo"] = keep(request, found[0], "avatar", field="photo")
                actor, now = as_tasker(request), now_of(request)
                onboarding.save_profile(person(request), actor=actor, now=now, **fields)
        if form.is_valid():
            return redirect("work-home")
    return answer(request, "khidma/tasker/profile.html", form, profile=profile, points=form.point())


# --- skills ---------------------------------------------------------------------------------------------------------


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def skills(request: HttpRequest) -> HttpResponse:
    """One line a skill: can I do it, for how many years, and a word about it."""
    profile = profile_of(request)
    form = forms.Form(posted(request))
    if request.method == "POST":
        form.is_valid()
        wanted = [
            {
                "code": code,
                "years": request.POST.get(f"years_{code}", ""),
                "text": request.POST.get(f"text_{code}", ""),
            }
            for code in request.POST.getlist("skill")
        ]
        with attempt(request, form) as fresh:
            if fresh:
                onboarding.set_skills(person(request), wanted, actor=as_tasker(request), now=now_of(request))
        if form.is_valid():
            return redirect("work-me")
    own = {row.skill_id: row for row in TaskerSkill.objects.filter(profile=profile)}
    rows = [_skill_row(request, skill, own.get(skill.pk)) for skill in Skill.objects.filter(enabled=True)]
    return answer(request, "khidma/tasker/skills.html", form, rows=rows)


def _skill_row(request: HttpRequest, skill: Skill, own: TaskerSkill | None) -> dict[str, Any]:
    """What was typed, while something is to be mended; else what is kept."""
    if request.method == "POST":
        post = request.POST
        return {
            "skill": skill,
            "has": skill.code in post.getlist("skill"),
            "years": post.get(f"years_{skill.code}", ""),
            "text": post.get(f"text_{skill.code}", ""),
        }
    return {
        "skill": skill,
        "has": own is not None,
        "years": own.years if own else "",
        "text": own.text if own else "",
    }


# --- photos of finished work ----------------------------------------------------------------------------------------


@tasker_page
@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    photos = list(profile_of(request).portfolio.select_related("asset").order_by("pk"))
    context = {"photos": photos, "most": onboarding.PORTFOLIO_MAX}
    return render(request, "khidma/tasker/portfolio.html", context)


@tasker_page
@require_POST
def add_photo(request: HttpRequest) -> HttpResponse:
    with told(request, _("The photo is saved.")) as fresh:
        if fresh:
            file = need(request, "photo", _("Take a picture or choose one."))
            onboarding.add_photo(
                person(request),
                keep(request, file, "portfolio", field="photo"),
                caption=request.POST.get("caption", ""),
                actor=as_tasker(request),
                now=now_of(request),
            )
    return back(request, "work-portfolio")


@tasker_page
@require_POST
def remove_photo(request: HttpRequest, pk: int) -> HttpResponse:
    with told(request, _("Removed.")) as fresh:
        if fresh:
            onboarding.remove_photo(person(request), pk, actor=as_tasker(request), now=now_of(request))
    return back(request, "work-portfolio")
