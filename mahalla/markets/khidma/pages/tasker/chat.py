"""Talking with the client: words, pictures, voice notes, live (KH-CHAT-01..04)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from mahalla.kernel.chat import operations, queries
from mahalla.kernel.chat.models import Thread
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.pages.common import show_refusal
from mahalla.markets.khidma.pages.tasker.door import back, files, keep, now_of, person, posted, tasker_page
from mahalla.markets.khidma.pages.tasker.job import stage_of
from mahalla.markets.khidma.pages.tasker.stage import Stage


class MessageForm(forms.Form):
    text = forms.CharField(label=_lazy("Message"), required=False, max_length=2000)


def _thread(s: Stage) -> Thread:
    if s.thread is None:
        raise Refused("chat_not_open", _("You can write to each other once the task is confirmed."))
    return s.thread


@tasker_page
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation; posting sends and comes back, also without scripts."""
    s = stage_of(request, pk)
    form, status = MessageForm(posted(request)), 422
    thread = _thread(s)
    if request.method == "POST" and form.is_valid():
        try:
            _send(request, thread, form.cleaned_data["text"])
        except Refused as refusal:
            show_refusal(form, refusal, {"asset": "text"})
            status = refusal.status
        else:
            return back(request, "work-chat", pk)
    context = _lines(request, s, thread) | {"form": form}
    return render(request, "khidma/tasker/chat.html", context, status=status if form.errors else 200)


def _send(request: HttpRequest, thread: Thread, text: str) -> None:
    """One message; the form's key makes a repeated one the same."""
    found = [*files(request, "photo"), *files(request, "voice")]
    asset = keep(request, found[0], "chat", field="text") if found else None
    key = request.POST.get("idempotency_key", "")[:60] if asset is None else ""
    operations.send(
        thread, author=person(request), now=now_of(request), text=text, asset=asset, client_key=key
    )


@tasker_page
@require_safe
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone."""
    s = stage_of(request, pk)
    return render(request, "khidma/tasker/_chat.html", _lines(request, s, _thread(s)))


def _lines(request: HttpRequest, s: Stage, thread: Thread) -> dict[str, Any]:
    viewer, now = person(request), now_of(request)
    operations.mark_read(thread, user=viewer, now=now)
    return {
        "s": s,
        "thread": thread,
        "lines": queries.history(thread, viewer=viewer),
        "open": queries.can_send(thread, now=now),
    }
