"""What Khidma keeps of a person: in their export, and gone when they leave (KH-SEC-01, KH-SEC-02; C20, S36)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Notice, OutboxMessage
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.markets.khidma.models import (
    ClientProfile,
    Favourite,
    Interest,
    PortfolioPhoto,
    Rate,
    Receipt,
    Series,
    TaskerProfile,
    TaskerSkill,
    Template,
)

PROFILE = ("bio", "languages", "tools", "lat", "lng", "radius_km", "contract_version", "approved_at")
RATES = ("category__code", "hourly_minor", "fixed_minor", "minimum_min", "travel_fee_minor")


def register() -> None:
    privacy.register_section("khidma", own_data)
    privacy.register_eraser(erase)


def own_data(user: User) -> dict[str, Any]:
    """Profile, prices, favourites, templates and series."""
    return {
        "tasker": TaskerProfile.objects.filter(user=user).values(*PROFILE).first(),
        "skills": list(
            TaskerSkill.objects.filter(profile__user=user)
            .values("skill__code", "years", "text")
            .order_by("pk")
        ),
        "rates": list(Rate.objects.filter(worker=user).values(*RATES).order_by("pk")),
        "client": ClientProfile.objects.filter(user=user).values("declared", "auto_match").first(),
        "favourites": list(Favourite.objects.filter(client=user).values_list("worker_id", flat=True)),
        "templates": list(Template.objects.filter(client=user).values("name", "data").order_by("pk")),
        "series": list(
            Series.objects.filter(client=user).values("every", "data", "stopped_at").order_by("pk")
        ),
    }


def erase(user_id: int, now: datetime) -> None:
    """The profile is emptied, plans go, and what others were told about the work loses the name."""
    TaskerProfile.objects.filter(user_id=user_id).update(
        bio="", photo=None, district=None, lat=None, lng=None, approved_at=None, rejected_reason=""
    )
    PortfolioPhoto.objects.filter(profile__user_id=user_id).delete()
    TaskerSkill.objects.filter(profile__user_id=user_id).update(text="")
    for model, whose in ((Rate, "worker_id"), (Interest, "worker_id"), (Favourite, "worker_id"),
                         (Favourite, "client_id"), (Template, "client_id")):  # fmt: skip
        model._default_manager.filter(**{whose: user_id}).delete()
    Series.objects.filter(client_id=user_id, stopped_at=None).update(stopped_at=now)
    Series.objects.filter(client_id=user_id).update(data={})
    _told_to_others(user_id)


def _told_to_others(user_id: int) -> None:
    """Notices about the work that was shared: they lead to one of its pages, and stay without the name."""
    blot = privacy.blotter(user_id)
    shared = Request.objects.filter(Q(client_id=user_id) | Q(offers__worker_id=user_id)).distinct()
    pages = {
        "tasks": shared,
        "feed": shared,
        "offers": Offer.objects.filter(request__in=shared),
        "jobs": Job.objects.filter(request__in=shared),
    }
    numbers = {page: "|".join(str(row.pk) for row in rows.only("pk")) for page, rows in pages.items()}
    here = "|".join(rf"/{page}/({found})/(#\w+)?$" for page, found in numbers.items() if found) or "never"
    privacy.blot_rows(Notice.objects.filter(link__regex=here), "title", "body", "params", blot=blot)
    privacy.blot_rows(OutboxMessage.objects.filter(link__regex=here), "subject", "text", blot=blot)
    receipts = Receipt.objects.filter(Q(job__client_id=user_id) | Q(job__worker_id=user_id))
    privacy.blot_rows(receipts, "lines", blot=blot)
