"""The catalogue: categories, skills, inputs and review tags, edited without a release (KH-CAT-05)."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mahalla.console.access import SETTINGS
from mahalla.console.acting import actor_in
from mahalla.console.pages import carry_out, moment, screen
from mahalla.kernel.catalog import operations
from mahalla.kernel.catalog.models import Category, CategoryVersion, ReviewTag, Skill
from mahalla.kernel.catalog.terms import FIELDS
from mahalla.kernel.trust import audit
from mahalla.kit.actors import Actor
from mahalla.kit.errors import Invalid
from mahalla.kit.market import active

LISTS = ("pricing_models", "required_skills", "tools")
DOCUMENTS = ("inputs", "flags")


def index(request: HttpRequest) -> HttpResponse:
    """The whole tree with what is switched off, the skills and the tags."""
    rows = list(Category.objects.order_by("position", "code"))
    tree = [(row, [c for c in rows if c.parent_id == row.pk]) for row in rows if row.parent_id is None]
    return screen(
        request,
        "console/catalogue.html",
        _("Catalogue"),
        tree=tree,
        skills=Skill.objects.order_by("position", "code"),
        tags=ReviewTag.objects.select_related("category"),
        languages=active().languages,
    )


def create(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, get_object_or_404(Category, pk=pk))


def _form(request: HttpRequest, category: Category | None) -> HttpResponse:
    """A category's form. What was posted before an edit keeps the version it was posted with."""
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        try:
            _save(request, category)
            messages.success(request, _("The catalogue is changed. Posted work keeps its version."))
            return redirect(reverse("admin:catalogue"))
        except Invalid as refusal:
            wrong = refusal.fields
    post = request.POST
    shown = category or Category()
    return screen(
        request,
        "console/category.html",
        str(category) if category else _("New category"),
        status=422 if wrong else 200,
        category=category,
        names=[
            (code, label, post.get(f"name_{code}", shown.names.get(code, "")))
            for code, label in active().languages
        ],
        fields={name: post.get(name, ", ".join(getattr(shown, name))) for name in LISTS},
        documents={
            name: post.get(name, json.dumps(getattr(shown, name), ensure_ascii=False, indent=2))
            for name in DOCUMENTS
        },
        simple={
            name: post.get(name, getattr(shown, name))
            for name in ("code", "icon", "default_minutes", "risk_class", "work_place", "position")
        },
        parents=Category.objects.filter(parent=None).exclude(pk=shown.pk),
        parent_id=post.get("parent", str(shown.parent_id or "")),
        risks=Category.Risk.choices,
        places=Category.WorkPlace.choices,
        versions=CategoryVersion.objects.filter(category=category).order_by("-number")[:20]
        if category
        else [],
        wrong=wrong,
    )


def _save(request: HttpRequest, category: Category | None) -> None:
    fields, actor, now = _fields(request), _actor(request), moment(request)
    with transaction.atomic():
        if category is None:
            code = request.POST.get("code", "").strip()
            made = operations.create_category(code=code, actor=actor, now=now, **fields)
            _note(actor, "category_created", made, request)
            return
        before = category.version
        after = operations.edit_category(category, actor=actor, now=now, **fields)
        _note(actor, "category_changed", after, request, before=before, after=after.version)


def _fields(request: HttpRequest) -> dict[str, Any]:
    """What the form says, in the catalogue's own kinds. Raises ``Invalid`` with a sentence per field."""
    post, wrong = request.POST, {}
    fields: dict[str, Any] = {
        "names": {
            code: post[f"name_{code}"].strip()
            for code, _label in active().languages
            if post.get(f"name_{code}", "").strip()
        },
        "icon": post.get("icon", "").strip(),
        "risk_class": post.get("risk_class", ""),
        "work_place": post.get("work_place", ""),
    }
    for name in LISTS:
        fields[name] = [part.strip() for part in post.get(name, "").split(",") if part.strip()]
    for name in DOCUMENTS:
        try:
            fields[name] = json.loads(post.get(name) or ("[]" if name == "inputs" else "{}"))
        except ValueError:
            wrong[name] = _("This cannot be read. Check commas and quotation marks.")
    for name in ("default_minutes", "position"):
        number = post.get(name, "").strip()
        if number.isdigit():
            fields[name] = int(number)
        elif number:
            wrong[name] = _("Give a whole number.")
    parent = post.get("parent", "")
    fields["parent"] = Category.objects.filter(pk=int(parent)).first() if parent.isdigit() else None
    if wrong:
        raise Invalid(wrong)
    assert set(fields) <= {*FIELDS, *operations.PLACING}
    return fields


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a category for new work, or no longer; open work of it runs on."""
    category = get_object_or_404(Category, pk=pk)
    actor, now, on = _actor(request), moment(request), not category.enabled

    def deed() -> None:
        with transaction.atomic():
            operations.edit_category(category, actor=actor, now=now, enabled=on)
            _note(actor, "category_switched", category, request, before=not on, after=on)

    done = _("It is offered again.") if on else _("It is not offered any more; open work of it runs on.")
    return carry_out(request, deed, done=done, back=reverse("admin:catalogue"))


@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """Put the categories in the order of their written positions."""
    actor = _actor(request)
    wanted = {
        code.removeprefix("position_"): int(str(number))
        for code, number in request.POST.items()
        if code.startswith("position_") and str(number).isdigit()
    }

    def deed() -> None:
        codes = sorted(wanted, key=lambda code: (wanted[code], code))
        with transaction.atomic():
            operations.order(codes)
            audit.acted(actor, "catalogue_ordered", "catalogue", 0, moment(request), after=codes)

    return carry_out(request, deed, done=_("The order is kept."), back=reverse("admin:catalogue"))


@require_POST
def skill(request: HttpRequest) -> HttpResponse:
    """Add or change a skill."""
    post, actor = request.POST, _actor(request)

    def deed() -> None:
        with transaction.atomic():
            saved = operations.save_skill(
                code=_code(request), names=_names(request), enabled=bool(post.get("enabled"))
            )
            audit.acted(actor, "skill_saved", "skill", saved.pk, moment(request), after=saved.code)

    return carry_out(request, deed, done=_("The skill is kept."), back=reverse("admin:catalogue"))


@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    """Add or change a review tag."""
    post, actor = request.POST, _actor(request)

    def deed() -> None:
        with transaction.atomic():
            saved = operations.save_review_tag(
                code=_code(request),
                names=_names(request),
                enabled=bool(post.get("enabled")),
                positive=bool(post.get("positive")),
            )
            audit.acted(actor, "tag_saved", "review_tag", saved.pk, moment(request), after=saved.code)

    return carry_out(request, deed, done=_("The tag is kept."), back=reverse("admin:catalogue"))


def _actor(request: HttpRequest) -> Actor:
    return actor_in(request.user, SETTINGS, reason=request.POST.get("reason", ""))  # type: ignore[arg-type]


def _code(request: HttpRequest) -> str:
    code = request.POST.get("code", "").strip().lower()
    if not code.replace("_", "").replace("-", "").isalnum() or not code.isascii():
        raise Invalid({"code": _("The code is small letters, digits, dashes and underscores.")})
    return code


def _names(request: HttpRequest) -> dict[str, str]:
    post = request.POST
    found = {code: post.get(f"name_{code}", "").strip() for code, _label in active().languages}
    return {code: name for code, name in found.items() if name}


def _note(actor: Actor, verb: str, category: Category, request: HttpRequest, **detail: Any) -> None:
    audit.acted(actor, verb, "category", category.pk, moment(request), code=category.code, **detail)
