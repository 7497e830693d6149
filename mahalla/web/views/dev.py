"""The messages that were not really sent: where a newcomer finds the sign-in code. Not there in production."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mahalla.kernel.notices import queries
from mahalla.kernel.notices.models import OutboxMessage

CODE = re.compile(r"(?<![\d+])\d{4,8}(?!\d)")
ICONS = {"sms": "phone", "email": "mail", "push": "bell", "whatsapp": "chat"}


@require_safe
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    """``/dev/outbox/``: newest first; ``?to=`` narrows to one person. It looks again by itself."""
    if settings.MAHALLA_ENVIRONMENT == "production":
        raise Http404
    to = request.GET.get("to", "").strip()
    messages = [_shown(row) for row in queries.latest_messages(to=to)]
    part = bool(getattr(request, "htmx", False))
    template = "web/dev/outbox_messages.html" if part else "web/dev/outbox.html"
    return render(request, template, {"found": messages, "to": to})


def _shown(row: OutboxMessage) -> dict[str, Any]:
    code = CODE.search(row.text) if row.channel == "sms" else None
    return {"row": row, "icon": ICONS.get(row.channel, "chat"), "code": code.group() if code else ""}
